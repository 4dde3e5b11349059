"""The one place that reads the clock: the worker's own, or one that a test steps from outside.

It sets no timers; the engine asks how long to wait. A clock that is set, forward or backward, is noticed within a
second.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

POLL_S = 0.005  # How often a stepped clock is looked at again.
WATCH_S = 1.0  # How often the clock is compared with the monotonic one.
JUMP_S = 0.5  # By less than this it is adjusted, not set.
WAIT_MAX_S = 60.0  # A wait is never longer, so that a stepped system clock is noticed within a minute.


class Clock(Protocol):
    """What the engine asks of time."""

    def now(self) -> datetime:
        """The present instant, aware UTC."""

    def monotonic(self) -> float:
        """Seconds that only go on, for how long something takes; they are not those of any instant."""

    def moment(self, due: datetime, now: datetime, last: datetime) -> datetime:
        """When a timer that is due at `due` and found at `now` is decided; `last`: the decision before it."""

    def wait_s(self, at: datetime | None) -> float:
        """Seconds to wait until `at`, or until something may have changed."""


class SystemClock:
    """The worker's clock."""

    def now(self) -> datetime:
        """The present instant, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Those of the machine."""
        return time.monotonic()

    def moment(self, due: datetime, now: datetime, last: datetime) -> datetime:
        """Now: a timer that is late is decided late, and says so."""
        return now

    def wait_s(self, at: datetime | None) -> float:
        """Seconds until `at`, between 0 and a minute."""
        if at is None:
            return WAIT_MAX_S
        return min(WAIT_MAX_S, max(0.0, (at - self.now()).total_seconds()))


class OffsetClock(SystemClock):
    """The system clock, set wrong by as many seconds as a file says; one that is not there, or empty, says 0."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The present instant as this clock has it."""
        try:
            text = self._path.read_text().strip()
        except FileNotFoundError:
            text = ""
        return datetime.now(UTC) + timedelta(seconds=float(text or 0))


class SteppedClock:
    """A virtual clock that stands where a file says and visits every due instant on its way.

    path: a file that holds one RFC 3339 instant; whoever steps the clock replaces the file whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = ""
        self._now = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The instant in the file; it never goes back."""
        text = self._path.read_text().strip()
        if text != self._text:
            self._text = text
            self._now = max(self._now, datetime.fromisoformat(text).astimezone(UTC))
        return self._now

    def monotonic(self) -> float:
        """Those of the machine: how long work takes is not stepped."""
        return time.monotonic()

    def moment(self, due: datetime, now: datetime, last: datetime) -> datetime:
        """The due instant itself, as in the simulator, or the last decision for what was overdue when it arrived."""
        return max(due, last)

    def wait_s(self, at: datetime | None) -> float:
        """A moment: the file may be replaced at any time."""
        return POLL_S


def clock_for(path: Path | None, offset_path: Path | None = None) -> Clock:
    """The system clock; the stepped one when a clock file is set, the one that is wrong when an offset file is."""
    if path:
        return SteppedClock(path)
    return OffsetClock(offset_path) if offset_path else SystemClock()


async def watch(clock: Clock, jumped: Callable[[float], None], every_s: float = WATCH_S) -> None:
    """Compare a clock that runs with the monotonic one; `jumped` gets the seconds by which it was set."""
    ahead = clock.now().timestamp() - clock.monotonic()
    while True:
        await asyncio.sleep(every_s)
        now_ahead = clock.now().timestamp() - clock.monotonic()
        if abs(now_ahead - ahead) > JUMP_S:
            jumped(now_ahead - ahead)
        ahead = now_ahead
