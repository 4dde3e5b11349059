"""Rule sets as they are configured: rules, their conditions and their actions.

What a condition or an action does is not said here, only how it is written down.
Source: docs/contract.md, section "In, per campaign and lists"; docs/rules.md, section 5.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from topics.commands import Origin
from topics.events import CallAnalysis
from topics.fields import DoesNotFit, Id, TimeOfDay, Weekday

OFFSET_MINUTES_MAX = 30 * 24 * 60
"""No callback is promised more than 30 days ahead."""

DAYS_MAX = 100 * 366
"""A hundred years: an entry meant for longer has no expiry at all."""

OffsetMinutes = Annotated[int, Meta(ge=0, le=OFFSET_MINUTES_MAX)]
RuleOrder = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Days = Annotated[int, Meta(ge=1, le=DAYS_MAX)]


class RuleCategory(StrEnum):
    """When a rule is looked at: before a call is placed, or when a conversation is wrapped up."""

    PRE_CALL = "pre_call"
    WRAP_UP = "wrap_up"


class Operator(StrEnum):
    """How a condition compares what it finds with its value."""

    EQUALS = "equals"
    LESS_THAN = "less_than"
    LESS_THAN_EQUALS = "less_than_equals"
    GREATER_THAN = "greater_than"
    GREATER_THAN_EQUALS = "greater_than_equals"
    CONTAINS = "contains"
    BEGINS_WITH = "begins_with"
    ENDS_WITH = "ends_with"
    BEFORE = "before"
    AFTER = "after"
    IN = "in"
    BETWEEN = "between"


class ValueType(StrEnum):
    """How a condition reads an attribute and its own value."""

    STRING = "string"
    NUMERIC = "numeric"
    DATETIME = "datetime"
    PERIOD = "period"


class ContactProperty(StrEnum):
    """What is remembered about the last call of a contact."""

    LAST_ATTEMPT = "last_attempt"
    LAST_WRAP_UP = "last_wrap_up"


class PropertyScope(StrEnum):
    """Whether a contact property is meant over all numbers or for the number at hand."""

    OVERALL = "overall"
    NUMBER = "number"


class AttributeUpdate(StrEnum):
    """How `set_attribute` changes an attribute."""

    SET = "set"
    INCREMENT = "increment"
    DECREMENT = "decrement"
    CURRENT_TIME = "current_time"


class IfOutstanding(StrEnum):
    """What a rule does where a rule callback of campaign and contact is outstanding: one more, none, or instead."""

    ADD = "add"
    KEEP = "keep"
    REPLACE = "replace"


class CancelScope(StrEnum):
    """Whose callbacks of the contact are cancelled: the campaign's, or those of all campaigns."""

    CAMPAIGN = "campaign"
    CONTACT = "contact"


class WrapUpCodeCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="wrap_up_code"):
    """The wrap-up code is one of these."""

    inverted: bool | None = None
    codes: tuple[Id, ...] = ()


class CallAnalysisCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="call_analysis"):
    """Call analysis detected one of these."""

    inverted: bool | None = None
    results: tuple[CallAnalysis, ...] = ()


class ContactAttributeCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="contact_attribute"):
    """A contact attribute compares with a value."""

    inverted: bool | None = None
    attribute: Id
    operator: Operator
    value: str
    value_type: ValueType


class PhoneNumberCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="phone_number"):
    """The number at hand compares with a value."""

    inverted: bool | None = None
    operator: Operator
    value: str


class PhoneColumnCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="phone_column"):
    """The number at hand stands in one of these columns of the contact list."""

    inverted: bool | None = None
    columns: tuple[Id, ...] = ()


class ContactPropertyCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="contact_property"):
    """What is remembered about the contact's last call compares with a value."""

    inverted: bool | None = None
    property: ContactProperty
    scope: PropertyScope
    operator: Operator
    value: str


class TimeAndDateCondition(Struct, frozen=True, kw_only=True, tag_field="type", tag="time_and_date"):
    """Wall time in a zone lies in a window, on one of these weekdays or dates; what is absent does not restrict."""

    inverted: bool | None = None
    time_zone: Id
    days: tuple[Weekday, ...] | None = None
    from_: TimeOfDay | None = field(name="from", default=None)
    to: TimeOfDay | None = None
    dates: tuple[date, ...] | None = None


Condition = (
    WrapUpCodeCondition
    | CallAnalysisCondition
    | ContactAttributeCondition
    | PhoneNumberCondition
    | PhoneColumnCondition
    | ContactPropertyCondition
    | TimeAndDateCondition
)


class ScheduleCallback(Struct, frozen=True, kw_only=True, tag_field="type", tag="schedule_callback"):
    """Schedule a callback, so many elapsed minutes after the wrap-up.

    Either offset_minutes, or offsets_minutes: a ladder, for one attempt after the other. at_local_time: after that, at
    the next such time by the contact's clock.
    """

    offset_minutes: OffsetMinutes | None = None
    offsets_minutes: tuple[OffsetMinutes, ...] | None = None
    at_local_time: TimeOfDay | None = None
    if_outstanding: IfOutstanding = IfOutstanding.ADD

    def __post_init__(self) -> None:
        if (self.offset_minutes is None) is not bool(self.offsets_minutes):
            raise DoesNotFit("offset_minutes", "A callback is scheduled by one offset, or by a list of them")


class DoNotDial(Struct, frozen=True, kw_only=True, tag_field="type", tag="do_not_dial"):
    """Do not place this call."""


class SwitchToPreview(Struct, frozen=True, kw_only=True, tag_field="type", tag="switch_to_preview"):
    """Show this call to an agent first."""


class SetAttribute(Struct, frozen=True, kw_only=True, tag_field="type", tag="set_attribute"):
    """Change a contact attribute. `value` is what to set, or by how much to count."""

    attribute: Id
    update: AttributeUpdate
    value: str | None = None


class AppendToDnc(Struct, frozen=True, kw_only=True, tag_field="type", tag="append_to_dnc"):
    """Put the number on the campaign's first Do Not Call list, for so many days (None: for good)."""

    expires_after_days: Days | None = None


class MarkContactUncallable(Struct, frozen=True, kw_only=True, tag_field="type", tag="mark_contact_uncallable"):
    """Never call this contact again."""


class MarkNumberUncallable(Struct, frozen=True, kw_only=True, tag_field="type", tag="mark_number_uncallable"):
    """Never call this number of the contact again."""


class CancelCallbacks(Struct, frozen=True, kw_only=True, tag_field="type", tag="cancel_callbacks"):
    """Cancel callbacks that were arranged before the wrap-up, in another conversation."""

    scope: CancelScope
    origins: tuple[Origin, ...]


Action = (
    ScheduleCallback
    | DoNotDial
    | SwitchToPreview
    | SetAttribute
    | AppendToDnc
    | MarkContactUncallable
    | MarkNumberUncallable
    | CancelCallbacks
)


class Rule(Struct, frozen=True, kw_only=True):
    """When every condition holds, every action runs."""

    rule_id: Id
    order: RuleOrder
    category: RuleCategory
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()


class RuleSet(Struct, frozen=True, kw_only=True):
    """An ordered list of rules."""

    rule_set_id: Id
    rules: tuple[Rule, ...] = ()
