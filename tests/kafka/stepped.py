"""Plays events against real workers on a stepped clock, a line when the last has been answered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from streams.dev.local import LocalWorker
from streams.simulator.lines import Line
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, has_read
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.partitions import partition_for

STEP_TIMEOUT_S = 90.0
POLL_S = 0.002
WRITTEN_BY_WORKERS = "dnc-entries"
"""What one worker writes there, all of them have read before the next line."""

Status = dict[str, Any]


@dataclass
class Stepper:
    """Workers that share the partitions, on one clock that stands where we put it.

    ends: a consumer that is asked how far topics go. sent: topics (without prefix) and offsets of what was sent.
    """

    cluster: Cluster
    workers: list[LocalWorker]
    clock: Path
    ends: Any
    sent: set[tuple[str, int]] = field(default_factory=set)
    _set: datetime | None = None
    _statuses: list[Status] = field(default_factory=list)
    """Of all workers, as they were last asked."""

    def until_shared(self) -> None:
        """Wait until every worker holds partitions and is ready."""
        self._until(lambda statuses: all(one["partitions"] for one in statuses) and _is_ready(statuses), "a share")

    async def set_clock(self, at: datetime) -> None:
        """Let the clock go on to `at`, past every due instant, and wait until all of that has been done."""
        if at == self._set:  # All of it has been done, and nothing has been sent since.
            return
        text = at.astimezone(UTC).isoformat()
        new = self.clock.with_suffix(".new")
        new.write_text(text)
        new.replace(self.clock)
        await self._until_done(at)
        self._set = at

    async def play(self, feed: Feeder, line: Line) -> None:
        """Send one event at its instant and wait until it, and what follows from it at once, is committed."""
        await self.set_clock(line.at)
        assert line.key is not None or line.value is not None
        count = CATALOG[line.topic].partition_count(PARTITIONS)
        written = await feed.producer.send_and_wait(
            self.cluster.prefix + line.topic, line.value, key=line.key, timestamp_ms=int(line.at.timestamp() * 1000),
            partition=partition_for(line.key or b"", count) if line.key is not None else 0,
        )  # fmt: skip
        partition, offset = written.partition, written.offset
        self.sent.add((line.topic, offset))
        self._until(lambda statuses: self._is_answered(statuses, line.topic, partition, offset), line.topic)
        await self._until_done(line.at)

    async def _until_done(self, at: datetime) -> None:
        self._until(lambda statuses: _is_idle(statuses, at), f"timers up to {at}")
        topic = TopicPartition(self.cluster.prefix + WRITTEN_BY_WORKERS, 0)
        end = (await self.ends.end_offsets([topic]))[topic]
        # What has been read stays so: mostly they need not be asked again.
        if not _have_read(self._statuses, WRITTEN_BY_WORKERS, end):
            self._until(lambda statuses: _have_read(statuses, WRITTEN_BY_WORKERS, end), WRITTEN_BY_WORKERS)

    def _is_answered(self, statuses: list[Status], topic: str, partition: int, offset: int) -> bool:
        if topic in CONFIGURATION_TOPICS:
            return _have_read(statuses, topic, offset + 1)
        (engine,) = (held for status in statuses if (held := status["partitions"].get(str(partition))))
        return not engine["busy"] and engine["next_offsets"].get(self.cluster.prefix + topic, 0) > offset

    def _until(self, done: Callable[[list[Status]], bool], what: str) -> None:
        deadline = time.monotonic() + STEP_TIMEOUT_S
        while time.monotonic() < deadline:
            statuses = [status for worker in self.workers if (status := worker.status()) is not None]
            if len(statuses) == len(self.workers) and done(statuses):
                self._statuses = statuses
                return
            time.sleep(POLL_S)
        said = "\n".join(worker.last_words() for worker in self.workers)
        raise TimeoutError(f"{what} was not done in time: {[worker.status() for worker in self.workers]}\n{said}")


def _have_read(statuses: list[Status], topic: str, end: int) -> bool:
    return all(has_read(status, {topic: end}) for status in statuses)


def _engines(statuses: list[Status]) -> list[Status]:
    return [engine for status in statuses for engine in status["partitions"].values()]


def _is_ready(statuses: list[Status]) -> bool:
    engines = _engines(statuses)
    return len(engines) == PARTITIONS and all(engine["ready"] for engine in engines)


def _is_idle(statuses: list[Status], at: datetime) -> bool:
    timers = [engine["next_timer"] for engine in _engines(statuses)]
    return (
        _is_ready(statuses)
        and not any(engine["busy"] for engine in _engines(statuses))
        and all(timer is None or datetime.fromisoformat(timer) > at for timer in timers)
    )
