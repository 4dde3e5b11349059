"""What a peer has written, read back as committed: a digest of each output, and how much it was."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from benchmarks.canonical import Digest, Output, canonical
from benchmarks.peers.peer import Peer, Place
from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, read_to_end, reader
from topics.names import TopicName

DECIDED_S = 120.0
"""The longest that a peer leaves a transaction open when it is stopped, twice."""
LOOK_EVERY_S = 0.1


@dataclass
class Written:
    """digests: of all records; of rows, the last of each contact, as a restart finds it. records, value_bytes: all."""

    digests: dict[Output, Digest] = field(default_factory=lambda: {output: Digest() for output in Output})
    records: dict[Output, int] = field(default_factory=lambda: dict.fromkeys(Output, 0))
    value_bytes: dict[Output, int] = field(default_factory=lambda: dict.fromkeys(Output, 0))


async def read_written(peer: Peer, place: Place) -> Written:
    """Read all of it."""
    written, rows = Written(), dict[bytes, bytes]()

    def take(output: Output) -> Callable[[ReadRecord], None]:
        def one(record: ReadRecord) -> None:
            key, value = record.key or b"", record.value or b""
            written.records[output] += 1
            written.value_bytes[output] += len(value)
            if output is not Output.ROWS:
                _add(written, output, peer, key, value)
            elif _is_row(peer, key):
                rows[peer.contact(key)] = value

        return one

    clients = Clients(make(broker=place.broker, prefix=place.prefix))
    topics = {
        Output.LIFECYCLE: place.topic(TopicName.CALLBACK_LIFECYCLE),
        Output.VIEWS: place.topic(TopicName.OUTSTANDING_CALLBACKS),
        Output.ROWS: peer.rows(place),
    }
    for output, topic in topics.items():
        partitions = [TopicPartition(topic, number) for number in range(place.workload.partitions)]
        async with reader(clients, partitions) as consumer:
            await _decided(clients, consumer, partitions)
            await read_to_end(consumer, take(output))
    for key, value in rows.items():
        _add(written, Output.ROWS, peer, key, value)
    return written


async def _decided(clients: Clients, committed: Any, partitions: list[TopicPartition]) -> None:
    """Wait until no transaction is open on these: offsets of a group may be committed before all of its records are.

    committed: a consumer that reads what is committed.
    """
    everything = clients.consumer(group_id=None, isolation_level="read_uncommitted")
    await everything.start()
    deadline = time.monotonic() + DECIDED_S
    try:
        while await committed.end_offsets(partitions) != await everything.end_offsets(partitions):
            if time.monotonic() > deadline:
                raise OperatorError(f"a transaction on {partitions[0].topic} has been open for {DECIDED_S:g} s")
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await everything.stop()


def _add(written: Written, output: Output, peer: Peer, key: bytes, value: bytes) -> None:
    written.digests[output].add(canonical(output, key, value) if peer.compared else key)


def _is_row(peer: Peer, key: bytes) -> bool:
    """Whether it is the row of a contact: Ringback's partitions have a row of their own besides."""
    return b"|" in peer.contact(key)
