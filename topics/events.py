"""The events that telephony platforms send, per contact and per campaign, in the past tense.

These structs hold what was said and nothing that was concluded from it. Unknown fields are dropped.
Source: docs/contract.md, sections "In, per contact" and "In, per campaign and lists".
"""

from datetime import datetime
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field
from msgspec.structs import force_setattr

from topics.callback_events import CallbackCancelled, CallbackRescheduled, CallbackScheduled, Owner, Source
from topics.fields import (
    ContactListId,
    DoesNotFit,
    FilledId,
    Id,
    Instant,
    OptionalId,
    OptionalRegion,
    PhoneNumber,
    blank_as_absent,
    check_filled,
    in_utc,
)

__all__ = [
    "CallAnalysis",
    "CallbackCancelled",
    "CallbackRescheduled",
    "CallbackScheduled",
    "CampaignRecycle",
    "ContactListCleared",
    "ContactNumber",
    "ContactRecord",
    "Owner",
    "PlacementOrigin",
    "PlacementRequested",
    "Source",
    "WrapUp",
]  # Those of callbacks stood here up to version 0.3.0.


class CallAnalysis(StrEnum):
    """What call analysis detected at the other end."""

    PERSON = "person"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAX = "fax"
    SIT = "sit"


class PlacementOrigin(StrEnum):
    """Why somebody wants to place a call: a callback, or the campaign's own next record."""

    CALLBACK = "callback"
    CAMPAIGN = "campaign"


class WrapUp(Struct, frozen=True, kw_only=True):
    """A conversation got a wrap-up code. `callback_id` says that this call was that callback.

    `dialed_at` is when the call was placed, None if it is not known. `history`: a call of the time before Ringback.
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
    history: bool = False

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "dialed_at")
        check_filled(self, "event_id", "conversation_id", "campaign_id", "contact_id", "wrap_up_code", "callback_id")
        blank_as_absent(self, "phone_column", "agent_id")

    @property
    def called_at(self) -> datetime:
        """The moment at which the call counts: when it was dialed, if that is known, else when it was wrapped up."""
        return self.dialed_at or self.occurred_at


class PlacementRequested(Struct, frozen=True, kw_only=True):
    """Somebody is about to place a call and asks whether the campaign's checks allow it.

    `agent_id` is None for a call that no agent waits for; `callback_id` is there when `origin` is `callback`.
    `command_id`: of the command that led to it. `reply_to`: comes back in the answer, for whoever waits for it.
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
    command_id: OptionalId | None = None
    reply_to: OptionalId | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
        check_filled(self, "event_id", "request_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "agent_id", "command_id", "reply_to")
        if self.callback_id is None and self.origin is PlacementOrigin.CALLBACK:
            raise DoesNotFit("callback_id", "A placement for a callback needs its id")


class ContactNumber(Struct, frozen=True, kw_only=True):
    """One number of a contact. `column` is its place on the list, `type` the kind of line.

    A region that is absent takes no room: the numbers of a contact are a part of its row.
    """

    column: FilledId
    type: str
    phone_number: PhoneNumber
    callable: bool = False
    time_zone: OptionalId | None = None
    region: OptionalRegion | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        blank_as_absent(self, "time_zone")
        if not self.region or self.region.isspace():
            force_setattr(self, "region", UNSET)


class ContactRecord(Struct, frozen=True, kw_only=True):
    """A contact as its list has it now. A record that does not say `callable` is not: a missing fact blocks."""

    contact_list_id: ContactListId
    contact_id: Id
    callable: bool = False
    time_zone: OptionalId | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    numbers: tuple[ContactNumber, ...] = ()
    region: OptionalRegion | None = None

    def __post_init__(self) -> None:
        blank_as_absent(self, "time_zone", "region")


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
