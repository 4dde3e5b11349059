"""What the engines of a simulated worker are given in the place of Kafka, the clock and the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.base.clock import SystemClock
from streams.base.settings import Settings
from streams.engine.outside import Outside
from streams.engine.pace import Pace
from streams.kafka.clients import Clients
from streams.kafka.doubts import Doubts
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.shelf import Reach
from streams.storage.dnc_snapshot import Frozen
from streams.storage.local_copy import Source
from tests.simulation.chance import Chance
from tests.simulation.consumer import AIOKafkaAdminClient, AIOKafkaConsumer
from tests.simulation.disk import Disks
from tests.simulation.loop import VirtualLoop
from tests.simulation.producer import AIOKafkaProducer
from tests.simulation.wire import Wire

BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SLICE_IS_OVER = 0.05
"""How likely it is, each time the engine looks, that what it does has used up its slice of time."""
PACE = Pace(fetch_s=2.0, follow_ms=2000, acquiring_s=0.1, reach=Reach(entries=2, ahead=timedelta(seconds=1)))
"""Longer than the product's, to simulate less waiting; who waits for records is woken by the first one all the same.
Little is read ahead of timers, so that most of them are on disk alone."""


class SimulatedClients(Clients):
    """The stand-ins, of the process that asks for them."""

    def consumer(self, **options: Any) -> AIOKafkaConsumer:
        """One outside of a group."""
        return AIOKafkaConsumer(**options)

    def producer(self, **options: Any) -> AIOKafkaProducer:
        """A transactional one."""
        return AIOKafkaProducer(**options, protocol=self.settings.transaction_protocol)

    def admin(self, **options: Any) -> AIOKafkaAdminClient:
        """One that knows the cluster's name."""
        return AIOKafkaAdminClient(**options)

    async def abandon(self, producer: Any, doubts: Doubts) -> None:
        """Stop where it is."""
        producer.abandon()
        doubts.close()


class SimulatedClock(SystemClock):
    """The clock of one worker, which may be a little off; now and then what was done took long."""

    def __init__(self, loop: VirtualLoop, chance: Chance, off_s: float) -> None:
        self._loop = loop
        self._chance = chance
        self._off_s = off_s

    def now(self) -> datetime:
        """The present instant as this worker has it."""
        return BEGINNING + timedelta(seconds=self._loop.time() + self._off_s)

    def monotonic(self) -> float:
        """Virtual seconds."""
        if self._chance.on and self._chance.happens(SLICE_IS_OVER):
            self._loop.now += 2 * PACE.slice_s
        return self._loop.now


class NoSnapshots:
    """There is never one: they are not modelled."""

    def read(self, configuration: Configuration, source: Source, now: datetime) -> None:
        """None."""

    def write(self, what: Frozen, source: Source, now: datetime) -> None:
        """Nothing."""

    def quarantine(self, source: Source, why: object) -> None:
        """Nothing."""


def outside(
    settings: Settings, wire: Wire, disks: Disks, clock_off_s: float, clients: type[SimulatedClients]
) -> Outside:
    """What one worker has around it."""
    clock = SimulatedClock(wire.loop, wire.chance, clock_off_s)
    return Outside(clients(settings), clock, disks, NoSnapshots() if settings.folder else None, PACE)


@contextmanager
def replaced(*places: tuple[Any, str, Any]) -> Iterator[None]:
    """Attributes of modules and classes have other values in here: (where, name, value).

    For safeguards that are taken out, and for nothing else: whatever the engine works with is given to it.
    """
    before = [(where, name, getattr(where, name)) for where, name, _ in places]
    try:
        for where, name, value in places:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)
