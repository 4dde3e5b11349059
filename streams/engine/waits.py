"""What the partitions that are being acquired wait for, for /status, the log and /readyz."""

from dataclasses import dataclass, replace
from datetime import datetime

from streams.base.clock import Clock


@dataclass(frozen=True, slots=True)
class Wait:
    """What is waited for, since when, and for how many seconds by now, whatever the clock was set to meanwhile."""

    what: str
    since: datetime
    since_s: float
    seconds: float = 0.0


class Waits:
    """What is waited for, by the name of who waits. Other threads may read it at any time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[str, Wait] = {}

    def started(self, who: str, what: str) -> None:
        """It waits for this from now on, or still."""
        known = self._waits.get(who)
        if known is None or known.what != what:
            self._waits[who] = Wait(what, self._clock.now(), self._clock.monotonic())

    def ended(self, who: str) -> None:
        """It waits for nothing any more."""
        self._waits.pop(who, None)

    def clear(self) -> None:
        """Nobody waits."""
        self._waits.clear()

    def longer_than(self, seconds: float) -> dict[str, Wait]:
        """Those that have waited for at least so long."""
        now = self._clock.monotonic()
        waits = {who: replace(wait, seconds=now - wait.since_s) for who, wait in sorted(list(self._waits.items()))}
        return {who: wait for who, wait in waits.items() if wait.seconds >= seconds}

    def status(self) -> dict[str, dict[str, object]]:
        """Everything, for /status."""
        return {who: {"for": wait.what, "since": wait.since} for who, wait in self.longer_than(0).items()}
