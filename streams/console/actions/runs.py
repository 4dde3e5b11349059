"""Runs: what was asked for under a name, counted and shown before, sent in parts, aborted, resumed, undone, read back.

A run is safe to repeat, since its events have ids made of its name and the callback, and the same `occurred_at`.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from streams.base.clock import Clock, SystemClock
from streams.console.actions import events, undo
from streams.console.actions.configuration import changed_in_words, configured
from streams.console.actions.erasing import Erasures
from streams.console.actions.model import (
    Action,
    Letter,
    Meant,
    NotAllowed,
    NothingMatched,
    Outcome,
    Refusal,
    Run,
    RunState,
)
from streams.console.actions.outbox import Outbox
from streams.console.actions.read_back import ToldByEvents, outcome
from streams.console.actions.selected import in_words, means_every_callback
from streams.console.actions.sender import RATE_PER_S, Say, Sender, nothing
from streams.console.actions.store import RunStore
from streams.console.actions.windows import window_end_at
from streams.console.trial.change import Change, made_now
from streams.console.view.model import CallbackKey, CallbackRow, Filter
from streams.kafka.clients import Clients
from topics.audit import ActedVia, ActionKind

READ_AT_ONCE = 500
PLAN_KEPT = timedelta(days=1)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Seen(ToldByEvents, undo.Known, Protocol):
    """What runs ask of the view."""

    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]:
        """All callbacks that match, as of one moment."""


class Runs:
    """The runs of one folder. Its calls may come from several threads and processes. outbox: for tests."""

    def __init__(self, folder: Path, clock: Clock | None = None, outbox: Callable[[Clients], Outbox] = Outbox) -> None:
        self._store, self._clock, self._outbox = RunStore(folder), clock or SystemClock(), outbox

    # ---- before anything is sent

    def plan(
        self,
        view: Seen,
        about: Filter | Sequence[CallbackKey],
        action: Action,
        via: ActedVia,
        name: str | None = None,
    ) -> Run:
        """Fix which callbacks an action is about: those that match now and have not ended. Nothing is sent.

        Raises NotAllowed for an action that makes no sense, an empty filter, a name in use, and when none matches.
        """
        now = self._clock.now()
        events.check(action, now)
        rows = self._rows(view, about, now)
        meant = (_meant(row, action, view) for row in rows)
        return self._add(action, via, meant, in_words(about), name, now)

    def plan_replay(self, letters: Iterable[Letter], action: Action, via: ActedVia, selected: Mapping[str, str]) -> Run:
        """The same for dead letters, as `dead_letters` has prepared them."""
        return self._add(action, via, letters, selected, None, self._clock.now())

    def plan_changes(self, changes: Sequence[Change], action: Action, via: ActedVia, prefix: str) -> Run:
        """The same for records of configuration and recycles. prefix: of the topics."""
        now = self._clock.now()
        events.check(action, now)
        name = _new_name(action.kind, now)
        letters = (configured(made_now(one, f"{name}-{at}", now), prefix) for at, one in enumerate(changes))
        return self._add(action, via, letters, changed_in_words(changes), name, now)

    def plan_undo(self, name: str, view: Seen, actor: str, reason: str | None, via: ActedVia) -> Run:
        """Plan to take a run back: of what was applied, all that is still as the run left it.

        Raises NotAllowed where that cannot be done, or where the worker has not answered for everything yet.
        """
        run = self.read_back(name, view)
        if not self.can_be_resumed(run) and run.state is RunState.SENDING:
            raise NotAllowed(f"run {name} is being sent. Abort it first")
        if why := undo.why_not(run):
            raise NotAllowed(why)
        if run.asked:
            raise NotAllowed(f"the worker has not answered for {run.asked:,} of run {name} yet. Try again later")
        now = self._clock.now()
        action = replace(run.action, actor=actor, reason=reason)
        back = undo.meant_back(run, self._store.applied(name), view, now)
        return self._add(action, via, back, {"run": name}, f"{name}.undo", now, undoes=name)

    def _rows(self, view: Seen, about: Filter | Sequence[CallbackKey], now: datetime) -> Iterator[CallbackRow]:
        if isinstance(about, Filter):
            if means_every_callback(about):
                raise NotAllowed("a filter with no condition would mean every callback there is. Name a condition")
            return (row for row in view.each(replace(about, outstanding=True), now))
        found = (view.callback(key) for key in dict.fromkeys(about))
        return (row for row in found if row is not None and row.is_outstanding)

    def _add(
        self,
        action: Action,
        via: ActedVia,
        whats: Iterable[Meant | Letter],
        selected: Mapping[str, str],
        name: str | None,
        now: datetime,
        undoes: str | None = None,
    ) -> Run:
        for old in self._store.planned_before(now - PLAN_KEPT):
            self._store.forget(old)
        name = name or _new_name(action.kind, now)
        if not NAME.fullmatch(name):
            raise NotAllowed("the name of a run has letters, digits, `.`, `_` and `-`, at most 100")
        if (before := self._store.run(name)) is not None and before.state is RunState.PLANNED:
            self._store.forget(name)  # Nobody has asked for it.
        first = [*islice(whats := iter(whats), 1)]
        if not first:
            raise NothingMatched("nothing matches that has not ended, so there is nothing to do")
        run = Run(
            name=name, action=action, selected=selected, via=via, state=RunState.PLANNED,
            planned_at=now, meant=0, undoes=undoes,
        )  # fmt: skip
        meant = self._store.add(run, _chained(first, whats))
        return replace(run, meant=meant)

    # ---- what there is

    def run(self, name: str) -> Run:
        """A run by its name. Raises NotAllowed when there is none."""
        if run := self._store.run(name):
            return run
        raise NotAllowed(f"there is no run {name} in this folder")

    def all(self, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs, planned ones too."""
        return self._store.runs(limit)

    def sample(self, name: str, count: int = 5) -> list[Meant | Letter]:
        """The first few that a run is about, as they were."""
        return self._store.whats(name, 0, count)

    def about(self, key: CallbackKey) -> tuple[tuple[Run, Outcome | None, str | None], ...]:
        """What was asked of a callback here, with what became of it: None is *asked*. Read back with `read_back`."""
        return self._store.about(key.callback_id, key.contact_id)

    def refusals(self, name: str, limit: int = 100) -> tuple[Refusal, ...]:
        """What was refused, and why, as far as it was read back."""
        return self._store.refusals(name, limit)

    def refused_by_why(self, name: str) -> dict[str, int]:
        """How many were refused for each cause."""
        return self._store.refused_by_why(name)

    def replayed(self, places: Iterable[str]) -> dict[str, datetime]:
        """When dead letters were replayed from here last, by where their originals stood (`model.place_of`)."""
        return self._store.replayed(places)

    def forget(self, name: str) -> None:
        """Drop a plan that was not asked for. Raises NotAllowed for any other run, which is kept."""
        if self.run(name).state is not RunState.PLANNED:
            raise NotAllowed(f"run {name} was asked for and is kept")
        self._store.forget(name)

    def forget_contacts(self, view: Erasures) -> int:
        """Remove what was done about contacts that were erased since; returns how many callbacks and letters."""
        return self._store.forget_contacts(view.erased_at) if view.has_erased() else 0

    def can_be_resumed(self, run: Run) -> bool:
        """Whether a run was aborted, or was interrupted and is sent by nobody."""
        return run.state is RunState.ABORTED or (
            run.state is RunState.SENDING and not self._store.is_being_sent(run.name)
        )

    def read_back(self, name: str, view: ToldByEvents) -> Run:
        """Note what the worker has applied and refused since, as the view tells, and return the run."""
        run, begin = self.run(name), 0
        while undecided := self._store.undecided(name, begin, READ_AT_ONCE):
            ids = {number: events.event_ids(run, what) for number, what in undecided}
            told = view.events_by([one for one in ids.values() if one is not None])
            found = ((number, outcome(name, what, told.get(ids[number] or "", ()))) for number, what in undecided)
            self._store.decide(name, [(number, *one) for number, one in found if one is not None])
            begin = undecided[-1][0] + 1
        return self.run(name)

    # ---- sending: see `sender`

    def ask_abort(self, name: str, actor: str) -> None:
        """Ask whoever sends a run to stop behind the part that is under way."""
        self._store.note(name, abort_asked_by=actor)

    async def abort(self, name: str, clients: Clients, actor: str) -> Run:
        """Abort a run. One that is being sent stops by itself within a moment; what was sent stays asked for."""
        run = self.run(name)
        if run.state in (RunState.PLANNED, RunState.SENT):
            raise NotAllowed(f"run {name} is {run.state}, so there is nothing to abort")
        self.ask_abort(name, actor)
        if run.state is RunState.SENDING and self.can_be_resumed(run):
            await self._sender(clients).note_aborted(name, actor)
        return self.run(name)

    async def send(
        self, name: str, clients: Clients, say: Say = nothing, rate: int = RATE_PER_S, actor: str | None = None
    ) -> Run:
        """Send a run, or what is left of it; returns it when it is sent or aborted. It may be called again at any time.

        rate: records a second. actor: who resumes it, the one who asked for it unless given. Raises NotAllowed for one
        that is too old to be resumed, and OperatorError when Kafka does not take it: it can be resumed then.
        """
        self.run(name)
        return await self._sender(clients, say, rate).send(name, actor)

    def _sender(self, clients: Clients, say: Say = nothing, rate: int = RATE_PER_S) -> Sender:
        prefix = clients.settings.prefix
        return Sender(self._store, self._clock, lambda: self._outbox(clients), prefix, say, rate)


def _meant(row: CallbackRow, action: Action, view: undo.Known) -> Meant:
    """A window moves along with a callback that is moved by some time; no other action needs to know of it."""
    story = view.story(row.key) if action.by_s is not None else None
    return Meant.of(row, window_end_at(story) if story is not None else None)


def _chained(first: list[Meant | Letter], rest: Iterator[Meant | Letter]) -> Iterator[Meant | Letter]:
    yield from first
    yield from rest


def _new_name(kind: ActionKind, now: datetime) -> str:
    return f"{kind.replace('_', '-')}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
