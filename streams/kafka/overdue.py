"""When a fetch counts as lost on a connection that the network has forgotten, though nobody has said so.

A broker answers a fetch when the wait that the fetch names is over, whether there is anything or not. An answer that
is late is lost on its way, or the broker is slow; the next connection tells which. So the patience with an address
doubles with each fetch that is given up there, and shrinks again as fetches are answered: the connections that a
network has forgotten are found out in seconds, and a slow broker is asked again a few times and then waited for.
It knows no clock; times are seconds of a monotonic clock. Source: docs/decisions/0029-connections-of-a-worker.md.
"""

SILENT_S = 2.0
"""Beyond the wait that a fetch names: a broker that is well is never silent for so long."""
SILENT_MAX_S = 20.0
SPACING_S = 0.1
"""At least this long between two fetches that are given up: each leads to a new connection."""


class Overdue:
    """How late the answers of each address, HOST:PORT, may be."""

    def __init__(self) -> None:
        self._patience: dict[str, float] = {}
        self._next_at = 0.0

    def gives_up(self, address: str, late_s: float, now: float) -> bool:
        """Whether a fetch whose answer is late by so much is given up now. If True, the caller gives it up."""
        patience = self._patience.get(address, SILENT_S)
        if late_s < patience or now < self._next_at:
            return False
        self._patience[address] = min(2 * patience, SILENT_MAX_S)
        self._next_at = now + SPACING_S
        return True

    def answered(self, address: str, late_s: float) -> None:
        """A fetch has been answered, late by so much; 0 or less for one that was not."""
        patience = self._patience.get(address, SILENT_S)
        self._patience[address] = max(SILENT_S, min(SILENT_MAX_S, max(2 * late_s, patience / 2)))
