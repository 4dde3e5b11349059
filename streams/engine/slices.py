"""How long a transaction decides: in short slices, between which all else in the worker has its turn.

Source: docs/decisions/0056-a-backlog-shares-transactions.md and docs/decisions/0059-decisions-take-turns.md.
"""

import asyncio

from streams.base.clock import Clock
from streams.engine.pace import PACE, Pace


class Slices:
    """Of one partition: `begin`, then ask after each step whether a slice has ended; `next` begins another one."""

    def __init__(self, clock: Clock, pace: Pace = PACE) -> None:
        self._clock, self._pace = clock, pace
        self._ends_s = 0.0
        self._left = 0

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
        await asyncio.sleep(0)
        self._ends_s, self._left = self._clock.monotonic() + self._pace.slice_s, self._left - 1
