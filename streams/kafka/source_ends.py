"""How far topics go: what the acquire gate waits for, and what a worker has to have read.

Asked through a client that fetches nothing: on a connection that waits for records, every question waits with it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.kafka.clients import Clients
from streams.kafka.leader_epochs import end_of_epoch

LEADER_ANSWERS_S = 1.0
"""How long a leader is waited for that is asked about its epochs: nothing may be fetched meanwhile."""


class Span(NamedTuple):
    """The first offset of a log, and the one after its last record."""

    first: int
    end: int


class SourceEnds:
    """Answers for whoever asks in one worker; connects with the first question. topics: those that `of` answers for.

    committed: ends are where the oldest open transaction begins, else where the last record is, committed or not.
    """

    def __init__(self, clients: Clients, topics: Sequence[str] = (), *, committed: bool = True) -> None:
        self._topics = topics
        self._isolation = "read_committed" if committed else "read_uncommitted"
        self._clients = clients
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def of(self, partition: int) -> dict[str, Span]:
        """How far the topics of a partition go, as committed, by full topic name."""
        partitions = [TopicPartition(topic, partition) for topic in self._topics]
        client = await self._connected()
        first, ends = await client.beginning_offsets(partitions), await client.end_offsets(partitions)
        return {tp.topic: Span(first[tp], ends[tp]) for tp in partitions}

    async def span(self, topic: str, number: int = 0) -> tuple[int, int]:
        """The first offset of a partition of a topic, and the one after its last record."""
        partition = TopicPartition(topic, number)
        client = await self._connected()
        first, end = await client.beginning_offsets([partition]), await client.end_offsets([partition])
        return first[partition], end[partition]

    async def first_since(self, topic: str, at: datetime, number: int = 0) -> int | None:
        """Offset of the first record of a partition that is no older than `at`; None if there is none."""
        partition = TopicPartition(topic, number)
        client = await self._connected()
        found = (await client.offsets_for_times({partition: int(at.timestamp() * 1000)}))[partition]
        return None if found is None else int(found.offset)

    async def end_of_epoch(self, topic: str, number: int, leader_epoch: int) -> int | None:
        """Where a partition goes on after an epoch of its leader; None if nobody can say.

        Raises KafkaError at once, and TimeoutError.
        """
        async with asyncio.timeout(LEADER_ANSWERS_S):
            return await end_of_epoch(await self._connected(), TopicPartition(topic, number), leader_epoch)

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.stop()

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                client = self._clients.consumer(
                    isolation_level=self._isolation,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    # For so long it asks again for the leader of a partition that has none.
                    request_timeout_ms=int(self._clients.settings.transaction_timeout_s * 1000),
                )
                await client.start()
                self._client = client
            return self._client
