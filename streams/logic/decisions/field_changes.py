"""Changes of a callback that are not about its time: number, agent, owner, queue and notes.

Each field has the value of the latest change that carries it, by `occurred_at`; at a tie that is the one that comes
later. The time of a callback is compared apart from them, see `changes`.
Source: docs/rules.md, section 9; docs/decisions/0042-changes-field-by-field.md.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Fields, Status
from streams.logic.contact.presentations import may_be_reopened, presented_at
from streams.logic.contact.state import Ownership
from streams.logic.decisions.dispatch import Grounds, present
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import held_back
from streams.logic.decisions.windows import is_over
from streams.logic.hours.numbers import is_valid_number
from topics.callback_events import CallbackChanged, CallbackRescheduled, Owner
from topics.facts import Because, ChangedFacts, ChangedFields
from topics.records import Reason, Transition
from topics.rejection_facts import ChangeRejectedFacts, EventType

Change = CallbackChanged | CallbackRescheduled

FIELDS = Fields.__struct_fields__
FOR_WHOM = frozenset(("phone_number", "agent_id", "owner"))
"""What decides who sees a preview, and whom they call. One that shows something else of these is another preview."""

DIGITS_SHOWN = 2
"""Of a number, its last: people can tell two apart by them, and nobody can call them."""


def change(step: Step, event: CallbackChanged) -> None:
    """Somebody changed a callback, and not its time."""
    facts = ChangeRejectedFacts(event_type=EventType.CHANGED, actor=event.actor, reason=event.reason)
    callback_id = event.callback_id
    if (callback := step.outstanding.get(callback_id)) is not None:
        changed = with_latest(callback, event)
        if changed is callback:
            step.reject(callback, (Reason.SUPERSEDED,), facts)
        elif reasons := invalid_number(event):
            step.reject(callback, reasons, facts)
        else:
            _record(step, callback, changed, event)
            _present_anew(step, callback, changed)
    elif (callback := step.ended.get(callback_id)) is not None:
        step.reject(callback, (Reason.CALLBACK_ENDED,), replace(facts, remembered=remember(step, callback, event)))
    else:
        step.reject_unknown(callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), facts)


def invalid_number(event: Change) -> tuple[Reason, ...]:
    """Why a change cannot be applied at all; empty if it can."""
    number = event.phone_number
    return () if number is None or is_valid_number(number) else (Reason.INVALID_NUMBER,)


def with_latest(callback: Callback, event: Change) -> Callback:
    """The callback with every field that the event carries and no later change does; itself if there is none."""
    latest = {
        name: value
        for name in FIELDS
        if (value := getattr(event, name)) is not None
        if callback.changes.get(name, event.occurred_at) <= event.occurred_at
    }
    if not latest:
        return callback
    # A wrap-up's column is that of the number it had. A change says none, so the record is asked.
    column = None if "phone_number" in latest else callback.phone_column
    changes = {**callback.changes, **dict.fromkeys(latest, event.occurred_at)}
    return replace(callback, **latest, phone_column=column, changes=changes)


def change_moved(step: Step, callback: Callback, event: CallbackRescheduled) -> Callback:
    """Apply the fields of a reschedule that is applied. Its own record follows, and stores the callback."""
    changed = with_latest(callback, event)
    return _record(step, callback, changed, event) if _different(callback, changed) else changed


def change_not_moved(step: Step, callback: Callback, event: CallbackRescheduled) -> None:
    """Apply the fields of a reschedule that is superseded: what is said of the time says nothing of them."""
    changed = with_latest(callback, event)
    if _different(callback, changed):
        _record(step, callback, changed, event)
        _present_anew(step, callback, changed)
    elif changed is not callback:
        step.keep(changed)


def remember(step: Step, callback: Callback, event: Change) -> bool:
    """Keep a change of an ended callback in mind, for the case that it is reopened; returns whether it is kept."""
    if not may_be_reopened(callback) or invalid_number(event):
        return False
    changed = with_latest(callback, event)
    if changed is callback:
        return False
    step.note_ended(replace(changed, as_ended=callback.as_ended or _fields_of(callback)))
    return True


def change_reopened(callback: Callback, event: CallbackRescheduled) -> Callback:
    """An ended callback with the fields of the reschedule that reopens it; `record_since_end` says so afterwards."""
    return replace(with_latest(callback, event), as_ended=callback.as_ended or _fields_of(callback))


def record_since_end(step: Step, callback: Callback, actor: str | None = None, reason: str | None = None) -> Callback:
    """Record what is different since the end of a callback that was reopened just now, if anything is."""
    before, after = callback.as_ended, replace(callback, as_ended=None)
    if before is None:
        return callback
    if names := _different(before, after):
        facts = ChangedFacts(_shown(before, names), _shown(after, names), actor=actor, reason=reason)
        return step.move(after, Transition.CHANGED, facts=facts)
    step.keep(after)
    return after


def owned(callback: Callback, owner: Ownership) -> Callback:
    """A callback that goes to the one whom its contact belongs to; what a change carries holds nevertheless."""
    theirs = {"owner": owner.owner, "agent_id": owner.agent_id, "queue_id": owner.queue_id}
    return replace(callback, **{name: value for name, value in theirs.items() if name not in callback.changes})


def passed_to_queue(callback: Callback) -> Callback:
    """A callback whose owner's time is over. What a change made of its owner or agent has had its effect by then."""
    changed = [callback.changes[name] for name in ("owner", "agent_id") if name in callback.changes]
    # Both as of the later one: an older change that arrives now neither brings one of them back, nor one alone.
    changes = {**callback.changes, "owner": max(changed), "agent_id": max(changed)} if changed else callback.changes
    return replace(callback, owner=Owner.ANYONE, agent_id=None, changes=changes)


