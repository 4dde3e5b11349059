"""The events of agents and others about a callback: scheduled, rescheduled, cancelled.

Of two changes the later `occurred_at` wins. At a tie that is the one that comes later, which has the higher offset.
A change is compared with changes only: it names the callback, so the scheduling came before it, whatever clocks say.
Source: docs/rules.md, section 1 and section 8 rows 1 and 7 to 9.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Move
from streams.logic.contact.deduplication import note_cancel, note_scheduled_from
from streams.logic.contact.limits import MOVES_KEPT
from streams.logic.contact.presentations import closed_once_reopened, may_be_reopened, may_reopen
from streams.logic.contact.state import Cancel, Ownership
from streams.logic.decisions.admission import admit, cancel_facts, due_timer, untimely
from streams.logic.decisions.bulk_cancel import cancel_if_void
from streams.logic.decisions.call_offs import cancel_if_called_off
from streams.logic.decisions.due import present_waiting
from streams.logic.decisions.field_changes import (
    change_moved,
    change_not_moved,
    change_reopened,
    invalid_number,
    record_since_end,
    remember,
)
from streams.logic.decisions.step import Step
from topics.callback_events import CallbackCancelled, CallbackRescheduled, CallbackScheduled
from topics.commands import Origin
from topics.facts import ScheduledByAgentFacts
from topics.records import Reason, Transition
from topics.rejection_facts import CancelRejectedFacts, EventType, RescheduleRejectedFacts
from topics.rescheduled_facts import RescheduledFacts

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""When a callback that was never moved got its due time: before every reschedule."""


def schedule(step: Step, event: CallbackScheduled) -> None:
    """An agent scheduled a callback. Widget or script makes no difference but for the fact."""
    callback = Callback(
        callback_id=event.callback_id,
        campaign_id=event.campaign_id,
        origin=Origin.AGENT,
        phone_number=event.phone_number,
        due_at=event.due_at,
        scheduled_at=event.occurred_at,
        changed_at=event.occurred_at,
        set_by=event.event_id,
        owner=event.kept_for,
        agent_id=event.agent_id,
        queue_id=event.queue_id,
        source=event.source,
        conversation_id=event.conversation_id,
        notes=event.notes,
        window_start_at=event.due_at if event.window_end_at else None,
        window_end_at=event.window_end_at,
    )
    facts = ScheduledByAgentFacts(
        source=event.source,
        owner=event.kept_for,
        agent_id=event.agent_id,
        queue_id=event.queue_id,
        conversation_id=event.conversation_id,
        window_end_at=event.window_end_at,
    )
    if admit(step, callback, facts):
        step.contact = note_scheduled_from(step.contact, event.conversation_id)
        _note_owner(step, callback)
        present_waiting(step, callback.campaign_id)


def reschedule(step: Step, event: CallbackRescheduled) -> None:
    """Move a callback that has not ended, or reopen one that only its own call's wrap-up or return ended."""
    facts = RescheduleRejectedFacts(
        event_type=EventType.RESCHEDULED, asked_for=event.due_at, actor=event.actor, reason=event.reason
    )
    callback = step.outstanding.get(event.callback_id) or step.ended.get(event.callback_id)
    if callback is None:
        step.reject_unknown(event.callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), facts)
        return
    asked = Move(event.occurred_at, event.due_at, event.event_id, event.window_end_at)
    unfit = (*untimely(asked.due_at, asked.occurred_at), *invalid_number(event))
    if reasons := _not_movable(step, callback, asked, unfit):
        remembered = not unfit and _remember(step, callback, asked, event)
        step.reject(callback, reasons, replace(facts, remembered=remembered))
        if not unfit and event.callback_id in step.outstanding:
            change_not_moved(step, step.outstanding[event.callback_id], event)
    else:
        _move(step, callback, asked, event)


def _move(step: Step, callback: Callback, asked: Move, event: CallbackRescheduled) -> None:
    reopened = callback.callback_id in step.ended
    callback = change_reopened(callback, event) if reopened else change_moved(step, callback, event)
    holds = max(_moves(callback, asked), key=lambda move: move.occurred_at)
    superseded = holds is not asked
    moved = _with_moves(step, callback, asked, callback.later)
    if holds in (asked, callback.later):
        moved = _with_window(moved, holds)
    moved = replace(
        moved,
        due_at=holds.due_at,
        timer=due_timer(holds.due_at, holds.window_end_at),
        changed_at=holds.occurred_at,
        set_by=holds.event_id,
        first_due_at=None,
        later=None,
    )
    if reopened and callback.ended_at is not None:
        # As if the wrap-up or return had come after the reschedule, and had left it open.
        closed_at = closed_once_reopened(callback, step.now)
        moved = replace(moved, ended_at=None, ended_by=None, left_open_by=callback.ended_by, closed_at=closed_at)
    moved = step.move(
        moved,
        Transition.RESCHEDULED,
        facts=RescheduledFacts(
            previous_due_at=callback.due_at,
            window_end_at=holds.window_end_at,
            reopened=reopened,
            asked_for=asked.due_at if superseded else None,
            superseded_by=holds.event_id if superseded else None,
            actor=event.actor,
            reason=event.reason,
        ),
    )
    if reopened:
        moved = record_since_end(step, moved, event.actor, event.reason)
    if reopened and not cancel_if_called_off(step, moved):
        # A clear or recycle that came while it was completed has passed it by, and so has a rule.
        cancel_if_void(step, moved)


