"""What the group has said of this worker: its partitions, since which generation, and how to answer.

It is the one place that knows which partitions are this worker's. It acquires nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from streams.base.settings import Settings
from streams.engine.fenced import Rejoin
from streams.engine.partition_engine import Broken
from streams.engine.refusals import PartitionsAdded

# Two workers with one instance id take each other's membership at every heartbeat; the generation stands still.
SAME_GENERATION_MAX = 3


@dataclass(frozen=True, slots=True)
class PausedPartition:
    """One of which nothing is fetched for now: its committed offsets, and how to seek it; both by full topic name."""

    committed: Mapping[str, int]
    seek: Callable[[Mapping[str, int]], Awaitable[None]]


Release = Callable[[int], AbstractAsyncContextManager[PausedPartition]]
"""The partition of a number, paused; when the block ends without an error, its records come."""


class SharedMembership(Exception):
    """The group gives this worker the same generation again and again: another one has its instance id."""


class Assignment:
    """Of one worker, which began with so many contact `partitions`; broken: ends the process.

    release: lets the records of a partition come; rejoin: has the group share out anew. Both are None while it does.
    """

    def __init__(self, settings: Settings, partitions: int, broken: Broken) -> None:
        self._settings, self.partitions, self._broken = settings, partitions, broken
        self._times_assigned = 0
        self.wanted: set[int] = set()
        self.generation = -1
        self.release: Release | None = None
        self.rejoin: Rejoin | None = None

    def shared_out(
        self, partitions: Iterable[int], generation: int, release: Release, rejoin: Rejoin
    ) -> set[int]:  # fmt: skip
        """Exactly `partitions` are this worker's now. Returns those of them that nobody else can have had meanwhile.

        They were this worker's in the generation just before. With one missed in between, another worker may have held
        them.
        """
        self._times_assigned = self._times_assigned + 1 if generation == self.generation else 1
        if self._settings.instance_id and self._times_assigned > SAME_GENERATION_MAX:
            self._broken("membership", SharedMembership(f"instance_id {self._settings.instance_id}"))
        kept = self.wanted if generation == self.generation + 1 else set[int]()
        self.wanted, self.generation = set(partitions), generation
        self.release, self.rejoin = release, rejoin
        if (most := max(self.wanted, default=0)) >= self.partitions:
            why = f"this worker began with {self.partitions}"
            self._broken("the group", PartitionsAdded(self._settings.prefix, most + 1, why))
        return self.wanted & kept

    def shares_out(self) -> None:
        """The group shares out anew: until it has, nothing is taken up, and it need not be asked to."""
        self.release = self.rejoin = None
