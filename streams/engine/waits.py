"""What a worker and its partitions wait for, for /status, the log and /readyz."""

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


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a worker cannot be relied on: `who` waits for `what` since then. reason: that in words, if not in these."""

    who: str
    what: str
    since: datetime
    reason: str = ""


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

    def obstacles(self, seconds: float = 0.0) -> list[Obstacle]:
        """Those that have waited for at least so long, as reasons not to be ready."""
        return [Obstacle(who, wait.what, wait.since) for who, wait in self.longer_than(seconds).items()]

    def status(self) -> dict[str, dict[str, object]]:
        """Everything, for /status."""
        return {who: {"for": wait.what, "since": wait.since} for who, wait in self.longer_than(0).items()}
