"""The life of a callback as a table: for a state, an input and a guard, the transition and the next state.

`Step.move` and `Step.reject` look every record of the lifecycle up here, so what is not in the table cannot be written:
it is an internal error, undone and quarantined. An input without a row for a state leaves the callback in that state.
docs/engine.md shows the table; `python -m tests.logic.lifecycle_page` writes that part of the page.
Source: docs/rules.md, sections 1, 2, 6 and 9, section 8 rows 5, 7 to 15, 17 and 19.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from streams.logic.contact.callback import Status
from topics.records import PLACEMENT_REASONS, Reason, Transition


class InputKind(StrEnum):
    """What can happen to the callbacks of a contact: an event, a timer, or what its partition finds out."""

    SCHEDULED = "scheduling"
    RESCHEDULED = "reschedule"
    CANCELLED = "cancel"
    CHANGED = "change"
    RETURNED = "return"
    ERASED = "erasure"
    WRAP_UP = "wrap-up"
    PLACEMENT_REQUESTED = "placement request"
    DUE = "due timer"
    TOO_LATE = "expiry timer"
    OWNER = "owner timer"
    OUTCOME = "outcome timer"
    WINDOW = "window timer"
    RELEASED = "release"
    CONFIGURATION_CHANGED = "configuration"


State = Status | None
"""None: no callback of this id is known."""

OUTSTANDING = (Status.SCHEDULED, Status.WAITING, Status.PRESENTED, Status.DIALING)
"""The states of a callback between two steps, before its end."""

ENDS = (
    Status.COMPLETED,
    Status.BLOCKED,
    Status.CANCELLED,
    Status.EXPIRED,
    Status.OWNER_EXPIRED,
    Status.NOT_DIALED,
)

UNREADABLE_CONFIGURATION = (
    Reason.CAMPAIGN_UNREADABLE,
    Reason.RULE_SET_UNREADABLE,
    Reason.CALLABLE_TIME_SET_UNREADABLE,
)
"""Reasons for which a callback that the system dials waits instead of ending."""

LEADS_TO = {
    Transition.SCHEDULED: Status.SCHEDULED,
    Transition.RESCHEDULED: Status.SCHEDULED,
    Transition.DUE: Status.DUE,
    Transition.WAITING: Status.WAITING,
    Transition.PRESENTED: Status.PRESENTED,
    Transition.DIALING: Status.DIALING,
    Transition.COMPLETED: Status.COMPLETED,
    Transition.BLOCKED: Status.BLOCKED,
    Transition.CANCELLED: Status.CANCELLED,
    Transition.EXPIRED: Status.EXPIRED,
    Transition.OWNER_EXPIRED: Status.OWNER_EXPIRED,
    Transition.NOT_DIALED: Status.NOT_DIALED,
}
"""The state after each transition. `rejected` is not here, nor is `changed`: they leave a callback in its state."""


class OutsideLifecycle(Exception):
    """A transition that the table does not have: an internal error."""


@dataclass(frozen=True, slots=True)
class Row:
    """In `state`, at an input of this `kind`, if `guard` holds: `transition`, to the state `to`.

    guard: in words; empty if there is none. reasons: the record names one or more of these; none if it is empty. A
    transition that can come about with and without reasons has a row for each.
    """

    state: State
    kind: InputKind
    guard: str
    transition: Transition
    to: State
    reasons: frozenset[Reason]


_K, _S, _T, _R = InputKind, Status, Transition, Reason
_Line = tuple[tuple[State, ...], InputKind, str, Transition, tuple[Reason, ...]]

_NEW = (None,)
_KNOWN = (*OUTSTANDING, *ENDS)
_NOT_REOPENED = (_S.BLOCKED, _S.CANCELLED, _S.EXPIRED, _S.OWNER_EXPIRED)

_REOPENED = (_S.COMPLETED, _S.NOT_DIALED)

_WAITED_FOR = (_R.CAMPAIGN_OFF, *UNREADABLE_CONFIGURATION, _R.ON_HOLD, _R.RATE)
_WAITED_OUT = (
    _R.OUTSIDE_CALLABLE_TIME,
    _R.TOO_SOON,
    _R.IN_CALL,
    _R.CONTACT_UNREADABLE,
    _R.RULE_SET_UNREADABLE,
    _R.CALLABLE_TIME_SET_UNREADABLE,
)
_UNDIALED = (_R.SKIPPED, _R.EXPIRED, _R.NO_AGENT, _R.FAILED, _R.SHED)
_UNTIMELY = (_R.TOO_FAR_AHEAD, _R.DUE_BEFORE_SCHEDULED)

_NOT_BY_RULE = (_R.INVALID_NUMBER, _R.TOO_FAR_AHEAD, _R.LADDER_ENDED, _R.CALLBACK_OUTSTANDING)

_PASSED = "the system dials, no check fails"
_SLOT = "every reason can be waited out, a slot opens"
_OVER = "too late, or its window is over"
_DAY = "its window is over, on another day it is open"
_SLOT_OR_DAY = f"{_SLOT}; or {_DAY}"
_AT_ONCE = "just accepted, but its cancel, call-off, clear or recycle came first"
_BY_RULE = f"a rule calls it off or replaces it; {_AT_ONCE}"
_CALL_OVER = "moved for a call that has ended"
_OWNED = "of another callback, whose agent gets this one too"

_ANEW = "number, agent or owner is another now, its window is not over"

_LINES: tuple[_Line, ...] = (
    # It is scheduled.
    (_NEW, _K.SCHEDULED, "accepted", _T.SCHEDULED, ()),
    (_NEW, _K.WRAP_UP, "a rule schedules it, accepted", _T.SCHEDULED, ()),
    ((_S.SCHEDULED,), _K.SCHEDULED, _AT_ONCE, _T.CANCELLED, ()),
    # It is outstanding.
    (OUTSTANDING, _K.RESCHEDULED, "not superseded", _T.RESCHEDULED, ()),
    (OUTSTANDING, _K.RESCHEDULED, "a field is another now", _T.CHANGED, ()),
    (OUTSTANDING, _K.CHANGED, "a field is of this change", _T.CHANGED, ()),
    (OUTSTANDING, _K.CANCELLED, "not superseded", _T.CANCELLED, ()),
    (OUTSTANDING, _K.WRAP_UP, "names it, not moved in that call", _T.COMPLETED, ()),
    (OUTSTANDING, _K.WRAP_UP, "names it, nothing was dialed", _T.NOT_DIALED, (_R.SKIPPED,)),
    (OUTSTANDING, _K.WRAP_UP, "names it, nothing was dialed, it goes again", _T.RESCHEDULED, (_R.RETURNED,)),
    (OUTSTANDING, _K.RETURNED, "of its open command, not moved in that call", _T.NOT_DIALED, _UNDIALED),
    (OUTSTANDING, _K.RETURNED, "the same, it goes again", _T.RESCHEDULED, (_R.RETURNED,)),
    (OUTSTANDING, _K.WRAP_UP, _BY_RULE, _T.CANCELLED, ()),
    (OUTSTANDING, _K.CONFIGURATION_CHANGED, "a clear or recycle", _T.CANCELLED, ()),
    (OUTSTANDING, _K.ERASED, "", _T.CANCELLED, (_R.ERASED,)),
    # A gap or a call in flight keeps it back.
    ((_S.SCHEDULED,), _K.WRAP_UP, _CALL_OVER, _T.RESCHEDULED, ()),
    ((_S.SCHEDULED,), _K.RETURNED, _CALL_OVER, _T.RESCHEDULED, ()),
    ((_S.SCHEDULED,), _K.TOO_LATE, "too late", _T.EXPIRED, (_R.TOO_LATE,)),
    # It falls due, and leaves `due` in the same step.
    ((_S.SCHEDULED,), _K.DUE, "", _T.DUE, ()),
    ((_S.DUE,), _K.DUE, "an agent sees it first", _T.PRESENTED, ()),
    ((_S.DUE,), _K.DUE, _PASSED, _T.DIALING, ()),
    ((_S.DUE,), _K.DUE, "campaign off, unreadable, on hold, or paced", _T.WAITING, _WAITED_FOR),
    ((_S.DUE,), _K.DUE, "campaign unknown, or a check fails", _T.BLOCKED, PLACEMENT_REASONS),
    ((_S.DUE,), _K.DUE, _SLOT_OR_DAY, _T.RESCHEDULED, (*_WAITED_OUT, _R.WINDOW_OVER)),
    ((_S.DUE,), _K.DUE, _OVER, _T.EXPIRED, (_R.TOO_LATE, _R.WINDOW_OVER)),
    # Its window ends before it falls due.
    ((_S.SCHEDULED,), _K.WINDOW, _DAY, _T.RESCHEDULED, (_R.WINDOW_OVER,)),
    ((_S.SCHEDULED,), _K.WINDOW, "no day is left, or campaign unknown", _T.EXPIRED, (_R.WINDOW_OVER,)),
    ((_S.SCHEDULED,), _K.WINDOW, "campaign unreadable", _T.WAITING, (_R.CAMPAIGN_UNREADABLE,)),
    # It waits.
    ((_S.WAITING,), _K.RELEASED, "an agent sees it first", _T.PRESENTED, ()),
    ((_S.WAITING,), _K.RELEASED, _PASSED, _T.DIALING, ()),
    ((_S.WAITING,), _K.RELEASED, "a check fails", _T.BLOCKED, PLACEMENT_REASONS),
    ((_S.WAITING,), _K.RELEASED, _SLOT_OR_DAY, _T.RESCHEDULED, (*_WAITED_OUT, _R.WINDOW_OVER)),
    ((_S.WAITING,), _K.RELEASED, _OVER, _T.EXPIRED, (_R.TOO_LATE, _R.WINDOW_OVER)),
    ((_S.WAITING,), _K.SCHEDULED, _OWNED, _T.PRESENTED, ()),
    ((_S.WAITING,), _K.SCHEDULED, f"{_OWNED}, a check fails", _T.BLOCKED, PLACEMENT_REASONS),
    ((_S.WAITING,), _K.SCHEDULED, f"{_OWNED}, {_SLOT}", _T.RESCHEDULED, _WAITED_OUT),
    ((_S.WAITING,), _K.TOO_LATE, _OVER, _T.EXPIRED, (_R.TOO_LATE, _R.WINDOW_OVER)),
    ((_S.WAITING,), _K.TOO_LATE, _DAY, _T.RESCHEDULED, (_R.WINDOW_OVER,)),
    ((_S.WAITING,), _K.TOO_LATE, "campaign unknown", _T.BLOCKED, (_R.CAMPAIGN_UNKNOWN,)),
    ((_S.WAITING,), _K.WINDOW, _OVER, _T.EXPIRED, (_R.TOO_LATE, _R.WINDOW_OVER)),
    ((_S.WAITING,), _K.WINDOW, _DAY, _T.RESCHEDULED, (_R.WINDOW_OVER,)),
    ((_S.WAITING,), _K.CONFIGURATION_CHANGED, _OVER, _T.EXPIRED, (_R.TOO_LATE, _R.WINDOW_OVER)),
    ((_S.WAITING,), _K.CONFIGURATION_CHANGED, _DAY, _T.RESCHEDULED, (_R.WINDOW_OVER,)),
    ((_S.WAITING,), _K.CONFIGURATION_CHANGED, "campaign unknown", _T.BLOCKED, (_R.CAMPAIGN_UNKNOWN,)),
    # An agent or the dialer has it.
    ((_S.PRESENTED,), _K.OWNER, "it goes to the queue", _T.PRESENTED, ()),
    ((_S.PRESENTED,), _K.OWNER, "it goes to the queue, on hold", _T.WAITING, (_R.ON_HOLD,)),
    ((_S.PRESENTED,), _K.OWNER, "it ends there, or campaign unknown", _T.OWNER_EXPIRED, ()),
    ((_S.PRESENTED, _S.DIALING), _K.OUTCOME, "", _T.EXPIRED, (_R.NO_OUTCOME,)),
    ((_S.PRESENTED,), _K.CHANGED, _ANEW, _T.PRESENTED, ()),
    ((_S.PRESENTED,), _K.RESCHEDULED, f"superseded, {_ANEW}", _T.PRESENTED, ()),
    ((_S.PRESENTED,), _K.CHANGED, f"{_ANEW}, on hold", _T.WAITING, (_R.ON_HOLD,)),
    ((_S.PRESENTED,), _K.RESCHEDULED, f"superseded, {_ANEW}, on hold", _T.WAITING, (_R.ON_HOLD,)),
    # It has ended.
    (_REOPENED, _K.RESCHEDULED, "moved in its last call, not cancelled", _T.RESCHEDULED, ()),
    ((_S.SCHEDULED,), _K.RESCHEDULED, "just reopened, but its call-off, clear or recycle came first", _T.CANCELLED, ()),
    # The event is refused.
    (_NEW, _K.SCHEDULED, "", _T.REJECTED, (*_UNTIMELY, _R.INVALID_NUMBER, _R.SECOND_FOR_CONVERSATION)),
    (_KNOWN, _K.SCHEDULED, "", _T.REJECTED, (_R.CALLBACK_ID_TAKEN,)),
    (_NEW, _K.RESCHEDULED, "", _T.REJECTED, (_R.CALLBACK_UNKNOWN,)),
    (OUTSTANDING, _K.RESCHEDULED, "", _T.REJECTED, (_R.SUPERSEDED, *_UNTIMELY, _R.INVALID_NUMBER)),
    (_REOPENED, _K.RESCHEDULED, "", _T.REJECTED, (_R.CALLBACK_ENDED, *_UNTIMELY, _R.INVALID_NUMBER)),
    (_NOT_REOPENED, _K.RESCHEDULED, "", _T.REJECTED, (_R.CALLBACK_ENDED,)),
    (_NEW, _K.CHANGED, "", _T.REJECTED, (_R.CALLBACK_UNKNOWN,)),
    (OUTSTANDING, _K.CHANGED, "", _T.REJECTED, (_R.SUPERSEDED, _R.INVALID_NUMBER)),
    (ENDS, _K.CHANGED, "", _T.REJECTED, (_R.CALLBACK_ENDED,)),
    (_NEW, _K.CANCELLED, "", _T.REJECTED, (_R.CALLBACK_UNKNOWN,)),
    (OUTSTANDING, _K.CANCELLED, "", _T.REJECTED, (_R.SUPERSEDED,)),
    (ENDS, _K.CANCELLED, "", _T.REJECTED, (_R.CALLBACK_ENDED,)),
    (_NEW, _K.RETURNED, "", _T.REJECTED, (_R.CALLBACK_UNKNOWN,)),
    (OUTSTANDING, _K.RETURNED, "", _T.REJECTED, (_R.SUPERSEDED, *_UNTIMELY)),
    (ENDS, _K.RETURNED, "", _T.REJECTED, (_R.CALLBACK_ENDED,)),
    (_NEW, _K.WRAP_UP, "", _T.REJECTED, (_R.CALLBACK_UNKNOWN, _R.LATER_CODE_FIRST, *_NOT_BY_RULE)),
    (OUTSTANDING, _K.WRAP_UP, "", _T.REJECTED, (_R.SUPERSEDED, _R.LATER_CODE_FIRST, _R.CALLBACK_ID_TAKEN)),
    (ENDS, _K.WRAP_UP, "", _T.REJECTED, (_R.CALLBACK_ENDED, _R.LATER_CODE_FIRST, _R.CALLBACK_ID_TAKEN)),
)


def _rows(lines: Iterable[_Line]) -> Iterable[Row]:
    for states, kind, guard, transition, reasons in lines:
        for state in states:
            yield Row(state, kind, guard, transition, LEADS_TO.get(transition, state), frozenset(reasons))


TABLE = tuple(_rows(_LINES))
"""Every transition that a callback can go through, and every refusal of an event about it."""

_ROWS: dict[tuple[State, InputKind | None, Transition, bool], Row] = {
    (row.state, row.kind, row.transition, bool(row.reasons)): row for row in TABLE
}


def next_state(state: State, kind: InputKind | None, transition: Transition, reasons: tuple[Reason, ...] = ()) -> State:
    """The state after a transition with these reasons. Raises OutsideLifecycle if the table has no such row."""
    row = _ROWS.get((state, kind, transition, bool(reasons)))
    if row is not None and row.reasons.issuperset(reasons):
        return row.to
    why = ", ".join(reasons) or "no reason"
    raise OutsideLifecycle(f"{transition} of a callback that is {state or 'not known'}, at {kind}, for {why}")
