"""What a worker that has read a hold may not do while it lasts: send commands, and allow calls.

Which holds a worker has read, and when by its own clock, is noted where it takes them in; the time at which it decided
is that of its records.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from streams.logic.configuration.holds import Holds
from streams.logic.contact.exchange import Arrived
from tests.simulation.log import Stored
from topics.configuration import Hold

if TYPE_CHECKING:
    from tests.simulation.scenario import Simulation

CAMPAIGN = "P"

Row = tuple[Stored, dict[str, Any]]


class NotedHolds(Holds):
    """The holds of a worker; `note` is told whether they stop the campaign, each time that one comes or goes."""

    def __init__(self, note: Callable[[bool], None]) -> None:
        super().__init__()
        self._tell = note

    def take(self, hold: Hold, arrived: Arrived) -> None:
        """One comes, or reads differently."""
        super().take(hold, arrived)
        self._tell(self.stops(CAMPAIGN))

    def remove(self, hold_id: str, offset: int) -> None:
        """One goes, be it to make room for its next record."""
        super().remove(hold_id, offset)
        self._tell(self.stops(CAMPAIGN))


def held(simulation: "Simulation", read: dict[str, list[Row]]) -> Iterator[str]:
    """No command, no call that is allowed, and a first answer names the hold; once it is gone, none names it."""
    for record, command in read["dial-preview"] + read["dial-analysis"]:
        if _knew(simulation, record) is True:
            yield f"on hold: {command['command_id']} went out"
    answered: set[str] = set()
    for record, answer in read["placement-decided"]:
        name, stops = answer["request_id"], _knew(simulation, record)
        if stops and answer["allowed"]:
            yield f"on hold: {name} was allowed"
        if stops is not None and name not in answered and ("on_hold" in answer["reasons"]) is not stops:
            yield f"on hold: {name} was answered with {answer['reasons']}, on hold: {stops}"
        answered.add(name)


def _knew(simulation: "Simulation", record: Stored) -> bool | None:
    """Whether the worker that wrote it knew of a hold when it decided; None: it came to know in that millisecond."""
    noted = simulation.wire.on_hold[simulation.broker.taken_by(record)]
    if any(at == record.timestamp for at, _ in noted):
        return None
    return next((stops for at, stops in reversed(noted) if at < record.timestamp), False)
