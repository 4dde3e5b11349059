"""What the engines of a worker are doing: whether they are ready, for /status, /readyz and the log."""

import asyncio
import heapq
import logging
from dataclasses import dataclass

from streams.base.clock import Clock
from streams.base.log import about
from streams.engine.acquisition import Acquisition
from streams.engine.assignment import Assignment
from streams.engine.commit_log import DEAD_LETTERS
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.fenced import Fenced
from streams.engine.held import HeldEngines
from streams.engine.partition_engine import PartitionEngine
from streams.engine.progress import Progress, awaited
from streams.engine.waits import Obstacle, Wait, Waits

log = logging.getLogger(__name__)

WORKER = "worker"
"""Who waits when all of it does."""
RETRIED_SHOWN = 100
"""Of a partition: enough to find the bug by."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Of one worker. Other threads may ask it at any time: it only reads.

    worker: what all of it waits for, such as the group.
    """

    assignment: Assignment
    held: HeldEngines
    acquisition: Acquisition
    fenced: Fenced
    reader: ConfigurationReader
    clock: Clock
    worker: Waits
    progress: Progress

    def due(self) -> int:
        """How many callbacks are due by now."""
        now = self.clock.now()
        return sum(engine.core.census.total.due(now) + engine.in_flight for engine in self.held.engines.values())

    def obstacles(self) -> list[Obstacle]:
        """Why this worker cannot be relied on yet; none when it can. One for each partition at most."""
        found = self.worker.obstacles() + self.progress.obstacles() + self.acquisition.waits.obstacles()
        if self.acquisition.runs:
            found += self.acquisition.common.obstacles()
        if WORKER in self.worker.longer_than(0):  # Nothing has been assigned, or it is assigned anew.
            return _first_of_each(found)
        for number in sorted(self.assignment.wanted):
            found += self._behind(number, self.held.engines.get(number))
        if self.acquisition.runs and not found:
            found.append(Obstacle(WORKER, "its acquisition to end", self.clock.now()))
        return _first_of_each(found)

    def waits(self) -> dict[str, Wait]:
        """What else is waited for, which keeps no partition from its work."""
        return self.reader.held_back.longer_than(0)

    def _behind(self, number: int, engine: PartitionEngine | None) -> list[Obstacle]:
        """What an assigned partition waits for, if its timers do not fire."""
        who = f"partition {number}"
        if engine is None or not engine.active:
            since = self.clock.now() if engine is None else engine.core.held_times.paused_at
            return [Obstacle(who, "its acquisition", since or self.clock.now(), f"{who} is assigned and not held")]
        if engine.gate.open:
            return []
        since = engine.core.held_times.paused_at or self.clock.now()
        return [Obstacle(who, awaited(engine), since, f"{who} has not caught up, and its timers wait")]

    def page(self) -> dict[str, object]:
        """What each engine is doing, for people and tests."""
        return {
            "generation": self.assignment.generation,
            "taken_up_again": self.acquisition.reacquisitions.numbers(),
            "fenced": self.fenced.numbers(),
            "configuration": self.reader.positions(),
            "held_back": self.reader.held_back.status(),
            "acquiring": self.acquisition.waits.status(),
            "partitions": {
                str(number): {
                    "ready": engine.ready,
                    "busy": engine.busy,
                    "waits_for": engine.waits_for(),
                    "next_offsets": dict(engine.inbox.next),
                    "outstanding": engine.core.census.outstanding,
                    "next_timer": engine.next_timer,
                    "retried": retried(engine),
                }
                for number, engine in sorted(list(self.held.engines.items()))
            },
        }

    async def log_waits(self, every_s: float) -> None:
        """Log what has been waited for since the last time; for ever."""
        while True:
            await asyncio.sleep(every_s)
            DEAD_LETTERS.tell(self.clock.now())
            waits = self.worker.longer_than(every_s) | self.acquisition.waits.longer_than(every_s)
            waits |= self.progress.waits.longer_than(every_s) | self.reader.held_back.longer_than(every_s)
            for who, wait in waits.items():
                told = about("waits", who=who, waits_for=wait.what, seconds=round(wait.seconds))
                log.warning("%s has waited for %.0f s for %s", who, wait.seconds, wait.what, extra=told)
            for number, engine in self.held.engines.items():
                if not engine.gate.open:
                    waits_for = engine.gate.waiting()
                    told = about("waits", partition=number, waits_for=waits_for)
                    log.info("partition %d waits for its topics to be processed: %s", number, waits_for, extra=told)


def retried(engine: PartitionEngine) -> list[dict[str, object]]:
    """The timers and releases that are retried after a bug, those first that are tried first; the most of them."""
    first = heapq.nsmallest(RETRIED_SHOWN, engine.core.agenda.retried(), key=lambda one: one.next_try)
    return [{"callback_id": one.callback_id, "since": one.since, "next_try": one.next_try} for one in first]


def _first_of_each(obstacles: list[Obstacle]) -> list[Obstacle]:
    found: dict[str, Obstacle] = {}
    for obstacle in obstacles:
        found.setdefault(obstacle.who, obstacle)
    return list(found.values())
