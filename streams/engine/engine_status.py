"""What the engines of a worker are doing: whether they are ready, for /status, /readyz and the log."""

import asyncio
import logging
from dataclasses import dataclass

from streams.base.clock import Clock
from streams.engine.acquisition import Acquisition
from streams.engine.assignment import Assignment
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.fenced import Fenced
from streams.engine.held import HeldEngines

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Of one worker. Other threads may ask it at any time: it only reads."""

    assignment: Assignment
    held: HeldEngines
    acquisition: Acquisition
    fenced: Fenced
    reader: ConfigurationReader
    clock: Clock

    def due(self) -> int:
        """How many callbacks are due by now."""
        now = self.clock.now()
        return sum(engine.core.census.total.due(now) + engine.in_flight for engine in self.held.engines.values())

    def not_ready(self) -> str | None:
        """Why this worker cannot be relied on yet, or None."""
        held = list(self.held.engines.items())
        if self.acquisition.runs:
            waits = [f"{who} waits for {wait.what}" for who, wait in self.acquisition.waits.longer_than(0).items()]
            return "; ".join(["partitions are being acquired", *waits])
        if self.assignment.generation < 0:
            return "the group has assigned no partitions yet"
        if fenced := self.fenced.numbers():
            return f"partitions {fenced} were fenced, and the group has not said yet whose they are"
        waiting = [number for number, engine in held if not engine.ready]
        return f"partitions {waiting} have not caught up yet" if waiting else None

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
                }
                for number, engine in sorted(list(self.held.engines.items()))
            },
        }

    async def log_waits(self, every_s: float) -> None:
        """Log what has been waited for since the last time; for ever."""
        while True:
            await asyncio.sleep(every_s)
            waits = self.acquisition.waits.longer_than(every_s) | self.reader.held_back.longer_than(every_s)
            for who, wait in waits.items():
                log.warning("%s has waited for %.0f s for %s", who, wait.seconds, wait.what)
            for number, engine in self.held.engines.items():
                if not engine.gate.open:
                    log.info("partition %d waits for its topics to be processed: %s", number, engine.gate.waiting())
