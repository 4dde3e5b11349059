"""What is remembered about one contact: the row of the contacts table.

Frozen values: a decision makes a new contact and leaves the old one as it was, so an undone step needs no undoing.
Source: docs/rules.md, section 8 rows 4 and 5; docs/decisions/0002-one-row-per-contact.md.
"""

from datetime import datetime

from msgspec import Raw, Struct, field

from streams.logic.contact.callback import Callback
from streams.logic.contact.upgrades import ROW_VERSION
from topics.callback_events import Owner
from topics.commands import Origin
from topics.events import ContactNumber
from topics.records import Cause


class Cancel(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A cancel for a callback that is not known yet."""

    occurred_at: datetime
    cause: Cause
    actor: str | None = None
    reason: str | None = None


class Ownership(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Whom a campaign's record of this contact belongs to since an agent scheduled a callback.

    occurred_at: of the event that scheduled it, the latest of its kind.
    """

    occurred_at: datetime
    callback_id: str
    owner: Owner = Owner.ANYONE
    agent_id: str | None = None
    queue_id: str | None = None


class WrappedUp(Struct, frozen=True, array_like=True, gc=False):
    """The code that a call ended with, and when."""

    at: datetime
    code: str


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A contact or number was marked uncallable: when, by which event, and by a rule or by the mapping of a code."""

    at: datetime
    event_id: str
    rule_set_id: str | None = None
    rule_id: str | None = None
    wrap_up_code: str | None = None


class Listed(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The contact's record on its list, without the attributes: those change apart from it.

    recorded_at: when the record was written to Kafka; None if it was stored by a version that did not keep it.
    """

    callable: bool = False
    time_zone: str | None = None
    numbers: tuple[ContactNumber, ...] = ()
    recorded_at: datetime | None = None
    region: str | None = None


class Answer(Struct, frozen=True, array_like=True, gc=False):
    """The answer to a placement request.

    meaning: of the request, see `meanings`. acted: the actions of pre-call rules have been carried out.
    decided_at, value: when the latest answer was given, and the answer, encoded.
    """

    meaning: str
    acted: bool
    decided_at: datetime
    value: Raw


class Rung(Struct, frozen=True, array_like=True, gc=False):
    """How many steps of a rule's ladder a campaign has taken for the contact, by consecutive attempts."""

    campaign_id: str
    rule_set_id: str
    rule_id: str
    taken: int


class CallOff(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rule called off what had been arranged before a wrap-up. campaign_id: None for all campaigns.

    occurred_at, conversation_id: of the wrap-up; what was arranged in that conversation stays. call_began_at: of the
    call of a callback, since when; what was arranged earlier in that conversation does not stay.
    """

    occurred_at: datetime
    conversation_id: str
    origins: tuple[Origin, ...]
    cause: Cause
    rule_set_id: str
    rule_id: str
    campaign_id: str | None = None
    call_began_at: datetime | None = None


class Flight(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A call that may be under way: a placement that was allowed, or a command for analysis."""

    campaign_id: str
    since: datetime
    until: datetime
    callback_id: str | None = None
    request_id: str | None = None


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One contact on one list.

    listed: None while no record of it has come, or after its tombstone. callbacks: outstanding, by acceptance.
    changed_attributes: what rules made of attributes, laid over every record until the tombstone.
    ended, seen, conversations, cancels: what is remembered, the oldest first. seen: event ids with the meaning of the
    event. conversations: see `deduplication`. attempts: of the last 31 days, by number and by the quarter of an
    hour, counted from 1970, that they fell into. The totals and `last_...` are older: attempts and right party contacts
    by campaign, the others by number. owners: by campaign. marked, marked_numbers: uncallable by a rule, a mapping or a
    system code. answers: to placement requests, by request. heard_at: when an event or a timer last touched it, None
    while there is nothing to forget. unreadable: its latest record cannot be read, so nobody knows what it
    says; `listed` is what the one before it said. rungs, call_offs, flights: see there.
    """

    version: int
    contact_list_id: str
    contact_id: str
    listed: Listed | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    changed_attributes: dict[str, str] = field(default_factory=dict)
    callbacks: tuple[Callback, ...] = ()
    ended: tuple[Callback, ...] = ()
    owners: dict[str, Ownership] = field(default_factory=dict)
    marked: Mark | None = None
    marked_numbers: dict[str, Mark] = field(default_factory=dict)
    attempts: dict[str, dict[int, int]] = field(default_factory=dict)
    attempts_total: int = 0
    attempts_by_number: dict[str, int] = field(default_factory=dict)
    last_attempts: dict[str, datetime] = field(default_factory=dict)
    last_attempts_by_number: dict[str, datetime] = field(default_factory=dict)
    last_wrap_ups: dict[str, WrappedUp] = field(default_factory=dict)
    last_right_party: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    cancels: dict[str, Cancel] = field(default_factory=dict)
    conversations: dict[str, int] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    heard_at: datetime | None = None
    unreadable: bool = False
    rungs: tuple[Rung, ...] = ()
    call_offs: tuple[CallOff, ...] = ()
    flights: tuple[Flight, ...] = ()


def new_contact(contact_list_id: str, contact_id: str) -> Contact:
    """A contact of which nothing is known yet."""
    return Contact(version=ROW_VERSION, contact_list_id=contact_list_id, contact_id=contact_id)
