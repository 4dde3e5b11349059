"""What both benchmarks stand on: a Kafka, topics, a worker, a feeder in batches and a reader of the commands."""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings, make
from streams.dev.bench.load import Call, Message, calls, configuration, far, whole_milliseconds
from streams.dev.bench.verdict import Command
from streams.dev.broker import EmbeddedKafka
from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.kafka.compacted import read_to_end, reader
from topics.catalog import CATALOG
from topics.codec import decode
from topics.commands import DialCommand
from topics.names import TopicName
from topics.partitions import partition_for

PARTITIONS = 4
COMMAND_TOPICS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)
POLL_MS = 50
LOOK_EVERY_S = 0.05
STALLED_S = 300.0
"""After so long without one more, the worker is given up."""
FILL_AT_ONCE = 100_000
"""So many callbacks are made before the first is sent: all of millions would not fit into memory."""
COMMITTED_AFTER_S = 1.0
"""What the worker counts it has decided; some milliseconds later that is committed, and this is ample."""

LEAD_FACTOR = 2.0

Say = Callable[[str], None]
CLOCK = SystemClock()


@dataclass
class Rig:
    """A worker on a Kafka of its own. commands: what `follow` has read, with the moment it was received."""

    settings: Settings
    worker: LocalWorker
    say: Say
    commands: dict[str, tuple[Command, datetime]] = field(default_factory=dict)
    contacts: int = 0
    """Records of contacts that were sent."""

    async def feed(self, calls: Iterable[Call]) -> None:
        """Send what schedules these callbacks, after the records of their contacts."""
        told = list(calls)
        self.contacts += len(told)
        await feed(self.settings, (call.record for call in told))
        await feed(self.settings, (call.message for call in told))

    async def until_outstanding(self, count: int) -> None:
        """Wait until so many callbacks are outstanding, and committed. Raises OperatorError when no more come.

        So are the records of their contacts, which stand on another topic: without these nothing is dialed.
        """
        most, grown_at = (-1, -1), time.monotonic()
        while (now := await self._taken_in())[0] < count or now[1] < self.contacts:
            if self.worker.exit_code is not None:
                raise OperatorError(f"the worker ended with code {self.worker.exit_code}: {self.worker.last_message()}")
            if sum(now) > sum(most):
                most, grown_at = now, time.monotonic()
            elif time.monotonic() > grown_at + STALLED_S:
                raise OperatorError(
                    f"the worker has taken in {most[0]:,} of {count:,} callbacks and {most[1]:,} of {self.contacts:,} "
                    f"contacts, and none for {STALLED_S:g} s"
                )
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.sleep(COMMITTED_AFTER_S)

    async def outstanding(self) -> int:
        """How many callbacks are outstanding now; 0 while the worker does not answer."""
        callbacks, _ = await self._taken_in()
        return callbacks

    async def counted(self) -> int:
        """How many callbacks are outstanding, when there are some: a worker that is busy may answer late."""
        while not (count := await self.outstanding()):  # noqa: ASYNC110  (nobody tells when it answers)
            await asyncio.sleep(LOOK_EVERY_S)
        return count

    async def _taken_in(self) -> tuple[int, int]:
        """How many callbacks are outstanding now, and how many records of contacts have been read."""
        status = await asyncio.to_thread(self.worker.status) or {"partitions": {}}
        topic, partitions = self.settings.topic(TopicName.CONTACTS), status["partitions"].values()
        read = (partition["next_offsets"].get(topic, 0) for partition in partitions)
        return sum(partition["outstanding"] for partition in partitions), sum(read)

    async def fill(self, outstanding: int, first: int = 0) -> float:
        """Schedule callbacks that are not due in the measurement, and wait for them; returns how long it took, in s.

        first: how many of them there are already.
        """
        self.say(f"Scheduling {outstanding - first:,} callbacks that are due in weeks")
        began, before = time.monotonic(), await self.outstanding()
        for begin in range(first, outstanding, FILL_AT_ONCE):
            now, end = CLOCK.now(), min(begin + FILL_AT_ONCE, outstanding)
            await self.feed(calls("far", far(end - begin, now), now, begin))
        await self.until_outstanding(before + outstanding - first)
        return time.monotonic() - began - COMMITTED_AFTER_S

    async def follow(self) -> None:
        """Read commands on and on."""
        async with reader(Clients(self.settings), self._command_partitions()) as consumer:
            while True:
                polled = await consumer.getmany(timeout_ms=POLL_MS)
                received_at = CLOCK.now()
                for record in (record for records in polled.values() for record in records):
                    command = self._command(record)
                    self.commands.setdefault(command.callback_id, (command, received_at))

    async def until_received(self, callback_ids: Iterable[str], timeout_s: float) -> None:
        """Wait until `follow` has met all of these, or the time is over."""
        missing, seen = set(callback_ids), 0
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            # Those that are new alone: there may be half a million, and the worker shares the machine.
            new = list(islice(self.commands, seen, None))
            missing.difference_update(new)
            seen += len(new)
            if not missing:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def read_all(self) -> list[Command]:
        """Every command that is there now, read again."""
        read: list[Command] = []
        async with reader(Clients(self.settings), self._command_partitions()) as consumer:
            await read_to_end(consumer, lambda record: read.append(self._command(record)))
        return read

    def _command_partitions(self) -> list[TopicPartition]:
        return [TopicPartition(self.settings.topic(name), n) for name in COMMAND_TOPICS for n in range(PARTITIONS)]

    def _command(self, record: "ConsumerRecord[bytes | None, bytes | None]") -> Command:
        topic = record.topic.removeprefix(self.settings.prefix)
        value = decode(topic, record.value or b"")
        assert isinstance(value, DialCommand), "nothing else stands on these topics"
        written_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        return Command(value.callback_id, value.due_at, written_at, topic, record.partition, record.offset)


