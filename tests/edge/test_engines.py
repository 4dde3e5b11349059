"""What is fetched for a partition that has not been taken up yet is left alone: it is read again after the seek."""

from streams.engine.clock import SystemClock
from streams.engine.engines import Engines
from streams.engine.partition import Partition
from streams.engine.partition_engine import PartitionEngine
from streams.engine.store import MemoryStore
from streams.logic.configuration import Configuration
from streams.settings import make
from tests.edge.test_inbox import Record

TOPIC = "ringback.wrap-up"


def broken(what: str, error: BaseException) -> None:
    raise AssertionError(what) from error


async def test_a_partition_that_is_held_and_has_not_begun_takes_no_batch() -> None:
    settings, clock = make(), SystemClock()
    engines = Engines(settings, [TOPIC], 4, clock, broken)
    engine = PartitionEngine(settings, Partition(0, 4, Configuration(), {}), MemoryStore(), clock, broken)
    engines._held[0] = engine
    try:
        epochs = engines.epochs([0, 1])
        assert epochs == {}
        assert engines.batch(TOPIC, 0, [Record(5)], epochs.get(0)) is None
        engine.begin({TOPIC: 5}, {})
        epochs = engines.epochs([0, 1])
        assert engines.batch(TOPIC, 0, [Record(5)], epochs.get(0)) is not None
        await engine.suspend()
    finally:
        await engine.close()
        await engines.close()
