"""Reacquires partitions in place after a transaction in doubt, from the first step.

The engine is given up with everything it had decided; a new one fences it, reads its state and its offsets, and the
other partitions of the worker go on meanwhile. Source: docs/decisions/0030-no-doubt-outlives-its-transaction.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from streams.base import metrics
from streams.base.log import about
from streams.engine.away import retried
from streams.engine.pace import Pace
from streams.engine.partition_engine import PartitionEngine
from streams.kafka.doubts import InDoubt
from streams.storage.local_copy import UnusableState

log = logging.getLogger(__name__)

Acquire = Callable[[int, Mapping[str, int]], Awaitable[None]]


class Reacquisitions:
    """Of one worker.

    acquire: acquires a partition that nobody here holds, with how far each topic has to be read before timers fire.
    retry_s: for how long it is tried.
    """

    def __init__(
        self, acquire: Acquire, broken: Callable[[str, BaseException], None], retry_s: float, pace: Pace
    ) -> None:
        self._acquire = acquire
        self._broken = broken
        self._retry_s, self._pace = retry_s, pace
        self._closings: set[asyncio.Future[None]] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, engine: PartitionEngine, doubt: InDoubt, *, ours: bool) -> None:
        """Give an engine up, and reacquire its partition if it is `ours`: not during a rebalance."""
        number = engine.number
        what = "partition %d: in doubt about a transaction, its state is read again: %s"
        log.warning(what, number, doubt, extra=about("in_doubt", partition=number))
        metrics.engine.TRANSACTION_FAILURES.labels(metrics.engine.IN_DOUBT).inc()
        closing = self.give_up(engine)
        if ours:
            self._tasks[number] = asyncio.create_task(
                self._reacquire(number, closing, _applied_by(engine)), name=f"reacquisition-{number}"
            )

    def give_up(self, engine: PartitionEngine) -> "asyncio.Future[None]":
        """Close an engine; `stop` returns when that is done."""
        closing = asyncio.ensure_future(engine.close())
        self._closings.add(closing)
        return closing

    def numbers(self) -> list[int]:
        """The partitions that are being reacquired."""
        return [number for number, task in list(self._tasks.items()) if not task.done()]

    async def stop(self) -> None:
        """Reacquire no more. Returns when given-up engines are closed: an open folder cannot be opened again."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), *self._closings, return_exceptions=True)
        self._closings.clear()

    async def _reacquire(self, number: int, closing: "asyncio.Future[None]", ends: Mapping[str, int]) -> None:
        try:
            await asyncio.shield(closing)
            self._closings.discard(closing)
            await retried(
                lambda: self._acquire(number, ends),
                self._retry_s,
                f"partition {number} cannot be reacquired yet",
                self._pace,
            )
        except (Exception, UnusableState) as error:
            self._broken(f"reacquiring partition {number}", error)


def _applied_by(engine: PartitionEngine) -> dict[str, int]:
    """The offsets it had applied, or had to: nobody else had the partition, so the gate waits for no more.

    A backlog, and what is sent meanwhile, hold up no timer, as they would hold up none if nothing had been in doubt.
    """
    waiting = engine.gate.waiting()
    return {topic: max(offset, waiting.get(topic, 0)) for topic, offset in engine.inbox.next.items()}
