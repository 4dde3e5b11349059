"""Puts the stand-ins where the engine looks for aiokafka, the disk and the monotonic clock, for as long as it takes."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from streams import topic_admin
from streams.engine import (
    acquiring,
    away,
    configuration_intake,
    configuration_reader,
    disk_store,
    dnc_keeper,
    dnc_snapshot,
    partition_engine,
    restore,
    source_ends,
    stores,
    topic_watch,
    transaction,
    transport,
)
from tests.simulation.chance import Chance
from tests.simulation.consumer import AIOKafkaAdminClient, AIOKafkaConsumer
from tests.simulation.disk import Disks, WriteBatch
from tests.simulation.loop import VirtualLoop
from tests.simulation.producer import AIOKafkaProducer, abandon

SLICE_IS_OVER = 0.05
"""How likely it is, each time the engine looks, that deciding has used up its slice of time."""
POLL_MS = 2000
ACQUIRING_S = 0.1
"""Longer than in the engine, to simulate less waiting; who waits for records is woken by the first one all the same."""


async def _nothing_told(*_: object) -> dict[str, Any]:
    """Topics are not made anew here, and this broker tells no ids."""
    return {}


@contextmanager
def replaced(*places: tuple[Any, str, Any]) -> Iterator[None]:
    """Attributes of modules and classes have other values in here: (where, name, value)."""
    before = [(where, name, getattr(where, name)) for where, name, _ in places]
    try:
        for where, name, value in places:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


@contextmanager
def stand_ins(loop: VirtualLoop, chance: Chance, disks: Disks) -> Iterator[None]:
    """The engine runs on the stand-ins in here."""

    def slow() -> float:
        if chance.on and chance.happens(SLICE_IS_OVER):
            loop.now += 2 * partition_engine.SLICE_S
        return loop.now

    no_snapshots = SimpleNamespace(
        Source=dnc_snapshot.Source,
        CLOCKS_MAX=dnc_snapshot.CLOCKS_MAX,
        frozen=dnc_snapshot.frozen,
        read=lambda *_: None,
        write=lambda *_: None,
    )
    with replaced(
        (transaction, "AIOKafkaProducer", AIOKafkaProducer),
        (transaction, "abandon", abandon),
        (restore, "AIOKafkaConsumer", AIOKafkaConsumer),
        (source_ends, "AIOKafkaConsumer", AIOKafkaConsumer),
        (topic_admin, "AIOKafkaAdminClient", AIOKafkaAdminClient),
        (topic_admin, "time", SimpleNamespace(monotonic=loop.time)),
        (partition_engine, "time", SimpleNamespace(monotonic=slow)),
        (partition_engine, "EPOCHS", itertools.count(1)),
        (away, "time", SimpleNamespace(monotonic=loop.time)),
        (configuration_intake, "time", SimpleNamespace(monotonic=loop.time)),
        (configuration_reader, "time", SimpleNamespace(monotonic=loop.time)),
        (acquiring, "time", SimpleNamespace(monotonic=loop.time)),
        (topic_watch, "told_of", _nothing_told),
        (configuration_reader, "POLL_MS", POLL_MS),
        (dnc_keeper, "time", SimpleNamespace(monotonic=loop.time)),
        (dnc_keeper, "dnc_snapshot", no_snapshots),
        (transport, "FETCH_TIMEOUT_S", POLL_MS / 1000),
        (transport, "ACQUIRING_S", ACQUIRING_S),
        (disk_store, "_open", disks.open),
        (disk_store, "WriteBatch", WriteBatch),
        (stores, "set_aside", disks.set_aside),
    ):
        yield
