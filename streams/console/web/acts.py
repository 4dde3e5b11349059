"""The runs of `streams/console/actions` as the pages ask for them: handlers are in threads, what sends is in a loop."""

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.base.log import about
from streams.console.access.who import Who
from streams.console.actions import dead_letters, undo
from streams.console.actions.dead_letters import Edit
from streams.console.actions.model import Action, Letter, NotAllowed, Run, RunState
from streams.console.actions.model import Meant as MeantByRun
from streams.console.actions.runs import Runs
from streams.console.trial.change import Change
from streams.console.view.model import CallbackKey, CallbackRow, DeadLetter
from streams.console.web.sources import Act, AskedShown, Looks, Meant, NotDone, Replayed, RunShown, Wish
from streams.kafka.clients import Clients
from streams.kafka.whole_topic import partitions_there
from topics.audit import ActedVia, ActionKind
from topics.names import TopicName

log = logging.getLogger(__name__)

KINDS = {
    Act.MOVE: ActionKind.MOVE,
    Act.CALL_NOW: ActionKind.CALL_NOW,
    Act.REASSIGN: ActionKind.REASSIGN,
    Act.CHANGE: ActionKind.CHANGE,
    Act.CANCEL: ActionKind.CANCEL,
}
WAIT_S = 15.0
SAMPLE = 5


