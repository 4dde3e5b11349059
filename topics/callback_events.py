"""The events about a callback, in the past tense: scheduled, rescheduled, changed, cancelled, returned by a dialer.

Beside them on their topic: a contact was erased.
These structs hold what was said and nothing that was concluded from it. Unknown fields are dropped.
Source: docs/contract.md, section "callback-scheduled".
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from topics.fields import (
    ContactListId,
    DoesNotFit,
    Id,
    Instant,
    OptionalId,
    PhoneNumber,
    blank_as_absent,
    check_filled,
    in_utc,
)


class Source(StrEnum):
    """Where an agent scheduled the callback. A fact to keep, never a branch to take."""

    WIDGET = "widget"
    SCRIPT = "script"


class Owner(StrEnum):
    """Whom a callback is kept for: the queue, an agent first, or an agent alone."""

    ANYONE = "anyone"
    PREFERRED = "preferred"
    ONLY = "only"


class ReturnReason(StrEnum):
    """Why a dialer gives a callback back without having dialed it."""

    SKIPPED = "skipped"
    EXPIRED = "expired"
    NO_AGENT = "no_agent"
    FAILED = "failed"
    SHED = "shed"


class CallbackScheduled(Struct, frozen=True, kw_only=True, tag_field="type", tag="scheduled"):
    """An agent scheduled a callback, by widget or by script. `window_end_at`: up to when it is promised, if so."""

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
    window_end_at: Instant | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "due_at", "window_end_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id", "conversation_id")
        blank_as_absent(self, "agent_id", "queue_id", "notes")
        _check_owner(self.owner, self.agent_id)
        _check_window(self.due_at, self.window_end_at)

    @property
    def kept_for(self) -> Owner:
        """The owner, with `anyone` for an event that names none."""
        return self.owner or Owner.ANYONE


class CallbackRescheduled(Struct, frozen=True, kw_only=True, tag_field="type", tag="rescheduled"):
    """Somebody moved a callback to another instant, and may have changed it. `actor`, `reason`: kept in the facts."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    due_at: Instant
    window_end_at: Instant | None = None
    phone_number: PhoneNumber | None = None
    agent_id: OptionalId | None = None
    owner: Owner | None = None
    queue_id: OptionalId | None = None
    notes: str | None = None
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "due_at", "window_end_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "agent_id", "queue_id", "notes", "actor", "reason")
        _check_owner(self.owner, self.agent_id)
        _check_window(self.due_at, self.window_end_at)


class CallbackChanged(Struct, frozen=True, kw_only=True, tag_field="type", tag="changed"):
    """Somebody changed a callback, and not its time. What is None stays as it is."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber | None = None
    agent_id: OptionalId | None = None
    owner: Owner | None = None
    queue_id: OptionalId | None = None
    notes: str | None = None
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id")
        blank_as_absent(self, "agent_id", "queue_id", "notes", "actor", "reason")
        _check_owner(self.owner, self.agent_id)
        if not any((self.phone_number, self.agent_id, self.owner, self.queue_id, self.notes)):
            raise DoesNotFit("phone_number", "A change names at least one field and its value")


class CallbackReturned(Struct, frozen=True, kw_only=True, tag_field="type", tag="returned"):
    """A dialer did not dial, and gives back the command. `retry_at`: when it is to be tried again, if that is said."""

    event_id: Id
    occurred_at: Instant
    callback_id: Id
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    command_id: Id
    reason: ReturnReason
    retry_at: Instant | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "retry_at")
        check_filled(self, "event_id", "callback_id", "campaign_id", "contact_id", "command_id")


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


CALLBACK_EVENTS = (CallbackScheduled, CallbackRescheduled, CallbackCancelled, CallbackChanged, CallbackReturned)
"""Every one that is about a callback."""


class ContactErased(Struct, frozen=True, kw_only=True, tag_field="type", tag="erased"):
    """A contact is to be forgotten, with whatever was arranged for it.

    remembered_until: up to when topics may have records of before; None if whoever sent it does not know. `actor` and
    `reason` stay with the event.
    """

    event_id: Id
    occurred_at: Instant
    contact_list_id: ContactListId
    contact_id: Id
    remembered_until: Instant | None = None
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "remembered_until")
        check_filled(self, "event_id", "contact_id")
        blank_as_absent(self, "actor", "reason")


def _check_owner(owner: Owner | None, agent_id: str | None) -> None:
    if agent_id is None and owner in (Owner.PREFERRED, Owner.ONLY):
        raise DoesNotFit("agent_id", "An owner `only` or `preferred` needs an agent")


def _check_window(due_at: datetime, window_end_at: datetime | None) -> None:
    if window_end_at is not None and window_end_at <= due_at:
        raise DoesNotFit("window_end_at", "A window ends after the due time")
