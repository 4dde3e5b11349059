"""When an address of a broker may be tried again: back-off for each address, and a rate for all of them together.

Every client of a worker has connections of its own. Without this, each of them would try a broker that is gone as
often as it likes. It knows no clock and opens nothing; times are seconds of a monotonic clock.
Source: docs/decisions/0029-connections-of-a-worker.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 0.5
SPACING_S = 0.1
"""At least this long between two attempts at addresses that have failed: ten a second, whatever their number."""


class Verdict(Enum):
    """What an attempt at an address has to do now."""

    GO = auto()
    WAIT = auto()
    """Somebody else is trying it for the first time: look again soon."""
    REFUSED = auto()
    """It has just failed: count as failed, too."""


@dataclass(slots=True)
class _Address:
    proven: bool = False
    trying: bool = False
    failures: int = 0
    again_at: float = 0.0


class Reconnects:
    """What is known of each address, HOST:PORT. jitter: a factor around 1 for each pause."""

    def __init__(self, jitter: Callable[[], float] = lambda: 1.0) -> None:
        self._addresses: dict[str, _Address] = {}
        self._jitter = jitter
        self._next_at = 0.0

    def ask(self, address: str, now: float) -> Verdict:
        """Whether to try an address. Who may go reports what came of it: `connected`, `failed` or `abandoned`."""
        known = self._addresses.setdefault(address, _Address())
        if known.proven:
            return Verdict.GO
        if known.trying:
            return Verdict.REFUSED if known.failures else Verdict.WAIT
        if known.failures:
            if now < max(known.again_at, self._next_at):
                return Verdict.REFUSED
            self._next_at = now + SPACING_S
        known.trying = True
        return Verdict.GO

    def connected(self, address: str) -> None:
        """An attempt succeeded: everybody may go. It stays suspect until a request has been answered there."""
        known = self._addresses[address]
        known.trying, known.proven = False, True

    def answered(self, address: str) -> None:
        """A connection to it is of use: it is as good as one that never failed."""
        self._addresses[address].failures = 0

    def failed(self, address: str, now: float) -> None:
        """An attempt failed, or its connection broke before it was of any use."""
        known = self._addresses[address]
        known.trying = known.proven = False
        pause = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(known.failures, 10))
        known.failures += 1
        known.again_at = now + pause * self._jitter()

    def abandoned(self, address: str) -> None:
        """Whoever tried it gave up, which says nothing about it."""
        self._addresses[address].trying = False

    def broke(self, address: str) -> None:
        """A connection that had been of use broke: one attempt goes ahead of the others, at once."""
        self._addresses[address].proven = False