class Acts:
    """Plans, begins and shows runs. loop: in which runs are sent."""

    def __init__(
        self, runs: Runs, looks: Looks, clients: Clients, clock: Clock, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._runs, self._looks, self._clients, self._clock, self._loop = runs, looks, clients, clock, loop
        self._sending: dict[str, Future[Run]] = {}
        self._failed: dict[str, str] = {}
        self._partitions: int | None = None

    def plan(self, wish: Wish, meant: Meant, who: Who) -> str:
        """Fix what a run is about; nothing is sent. Returns its name."""
        action = _action(wish, who)
        which = meant.by if meant.by is not None else meant.keys
        try:
            return self._runs.plan(self._looks, which, action, ActedVia.CONSOLE).name
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None

    def plan_replay(self, letters: tuple[DeadLetter, ...], edit: Edit, who: Who) -> str:
        """The same for dead letters. One that a worker would refuse is left out, unless all are."""
        tried = [self._try(letter, edit, self._clock.now()) for letter in letters]
        fit = [one.letter for one in tried if one.letter is not None]
        if not fit:
            why = next((one.wrong for one in tried if one.wrong), "none is left that was not replayed")
            raise NotDone(f"A worker would refuse it again: {why}.")
        codes = {letter.code for letter in letters}
        topics = {letter.topic for letter in letters}
        selected = {"code": ",".join(sorted(codes)), "topic": ",".join(sorted(topics)), **edit.words()}
        action = Action(kind=ActionKind.REPLAY, actor=who.name)
        try:
            return self._runs.plan_replay(fit, action, ActedVia.CONSOLE, selected).name
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None

    def try_letter(self, letter: DeadLetter, edit: Edit, now: datetime) -> Replayed:
        """What a worker would make of a letter, as far as that can be said without its records."""
        found = self._try(letter, edit, now)
        if found.letter is None:
            return Replayed(fits=False, text=f"A worker would refuse it: {found.wrong}.")
        where = f"{found.letter.topic}, partition {found.letter.partition}"
        return Replayed(fits=True, text=f"A worker would accept it. It would be sent to {where}.")

    def _try(self, letter: DeadLetter, edit: Edit, now: datetime) -> dead_letters.Tried:
        prefix = self._clients.settings.prefix
        return dead_letters.tried(letter, edit, self._contact_partitions(), prefix, now)

    def _contact_partitions(self) -> int:
        if self._partitions is None:
            topic = self._clients.settings.topic(TopicName.CALLBACK_SCHEDULED)
            self._partitions = self._wait(partitions_there(self._clients, topic))
        return self._partitions

    def plan_change(self, change: Change, reason: str, who: Who) -> str:
        """The same for a change of configuration that was tried."""
        action, prefix = Action(kind=ActionKind.CONFIGURE, actor=who.name, reason=reason), self._clients.settings.prefix
        try:
            return self._runs.plan_changes((change,), action, ActedVia.CONSOLE, prefix).name
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None

    def plan_undo(self, name: str, who: Who) -> str:
        """Plan to take a run back. Returns the name of that plan."""
        try:
            return self._runs.plan_undo(name, self._looks, who.name, f"undo of {name}", ActedVia.CONSOLE).name
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None

    def begin(self, name: str, who: Who) -> None:
        """Send a run, or go on with one. A plan is begun by whoever made it."""
        run = self._known(name)
        if run.state is RunState.PLANNED and run.action.actor != who.name:
            raise NotDone(f"The plan is that of {run.action.actor}. Make one of your own, so that it has your name.")
        if self._is_being_sent(name):
            return
        self._failed.pop(name, None)
        sending = asyncio.run_coroutine_threadsafe(self._runs.send(name, self._clients, actor=who.name), self._loop)
        self._sending[name] = sending
        sending.add_done_callback(lambda done: self._note_end(name, done))

    def _is_being_sent(self, name: str) -> bool:
        return name in self._sending and not self._sending[name].done()

    def _note_end(self, name: str, done: "Future[Run]") -> None:
        if done.cancelled() or (error := done.exception()) is None:
            return
        expected = isinstance(error, OperatorError)
        self._failed[name] = _sentence(error) if expected else "That was a mistake of ours; the log says more."
        log.error(
            "run %s stopped: %s", name, error if expected else type(error).__name__,
            exc_info=None if expected else error, extra=about("run_stopped", run=name),
        )  # fmt: skip

    def abort(self, name: str, who: Who) -> None:
        """Ask for no more. What was sent stays asked for."""
        try:
            self._wait(self._runs.abort(name, self._clients, who.name))
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None

    def about(self, key: CallbackKey) -> tuple[AskedShown, ...]:
        """What was asked for of a callback from here, the latest first, and what the worker made of it."""
        for name in {run.name for run, outcome, _ in self._runs.about(key) if outcome is None}:
            self._runs.read_back(name, self._looks)
        return tuple(
            AskedShown(run.name, run.action.kind, run.action.actor, outcome or "asked", why or "")
            for run, outcome, why in self._runs.about(key)
        )

    def runs(self) -> tuple[RunShown, ...]:
        """The latest runs."""
        return tuple(self._shown(run) for run in self._runs.all())

    def run(self, name: str) -> RunShown | None:
        """One run, with what the worker has made of it so far, and the first of what it is about."""
        try:
            run = self._runs.read_back(name, self._looks)
        except NotAllowed:
            return None
        return self._shown(run, self._sample(run), self._runs.refused_by_why(name))

    def _sample(self, run: Run) -> tuple[CallbackRow, ...]:
        whats: list[MeantByRun | Letter] = self._runs.sample(run.name, SAMPLE)
        found = (self._looks.callback(one.key) for one in whats if isinstance(one, MeantByRun))
        return tuple(row for row in found if row is not None)

    def _shown(self, run: Run, sample: tuple[CallbackRow, ...] = (), because: dict[str, int] | None = None) -> RunShown:
        # It has been begun here, and its sender has not noted that yet.
        begins = self._is_being_sent(run.name) and run.state is not RunState.SENDING
        state = RunState.SENDING if begins else run.state
        may_resume = not begins and self._runs.can_be_resumed(run)
        return RunShown(
            name=run.name,
            act=run.action.kind,
            actor=run.action.actor,
            reason=run.action.reason or "",
            state=state,
            begun_at=run.asked_at or run.planned_at,
            total=run.meant,
            sent=run.sent,
            applied=run.applied,
            refused=run.refused,
            selected=run.selected,
            changes=run.action.changes(),
            sample=sample,
            refused_because=because or {},
            may_begin=state is RunState.PLANNED or may_resume,
            may_abort=run.state is RunState.SENDING,
            may_undo=run.sent > 0 and not run.asked and undo.why_not(run) is None,
            failed=self._failed.get(run.name, ""),
        )

    def _known(self, name: str) -> Run:
        try:
            return self._runs.run(name)
        except NotAllowed as error:
            raise NotDone(_sentence(error)) from None

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What comes of work in the loop, for a handler in a thread. Raises NotDone if Kafka does not answer."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)
        except TimeoutError:
            raise NotDone("Kafka does not answer.") from None
        except NotAllowed:
            raise
        except OperatorError as error:
            raise NotDone(_sentence(error)) from None


def _action(wish: Wish, who: Who) -> Action:
    return Action(
        kind=KINDS[wish.act],
        actor=who.name,
        reason=wish.reason,
        due_at=wish.due_at,
        by_s=None if wish.by_minutes is None else wish.by_minutes * 60,
        agent_id=wish.agent_id,
        owner=wish.owner,
        queue_id=wish.queue_id,
        phone_number=wish.phone_number,
        notes=wish.notes,
    )


def _sentence(error: BaseException) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
