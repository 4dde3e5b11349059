"""One step of one contact: what is known while it is decided, and what it has led to so far.

A step is filled by one call of `decide` and thrown away with it, so nothing it collects outlives an error.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from streams.logic.configuration import Configuration
from streams.logic.effects import Effect
from streams.logic.limits import REMEMBERED_MAX
from streams.logic.state import Callback, Contact, Status
from topics.records import (
    CallbackLifecycle,
    CallbackState,
    Cause,
    OutstandingCallback,
    OutstandingCallbacks,
    Reason,
    Transition,
)

_STATES = {
    Status.SCHEDULED: CallbackState.SCHEDULED,
    Status.WAITING: CallbackState.WAITING,
    Status.PRESENTED: CallbackState.PRESENTED,
    Status.DIALING: CallbackState.DIALING,
}


class Step:
    """The contact as it stands in the middle of a step, the event behind it, and the effects so far."""

    __slots__ = ("before", "cause", "configuration", "contact", "effects", "ended", "now", "outstanding")

    def __init__(self, contact: Contact, cause: Cause, configuration: Configuration, now: datetime) -> None:
        self.before = contact
        self.contact = contact
        self.cause = cause
        self.configuration = configuration
        self.now = now
        self.outstanding = {callback.callback_id: callback for callback in contact.callbacks}
        self.ended = {callback.callback_id: callback for callback in contact.ended}
        self.effects: list[Effect] = []

    def keep(self, callback: Callback) -> None:
        """This is how an outstanding callback stands now; one that had ended is outstanding again."""
        self.ended.pop(callback.callback_id, None)
        self.outstanding[callback.callback_id] = _as_it_waits(callback)

    def end(self, callback: Callback, status: Status, **changes: Any) -> None:
        """The callback has ended. The oldest end is forgotten when there are too many."""
        self.outstanding.pop(callback.callback_id, None)
        self.ended[callback.callback_id] = _as_it_waits(replace(callback, status=status, timer=None, **changes))
        if len(self.ended) > REMEMBERED_MAX:
            del self.ended[next(iter(self.ended))]

    def note_ended(self, callback: Callback) -> None:
        """This is how an ended callback is remembered now."""
        self.ended[callback.callback_id] = callback

    def record(
        self,
        callback: Callback,
        transition: Transition,
        *,
        reasons: tuple[Reason, ...] = (),
        facts: Mapping[str, Any] | None = None,
        cause: Cause | None = None,
    ) -> None:
        """One transition of one callback. Facts that are None are left out; the cause is the step's own if None.

        A wrap-up that left the callback open was no transition, so every later record has it among its facts.
        """
        self.effects.append(
            CallbackLifecycle(
                callback_id=callback.callback_id,
                transition=transition,
                occurred_at=self.now,
                reasons=reasons,
                facts=stated({**(facts or {}), "left_open_by": callback.left_open_by}),
                due_at=callback.due_at,
                campaign_id=callback.campaign_id,
                contact_list_id=self.contact.contact_list_id,
                contact_id=self.contact.contact_id,
                origin=callback.origin,
                cause=cause or self.cause,
            )
        )

    def finish(self) -> tuple[Contact, tuple[Effect, ...]]:
        """The contact after the step and its effects; the view comes last, and only if it reads differently now."""
        callbacks, ended = tuple(self.outstanding.values()), tuple(self.ended.values())
        if callbacks == self.before.callbacks and ended == self.before.ended:
            return self.contact, tuple(self.effects)
        contact = replace(self.contact, callbacks=callbacks, ended=ended)
        view = view_of(contact)
        if view != view_of(self.before):
            self.effects.append(view)
        return contact, tuple(self.effects)


def _as_it_waits(callback: Callback) -> Callback:
    """What a callback waited for is of no more interest when it has stopped waiting."""
    still = callback.status is Status.WAITING or not callback.held_unreadable
    return callback if still else replace(callback, held_unreadable=False)


def view_of(contact: Contact) -> OutstandingCallbacks:
    """What the outstanding-callbacks view says about a contact, by due_at, then id."""
    return OutstandingCallbacks(
        contact_list_id=contact.contact_list_id,
        contact_id=contact.contact_id,
        callbacks=tuple(
            OutstandingCallback(
                callback_id=callback.callback_id,
                campaign_id=callback.campaign_id,
                origin=callback.origin,
                due_at=callback.due_at,
                state=_STATES[callback.status],
            )
            for callback in sorted(contact.callbacks, key=lambda callback: (callback.due_at, callback.callback_id))
        ),
    )


def stated(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Facts without the ones that are None."""
    return {name: value for name, value in facts.items() if value is not None} if facts else {}
