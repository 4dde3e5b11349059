"""What is fetched for a partition that has not been acquired yet is ignored: it is read again after the seek."""

from streams.base.settings import make
from streams.engine.engines import Engines
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import Partition
from tests.edge.kafka_in_memory import around
from tests.edge.single_engine import Broker, engine_of
from tests.edge.test_inbox import Record

TOPIC = "ringback.wrap-up"


def broken(what: str, error: BaseException) -> None:
    raise AssertionError(what) from error


async def test_a_partition_that_is_held_and_has_not_begun_takes_no_batch() -> None:
    engines = Engines(make(), [TOPIC], 4, around(), broken)
    engine = engine_of(Broker(), Partition(0, 4, Configuration(), {}))
    engines.held.engines[0] = engine
    try:
        epochs = engines.handover.epochs([0, 1])
        assert epochs == {}
        assert engines.handover.batch(TOPIC, 0, [Record(5)], epochs.get(0)) is None
        engine.begin({TOPIC: 5}, {})
        epochs = engines.handover.epochs([0, 1])
        assert engines.handover.batch(TOPIC, 0, [Record(5)], epochs.get(0)) is not None
        await engine.suspend()
    finally:
        await engine.close()
        await engines.close()
