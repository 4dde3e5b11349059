"""What this dialer has in hand, on a topic of its own: it survives a kill, and goes where the partition goes.

Each step of a command is one transaction of its partition's producer. Whoever opens the journal of a partition fences
whoever had it before, so that of two processes which both believe that they have a command only one can begin it.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from topics.codec import encode
from topics.commands import DialCommand
from topics.names import TopicName

from .settings import Settings

REMEMBERED = timedelta(days=8)
"""How long a command is known after its end: the topics of commands keep them for 7 days."""

TRANSACTION_MS = 10_000
"""Workers read no further than to an open transaction: one that a kill leaves open must not hold them up for long."""

OWNER = b"owner"
"""The key of the record by which a new owner finds the end of what the former ones wrote."""


class Step(StrEnum):
    """How far a command has come. `begun` is written before the call is placed, and never goes back."""

    TAKEN = "taken"
    BEGUN = "begun"
    DONE = "done"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A command and how far it has come; at: when it came there. command: None when it is done.

    written_at: when Ringback wrote the command. agent_id: who took the preview.
    """

    step: Step
    at: datetime
    written_at: datetime
    command: DialCommand | None = None
    agent_id: str | None = None

    @property
    def in_hand(self) -> DialCommand:
        """The command of an entry that is not done."""
        assert self.command is not None
        return self.command


class Journal:
    """Of one partition. known: every command that was taken, and when. writing: held while a transaction runs."""

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings, self.partition = settings, partition
        self._producer = AIOKafkaProducer(
            **settings.clients(), transactional_id=f"{settings.group}-{partition}",
            transaction_timeout_ms=TRANSACTION_MS,
        )  # fmt: skip
        self.known: dict[str, datetime] = {}
        self.writing = asyncio.Lock()

    async def open(self) -> list[Entry]:
        """Fence the former owner, and read what is not done yet."""
        await self._producer.start()
        mark = uuid4().hex.encode()
        await self._write([(self._settings.group, OWNER, mark)])
        where = TopicPartition(self._settings.group, self.partition)
        consumer = AIOKafkaConsumer(
            **self._settings.clients(), isolation_level="read_committed", auto_offset_reset="earliest"
        )
        consumer.assign([where])
        undone: dict[str, Entry] = {}
        async with consumer:
            async for record in consumer:
                if record.key != OWNER:
                    self._read(record.key.decode(), record.value, undone)
                elif record.value == mark:
                    break
        return list(undone.values())

    def _read(self, command_id: str, value: bytes, undone: dict[str, Entry]) -> None:
        entry = msgspec.json.decode(value, type=Entry)
        self.known[command_id] = entry.at
        if entry.step is Step.DONE:
            undone.pop(command_id, None)
        else:
            undone[command_id] = entry

    async def take(self, entries: list[Entry], offsets: Mapping[TopicPartition, int]) -> None:
        """Have these from now on: their offsets are committed with them."""
        await self._write([self._record(entry) for entry in entries], offsets)
        for entry in entries:
            self.known[entry.in_hand.command_id] = entry.at
        self._forget()

    async def begin(self, entry: Entry) -> None:
        """The call is about to be placed: after this, nobody places it again."""
        await self._write([self._record(entry)])

    async def end(self, entry: Entry, topic: str | None, event: msgspec.Struct | None) -> None:
        """What came of it is told, in the same transaction; topic: without prefix. None: there is nothing to tell."""
        assert entry.command is not None
        done = Entry(step=Step.DONE, at=datetime.now(UTC), written_at=entry.written_at)
        records = [(self._settings.group, entry.in_hand.command_id.encode(), encode(done))]
        if topic is not None and event is not None:
            key = f"{entry.command.contact_list_id}|{entry.command.contact_id}".encode()
            records.append((self._settings.prefix + topic, key, encode(event)))
        await self._write(records)

    async def close(self) -> None:
        """Let go of it; what is undone stays so."""
        await self._producer.stop()

    def _record(self, entry: Entry) -> tuple[str, bytes, bytes]:
        return self._settings.group, entry.in_hand.command_id.encode(), encode(entry)

    async def _write(
        self, records: list[tuple[str, bytes, bytes]], offsets: Mapping[TopicPartition, int] | None = None
    ) -> None:
        # A contact's topics have the same partitions, so the events about a command go to its partition.
        async with self.writing, self._producer.transaction():
            sent = [await self._producer.send(topic, value, key, self.partition) for topic, key, value in records]
            await asyncio.gather(*sent)
            if offsets:
                await self._producer.send_offsets_to_transaction(offsets, self._settings.group)

    def _forget(self) -> None:
        before = datetime.now(UTC) - REMEMBERED
        while self.known and next(iter(self.known.values())) < before:
            self.known.pop(next(iter(self.known)))


async def make_topic(settings: Settings) -> None:
    """The journal's topic, unless it is there: partitions and copies as those of commands. Raises KafkaError."""
    admin: Any = AIOKafkaAdminClient(**settings.clients())
    await admin.start()
    try:
        (commands,) = await admin.describe_topics([settings.prefix + TopicName.DIAL_PREVIEW])
        partitions, copies = commands["partitions"], len(commands["partitions"][0]["replicas"])
        kept = {
            "cleanup.policy": "compact,delete",
            "retention.ms": str(int(REMEMBERED.total_seconds() * 1000)),
            "max.compaction.lag.ms": str(24 * 3600 * 1000),  # By then nothing is left of whom it was about.
            "min.insync.replicas": str(max(1, copies - 1)),
        }
        made = await admin.create_topics([NewTopic(settings.group, len(partitions), copies, topic_configs=kept)])
    finally:
        await admin.close()
    for _, code, *_ in made.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)
