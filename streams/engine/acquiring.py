"""What the partitions that are being acquired wait for, for the page, the log, and whoever asks why it is not ready."""

import time
from dataclasses import dataclass
from datetime import datetime

from streams.engine.clock import Clock


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for, and since when: by the clock, and by the monotonic one."""

    what: str
    since: datetime
    since_s: float

    @property
    def seconds(self) -> float:
        """For how long."""
        return time.monotonic() - self.since_s


class Waits:
    """What is waited for, by the name of who waits. Other threads may read it at any time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[str, Wait] = {}

    def on(self, who: str, what: str) -> None:
        """It waits for this from now on, or still."""
        known = self._waits.get(who)
        if known is None or known.what != what:
            self._waits[who] = Wait(what, self._clock.now(), time.monotonic())

    def over(self, who: str) -> None:
        """It waits for nothing any more."""
        self._waits.pop(who, None)

    def clear(self) -> None:
        """Nobody waits."""
        self._waits.clear()

    def longer_than(self, seconds: float) -> dict[str, Wait]:
        """Those that have waited for at least so long."""
        return {who: wait for who, wait in sorted(list(self._waits.items())) if wait.seconds >= seconds}

    def status(self) -> dict[str, dict[str, object]]:
        """Everything, for the page."""
        return {who: {"for": wait.what, "since": wait.since} for who, wait in self.longer_than(0).items()}
