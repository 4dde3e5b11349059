"""The partition engines of a worker, from its start to its end: what a rebalance, a failure and a stop do to them.

What each part is: `assignment` what the group has said, `acquisition` how partitions become held, `held` those that
are, `handover` what the consumer asks of them and tells, `engine_status` what is shown of them.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence

from aiokafka.errors import ProducerFenced

from streams.base.settings import Settings
from streams.engine.acquisition import Acquisition
from streams.engine.assignment import Assignment, Release
from streams.engine.beginning import Jumps
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.engine_status import EngineStatus
from streams.engine.fenced import Fenced, Rejoin
from streams.engine.handover import Handover
from streams.engine.held import HeldEngines
from streams.engine.new_engines import NewEngines
from streams.engine.outside import Outside
from streams.engine.partition_engine import PartitionEngine
from streams.kafka.doubts import InDoubt
from streams.kafka.source_ends import SourceEnds
from streams.logic.partition.fitting import CATALOG_ROOM, Room
from streams.logic.partition.outputs import Outlet


class Engines:
    """For the contact partitions assigned to this worker.

    held: the engines; handover: what the consumer asks and tells; status: what is shown.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        partitions: int,
        outside: Outside,
        broken: Callable[[str, BaseException], None],
        room: Room = CATALOG_ROOM,
    ) -> None:
        """topics: full names of the contact topics; partitions: how many each of them has; broken: ends the process.

        room: what the broker takes on each topic.
        """
        self.topics = frozenset(topics)
        self.pace = outside.pace
        self._broken = broken
        self._closing = False
        self._telling: asyncio.Task[None] | None = None
        self._ends = SourceEnds(outside.clients, sorted(topics))
        self._written_ends = SourceEnds(outside.clients, committed=False)
        jumps = Jumps(settings.prefix, self._begin_again, broken)
        self.held = HeldEngines()
        self.handover = Handover(self.held.engines, jumps)
        self._assignment, self._fenced = Assignment(settings, partitions, broken), Fenced(broken)
        self._reader = ConfigurationReader(
            outside, settings.prefix, self._ends, self._written_ends, self.held.wake, broken
        )  # fmt: skip
        self._new = NewEngines(
            settings, partitions, outside, self._written_ends, self._reader.configuration,
            Outlet(settings.prefix, room), self._failed, itertools.count(1),
        )  # fmt: skip
        self._acquisition = Acquisition(
            settings, outside, self._assignment, self.held, jumps, self._new, self._reader, self._ends, broken
        )
        self.status = EngineStatus(
            self._assignment, self.held, self._acquisition, self._fenced, self._reader, outside.clock
        )  # fmt: skip

    async def assign(self, partitions: Iterable[int], generation: int, release: Release, rejoin: Rejoin) -> None:
        """The group has shared out: hold exactly `partitions`, acquired in the background.

        An engine that was held in the generation just before keeps its state. With a generation missed in between,
        another worker may have held the partition: then the state is read anew. `release` lets its records come.
        `rejoin` has the group share out anew.
        """
        await self._acquisition.stop()
        if self._closing:
            return
        kept = self._assignment.shared_out(partitions, generation, release, rejoin)
        self._fenced.shared_out()
        telling = self._telling or asyncio.create_task(self.status.tell_waits(self.pace.told_every_s), name="waits")
        self._telling = telling
        self._acquisition.start(kept)

    async def suspend(self) -> None:
        """The group is sharing out anew: finish the units in flight, give up what is still being acquired."""
        self._assignment.shares_out()
        await self._acquisition.stop()
        await asyncio.gather(*(engine.suspend() for engine in self.held.engines.values()))

    async def close(self) -> None:
        """Give everything up, for good."""
        self._closing = True
        await self.suspend()
        await self._acquisition.retakes.stop()
        if self._telling is not None:
            self._telling.cancel()
        await self._reader.stop()
        await self._new.close()
        await self._ends.close()
        await self._written_ends.close()
        await asyncio.gather(*(engine.close() for engine in self.held.give_up_all_but(set())))

    @property
    def acquiring(self) -> bool:
        """Whether partitions are still being acquired."""
        return self._acquisition.runs

    def held_back(self) -> set[int]:
        """The partitions that are given up, or taken up again and have not begun: records of them are dropped."""
        retaken = self._acquisition.retakes.numbers()
        return {number for number in retaken if not self.handover.epochs([number])} | set(self._fenced.numbers())

    async def _begin_again(self, engine: PartitionEngine) -> None:
        """Its log went back while it was read."""
        await self._acquisition.begin(engine)

    def _failed(self, number: int, where: str, error: BaseException) -> None:
        """An engine cannot go on. What became of its work is in Kafka; of an error that tells less the process ends."""
        held, retakes, assignment = self.held.engines, self._acquisition.retakes, self._assignment
        if isinstance(error, InDoubt):
            retakes.begin(held.pop(number), error, ours=assignment.release is not None)
        elif isinstance(error, ProducerFenced) and self._fenced.add(held[number], assignment.rejoin):
            retakes.give_up(held.pop(number))
        else:
            self._broken(where, error)
