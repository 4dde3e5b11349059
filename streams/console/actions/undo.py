"""How a run is taken back: which can be, and what each callback goes back to. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from streams.console.actions.events import MOVES, event_id
from streams.console.actions.model import Letter, Meant, Run, RunState, moved_to
from streams.console.actions.windows import window_end_at
from streams.console.view.model import CallbackKey, CallbackRow, Story
from topics.audit import ActionKind


def why_not(run: Run) -> str | None:
    """Why a run cannot be undone at all; None if it can."""
    if run.state is RunState.PLANNED:
        return f"run {run.name} was not asked for, so there is nothing to undo"
    if run.undoes is not None:
        return f"run {run.name} is an undo itself. Ask for the action anew"
    match run.action.kind:
        case ActionKind.CANCEL:
            return "a cancel cannot be undone: a callback that was called off has ended. Schedule it anew"
        case ActionKind.REPLAY:
            return "a replay cannot be undone: what was accepted has had its effect"
        case ActionKind.CONFIGURE:
            return "what configuration has led to stays. Try the former record, and send that"
        case ActionKind.REASSIGN | ActionKind.CHANGE if run.action.phone_number or run.action.notes:
            return "a change of number or notes cannot be undone: what they were before is not known here"
    return None


class Known(Protocol):
    """What is asked of the view."""

    def callback(self, key: CallbackKey) -> CallbackRow | None:
        """One callback as it stands."""

    def story(self, key: CallbackKey) -> Story | None:
        """All that is known of it."""


def meant_back(run: Run, applied: Iterable[Meant | Letter], view: Known, now: datetime) -> Iterator[Meant]:
    """Of what a run has changed, all that is as it left it, each with what it goes back to.

    A callback that has ended, that somebody or the system has moved or changed since, whose former time has gone by,
    or that had no value to go back to, stays as it is.
    """
    for meant in applied:
        if isinstance(meant, Letter) or (row := view.callback(meant.key)) is None or not row.is_outstanding:
            continue
        if _is_as_left(run, meant, row) and _has_former(run, meant, now):
            yield replace(Meant.of(row), back_to=_former(run, meant, view))


def _former(run: Run, meant: Meant, view: Known) -> Meant:
    """What a callback goes back to; of a move with the window that it had."""
    story = view.story(meant.key) if run.action.kind in MOVES else None
    end = window_end_at(story, event_id(run.name, meant.key)) if story is not None else None
    return replace(meant, back_to=None, window_end_at=end)


def _is_as_left(run: Run, meant: Meant, row: CallbackRow) -> bool:
    assert run.asked_at is not None, "a run that was applied has been asked for"
    if run.action.kind in MOVES:
        to = moved_to(run.action, meant, run.asked_at)
        return to is not None and row.due_at == to[0]
    carried = {name: getattr(run.action, name) for name in ("agent_id", "owner", "queue_id")}
    return all(getattr(row, name) == value for name, value in carried.items() if value)


def _has_former(run: Run, meant: Meant, now: datetime) -> bool:
    if run.action.kind in MOVES:
        return meant.due_at is not None and meant.due_at > now
    return bool(run.action.agent_id or run.action.owner or meant.queue_id)
