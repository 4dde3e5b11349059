"""An engine that begins, or goes on after a rebalance, asks Kafka whether it owns its partition."""

from datetime import timedelta

from streams.storage.store import REFRESH, MemoryStore
from tests.edge.single_engine import NOW, PREFIX, TOPICS, Broker, Refused, SingleEngine, begun
from tests.waiting import until


async def rebalanced(single: SingleEngine) -> None:
    """The partition is kept; nothing has arrived."""
    await single.engine.suspend()
    single.engine.begin({PREFIX + topic: 0 for topic in TOPICS}, {})


async def test_a_partition_that_is_kept_is_committed_to_once_though_there_is_nothing_to_do() -> None:
    broker = Broker()
    async with begun(broker) as single:
        await until(lambda: len(broker.transactions) == 1)
        await rebalanced(single)
        await until(lambda: len(broker.transactions) == 2)
        await single.idle()
    assert len(broker.transactions) == 2 and not broker.transactions[1].records and not broker.transactions[1].rows
    assert {tp.topic for tp in broker.transactions[1].offsets} == {PREFIX + topic for topic in TOPICS}


async def test_an_owner_who_was_overtaken_meanwhile_learns_of_it_though_there_is_nothing_to_do() -> None:
    """Its rows are not those of the changelog any more, and a timer that it lacks would fire never."""
    broker = Broker(refuses=2)
    async with begun(broker) as single:
        await until(lambda: len(broker.transactions) == 1)
        await rebalanced(single)
        await until(lambda: single.broken)
        assert isinstance(single.broken[0], Refused)


def test_a_partition_kept_in_memory_is_renewed_once_an_hour_as_one_on_disk_is() -> None:
    """Nothing else is written for a partition in which nothing happens, and Kafka forgets what is not used."""
    store = MemoryStore()
    assert not store.needs_refresh(NOW)
    store.committed(None, NOW)
    assert not store.needs_refresh(NOW + REFRESH)
    assert store.needs_refresh(NOW + REFRESH + timedelta(seconds=1))
    store.confirm_fresh(NOW + REFRESH + timedelta(seconds=1))
    assert not store.needs_refresh(NOW + REFRESH + timedelta(seconds=2))