def first_due(now: datetime, lead_s: float, took_s: float, count: int, outstanding: int) -> datetime:
    """When the first of `count` callbacks may be due: the lead, and twice what scheduling them is likely to take.

    took_s: what scheduling the `outstanding` ones took.
    """
    ahead_s = lead_s + LEAD_FACTOR * took_s * count / max(1, outstanding)
    return whole_milliseconds(now + timedelta(seconds=ahead_s))


@contextmanager
def rig(say: Say, **changes: Any) -> Iterator[Rig]:
    """Start all of it; when the context is left, nothing of it stays behind. Raises OperatorError.

    changes: settings of the worker.
    """
    say("Starting Kafka and a worker")
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as folder, EmbeddedKafka(say=say) as kafka:
        settings = make(broker=kafka.bootstrap)
        topic_admin.create(Clients(settings), PARTITIONS)
        asyncio.run(feed(settings, configuration()))
        # A name of its own gives a restarted worker its partitions back at once, as in a StatefulSet.
        worker = LocalWorker(Path(folder) / "worker.log", broker=kafka.bootstrap, instance_id="bench", **changes)
        try:
            worker.start()
            worker.wait_ready()
            yield Rig(settings, worker, say)
        except (RuntimeError, TimeoutError) as error:
            raise OperatorError(" ".join(str(error).split())) from None
        except KeyboardInterrupt:
            worker.kill()
            raise
        finally:
            worker.stop()


async def feed(settings: Settings, messages: Iterable[Message]) -> None:
    """Send messages in whole batches, which is several times cheaper than one by one; returns when all are written."""
    async with Clients(settings).producer(acks="all", max_batch_size=256 * 1024) as producer:
        await send(producer, settings, messages)
        await producer.flush()


async def send(producer: Any, settings: Settings, messages: Iterable[Message]) -> None:
    """The same, with a producer that is there."""
    by_place: defaultdict[tuple[str, int], list[Message]] = defaultdict(list)
    for message in messages:
        partition = partition_for(message.key, CATALOG[message.topic].partition_count(PARTITIONS))
        by_place[settings.topic(message.topic), partition].append(message)
    await asyncio.gather(*(_send(producer, *place, its) for place, its in by_place.items()))


async def _send(producer: Any, topic: str, partition: int, messages: list[Message]) -> None:
    written = []
    batch = producer.create_batch()
    for message in messages:
        if batch.append(key=message.key, value=message.value, timestamp=None) is None:
            written.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=message.key, value=message.value, timestamp=None)
    written.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*written)


async def beside(work: Any, *others: Any) -> Any:
    """The result of `work`, with the others running beside it; the error of one of them ends it."""
    tasks = [asyncio.ensure_future(one) for one in (work, *others)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks[1:]:
            if task.done():
                task.result()
        return await tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
