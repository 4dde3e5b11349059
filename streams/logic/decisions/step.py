"""One step of one contact: what is known while it is decided, and what it has led to so far.

Every record of a callback's life is made here, and here alone a callback comes to another state: by the table of
`lifecycle`. A step is filled by one call of `decide` and thrown away with it, so nothing it collects outlives an error.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.callback import Callback, Status
from streams.logic.contact.effects import Effect
from streams.logic.contact.limits import REMEMBERED_MAX
from streams.logic.contact.state import Contact
from streams.logic.contact.trace_context import TraceContext
from streams.logic.decisions.lifecycle import ENDS, InputKind, OutsideLifecycle, State, next_state
from topics.facts import LifecycleFacts
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

_ENDS = frozenset(ENDS)

_SET_TIME = (Transition.SCHEDULED, Transition.RESCHEDULED)
"""With these a callback gets the trace context of its event. One that a later event outdoes does not set the time."""


class Step:
    """The contact as it stands in the middle of a step, the event behind it, and the effects so far.

    kind: of what happened; None for a timer, until it is known which of them fired. trace: of the event, if it has one.
    """

    __slots__ = (
        "before",
        "cause",
        "configuration",
        "contact",
        "effects",
        "ended",
        "kind",
        "now",
        "outstanding",
        "trace",
    )

    def __init__(
        self,
        contact: Contact,
        kind: InputKind | None,
        cause: Cause,
        configuration: Configuration,
        now: datetime,
        trace: TraceContext | None = None,
    ) -> None:
        self.before = contact
        self.contact = contact
        self.kind = kind
        self.cause = cause
        self.configuration = configuration
        self.now = now
        self.trace = trace
        self.outstanding = {callback.callback_id: callback for callback in contact.callbacks}
        self.ended = {callback.callback_id: callback for callback in contact.ended}
        self.effects: list[Effect] = []

    def move(
        self,
        callback: Callback,
        transition: Transition,
        *,
        reasons: tuple[Reason, ...] = (),
        facts: LifecycleFacts,
        cause: Cause | None = None,
    ) -> Callback:
        """Record a transition, and put the callback where it leads. Raises OutsideLifecycle if it cannot be now.

        callback: as the transition leaves it, but for its state. Returns it with that. Of one that has ended no timer
        is left; the oldest end is forgotten when there are too many. See `reject` for the rest.
        """
        callback_id = callback.callback_id
        to = next_state(self._state_of(callback_id), self.kind, transition, reasons)
        assert to is not None, "no transition makes a callback unknown"
        self._record(callback, transition, reasons, facts, cause)
        if to in _ENDS:
            moved = _as_it_waits(replace(callback, status=to, timer=None, trace=None))
            self.outstanding.pop(callback_id, None)
            self.ended[callback_id] = moved
            if len(self.ended) > REMEMBERED_MAX:
                del self.ended[next(iter(self.ended))]
        else:
            if transition in _SET_TIME and self.trace is not None and callback.set_by == self.cause.event_id:
                callback = replace(callback, trace=self.trace)
            moved = _as_it_waits(callback if callback.status is to else replace(callback, status=to))
            self.ended.pop(callback_id, None)
            self.outstanding[callback_id] = moved
        return moved

    def reject(self, callback: Callback, reasons: tuple[Reason, ...], facts: LifecycleFacts) -> None:
        """Record that the step's event was refused, in the words of the callback it is about. No callback moves.

        Raises OutsideLifecycle.
        """
        next_state(self._state_of(callback.callback_id), self.kind, Transition.REJECTED, reasons)
        self._record(callback, Transition.REJECTED, reasons, facts, None)

    def reject_unknown(
        self, callback_id: str | None, campaign_id: str, reasons: tuple[Reason, ...], facts: LifecycleFacts
    ) -> None:
        """The same when no callback is known that the event could be about, or it names none."""
        next_state(self._state_of(callback_id), self.kind, Transition.REJECTED, reasons)
        self.effects.append(
            CallbackLifecycle(
                callback_id=callback_id,
                transition=Transition.REJECTED,
                occurred_at=self.now,
                reasons=reasons,
                facts=facts,
                campaign_id=campaign_id,
                contact_list_id=self.contact.contact_list_id,
                contact_id=self.contact.contact_id,
                # Only the callback could say whose it is.
                origin=None,
                cause=self.cause,
            )
        )

    def keep(self, callback: Callback) -> None:
        """This is what is known of an outstanding callback now. Raises OutsideLifecycle if it is in another state."""
        self._check_stays(callback, self.outstanding)
        self.outstanding[callback.callback_id] = _as_it_waits(callback)

    def note_ended(self, callback: Callback) -> None:
        """This is how an ended callback is remembered now. Raises OutsideLifecycle if it is in another state."""
        self._check_stays(callback, self.ended)
        self.ended[callback.callback_id] = callback

    def _state_of(self, callback_id: str | None) -> State:
        known = callback_id and (self.outstanding.get(callback_id) or self.ended.get(callback_id))
        return known.status if known else None

    def _check_stays(self, callback: Callback, among: Mapping[str, Callback]) -> None:
        known = among.get(callback.callback_id)
        if known is None or known.status is not callback.status:
            before = known.status if known else "not there"
            raise OutsideLifecycle(f"A callback that is {before} would be {callback.status} without a transition")

    def _record(
        self,
        callback: Callback,
        transition: Transition,
        reasons: tuple[Reason, ...],
        facts: LifecycleFacts,
        cause: Cause | None,
    ) -> None:
        """One record; the cause is the step's own if None.

        A wrap-up that left the callback open was no transition, so every later record has it among its facts.
        """
        if callback.left_open_by is not None:
            facts = replace(facts, left_open_by=callback.left_open_by)
        self.effects.append(
            CallbackLifecycle(
                callback_id=callback.callback_id,
                transition=transition,
                occurred_at=self.now,
                reasons=reasons,
                facts=facts,
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
    if callback.status is Status.WAITING or not (callback.held_unreadable or callback.waits_for or callback.to_agent):
        return callback
    return replace(callback, held_unreadable=False, waits_for=None, to_agent=None)


def state_of(callback: Callback) -> CallbackState:
    """Where an outstanding callback stands, in the words of the contract."""
    return _STATES[callback.status]


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
                state=state_of(callback),
            )
            for callback in sorted(contact.callbacks, key=lambda callback: (callback.due_at, callback.callback_id))
        ),
    )
