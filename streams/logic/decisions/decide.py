"""The decision: the contact after an input, and the effects to be written.

Pure: no clock, no input or output, and the contact it is given stays as it was. It will not decode an event, check
its key or its clock, or know where a contact is stored.
"""

from datetime import datetime
from typing import assert_never

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.listed import with_record, without_legible_record, without_record
from streams.logic.contact.deduplication import forget, forgotten_at, note_event, seen_id, touched
from streams.logic.contact.effects import Effect
from streams.logic.contact.erasures import LEAVES_NOTHING, Erasure, is_of_before, is_repeated
from streams.logic.contact.inputs import (
    ConfigurationChanged,
    ContactRecorded,
    ContactRemoved,
    ContactUnreadable,
    Input,
    Released,
    TimerFired,
)
from streams.logic.contact.meanings import Event, check_same, meaning_of
from streams.logic.contact.state import Contact, new_contact
from streams.logic.contact.trace_context import TraceContext
from streams.logic.decisions.changes import cancel, reschedule, schedule
from streams.logic.decisions.due import fire_timer, release, review
from streams.logic.decisions.erasing import erase
from streams.logic.decisions.field_changes import change
from streams.logic.decisions.history import recall
from streams.logic.decisions.lifecycle import InputKind
from streams.logic.decisions.placements import place
from streams.logic.decisions.returns import take_back
from streams.logic.decisions.step import Step
from streams.logic.decisions.wrap_ups import wrap_up
from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackReturned,
    CallbackScheduled,
    ContactErased,
)
from topics.codec import CallbackEvent
from topics.events import PlacementRequested, WrapUp
from topics.records import Cause

Decision = tuple[Contact | None, tuple[Effect, ...]]

_SEEN = {WrapUp: "w", PlacementRequested: "p"}
"""The topic of an event in its remembered id; all others are of one topic."""

_KINDS: dict[type, InputKind] = {
    WrapUp: InputKind.WRAP_UP,
    CallbackScheduled: InputKind.SCHEDULED,
    CallbackRescheduled: InputKind.RESCHEDULED,
    CallbackCancelled: InputKind.CANCELLED,
    CallbackChanged: InputKind.CHANGED,
    CallbackReturned: InputKind.RETURNED,
    PlacementRequested: InputKind.PLACEMENT_REQUESTED,
    Released: InputKind.RELEASED,
    ConfigurationChanged: InputKind.CONFIGURATION_CHANGED,
}
"""Of a timer, its callback has to say of which kind it is: see `fire_timer`."""


def decide(
    contact: Contact | None,
    input_: Input,
    cause: Cause,
    configuration: Configuration,
    now: datetime,
    *,
    trace: TraceContext | None = None,
    erasure: Erasure | None = None,
) -> Decision:
    """The contact after an input, and the effects in their order.

    contact: None if nothing is known of it. The same object is returned when nothing changed, None when nothing is
    left. cause: the event as a record, or for what a partition found out by itself, its partition alone. now: aware
    UTC. trace: of the event, None if it has none. erasure: of the contact, if it was erased. Raises
    BadEvent for an event that must wait for configuration
    (`campaign_unknown`, `rule_set_unknown`, `campaign_unreadable`, `rule_set_unreadable`), and for one whose id stands
    for something else (`id_reused`).
    """
    if erasure is not None and is_of_before(erasure, input_, contact):
        return contact, ()
    match input_:
        case ContactErased():
            return _erase(contact, input_, cause, configuration, now, erasure)
        case ContactRecorded(record=record, at=at):
            known = contact or new_contact(record.contact_list_id, record.contact_id)
            return with_record(known, record, at), ()
        case ContactUnreadable():
            return without_legible_record(contact or new_contact(input_.contact_list_id, input_.contact_id)), ()
        case ContactRemoved():
            return contact and without_record(contact), ()
        case TimerFired() | Released() | ConfigurationChanged():
            return (None, ()) if contact is None else _apply_internal(contact, input_, cause, configuration, now)
        case _:
            after, effects = _apply_event(contact, input_, cause, configuration, now, trace)
            leaves_nothing = contact is None and erasure is not None and isinstance(input_, LEAVES_NOTHING)
            return None if leaves_nothing else after, effects


def _erase(
    contact: Contact | None,
    event: ContactErased,
    cause: Cause,
    configuration: Configuration,
    now: datetime,
    known: Erasure | None,
) -> Decision:
    if is_repeated(known, event):
        return contact, ()
    before = contact or new_contact(event.contact_list_id, event.contact_id)
    return erase(Step(before, InputKind.ERASED, cause, configuration, now), event, known)


def _apply_event(
    contact: Contact | None,
    event: Event,
    cause: Cause,
    configuration: Configuration,
    now: datetime,
    trace: TraceContext | None,
) -> Decision:
    seen, meaning = seen_id(_SEEN.get(type(event), "c"), event.event_id), meaning_of(event)
    if contact is None:
        contact = new_contact(event.contact_list_id, event.contact_id)
    elif (known := contact.seen.get(seen)) is not None:
        check_same(known, meaning, "$.event_id")
        return contact, ()
    step = Step(contact, _KINDS[type(event)], cause, configuration, now, trace)
    match event:
        case WrapUp(history=True):
            recall(step, event)
        case WrapUp():
            wrap_up(step, event)
        case PlacementRequested():
            place(step, event, meaning)
        case _:
            _apply_to_callback(step, event)
    step.contact = note_event(step.contact, seen, meaning, event.occurred_at, now)
    return step.finish()


def _apply_to_callback(step: Step, event: CallbackEvent) -> None:
    match event:
        case CallbackScheduled():
            schedule(step, event)
        case CallbackRescheduled():
            reschedule(step, event)
        case CallbackCancelled():
            cancel(step, event)
        case CallbackChanged():
            change(step, event)
        case CallbackReturned():
            take_back(step, event)
        case _:
            assert_never(event)


def _apply_internal(
    contact: Contact,
    input_: TimerFired | Released | ConfigurationChanged,
    cause: Cause,
    configuration: Configuration,
    now: datetime,
) -> Decision:
    step = Step(contact, _KINDS.get(type(input_)), cause, configuration, now)
    match input_:
        case TimerFired(callback_id=None):
            forgotten = forgotten_at(contact)
            return (contact if forgotten is None or forgotten > now else forget(contact)), ()
        case TimerFired(callback_id=callback_id, paced=paced):
            if callback_id in step.outstanding:
                fire_timer(step, step.outstanding[callback_id], paced=paced)
        case Released(callback_id=callback_id, held_by=held_by):
            if callback_id in step.outstanding:
                release(step, step.outstanding[callback_id], held_by)
        case ConfigurationChanged():
            review(step, input_)
        case _:
            assert_never(input_)
    if step.effects:
        step.contact = touched(step.contact, now)
    return step.finish()
