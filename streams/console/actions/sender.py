"""Sends a run in parts, at a rate, audited; stops where it is asked to, and goes on where it stopped.

How far it is is noted when the broker has a part. What was sent and not noted is sent again, as the same events.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.console.actions import events
from streams.console.actions.model import NotAllowed, Run, RunState
from streams.console.actions.outbox import Outbox
from streams.console.actions.store import RunStore
from topics.audit import AuditStep

AT_ONCE = 500
"""Records after which a run is noted, and looks whether it is to be aborted."""

RATE_PER_S = 5000
"""Records a second: 100,000 take 20 s, in which whoever sees that they are wrong can still abort."""

RESUMED_WITHIN = timedelta(days=1)

Say = Callable[[Run], None]


def nothing(_: Run) -> None:
    """Say nothing."""


class Sender:
    """Sends runs of a store. outbox: made for one run at a time; say: is told how far it is; rate: records a second."""

    def __init__(
        self,
        store: RunStore,
        clock: Clock,
        outbox: Callable[[], Outbox],
        prefix: str,
        say: Say = nothing,
        rate: int = RATE_PER_S,
    ) -> None:
        self._store, self._clock, self._outbox, self._say, self._rate = store, clock, outbox, say, rate
        self._audit, self._events = prefix + events.AUDIT_TOPIC, prefix + events.EVENTS_TOPIC

    async def send(self, name: str, actor: str | None) -> Run:
        """Send what is left of a run. Raises NotAllowed and OperatorError."""
        with self._store.sole(name):
            run = self._run(name)
            if run.state is RunState.SENT:
                return run
            now = self._clock.now()
            step = AuditStep.ASKED if run.asked_at is None else AuditStep.RESUMED
            if step is AuditStep.RESUMED:
                _check_resumed(run, now)
            async with self._outbox() as outbox:
                partitions = await self._partitions(run, outbox)
                run = replace(run, asked_at=run.asked_at or now, state=RunState.SENDING)
                await outbox.send([events.audit(run, step, now, actor or run.action.actor, self._audit)])
                self._store.note(name, asked_at=run.asked_at, state=RunState.SENDING, abort_asked_by=None)
                return await self._send(run, outbox, partitions)

    async def note_aborted(self, name: str, actor: str) -> None:
        """Note that a run is aborted that nobody sends. Raises NotAllowed when somebody does.

        Whoever sent it may have seen that it is to be aborted, and have noted it, since that was asked.
        """
        with self._store.sole(name):
            run = self._run(name)
            if run.state is RunState.SENDING:
                async with self._outbox() as outbox:
                    await self._end(run, outbox, RunState.ABORTED, actor)

    def _run(self, name: str) -> Run:
        run = self._store.run(name)
        assert run is not None, "whoever sends a run has looked it up"
        return run

    async def _partitions(self, run: Run, outbox: Outbox) -> int:
        """Of the topic of events, if the run makes some, when that of the audit is there."""
        try:
            await outbox.partitions(self._audit)
        except OperatorError as error:
            raise OperatorError(f"{error} (with --console). Nothing is done that cannot be audited") from None
        return 0 if run.action.kind in events.SENT_AS_THEY_ARE else await outbox.partitions(self._events)

    async def _send(self, run: Run, outbox: Outbox, partitions: int) -> Run:
        loop, before = asyncio.get_running_loop(), run.sent
        began = loop.time()
        while whats := await asyncio.to_thread(self._store.whats, run.name, run.sent, min(AT_ONCE, self._rate)):
            if actor := self._store.abort_asked_by(run.name):
                return await self._end(run, outbox, RunState.ABORTED, actor)
            await outbox.send(events.records(run, whats, self._events, partitions))
            run = replace(run, sent=run.sent + len(whats))
            self._store.note(run.name, sent=run.sent)
            self._say(run)
            await asyncio.sleep(max(0.0, began + (run.sent - before) / self._rate - loop.time()))
        return await self._end(run, outbox, RunState.SENT, run.action.actor)

    async def _end(self, run: Run, outbox: Outbox, state: RunState, actor: str) -> Run:
        now = self._clock.now()
        step = AuditStep.SENT if state is RunState.SENT else AuditStep.ABORTED
        await outbox.send([events.audit(run, step, now, actor, self._audit)])
        self._store.note(run.name, state=state, ended_at=now)
        return self._run(run.name)


def _check_resumed(run: Run, now: datetime) -> None:
    if run.asked_at is not None and now - run.asked_at > RESUMED_WITHIN:
        raise NotAllowed(f"run {run.name} was asked for more than a day ago. Ask anew for what is left")
    if run.action.due_at is not None and run.action.due_at < now and run.undoes is None:
        raise NotAllowed(f"the time to which run {run.name} moves has gone by. Ask anew for what is left")
