"""The partition engines that this worker holds, acquired and given up with the group's assignments.

It is the one place that knows which partition is held, and since which generation of the group.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from aiokafka.errors import ProducerFenced

from streams.base import metrics
from streams.base.settings import Settings
from streams.engine.acquiring import Waits
from streams.engine.away import patiently
from streams.engine.beginning import Beginning, Jumps
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.fenced import Fenced, Rejoin
from streams.engine.held import HeldEngines
from streams.engine.new_engines import NewEngines
from streams.engine.outside import Outside
from streams.engine.partition_engine import PartitionEngine
from streams.engine.refusals import PartitionsAdded, refusal_of
from streams.engine.retakes import Retakes
from streams.kafka.doubts import InDoubt
from streams.kafka.source_ends import SourceEnds
from streams.logic.partition.fitting import CATALOG_ROOM, Room
from streams.logic.partition.outputs import Outlet
from streams.storage.local_copy import UnusableState

log = logging.getLogger(__name__)

# Two workers with one instance id take each other's membership at every heartbeat; the generation stands still.
SAME_GENERATION_MAX = 3

Release = Callable[[int, Beginning], Awaitable[None]]


class SharedMembership(Exception):
    """The group gives this worker the same generation again and again: another one has its instance id."""


class Engines(HeldEngines):
    """Partition number -> engine, for the contact partitions assigned to this worker."""

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
        self._settings = settings
        self._partitions = partitions
        self._clock, self.pace = outside.clock, outside.pace
        self._broken = broken
        super().__init__(Jumps(settings.prefix, self._begin, broken))
        self._wanted: set[int] = set()
        self._generation = -1
        self._times_assigned = 0
        self._closing = False
        self._acquisition: asyncio.Task[None] | None = None
        self._release: Release | None = None  # None while the group shares out anew, as is the next.
        self._rejoin: Rejoin | None = None
        self._fenced = Fenced(broken)
        self._retakes = Retakes(self._owned, broken, settings.transaction_timeout_s, outside.pace)
        self._telling: asyncio.Task[None] | None = None
        self._waits = Waits(outside.clock)
        self._ends = SourceEnds(outside.clients, sorted(topics))
        self._written_ends = SourceEnds(outside.clients, committed=False)
        self._reader = ConfigurationReader(
            outside, settings.prefix, self._ends, self._written_ends, self.wake, broken
        )  # fmt: skip
        self._new = NewEngines(
            settings, partitions, outside, self._written_ends, self._reader.configuration,
            Outlet(settings.prefix, room), self._failed, itertools.count(1),
        )  # fmt: skip

    async def assign(self, partitions: Iterable[int], generation: int, release: Release, rejoin: Rejoin) -> None:
        """The group has shared out: hold exactly `partitions`, acquired in the background.

        An engine that was held in the generation just before keeps its state. With a generation missed in between,
        another worker may have held the partition: then the state is read anew. `release` lets its records come.
        `rejoin` has the group share out anew.
        """
        await self._stop_acquiring()
        if self._closing:
            return
        self._times_assigned = self._times_assigned + 1 if generation == self._generation else 1
        if self._settings.instance_id and self._times_assigned > SAME_GENERATION_MAX:
            self._broken("membership", SharedMembership(f"instance_id {self._settings.instance_id}"))
        kept = self._wanted if generation == self._generation + 1 else set[int]()
        self._wanted, self._generation = set(partitions), generation
        self._release, self._rejoin = release, rejoin
        self._fenced.shared_out()
        if (most := max(self._wanted, default=0)) >= self._partitions:
            why = f"this worker began with {self._partitions}"
            self._broken("the group", PartitionsAdded(self._settings.prefix, most + 1, why))
        self._telling = self._telling or asyncio.create_task(self._tell_waits(), name="waits")
        self._jumps.keep(self._wanted & kept)
        acquisition = self._acquire(self._wanted & kept)
        self._acquisition = asyncio.create_task(acquisition, name=f"acquisition-{generation}")

    async def _acquire(self, kept: set[int]) -> None:
        wanted = sorted(self._wanted)
        log.info("assigned partitions %s of %d, generation %d", wanted, self._partitions, self._generation)
        metrics.PARTITIONS_HELD.set(len(wanted))
        try:
            given_up = [self._held.pop(number) for number in self._held.keys() - kept]
            closing = asyncio.gather(*(engine.close() for engine in given_up))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._closed(closing), name="closing")
                group.create_task(self._reader.start(), name="configuration-read")
                group.create_task(self._patiently(self._new.rows_fit, "rows"), name="rows-fit")
                for number in wanted:
                    group.create_task(self._acquired(number, closing), name=f"acquire-{number}")
        except (Exception, UnusableState, BaseExceptionGroup) as error:
            self._broken("acquiring partitions", refusal_of(error, self._settings))

    async def _closed(self, closing: "asyncio.Future[list[None]]") -> None:
        """What is given up is closed to its end, whatever comes of this acquisition."""
        await asyncio.shield(closing)

    async def _acquired(self, number: int, closing: "asyncio.Future[list[None]]") -> None:
        """Own a partition and take it up; what was given up just now is closed before another owner is made."""
        if number not in self._held:
            self._waits.on(f"partition {number}", "the partitions that are given up to be closed")
            await self._closed(closing)
        await self._patiently(partial(self._owned, number), f"partition {number}")

    async def _patiently(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        await patiently(work, self._settings.transaction_timeout_s, f"{what} cannot be taken over yet", self.pace)

    async def _owned(self, number: int, awaited: Mapping[str, int] | None = None) -> None:
        """Own a partition, unless it is held, and take it up. awaited: see `Beginning`."""
        if number not in self._held:
            self._held[number] = await self._new.make(number, partial(self._waits.on, f"partition {number}"))
        await self._take_up(number, awaited)

    async def _take_up(self, number: int, awaited: Mapping[str, int] | None = None) -> None:
        """See how far the topics of a partition that is held go, and only then let its records come."""
        say, owned = partial(self._waits.on, f"partition {number}"), self._held[number]
        say("the configuration topics to be read")
        await self._reader.start()
        await self._new.rows_fit()
        if not owned.knows_lists:
            await self._reader.caught_up(owned.core, say)
            owned.knows_lists = True
        say("its committed offsets")
        await self._begin(owned, awaited)
        self._waits.over(f"partition {number}")

    async def _begin(self, engine: PartitionEngine, awaited: Mapping[str, int] | None = None) -> None:
        release = self._release
        assert release is not None, "nothing is taken up while the group shares out anew"
        while True:
            spans, went_back = await self._ends.of(engine.number), self._jumps.went_back(engine.number)
            await release(engine.number, Beginning(engine, spans, self._settings.prefix, went_back, awaited))
            if self._jumps.begun(engine.number, went_back):
                return
            await engine.suspend()  # Another topic has gone back meanwhile.

    def _failed(self, number: int, where: str, error: BaseException) -> None:
        """An engine cannot go on. What became of its work is in Kafka; of an error that tells less the process ends."""
        if isinstance(error, InDoubt):
            self._retakes.begin(self._held.pop(number), error, ours=self._release is not None)
        elif isinstance(error, ProducerFenced) and self._fenced.add(self._held[number], self._rejoin):
            self._retakes.give_up(self._held.pop(number))
        else:
            self._broken(where, error)

    @property
    def acquiring(self) -> bool:
        """Whether partitions are still being acquired."""
        return bool(self._retakes.numbers()) or (self._acquisition is not None and not self._acquisition.done())

    def held_back(self) -> set[int]:
        """The partitions that are given up, or taken up again and have not begun: records of them are dropped."""
        return {number for number in self._retakes.numbers() if not self.epochs([number])} | set(self._fenced.numbers())

    async def suspend(self) -> None:
        """The group is sharing out anew: finish the units in flight, give up what is still being acquired."""
        self._release = self._rejoin = None
        await self._stop_acquiring()
        await asyncio.gather(*(engine.suspend() for engine in self._held.values()))

    async def _stop_acquiring(self) -> None:
        await self._retakes.stop()
        await self._jumps.stop()
        if self._acquisition is not None:
            self._acquisition.cancel()
            await asyncio.gather(self._acquisition, return_exceptions=True)
            self._acquisition = None
            self._waits.clear()

    async def close(self) -> None:
        """Give everything up, for good."""
        self._closing = True
        await self.suspend()
        await self._retakes.stop()
        if self._telling is not None:
            self._telling.cancel()
        await self._reader.stop()
        await self._new.close()
        await self._ends.close()
        await self._written_ends.close()
        await self._close(set(self._held))

    async def _close(self, numbers: Iterable[int]) -> None:
        await asyncio.gather(*(self._held.pop(number).close() for number in list(numbers)))

    def due(self) -> int:
        """How many callbacks are due by now; about: an index counts one for each contact."""
        now = self._clock.now()
        return sum(engine.core.due_count(now) + engine.in_flight for engine in self._held.values())

    async def _tell_waits(self) -> None:
        """Say in the log what has been waited for since the last time."""
        while True:
            await asyncio.sleep(every_s := self.pace.told_every_s)
            waits = self._waits.longer_than(every_s) | self._reader.held_back.longer_than(every_s)
            for who, wait in waits.items():
                log.warning("%s has waited for %.0f s for %s", who, wait.seconds, wait.what)
            for number, engine in self._held.items():
                if not engine.gate.open:
                    log.info("partition %d waits for its topics to be processed: %s", number, engine.gate.waiting())

    def not_ready(self) -> str | None:
        """Why this worker cannot be relied on yet, or None."""
        held = list(self._held.items())
        if self.acquiring:
            waits = [f"{who} waits for {wait.what}" for who, wait in self._waits.longer_than(0).items()]
            return "; ".join(["partitions are being acquired", *waits])
        if self._generation < 0:
            return "the group has not shared out yet"
        if fenced := self._fenced.numbers():
            return f"partitions {fenced} were fenced, and the group has not said yet whose they are"
        waiting = [number for number, engine in held if not engine.ready]
        return f"partitions {waiting} have not caught up yet" if waiting else None

    def status(self) -> dict[str, object]:
        """What each engine is doing, for people and tests."""
        return {
            "generation": self._generation,
            "taken_up_again": self._retakes.numbers(),
            "fenced": self._fenced.numbers(),
            "configuration": self._reader.positions(),
            "held_back": self._reader.held_back.status(),
            "acquiring": self._waits.status(),
            "partitions": self.partitions(),
        }
