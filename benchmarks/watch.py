"""How a peer is measured, the same way for each: by the offsets its group has committed, and its processes' CPU time.

The clock begins at the first commit that is seen with `WARM` of the events and ends at the first one with `COUNTED`;
what was committed by then is not counted. So start-up is apart, with the rebalance of a peer of several processes, and
so is the time until the last commit, which depends on how often a peer commits and not on how fast it is.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psutil
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.base.errors import OperatorError
from streams.kafka.clients import Clients

WARM, COUNTED = 0.05, 0.95
LOOK_EVERY_S = 0.05
MIB = 1024 * 1024


class Sample(NamedTuple):
    """What was seen at one moment: seconds on the monotonic clock, events committed, CPU seconds, resident bytes."""

    at: float
    committed: int
    cpu_s: float
    resident: int


class Speed(NamedTuple):
    """What was counted: events, in so many seconds and CPU seconds. startup_s: from the start to the first commit."""

    events: int
    seconds: float
    cpu_s: float
    startup_s: float
    peak_mib: int


class Processes:
    """A process with all that it has started."""

    def __init__(self, pid: int) -> None:
        self._first = psutil.Process(pid)

    def used(self) -> tuple[float, int]:
        """CPU seconds, user and system, and resident bytes. Raises psutil.Error when it has gone.

        What it has started may end at any moment, and does while it starts: a helper of a library's, say.
        """
        if self._first.status() == psutil.STATUS_ZOMBIE:
            raise psutil.NoSuchProcess(self._first.pid)
        cpu_s, resident = _used(self._first)
        for child in self._first.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                more_s, more = _used(child)
                cpu_s, resident = cpu_s + more_s, resident + more
        return cpu_s, resident


def _used(process: psutil.Process) -> tuple[float, int]:
    with process.oneshot():
        times = process.cpu_times()
        return times.user + times.system, process.memory_info().rss


def speed(samples: Sequence[Sample], total: int, started_at: float) -> Speed | None:
    """What the samples tell; None if all was committed at once, or within a tick of the CPU's clock.

    samples: in order, the last with all events.
    """
    started = next(sample for sample in samples if sample.committed > 0)
    first = next(sample for sample in samples if sample.committed >= WARM * total)
    last = next(sample for sample in samples if sample.committed >= COUNTED * total)
    if last is first or last.cpu_s <= first.cpu_s:
        return None
    return Speed(
        last.committed - first.committed,
        last.at - first.at,
        last.cpu_s - first.cpu_s,
        started.at - started_at,
        max(sample.resident for sample in samples) // MIB,
    )


async def watch(
    clients: Clients,
    group: str,
    partitions: Sequence[TopicPartition],
    total: int,
    processes: Processes,
    timeout_s: float,
) -> list[Sample]:
    """Samples until everything is committed. Raises OperatorError when that takes too long or the peer has ended."""
    samples: list[Sample] = []
    deadline = time.monotonic() + timeout_s
    admin = clients.admin()
    await admin.start()
    try:
        while time.monotonic() < deadline:
            samples.append(await _look(admin, group, partitions, processes))
            if samples[-1].committed >= total:
                return samples
            await asyncio.sleep(LOOK_EVERY_S)
    except psutil.Error:
        raise OperatorError("it has ended") from None
    finally:
        await admin.close()
    raise OperatorError(f"it has committed {samples[-1].committed:,} of {total:,} events after {timeout_s:g} s")


async def _look(admin: Any, group: str, partitions: Sequence[TopicPartition], processes: Processes) -> Sample:
    try:
        told = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
    except KafkaError as error:
        if not error.retriable:
            raise
        told = {}  # A fresh broker has nobody yet who keeps the offsets of groups.
    cpu_s, resident = await asyncio.to_thread(processes.used)
    committed = sum(max(0, place.offset) for place in told.values())
    return Sample(time.monotonic(), committed, cpu_s, resident)
