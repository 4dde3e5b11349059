"""The partition engines of a worker, from its start to its end: what a rebalance, a failure and a stop do to them.

Its parts: `assignment` has what the group has assigned, `acquisition` acquires partitions, `held` has those that are
held, `handover` passes fetched records on, `engine_status` has what is shown of them.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from aiokafka.errors import ProducerFenced

from streams.base import metrics
from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.engine.acquisition import Acquisition
from streams.engine.assignment import Assignment, Resume
from streams.engine.beginning import LogGaps
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.engine_status import WORKER, EngineStatus
from streams.engine.fenced import Fenced, Rejoin
from streams.engine.gauges import Gauges
from streams.engine.handover import Handover
from streams.engine.held import HeldEngines
from streams.engine.new_engines import NewEngines
from streams.engine.outside import Outside
from streams.engine.partition_engine import PartitionEngine
from streams.engine.progress import Progress
from streams.engine.waits import Waits
from streams.kafka.doubts import InDoubt
from streams.kafka.source_ends import SourceEnds
from streams.logic.partition.fitting import CATALOG_LIMITS, SizeLimits
from streams.logic.partition.outputs import Outlet


class Engines:
    """For the contact partitions assigned to this worker.

    held: the engines; handover: for the consumer; status: what is shown; progress: whether they commit.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        partitions: int,
        outside: Outside,
        broken: Callable[[str, BaseException], None],
        limits: SizeLimits = CATALOG_LIMITS,
    ) -> None:
        """topics: full names of the contact topics; partitions: how many each of them has; broken: ends the process.

        limits: what the broker takes on each topic.
        """
        self.topics = frozenset(topics)
        self.pace, self._tracing = outside.pace, outside.tracing
        self._broken = broken
        self._closing = False
        self._logging_waits: asyncio.Task[None] | None = None
        self._ends = SourceEnds(outside.clients, sorted(topics))
        self._written_ends = SourceEnds(outside.clients, committed=False)
        log_gaps = LogGaps(settings.prefix, self._ends, self._begin_again, broken)
        self.held = HeldEngines()
        self.handover = Handover(self.held.engines, log_gaps)
        self._assignment, self._fenced = Assignment(settings, partitions, broken), Fenced(broken)
        self._reader = ConfigurationReader(
            outside, settings.prefix, self._ends, self._written_ends, self.held.wake, broken, self._led
        )  # fmt: skip
        self._new = NewEngines(
            settings, partitions, outside, self._written_ends, self._reader.configuration,
            Outlet(settings.prefix, limits), self._failed, itertools.count(1),
        )  # fmt: skip
        self._acquisition = Acquisition(
            settings, outside, self._assignment, self.held, log_gaps, self._new, self._reader, self._ends, broken
        )
        self.gauges = partial(Gauges, self.held, self._acquisition, self._reader, outside.clock, settings.prefix)
        metrics.engine.PARTITIONS.set(partitions)
        metrics.callbacks.begin_campaigns(settings.metrics_campaigns)
        self._waits, self.progress = Waits(outside.clock), Progress(self.held, outside.clock)
        self._waits.started(WORKER, "the group to assign partitions")
        self.status = self._status(outside.clock)

    def _status(self, clock: Clock) -> EngineStatus:
        return EngineStatus(
            self._assignment, self.held, self._acquisition, self._fenced, self._reader, clock, self._waits,
            self.progress,
        )  # fmt: skip

    async def assign(self, partitions: Iterable[int], generation: int, resume: Resume, rejoin: Rejoin) -> None:
        """A new assignment: hold exactly `partitions`, acquired in the background.

        An engine that was held in the generation just before keeps its state. With a generation missed in between,
        another worker may have held the partition: then the state is read again. `resume` resumes its sources.
        `rejoin` asks the group for a rebalance.
        """
        await self._acquisition.stop()
        if self._closing:
            return
        kept = self._assignment.assigned(partitions, generation, resume, rejoin)
        self._fenced.assigned()
        self._waits.clear()
        logging_waits = self._logging_waits or asyncio.create_task(
            self.status.log_waits(self.pace.told_every_s), name="waits"
        )
        self._logging_waits = logging_waits
        self._acquisition.start(kept)

    async def suspend(self) -> None:
        """A rebalance: finish the transactions in flight, give up what is still being acquired."""
        self._assignment.revoked()
        if self._closing:
            self._waits.started(WORKER, "the end of its last transactions, to stop")
        elif self._assignment.generation >= 0:
            self._waits.started(WORKER, "the end of a rebalance")
        await self._acquisition.stop()
        await asyncio.gather(*(engine.suspend() for engine in self.held.engines.values()))

    async def close(self) -> None:
        """Give everything up, for good."""
        self._closing = True
        await self.suspend()
        await self._acquisition.reacquisitions.stop()
        if self._logging_waits is not None:
            self._logging_waits.cancel()
        await self._reader.stop()
        await self._new.close()
        await self._ends.close()
        await self._written_ends.close()
        await asyncio.gather(*(engine.close() for engine in self.held.give_up_all_but(set())))
        await asyncio.to_thread(self._tracing.close)

    @property
    def acquiring(self) -> bool:
        """Whether partitions are still being acquired."""
        return self._acquisition.runs

    def held_back(self) -> set[int]:
        """The partitions that are given up, or reacquired and have not begun: records of them are dropped."""
        reacquiring = self._acquisition.reacquisitions.numbers()
        return {number for number in reacquiring if not self.handover.epochs([number])} | set(self._fenced.numbers())

    async def kept(self, partition: int, notes: Mapping[str, str]) -> dict[str, int]:
        """For the consumer that is about to resume a partition: see `Acquisition.kept`."""
        return await self._acquisition.kept(partition, notes)

    async def _led(self, leader_epochs: Mapping[tuple[str, int], int]) -> None:
        """So partitions are led now. Where nothing of a log is read, nothing else tells that it is another one."""
        await self.handover.compare({tp: epoch for tp, epoch in leader_epochs.items() if tp[0] in self.topics})

    async def _begin_again(self, engine: PartitionEngine) -> None:
        """Its log went back while it was read."""
        await self._acquisition.begin(engine)

    def _failed(self, number: int, where: str, error: BaseException) -> None:
        """An engine cannot go on. If Kafka knows the outcome of its work, it is read there; else the process ends."""
        held, reacquisitions, assignment = self.held.engines, self._acquisition.reacquisitions, self._assignment
        if isinstance(error, InDoubt):
            self._acquisition.waits.started(f"partition {number}", "its former engine to be closed")
            reacquisitions.begin(held.pop(number), error, ours=assignment.resume is not None)
        elif isinstance(error, ProducerFenced) and self._fenced.add(held[number], assignment.rejoin):
            self._waits.started(f"partition {number}", "the group to say whose it is: it was fenced")
            reacquisitions.give_up(held.pop(number))
        else:
            self._broken(where, error)
