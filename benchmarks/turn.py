"""One turn of one peer: its own topics with the whole input, the peer beside a watch, and what it has written."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from benchmarks.outputs import Written, read_written
from benchmarks.peers.peer import Peer, Place
from benchmarks.peers.worker import inherited
from benchmarks.watch import Processes, Speed, speed, watch
from benchmarks.workload import Workload
from streams.base.errors import OperatorError
from streams.base.settings import Settings, make
from streams.dev.bench.rig import feed
from streams.dev.children import die_with_parent, stop
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.names import TopicName

TURN_TIMEOUT_S = 400.0
LAST_WORDS = 8

Input = Sequence[Sequence[tuple[bytes, bytes]]]
"""Keys and values of the wrap-ups, by partition."""


@dataclass(frozen=True)
class Turn:
    """speed: None if there were too few events to measure one."""

    speed: Speed | None
    written: Written


def take_turn(peer: Peer, broker: str, name: str, workload: Workload, given: Input) -> Turn:
    """Have a peer process the input. name: of the turn, no other has it. Raises OperatorError."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as folder:
        of_work = (workload.events, workload.at, workload.rules, workload.partitions)
        place = Place(broker, f"{name}.", f"{name}-{peer.name}", folder, *of_work)
        settings = make(broker=broker, prefix=place.prefix)
        topic_admin.create(Clients(settings), workload.partitions)
        asyncio.run(_fill(settings, workload, given))
        try:
            return _process(peer, place, settings)
        finally:
            asyncio.run(_remove_topics(settings, name))


def _process(peer: Peer, place: Place, settings: Settings) -> Turn:
    log = Path(place.folder) / "log"
    command = peer.command(place)
    started_at = time.monotonic()
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            env=inherited() | peer.environment(place),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
    source = settings.topic(TopicName.WRAP_UP)
    partitions = [TopicPartition(source, number) for number in range(place.workload.partitions)]
    try:
        watched = watch(
            Clients(settings), place.group, partitions, place.events, Processes(process.pid), TURN_TIMEOUT_S
        )
        samples = asyncio.run(watched)
    except OperatorError as error:
        lines = log.read_text(errors="replace").splitlines()[-LAST_WORDS:]
        raise OperatorError(f"{peer.name}: {error}; it said: {' / '.join(lines) or '(nothing)'}") from None
    finally:
        stop(process)
    return Turn(speed(samples, place.events, started_at), asyncio.run(read_written(peer, place)))


async def _fill(settings: Settings, workload: Workload, given: Input) -> None:
    await feed(settings, workload.configuration())
    source = settings.topic(TopicName.WRAP_UP)
    async with Clients(settings).producer(acks="all", max_batch_size=256 * 1024) as producer:
        await asyncio.gather(*(_send(producer, source, number, its) for number, its in enumerate(given)))
        await producer.flush()


async def _send(producer: Any, topic: str, partition: int, records: Sequence[tuple[bytes, bytes]]) -> None:
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        await producer.send_batch(batch, topic, partition=partition)


async def _remove_topics(settings: Settings, name: str) -> None:
    """All that the turn has made, so that the disk holds one turn at a time."""
    admin = Clients(settings).admin()
    await admin.start()
    try:
        await admin.delete_topics([topic for topic in await admin.list_topics() if name in topic])
    finally:
        await admin.close()
