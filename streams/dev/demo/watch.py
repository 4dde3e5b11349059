"""Reads what the worker wrote, as a dialer would: read_committed, from the beginning of each output topic."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from streams.base.clock import SystemClock
from streams.base.settings import Settings
from streams.dev.demo.tally import ANALYSIS, PREVIEW, Tally
from streams.kafka.clients import Clients
from streams.kafka.compacted import read_to_end, reader
from topics.catalog import CATALOG, DEAD_LETTER_TOPIC
from topics.codec import decode
from topics.commands import DialCommand
from topics.names import TopicName
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided

READ = (
    PREVIEW,
    ANALYSIS,
    TopicName.PLACEMENT_DECIDED,
    TopicName.CALLBACK_LIFECYCLE,
    TopicName.OUTSTANDING_CALLBACKS,
    DEAD_LETTER_TOPIC,
)
POLL_MS = 100

Commanded = Callable[[DialCommand], None]
Decided = Callable[[PlacementDecided[object]], None]
Moved = Callable[[CallbackLifecycle[object]], None]


class Watch:
    """Counts what is read in a tally.

    commanded: called with every dial command; decided: with every answer to a placement request; moved: with every
    transition of a callback.
    """

    def __init__(
        self,
        settings: Settings,
        partitions: int,
        tally: Tally,
        commanded: Commanded = lambda _: None,
        decided: Decided = lambda _: None,
        moved: Moved = lambda _: None,
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._tally = tally
        self._commanded = commanded
        self._decided = decided
        self._moved = moved
        self._clock = SystemClock()

    async def follow(self) -> None:
        """Read on and on."""
        async with self._consumer() as consumer:
            while True:
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    for record in records:
                        self._take(record)

    async def read_all(self) -> None:
        """Read everything that is there now."""
        async with self._consumer() as consumer:
            await read_to_end(consumer, self._take)

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[Any]:
        partitions = [
            TopicPartition(self._settings.topic(name), number)
            for name in READ
            for number in range(CATALOG[name].partition_count(self._partitions))
        ]
        async with reader(Clients(self._settings), partitions) as consumer:
            yield consumer

    def _take(self, record: "ConsumerRecord[bytes | None, bytes | None]") -> None:
        topic = record.topic.removeprefix(self._settings.prefix)
        if topic == DEAD_LETTER_TOPIC:
            self._tally.dead_letter(dict(record.headers)["ringback.error"].decode())
            return
        value = None if record.value is None else decode(topic, record.value)
        match value:
            case CallbackLifecycle():
                self._tally.transition(value)
                self._moved(value)
            case DialCommand():
                written_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                self._tally.command(topic, value, written_at, self._clock.now())
                self._commanded(value)
            case PlacementDecided():
                self._tally.decided(value)
                self._decided(value)
            case OutstandingCallbacks() | None:
                self._tally.view((record.key or b"").decode(), value)
