"""Taking a callback in: what it must fulfil, whoever scheduled it, and what may already have ended it.

Source: docs/rules.md, section 1 and section 8 rows 5, 8 and 14.
"""

from datetime import datetime

from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Status, Timer, TimerKind
from streams.logic.contact.deduplication import SCHEDULED_FROM, conversation_has
from streams.logic.contact.limits import CLOCK_AHEAD_MAX, PROMISE_AHEAD_MAX
from streams.logic.contact.state import Cancel
from streams.logic.decisions.bulk_cancel import cancel_if_void
from streams.logic.decisions.call_offs import cancel_if_called_off
from streams.logic.decisions.step import Step
from streams.logic.hours.numbers import is_valid_number
from topics.commands import Origin
from topics.facts import CancelledFacts, LifecycleFacts
from topics.records import Reason, Transition


def admit(step: Step, callback: Callback, facts: LifecycleFacts) -> bool:
    """Accept a newly scheduled callback, or reject it with every reason that holds. True if it was accepted.

    An accepted one may end at once, by a cancel, a rule, a clear or a recycle that it was scheduled before.
    """
    reasons = _refusals(step, callback)
    if reasons:
        step.reject(callback, reasons, facts)
        return False
    callback = replace(callback, timer=due_timer(callback.due_at, callback.window_end_at))
    callback = step.move(callback, Transition.SCHEDULED, facts=facts)
    if not _cancelled_before_it_came(step, callback) and not cancel_if_called_off(step, callback):
        cancel_if_void(step, callback)
    return True


def is_refused(step: Step, callback: Callback) -> bool:
    """Whether `admit` would reject it."""
    return bool(_refusals(step, callback))


def is_id_taken(step: Step, callback_id: str) -> bool:
    """Whether the contact has a callback of this id, outstanding or ended and remembered."""
    return callback_id in step.outstanding or callback_id in step.ended


def due_timer(due_at: datetime, window_end_at: datetime | None) -> Timer:
    """The timer of a callback due at due_at. One that is due already goes out at once, after what was due before it.

    window_end_at: of its window, None if it has none. One that is due no sooner than at its end never falls due.
    """
    if window_end_at is not None and window_end_at <= due_at:
        return Timer(window_end_at, TimerKind.WINDOW)
    return Timer(due_at, TimerKind.DUE)


def untimely(due_at: datetime, promised_at: datetime) -> tuple[Reason, ...]:
    """Why a call promised at promised_at cannot be due at due_at; empty if it can."""
    if due_at < promised_at:
        return (Reason.DUE_BEFORE_SCHEDULED,)
    if due_at - promised_at > PROMISE_AHEAD_MAX:
        return (Reason.TOO_FAR_AHEAD,)
    return ()


def _refusals(step: Step, callback: Callback) -> tuple[Reason, ...]:
    if is_id_taken(step, callback.callback_id):
        # The sender means another callback than we do, so nothing else can be said about this one.
        return (Reason.CALLBACK_ID_TAKEN,)
    reasons = list(untimely(callback.due_at, callback.scheduled_at))
    if not is_valid_number(callback.phone_number):
        reasons.append(Reason.INVALID_NUMBER)
    if callback.origin is Origin.AGENT and _is_second(step, callback):
        reasons.append(Reason.SECOND_FOR_CONVERSATION)
    return tuple(reasons)


def _is_second(step: Step, callback: Callback) -> bool:
    """Whether the call that arranged the callback has arranged one already: each call may arrange one.

    A conversation can have several calls: that of a callback it led to is one by itself, and begins when it is
    presented.
    """
    if not conversation_has(step.contact, callback.conversation_id, SCHEDULED_FROM):
        return False
    others = [
        other
        for other in (*step.outstanding.values(), *step.ended.values())
        if other.origin is Origin.AGENT and other.conversation_id == callback.conversation_id
    ]
    # One that is not remembered any more counts.
    return not others or any(_counts_against(other, callback.scheduled_at) for other in others)


def _counts_against(other: Callback, scheduled_at: datetime) -> bool:
    if other.presented:
        # By the clock of a sender, which may be behind ours.
        return scheduled_at < other.presented[0] - CLOCK_AHEAD_MAX
    return other.status is not Status.CANCELLED


def _cancelled_before_it_came(step: Step, callback: Callback) -> bool:
    cancel = step.contact.cancels.get(callback.callback_id)
    if cancel is None:
        return False
    others = {key: value for key, value in step.contact.cancels.items() if key != callback.callback_id}
    step.contact = replace(step.contact, cancels=others)
    # Nobody calls off what has not been promised: the cancel came after it, whatever the clocks say.
    step.move(callback, Transition.CANCELLED, facts=cancel_facts(cancel), cause=cancel.cause)
    return True


def cancel_facts(cancel: Cancel) -> CancelledFacts:
    """Who called a callback off, and why."""
    return CancelledFacts(actor=cancel.actor, reason=cancel.reason)
