"""Which partitions have work, or a transaction, and do not commit: what nothing else of an engine shows."""

from streams.base.clock import Clock
from streams.engine.held import HeldEngines
from streams.engine.partition_engine import PartitionEngine
from streams.engine.waits import Obstacle, Waits

STUCK_S = 10.0
"""A transaction takes some hundredths of a second, and some seconds where a broker is replaced."""


class Progress:
    """Of one worker. The loop calls `look` some times a second; any thread may ask for the rest.

    waits: the partitions that wait for a commit, also those that have not waited for long.
    """

    def __init__(self, held: HeldEngines, clock: Clock) -> None:
        self._held, self._clock = held, clock
        self._committed_s: dict[str, float] = {}
        self.waits = Waits(clock)

    def look(self) -> None:
        """Note which partitions wait for a commit, from now on or still."""
        engines = {f"partition {number}": engine for number, engine in self._held.engines.items()}
        for who in self._committed_s.keys() - engines.keys():
            self.waits.ended(who)
        for who, engine in engines.items():
            what = self._what(engine)
            if what is None or engine.last_commit_s != self._committed_s.get(who):
                self.waits.ended(who)
            if what is not None:
                self.waits.started(who, what)
        self._committed_s = {who: engine.last_commit_s for who, engine in engines.items()}

    def obstacles(self) -> list[Obstacle]:
        """The partitions that wait for too long."""
        return self.waits.obstacles(STUCK_S)

    def _what(self, engine: PartitionEngine) -> str | None:
        if engine.transaction_since_s is not None:
            return "its open transaction to be committed"
        is_due = engine.ready and engine.next_timer is not None and engine.next_timer <= self._clock.now()
        if not (engine.inbox or is_due):
            return None
        # A request may be all that waits.
        return awaited(engine) or "the work that it has to be committed"


def awaited(engine: PartitionEngine) -> str:
    """The topics that a partition, or a request in it, waits for, in words; empty if there are none."""
    return ", ".join(f"{topic} to be processed up to offset {end}" for topic, end in sorted(engine.waits_for().items()))
