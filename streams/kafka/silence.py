"""Since when no broker has answered, and what that means: a line, not ready, and in the end the worker.

An idle worker asks for nothing that could fail, so nothing else would show it. Pure: `tick` gets whether a broker has
answered.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

SILENT_AFTER_S = 10.0
"""A worker asks brokers for something several times a second."""
TICK_S_MAX = 2.0
"""A tick that comes later counts as this: the process stood still then, and read nothing for that reason."""


class Change(Enum):
    """What a tick may find."""

    SILENT = auto()
    BACK = auto()
    LOST = auto()
    """Silent for as long as it is waited for."""


@dataclass(slots=True)
class Silence:
    """since: when the last answer came. seconds: how long ago, by the ticks. lost_after_s: the most of them."""

    lost_after_s: float
    since: datetime
    seconds: float = 0.0
    silent: bool = False

    def tick(self, answered: bool, elapsed_s: float, now: datetime) -> Change | None:
        """`answered`: whether a broker has answered anything in the `elapsed_s` seconds since the last tick."""
        if answered:
            was, self.silent = self.silent, False
            self.since, self.seconds = now, 0.0
            return Change.BACK if was else None
        self.seconds += min(elapsed_s, TICK_S_MAX)
        if self.seconds >= self.lost_after_s:
            return Change.LOST
        if self.seconds >= SILENT_AFTER_S and not self.silent:
            self.silent = True
            return Change.SILENT
        return None