def cancel(step: Step, event: CallbackCancelled) -> None:
    """Call a callback off. One that nobody knows may still come, so the cancel is remembered."""
    noted = Cancel(occurred_at=event.occurred_at, cause=step.cause, actor=event.actor, reason=event.reason)
    facts = CancelRejectedFacts(event_type=EventType.CANCELLED, actor=event.actor, reason=event.reason)
    if (callback := step.outstanding.get(event.callback_id)) is not None:
        if callback.moved_at is not None and event.occurred_at < callback.moved_at:
            step.reject(callback, (Reason.SUPERSEDED,), facts)
            return
        step.move(callback, Transition.CANCELLED, facts=cancel_facts(noted))
    elif (callback := step.ended.get(event.callback_id)) is not None:
        step.reject(callback, (Reason.CALLBACK_ENDED,), facts)
        # Had its wrap-up not come yet, this would have been the end, unless a later reschedule had come before it.
        if event.occurred_at >= _moves(callback)[0].occurred_at:
            step.note_ended(replace(callback, cancelled_at=event.occurred_at))
    else:
        step.contact = note_cancel(step.contact, event.callback_id, noted)
        facts = replace(facts, remembered=True)
        step.reject_unknown(event.callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), facts)


def _not_movable(step: Step, callback: Callback, asked: Move, unfit: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Why a reschedule does not move the callback. unfit: why it could not move any."""
    if callback.callback_id in step.ended:
        if not may_reopen(callback, min(asked.occurred_at, step.now)):
            return (Reason.CALLBACK_ENDED,)
    elif callback.moved_at is not None and asked.occurred_at < callback.moved_at:
        return (Reason.SUPERSEDED,)
    return unfit


def _remember(step: Step, callback: Callback, asked: Move, event: CallbackRescheduled) -> bool:
    """Keep in mind a reschedule that is refused now and would have been applied, had its wrap-up come at another time.

    Superseded, it still says that the callback was moved during the call; after the end, for when it was moved next.
    """
    if callback.callback_id in step.outstanding:
        step.keep(_with_moves(step, callback, asked))
        return True
    remembered = remember(step, callback, event)
    if not may_be_reopened(callback) or asked.occurred_at < _moves(callback)[0].occurred_at:
        return remembered
    step.note_ended(replace(step.ended[callback.callback_id], later=asked))
    return True


def _moves(callback: Callback, asked: Move | None = None) -> list[Move]:
    """The moves of which the latest holds; the one that came last is the first, as it wins a tie."""
    applied = Move(callback.moved_at or BEFORE_ALL, callback.due_at, callback.set_by, callback.window_end_at)
    return [move for move in (asked, callback.later, applied) if move is not None]


def _with_moves(step: Step, callback: Callback, *moves: Move | None) -> Callback:
    # A clock that runs ahead dates the move after its arrival: it was during the call, then.
    moved = (*callback.moved, *(min(move.occurred_at, step.now) for move in moves if move is not None))
    return replace(callback, moved=moved[-MOVES_KEPT:])


def _with_window(callback: Callback, holds: Move) -> Callback:
    """Time and window belong together: a reschedule brings its own, or ends the one there was."""
    start = None if holds.window_end_at is None else holds.due_at
    return replace(callback, window_start_at=start, window_end_at=holds.window_end_at, missed=0)


def _note_owner(step: Step, callback: Callback) -> None:
    known = step.contact.owners.get(callback.campaign_id)
    if known is not None and known.occurred_at > callback.scheduled_at:
        return
    owner = Ownership(
        occurred_at=callback.scheduled_at,
        callback_id=callback.callback_id,
        owner=callback.owner,
        agent_id=callback.agent_id,
        queue_id=callback.queue_id,
    )
    step.contact = replace(step.contact, owners={**step.contact.owners, callback.campaign_id: owner})
