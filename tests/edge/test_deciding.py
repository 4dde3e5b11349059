"""What a transaction decides: in slices, between which all else has its turn, and for longer while nobody waits."""

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from streams.base.settings import make
from streams.engine.batch import Batch
from streams.engine.deciding import Deciding
from streams.engine.inbox import Inbox
from streams.engine.pace import Pace
from streams.engine.slices import Slices, Turn
from streams.engine.tracing import NO_SPANS
from streams.logic.contact.exchange import Outcome
from tests.edge.single_engine import ManualClock, Record

PACE = Pace(slice_s=1.0, fire_slices_max=2, slices_max=5)
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
STEPS = 4
"""In a slice: a step takes so long that the fourth one ends it."""
EVENTS, REQUESTS = "ringback.wrap-up", "ringback.placement-requested"


class Stopwatch(ManualClock):
    """A clock whose seconds somebody counts."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Core:
    """Takes a part of a slice for each step. log: what was done; timers: when they are wanted;
    appears: those of an event."""

    clock: Stopwatch
    log: list[str] = field(default_factory=list)
    timers: list[datetime] = field(default_factory=list)
    appears: list[datetime] = field(default_factory=list)

    def next_at(self) -> datetime | None:
        return self.timers[0] if self.timers else None

    def fire(self, now: datetime) -> Outcome:
        self.timers.pop(0)
        return self._stepped("fire")

    def apply(self, event: Any, now: datetime) -> Outcome:
        self.timers += self.appears
        self.appears = []
        return self._stepped("apply")

    def configure(self, now: datetime) -> Outcome:
        self.log.append("configure")
        return Outcome()

    def _stepped(self, what: str) -> Outcome:
        self.log.append(what)
        self.clock.seconds += PACE.slice_s / STEPS + 0.001
        return Outcome(writes={what.encode(): None})


@dataclass
class Engine:
    """One that is at work."""

    active: bool = True
    ready: bool = True


class Partition:
    """What decides, with what it decides about."""

    def __init__(
        self, events: int = 0, timers: int = 0, clock: Stopwatch | None = None, turn: Turn | None = None
    ) -> None:
        clock = clock or Stopwatch(at=NOW)
        self.core, self.engine, self.inbox = Core(clock, timers=[NOW] * timers), Engine(), Inbox()
        self.inbox.open({EVENTS: 0, REQUESTS: 0})
        self.events = [Record(EVENTS, offset, b"k", b"{}") for offset in range(events)]
        self.deciding = Deciding(
            make(), cast(Any, self.core), self.inbox, clock, Slices(clock, PACE, turn), NO_SPANS, self.engine
        )

    async def take_in(self) -> int:
        """How many events a transaction decides about."""
        await self.inbox.put(Batch(EVENTS, 0, list(self.events), 1, 0))
        await self.deciding.decide(Outcome(), NOW)
        return self.core.log.count("apply")

    async def ask(self) -> None:
        """A request arrives that nothing came before."""
        await self.inbox.put(Batch(REQUESTS, 0, [Record(REQUESTS, 0, b"k", b"{}")], 1, 0, after={}))


async def test_about_events_a_transaction_decides_for_so_many_slices_and_fires_for_fewer():
    assert await Partition(events=1000).take_in() == PACE.slices_max * STEPS
    partition = Partition(timers=1000)
    await partition.deciding.decide(Outcome(), NOW)
    assert partition.core.log.count("fire") == PACE.fire_slices_max * STEPS


async def test_what_is_less_than_a_slice_is_decided_at_once():
    partition = Partition(events=3)
    assert await partition.take_in() == 3
    assert partition.core.log == ["configure", *["apply"] * 3]


async def test_all_else_has_its_turn_after_each_slice():
    partition = Partition(events=1000)

    async def goes_on() -> None:
        while True:
            partition.core.log.append("other")
            await asyncio.sleep(0)

    other = asyncio.create_task(goes_on())
    await partition.take_in()
    other.cancel()
    decided = [what for what in partition.core.log if what != "configure"]
    assert ("apply " * (STEPS + 1)).strip() not in " ".join(decided)
    assert decided.count("other") >= PACE.slices_max - 1


async def test_configuration_that_was_read_meanwhile_comes_before_the_next_decision():
    partition = Partition(events=1000)
    await partition.take_in()
    nothing, *slices = " ".join(partition.core.log).split("configure")
    assert nothing == ""
    assert [part.split().count("apply") for part in slices] == [STEPS] * PACE.slices_max


async def test_a_timer_that_falls_due_ends_it_with_the_slice_and_one_of_later_does_not():
    due, later, closed = (Partition(events=1000) for _ in range(3))
    due.core.appears = closed.core.appears = [NOW]
    later.core.appears = [NOW + timedelta(seconds=1)]
    closed.engine.ready = False

    assert await due.take_in() == STEPS
    assert await later.take_in() == await closed.take_in() == PACE.slices_max * STEPS


async def test_a_request_that_has_been_taken_waits_no_longer_than_a_slice_for_its_answer():
    partition = Partition(events=1000)
    await partition.ask()
    assert await partition.take_in() == STEPS
    assert partition.inbox.next[REQUESTS] == 1


async def test_a_request_that_comes_meanwhile_is_answered_with_the_slice_after():
    partition = Partition(events=1000)
    asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(partition.ask()))
    assert await partition.take_in() <= 3 * STEPS


async def test_who_gives_the_partition_up_waits_for_one_slice_alone():
    partition = Partition(events=1000, timers=1000)

    async def gives_up() -> None:
        while "fire" not in partition.core.log:
            await asyncio.sleep(0)
        partition.engine.active = False

    asked = asyncio.create_task(gives_up())
    await partition.deciding.decide(Outcome(), NOW)
    await asked
    assert partition.core.log.count("fire") == STEPS


async def test_what_was_decided_before_the_clock_was_set_back_is_written_with_the_time_at_which_it_was():
    for timers, events in ((1000, 0), (0, 1000), (STEPS, 1000)):
        clock = Stopwatch(at=NOW)
        partition = Partition(events=events, timers=timers, clock=clock)
        await partition.inbox.put(Batch(EVENTS, 0, list(partition.events), 1, 0))

        async def sets_it_back(partition: Partition = partition, clock: Stopwatch = clock) -> None:
            while not {"fire", "apply"} & {*partition.core.log}:
                await asyncio.sleep(0)
            clock.at = NOW - timedelta(hours=1)

        asked, outcome = asyncio.create_task(sets_it_back()), Outcome()
        await partition.deciding.decide(outcome, NOW)
        await asked
        decided = [what for what in partition.core.log if what != "configure"]
        assert len(decided) == STEPS
        assert outcome
        assert partition.deciding.now == NOW


async def test_while_nothing_is_decided_the_clock_may_be_set_back():
    clock = Stopwatch(at=NOW - timedelta(hours=1))
    partition = Partition(events=3, timers=1, clock=clock)
    assert await partition.take_in() == 3
    assert "fire" not in partition.core.log
    assert partition.deciding.now == clock.at


async def test_partitions_decide_slice_by_slice_in_turn_and_what_came_in_is_dealt_with_before_each():
    clock, turn = Stopwatch(at=NOW), Turn(PACE.rounds_between)
    partitions = [Partition(events=1000, clock=clock, turn=turn) for _ in range(3)]
    log: list[str] = []
    for number, partition in enumerate(partitions):
        partition.core.log = Named(log, str(number))

    async def goes_on() -> None:
        while True:
            log.append("other")
            await asyncio.sleep(0)

    other = asyncio.create_task(goes_on())
    await asyncio.gather(*(partition.take_in() for partition in partitions))
    other.cancel()
    decided = [(what, len(list(group))) for what, group in itertools.groupby(log)]
    slices = [(what, count) for what, count in decided if what != "other"]
    assert [what for what, _ in slices] == ["0", "1", "2"] * PACE.slices_max
    assert {count for _, count in slices} == {STEPS}
    between = [count for what, count in decided[1:-1] if what == "other"]
    assert min(between) >= PACE.rounds_between - 1


async def test_who_is_stopped_while_it_waits_for_its_turn_keeps_nobody_from_theirs():
    turn = Turn(PACE.rounds_between)
    await turn.take()
    waiting = asyncio.create_task(turn.take())
    await asyncio.sleep(0)
    turn.give()
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(turn.take(), 10)


class Named(list[str]):
    """A log of one partition in that of all."""

    def __init__(self, log: list[str], name: str) -> None:
        super().__init__()
        self._log, self._name = log, name

    def append(self, what: str) -> None:
        super().append(what)
        if what == "apply":
            self._log.append(self._name)
