"""What agents and others tell us about a callback: scheduled, rescheduled, cancelled.

Of two changes the later `occurred_at` wins. At a tie that is the one that comes later, which has the higher offset.
Source: docs/rules.md, section 1 and section 8 rows 1 and 7 to 9.
"""

from msgspec.structs import replace

from streams.logic.admission import admit, cancel_facts, due_timer, reject, reject_unknown, untimely
from streams.logic.limits import MOVES_KEPT
from streams.logic.memory import SCHEDULED_FROM, note_cancel, note_conversation
from streams.logic.presentations import may_reopen
from streams.logic.state import Callback, Cancel, Ownership, Status
from streams.logic.step import Step
from topics.commands import Origin
from topics.events import CallbackCancelled, CallbackRescheduled, CallbackScheduled
from topics.records import Reason, Transition


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
    )
    facts = {
        "source": event.source,
        "owner": event.kept_for,
        "agent_id": event.agent_id,
        "queue_id": event.queue_id,
        "conversation_id": event.conversation_id,
    }
    if admit(step, callback, facts):
        step.contact = note_conversation(step.contact, event.conversation_id, SCHEDULED_FROM)
        _note_owner(step, callback)


def reschedule(step: Step, event: CallbackRescheduled) -> None:
    """Move a callback that has not ended, or reopen one that only its own call's wrap-up completed."""
    facts = {"event_type": "rescheduled", "asked_for": event.due_at, "actor": event.actor, "reason": event.reason}
    callback = step.outstanding.get(event.callback_id) or step.ended.get(event.callback_id)
    if callback is None:
        reject_unknown(step, event.callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), facts)
        return
    reasons = _not_movable(step, callback, event)
    if reasons:
        reject(step, callback, reasons, facts)
        return
    moved = replace(
        callback,
        status=Status.SCHEDULED,
        due_at=event.due_at,
        timer=due_timer(event.due_at, step.now),
        changed_at=event.occurred_at,
        set_by=event.event_id,
        moved=(*callback.moved[1 - MOVES_KEPT :], event.occurred_at),
        ended_at=None,
    )
    step.record(
        moved,
        Transition.RESCHEDULED,
        facts={
            "previous_due_at": callback.due_at,
            "reopened": True if event.callback_id in step.ended else None,
            "actor": event.actor,
            "reason": event.reason,
        },
    )
    step.keep(moved)


def cancel(step: Step, event: CallbackCancelled) -> None:
    """Call a callback off. One that nobody knows may still come, so the cancel is remembered."""
    heard = Cancel(occurred_at=event.occurred_at, cause=step.cause, actor=event.actor, reason=event.reason)
    facts = {"event_type": "cancelled", **cancel_facts(heard)}
    if (callback := step.outstanding.get(event.callback_id)) is not None:
        if event.occurred_at < callback.changed_at:
            reject(step, callback, (Reason.SUPERSEDED,), facts)
            return
        step.record(callback, Transition.CANCELLED, facts=cancel_facts(heard))
        step.end(callback, Status.CANCELLED)
    elif (callback := step.ended.get(event.callback_id)) is not None:
        reject(step, callback, (Reason.CALLBACK_ENDED,), facts)
        # A reschedule from before this cancel must not bring the callback back.
        latest = max(event.occurred_at, callback.cancelled_at or event.occurred_at)
        step.note_ended(replace(callback, cancelled_at=latest))
    else:
        step.contact = note_cancel(step.contact, event.callback_id, heard)
        reject_unknown(
            step, event.callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), {**facts, "remembered": True}
        )


def _not_movable(step: Step, callback: Callback, event: CallbackRescheduled) -> tuple[Reason, ...]:
    if callback.callback_id in step.ended and not may_reopen(callback, event.occurred_at):
        return (Reason.CALLBACK_ENDED,)
    if event.occurred_at < callback.changed_at:
        return (Reason.SUPERSEDED,)
    return untimely(event.due_at, event.occurred_at)


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
