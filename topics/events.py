"""The events that telephony platforms send, per contact and per campaign, in the past tense.

These structs hold what was said and nothing that was concluded from it. Unknown fields are dropped.
Source: docs/contract.md, sections "In, per contact" and "In, per campaign and lists".
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from topics.fields import (
    ContactListId,
    DoesNotFit,
    FilledId,
    Id,
    Instant,
    OptionalId,
    PhoneNumber,
    blank_as_absent,
    check_filled,
    in_utc,
)


class CallAnalysis(StrEnum):
    """What call analysis detected at the other end."""

    PERSON = "person"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAX = "fax"
    SIT = "sit"


class Source(StrEnum):
    """Where an agent scheduled the callback. A fact to keep, never a branch to take."""

    WIDGET = "widget"
    SCRIPT = "script"


class Owner(StrEnum):
    """Whom a callback is kept for: the queue, an agent first, or an agent alone."""

    ANYONE = "anyone"
    PREFERRED = "preferred"
    ONLY = "only"


class PlacementOrigin(StrEnum):
    """Why somebody wants to place a call: a callback, or the campaign's own next record."""

    CALLBACK = "callback"
    CAMPAIGN = "campaign"


class WrapUp(Struct, frozen=True, kw_only=True):
    """A conversation got a wrap-up code. `callback_id` says that this call was that callback.

    `dialed_at` is when the call was placed, None if it is not known.
    """

    event_id: Id
    occurred_at: Instant
    conversation_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber
    phone_column: OptionalId | None = None
    wrap_up_code: Id
    agent_id: OptionalId | None = None
    call_analysis: CallAnalysis | None = None
    callback_id: Id | None = None
    attributes: dict[str, str] | None = None
    dialed_at: Instant | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "dialed_at")
        check_filled(self, "event_id", "conversation_id", "campaign_id", "contact_id", "wrap_up_code", "callback_id")
        blank_as_absent(self, "phone_column", "agent_id")

    @property
    def called_at(self) -> datetime:
        """The moment at which the call counts: when it was dialed, if that is known, else when it was wrapped up."""
        return self.dialed_at or self.occurred_at


class CallbackScheduled(Struct, frozen=True, kw_only=True, tag_field="type", tag="scheduled"):
    """An agent scheduled a callback, by widget or by script."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    source: Source
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber
    due_at: Instant
    agent_id: OptionalId | None = None
    owner: Owner | None = None
    queue_id: OptionalId | None = None
    conversation_id: Id | None = None
    notes: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "due_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id", "conversation_id")
        blank_as_absent(self, "agent_id", "queue_id", "notes")
        if self.agent_id is None and self.owner in (Owner.PREFERRED, Owner.ONLY):
            raise DoesNotFit("agent_id", "An owner `only` or `preferred` needs an agent")

    @property
    def kept_for(self) -> Owner:
        """The owner, with `anyone` for an event that names none."""
        return self.owner or Owner.ANYONE


class CallbackRescheduled(Struct, frozen=True, kw_only=True, tag_field="type", tag="rescheduled"):
    """Somebody moved a callback to another instant. `actor` and `reason` are kept in the facts."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    due_at: Instant
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "due_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "actor", "reason")


class CallbackCancelled(Struct, frozen=True, kw_only=True, tag_field="type", tag="cancelled"):
    """Somebody called a callback off. `actor` and `reason` are kept in the facts."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "actor", "reason")


class PlacementRequested(Struct, frozen=True, kw_only=True):
    """Somebody is about to place a call and asks whether the campaign's checks allow it.

    `agent_id` is None for a call that no agent waits for; `callback_id` is there when `origin` is `callback`.
    """

    event_id: Id
    request_id: Id
    occurred_at: Instant
    origin: PlacementOrigin
    callback_id: Id | None = None
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber
    agent_id: OptionalId | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
        check_filled(self, "event_id", "request_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "agent_id")
        if self.callback_id is None and self.origin is PlacementOrigin.CALLBACK:
            raise DoesNotFit("callback_id", "A placement for a callback needs its id")


class ContactNumber(Struct, frozen=True, kw_only=True):
    """One number of a contact. `column` is its place on the list, `type` the kind of line."""

    column: FilledId
    type: str
    phone_number: PhoneNumber
    callable: bool = False
    time_zone: OptionalId | None = None

    def __post_init__(self) -> None:
        blank_as_absent(self, "time_zone")


class ContactRecord(Struct, frozen=True, kw_only=True):
    """A contact as its list has it now. A record that does not say `callable` is not: a missing fact blocks."""

    contact_list_id: ContactListId
    contact_id: Id
    callable: bool = False
    time_zone: OptionalId | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    numbers: tuple[ContactNumber, ...] = ()

    def __post_init__(self) -> None:
        blank_as_absent(self, "time_zone")


class CampaignRecycle(Struct, frozen=True, kw_only=True):
    """A campaign begins a new pass over its contacts."""

    event_id: Id
    occurred_at: Instant
    campaign_id: Id

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")


class ContactListCleared(Struct, frozen=True, kw_only=True):
    """A contact list was emptied."""

    event_id: Id
    occurred_at: Instant
    contact_list_id: ContactListId

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
