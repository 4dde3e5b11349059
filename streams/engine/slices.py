"""How long a transaction decides: for a slice, and about a backlog for more, as each transaction has its price.

Source: docs/decisions/0056-a-backlog-shares-transactions.md.
"""

from collections.abc import Callable
from datetime import datetime

from streams.base.clock import Clock
from streams.engine.pace import PACE, Pace

IsWaitedFor = Callable[[datetime], bool]
"""Whether a timer that is due, or a request that can be answered, waits for any partition of the worker."""


def nobody_waits(now: datetime) -> bool:
    """What a partition by itself assumes."""
    return False


class Slices:
    """Of one partition: `begin`, then ask after each step whether the time is over."""

    def __init__(self, clock: Clock, pace: Pace = PACE, is_waited_for: IsWaitedFor = nobody_waits) -> None:
        self._clock, self._pace, self._is_waited_for = clock, pace, is_waited_for
        self._ends_s = 0.0
        self._left = 0

    def begin(self, *, backlog: bool = False) -> None:
        """The first slice begins; only about a backlog may others follow."""
        self._ends_s = self._clock.monotonic() + self._pace.slice_s
        self._left = self._pace.slices_max - 1 if backlog else 0

    def over(self) -> bool:
        """Whether the last slice has ended; at the end of each other one it is asked whether somebody waits."""
        now_s = self._clock.monotonic()
        if now_s <= self._ends_s:
            return False
        if self._left <= 0 or self._is_waited_for(self._clock.now()):
            return True
        self._ends_s, self._left = now_s + self._pace.slice_s, self._left - 1
        return False
