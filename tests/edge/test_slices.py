"""How long a transaction decides: a slice, and about a backlog further ones while nobody waits."""

from datetime import UTC, datetime, timedelta

from streams.engine.batch import Batch
from streams.engine.held import HeldEngines
from streams.engine.pace import Pace
from streams.engine.slices import Slices
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import Partition
from tests.edge.single_engine import Broker, ManualClock, engine_of
from tests.edge.test_inbox import Record

PACE = Pace(slice_s=1.0, slices_max=3)
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


class Stopwatch(ManualClock):
    """A clock whose seconds somebody counts."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def slices_taken(slices: Slices, clock: Stopwatch, *, backlog: bool) -> int:
    """How many slices pass, in steps of a third of one, until it is over."""
    began = clock.seconds
    slices.begin(backlog=backlog)
    while not slices.over():
        clock.seconds += 0.34
    return int(clock.seconds - began)


def test_about_a_backlog_a_transaction_decides_for_so_many_slices_and_about_all_else_for_one():
    clock = Stopwatch()
    slices = Slices(clock, PACE)

    assert slices_taken(slices, clock, backlog=True) == 3
    assert slices_taken(slices, clock, backlog=False) == 1
    assert slices_taken(slices, clock, backlog=True) == 3


def test_whoever_waits_ends_it_with_the_slice_in_which_that_began():
    clock, waiting = Stopwatch(), [False, True]
    slices = Slices(clock, PACE, lambda _: waiting.pop(0))

    assert slices_taken(slices, clock, backlog=True) == 2
    assert waiting == []


def held_with_timer(at: datetime | None, *, begun: bool = True) -> HeldEngines:
    held = HeldEngines()
    held.engines[0] = engine_of(Broker(), Partition(0, 1, Configuration(), {}))
    held.engines[0].next_timer, held.engines[0].active = at, begun
    return held


async def test_a_timer_that_is_due_waits_and_one_that_is_not_does_not():
    assert held_with_timer(NOW).is_waited_for(NOW)
    assert not held_with_timer(NOW + timedelta(seconds=1)).is_waited_for(NOW)
    assert not held_with_timer(None).is_waited_for(NOW)


async def test_a_timer_of_a_partition_that_does_not_fire_yet_does_not_wait():
    assert not held_with_timer(NOW, begun=False).is_waited_for(NOW)


async def test_a_request_waits_once_what_came_before_it_has_been_taken():
    held = held_with_timer(None)
    inbox = held.engines[0].inbox
    inbox.open({"placement-requested": 0, "wrap-up": 0})
    await inbox.put(Batch("placement-requested", 0, [Record(0)], epoch=1, follows=0, after={"wrap-up": 5}))

    assert not held.is_waited_for(NOW)
    inbox.reached("wrap-up", 5)
    assert held.is_waited_for(NOW)
