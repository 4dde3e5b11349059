"""Partitions whose producer was fenced: they are given up, and the group is asked for a rebalance.

Mostly another worker has the partition by then: after an outage the group gave it away, and this worker does not
know that yet. A late copy of this worker's own `InitProducerId` fences as well. In both cases the group says whose it
is; to reacquire it without asking could fence its owner.
Source: docs/decisions/0030-no-doubt-outlives-its-transaction.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from streams.base import metrics
from streams.base.log import about
from streams.engine.partition_engine import Broken, PartitionEngine

log = logging.getLogger(__name__)

Rejoin = Callable[[], Awaitable[None]]

UNPROVEN_MAX = 3
"""Fenced so often without a commit in between, a partition has an owner that the group does not know."""


class Fenced:
    """Of one worker."""

    def __init__(self, broken: Broken) -> None:
        self._broken = broken
        self._unproven: dict[int, int] = {}
        self._numbers: set[int] = set()
        self._asking: asyncio.Task[None] | None = None

    def add(self, engine: PartitionEngine, rejoin: Rejoin | None) -> bool:
        """An engine of this worker was fenced; False when that is too often, and the process has to end.

        rejoin: asks the group; None during a rebalance.
        """
        number = engine.number
        self._unproven[number] = 1 if engine.proven else self._unproven.get(number, 0) + 1
        if self._unproven[number] > UNPROVEN_MAX:
            return False
        told = about("fenced", partition=number)
        log.warning("partition %d: fenced, it is given up, and the group is asked whose it is", number, extra=told)
        metrics.engine.TRANSACTION_FAILURES.labels(metrics.engine.FENCED).inc()
        self._numbers.add(number)
        if rejoin is not None and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask(rejoin), name="rejoin")
        return True

    def numbers(self) -> list[int]:
        """The partitions that were fenced since the last assignment."""
        return sorted(self._numbers)

    def assigned(self) -> None:
        """The group has said whose they are."""
        self._numbers.clear()

    async def _ask(self, rejoin: Rejoin) -> None:
        try:
            await rejoin()
        except Exception as error:
            self._broken("joining the group again", error)
