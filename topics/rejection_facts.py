"""What the rejection of an event rests on: a struct for each kind of event.

Source: docs/contract.md, section "callback-lifecycle".
"""

from enum import StrEnum

from topics.callback_events import ReturnReason
from topics.facts import LifecycleFacts
from topics.fields import Id, Instant


class EventType(StrEnum):
    """Which kind of event was rejected, where the reason alone does not say it."""

    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    WRAP_UP = "wrap_up"
    CHANGED = "changed"
    RETURNED = "returned"


class RescheduleRejectedFacts(LifecycleFacts, frozen=True):
    """A reschedule was rejected. remembered: it holds if the wrap-up of the call, or the callback, comes later."""

    event_type: EventType
    asked_for: Instant
    actor: str | None = None
    reason: str | None = None
    remembered: bool = False


class CancelRejectedFacts(LifecycleFacts, frozen=True):
    """A cancel was rejected. remembered: it ends the callback should that still come."""

    event_type: EventType
    actor: str | None = None
    reason: str | None = None
    remembered: bool = False


class ChangeRejectedFacts(LifecycleFacts, frozen=True):
    """A change was rejected. remembered: it holds if the callback is reopened."""

    event_type: EventType
    actor: str | None = None
    reason: str | None = None
    remembered: bool = False


class ReturnRejectedFacts(LifecycleFacts, frozen=True):
    """A return was rejected. asked_for: when it was to be due again, by the event."""

    event_type: EventType
    command_id: Id
    returned: ReturnReason
    asked_for: Instant | None = None


class WrapUpRejectedFacts(LifecycleFacts, frozen=True):
    """A wrap-up counts, but not for the callback that it names."""

    event_type: EventType
    refused: str
    wrap_up_code: Id
    conversation_id: Id


class WrapUpOvertakenFacts(LifecycleFacts, frozen=True):
    """A wrap-up has no effect, since a later code of the same call came first. first_at: when that occurred."""

    wrap_up_code: Id
    conversation_id: Id
    event_type: EventType
    first_at: Instant


class RecycleRejectedFacts(LifecycleFacts, frozen=True):
    """A recycle came too soon after one that was accepted."""

    recycled_at: Instant
    accepted_at: Instant