def _record(step: Step, before: Callback, after: Callback, event: Change) -> Callback:
    """One record of what an event made different."""
    names = _different(before, after)
    carried = [name for name in FIELDS if getattr(event, name) is not None]
    superseded = tuple(name for name in carried if after.changes[name] > event.occurred_at)
    facts = ChangedFacts(
        before=_shown(before, names),
        after=_shown(after, names),
        superseded=superseded or None,
        actor=event.actor,
        reason=event.reason,
    )
    return step.move(after, Transition.CHANGED, facts=facts)


def _present_anew(step: Step, before: Callback, after: Callback) -> None:
    """Show a preview anew that is another one now: to whom it is for, with the number that it is about."""
    over = is_over(after, step.now)
    if after.status is not Status.PRESENTED or over or FOR_WHOM.isdisjoint(_different(before, after)):
        return
    campaign = step.configuration.campaigns.get(after.campaign_id)
    grounds = Grounds(presented_at=after.presented[-1], because=Because.CHANGED)
    if not held_back(step, after, campaign, grounds):
        present(step, going_on(step, after), campaign, grounds, wanted_at=step.now)


def going_on(step: Step, callback: Callback) -> Callback:
    """The callback with the presentation that begins now as a part of the one that is open: see `presentations`."""
    if callback.presented[-1] == step.now:
        return callback
    presented = presented_at(callback, step.now)
    anew = tuple(at for at in (*callback.presented_anew, step.now) if at in presented)
    return replace(callback, presented_anew=anew)


def _fields_of(callback: Callback) -> Fields:
    return Fields(**{name: getattr(callback, name) for name in FIELDS})


def _different(before: Callback | Fields, after: Callback) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if getattr(before, name) != getattr(after, name))


def _shown(fields: Callback | Fields, names: Iterable[str]) -> ChangedFields:
    shown = {name: getattr(fields, name) for name in names}
    if "phone_number" in shown:
        shown["phone_number"] = shown["phone_number"][-DIGITS_SHOWN:]
    return ChangedFields(**shown)
