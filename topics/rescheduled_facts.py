"""What a new due time rests on: a struct for each way in which a callback can be moved.

Source: docs/contract.md, section "callback-lifecycle".
"""

from topics.callback_events import ReturnReason
from topics.check_facts import CheckFacts
from topics.facts import LifecycleFacts
from topics.fields import Id, Instant


class RescheduledFacts(LifecycleFacts, frozen=True):
    """Somebody moved the callback. asked_for, superseded_by: where a later reschedule holds instead.

    window_end_at: of the window that it has now.
    """

    previous_due_at: Instant
    reopened: bool = False
    asked_for: Instant | None = None
    superseded_by: Id | None = None
    actor: str | None = None
    reason: str | None = None
    window_end_at: Instant | None = None


class MovedToSlotFacts(LifecycleFacts, frozen=True):
    """The callback was moved to the next open slot. first_due_at: for when it was promised."""

    previous_due_at: Instant
    first_due_at: Instant
    checks: CheckFacts


class LetGoFacts(LifecycleFacts, frozen=True):
    """A callback that was moved because of a call in flight goes out sooner, since that call has ended."""

    previous_due_at: Instant
    first_due_at: Instant


class ReturnedFacts(LifecycleFacts, frozen=True):
    """The dialer did not dial, and the callback is due again. returns: how often it has come back.

    wrap_up_code, conversation_id, agent_id: of a wrap-up that says the same.
    """

    previous_due_at: Instant
    returned: ReturnReason
    returns: int
    command_id: Id | None = None
    wrap_up_code: Id | None = None
    conversation_id: Id | None = None
    agent_id: Id | None = None


class WindowMissedFacts(LifecycleFacts, frozen=True):
    """The window is over, and the callback has the same one on another day. window_end_at: of the new one."""

    previous_due_at: Instant
    previous_window_end_at: Instant
    window_end_at: Instant
    missed: int
