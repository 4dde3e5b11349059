"""What the group has assigned to this worker: its partitions, their generation, and how to answer.

It is the one place that knows which partitions are this worker's. It acquires nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from streams.base.settings import Settings
from streams.engine.fenced import Rejoin
from streams.engine.partition_engine import Broken
from streams.engine.refusals import PartitionsAdded

# Two workers with one instance id take each other's membership at every heartbeat; the generation stands still.
SAME_GENERATION_MAX = 3


@dataclass(frozen=True, slots=True)
class PausedPartition:
    """One of which nothing is fetched for now: its committed offsets, and how to seek it; both by full topic name.

    kept: see `Beginning`.
    """

    committed: Mapping[str, int]
    seek: Callable[[Mapping[str, int]], Awaitable[None]]
    kept: Mapping[str, int] = field(default_factory=dict)


Resume = Callable[[int], AbstractAsyncContextManager[PausedPartition]]
"""The partition of a number, paused; when the block ends without an error, it is resumed."""


class SharedMembership(Exception):
    """The group gives this worker the same generation again and again: another one has its instance id."""


class Assignment:
    """Of one worker, which began with so many contact `partitions`; broken: ends the process.

    resume: resumes the sources of a partition; rejoin: asks for a rebalance. Both are None during one.
    """

    def __init__(self, settings: Settings, partitions: int, broken: Broken) -> None:
        self._settings, self.partitions, self._broken = settings, partitions, broken
        self._times_assigned = 0
        self.wanted: set[int] = set()
        self.generation = -1
        self.resume: Resume | None = None
        self.rejoin: Rejoin | None = None

    def assigned(
        self, partitions: Iterable[int], generation: int, resume: Resume, rejoin: Rejoin
    ) -> set[int]:  # fmt: skip
        """Exactly `partitions` are this worker's now. Returns those that no other worker can have had meanwhile.

        They were this worker's in the generation just before. With one missed in between, another worker may have held
        them.
        """
        self._times_assigned = self._times_assigned + 1 if generation == self.generation else 1
        if self._settings.instance_id and self._times_assigned > SAME_GENERATION_MAX:
            self._broken("membership", SharedMembership(f"instance_id {self._settings.instance_id}"))
        kept = self.wanted if generation == self.generation + 1 else set[int]()
        self.wanted, self.generation = set(partitions), generation
        self.resume, self.rejoin = resume, rejoin
        if (most := max(self.wanted, default=0)) >= self.partitions:
            why = f"this worker began with {self.partitions}"
            self._broken("the group", PartitionsAdded(self._settings.prefix, most + 1, why))
        return self.wanted & kept

    def revoked(self) -> None:
        """A rebalance: until it is over nothing is acquired, and the group need not be asked for another one."""
        self.resume = self.rejoin = None
