"""An engine that begins, or goes on after the group has shared out anew, asks Kafka whether it owns its partition."""

from datetime import timedelta

from streams.storage.store import REFRESH, MemoryStore
from tests.edge.lone import NOW, PREFIX, TOPICS, Broker, Lone, Refused, begun


async def shared_out_anew(lone: Lone) -> None:
    """The partition is kept; nothing has arrived."""
    await lone.engine.suspend()
    lone.engine.begin({PREFIX + topic: 0 for topic in TOPICS}, {})


async def test_a_partition_that_is_kept_is_committed_to_once_though_there_is_nothing_to_do() -> None:
    broker = Broker()
    async with begun(broker) as lone:
        await lone.until(lambda: len(broker.units) == 1)
        await shared_out_anew(lone)
        await lone.until(lambda: len(broker.units) == 2)
        await lone.idle()
    assert len(broker.units) == 2 and not broker.units[1].records and not broker.units[1].rows
    assert {tp.topic for tp in broker.units[1].offsets} == {PREFIX + topic for topic in TOPICS}


async def test_an_owner_who_was_overtaken_meanwhile_learns_of_it_though_there_is_nothing_to_do() -> None:
    """Its rows are not those of the changelog any more, and a timer that it lacks would fire never."""
    broker = Broker(refuses=2)
    async with begun(broker) as lone:
        await lone.until(lambda: len(broker.units) == 1)
        await shared_out_anew(lone)
        await lone.until(lambda: lone.broken)
        assert isinstance(lone.broken[0], Refused)


def test_a_partition_kept_in_memory_is_renewed_once_an_hour_as_one_on_disk_is() -> None:
    """Nothing else is written for a partition in which nothing happens, and Kafka forgets what is not used."""
    store = MemoryStore()
    assert not store.ages(NOW)
    store.committed(None, NOW)
    assert not store.ages(NOW + REFRESH)
    assert store.ages(NOW + REFRESH + timedelta(seconds=1))
    store.is_alive(NOW + REFRESH + timedelta(seconds=1))
    assert not store.ages(NOW + REFRESH + timedelta(seconds=2))
