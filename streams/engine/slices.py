"""How long a transaction decides: in short slices, between which all else in the worker has its turn.

Source: docs/decisions/0056-a-backlog-shares-transactions.md, docs/decisions/0059-decisions-take-turns.md and
docs/decisions/0074-one-partition-decides-at-a-time.md.
"""

import asyncio

from streams.base.clock import Clock
from streams.engine.pace import PACE, Pace


class Turn:
    """Of all partitions of a worker: one decides at a time, and between two slices what came in is dealt with."""

    def __init__(self, rounds: int = PACE.rounds_between) -> None:
        self._rounds = rounds
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Return when it is ours: those who have waited longer come first, and so does whatever the loop has to do."""
        await self._lock.acquire()
        try:
            for _ in range(self._rounds):
                await asyncio.sleep(0)
        except BaseException:
            self._lock.release()
            raise

    def give(self) -> None:
        """Leave it to others."""
        self._lock.release()


class Slices:
    """Of one partition, which has the turn within `async with`.

    There: `begin`, ask after each step whether a slice has `ended`, then `next`.
    """

    def __init__(self, clock: Clock, pace: Pace = PACE, turn: Turn | None = None) -> None:
        self._clock, self._pace = clock, pace
        self._turn = turn or Turn(pace.rounds_between)
        self._ends_s = 0.0
        self._left = 0

    async def __aenter__(self) -> "Slices":
        await self._turn.take()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._turn.give()

    def begin(self, *, events: bool = False) -> None:
        """The first slice begins. events: it is about events, not about timers."""
        self._ends_s = self._clock.monotonic() + self._pace.slice_s
        self._left = (self._pace.slices_max if events else self._pace.fire_slices_max) - 1

    @property
    def ended(self) -> bool:
        """Whether the slice at hand has ended."""
        return self._clock.monotonic() > self._ends_s

    @property
    def is_last(self) -> bool:
        """Whether no other slice may follow it."""
        return self._left <= 0

    async def next(self) -> None:
        """Begin another one, after all else has had its turn: what it sends and receives, and other partitions."""
        self._turn.give()
        await self._turn.take()
        self._ends_s, self._left = self._clock.monotonic() + self._pace.slice_s, self._left - 1
