"""Plays a simulator's file against a real worker on a stepped clock, a line when the last has been answered."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.local import LocalWorker
from streams.simulate import Line
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.partitions import partition_for

STEP_TIMEOUT_S = 30.0
POLL_S = 0.005


@dataclass
class Stepper:
    """One worker whose clock stands where we put it."""

    cluster: Cluster
    worker: LocalWorker
    clock: Path

    def set_clock(self, at: datetime) -> None:
        """Let the clock go on to `at`, past every due instant, and wait until all of that has been done."""
        text = at.astimezone(UTC).isoformat()
        new = self.clock.with_suffix(".new")
        new.write_text(text)
        new.replace(self.clock)
        self._until(lambda status: self._idle(status, at), f"timers up to {text}")

    async def play(self, feed: Feeder, line: Line) -> None:
        """Send one event at its instant and wait until its unit has been committed."""
        self.set_clock(line.at)
        assert line.key is not None or line.value is not None
        timestamp_ms = int(line.at.timestamp() * 1000)
        count = CATALOG[line.topic].partition_count(PARTITIONS)
        written = await feed.producer.send_and_wait(
            self.cluster.prefix + line.topic, line.value, key=line.key, timestamp_ms=timestamp_ms,
            partition=partition_for(line.key or b"", count) if line.key is not None else 0,
        )  # fmt: skip
        self._until(lambda status: self._answered(status, line.topic, written.partition, written.offset), line.topic)
        self.set_clock(line.at)

    def _idle(self, status: dict[str, Any], at: datetime) -> bool:
        partitions = status["partitions"].values()
        timers = [partition["next_timer"] for partition in partitions]
        return (
            len(timers) == PARTITIONS
            and all(partition["ready"] and not partition["busy"] for partition in partitions)
            and all(timer is None or datetime.fromisoformat(timer) > at for timer in timers)
        )

    def _answered(self, status: dict[str, Any], topic: str, partition: int, offset: int) -> bool:
        if topic in CONFIGURATION_TOPICS:
            return int(status["configuration"].get(topic, 0)) > offset
        engine = status["partitions"][str(partition)]
        return not engine["busy"] and engine["next_offsets"].get(self.cluster.prefix + topic, 0) > offset

    def _until(self, done: Any, what: str) -> None:
        deadline = time.monotonic() + STEP_TIMEOUT_S
        while time.monotonic() < deadline:
            status = self.worker.status()
            if status is not None and done(status):
                return
            time.sleep(POLL_S)
        raise TimeoutError(f"{what} was not done in time: {self.worker.status()}\n{self.worker.last_words()}")
