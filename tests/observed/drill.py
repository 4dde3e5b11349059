"""Makes faults and measures: seconds to not ready, to the alert, to its runbook, and, once repaired, to clear."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.observed.api import POLL_S, Alert
from tests.observed.faults import Fault
from tests.observed.rig import ROOT, Rig

FULL_S = 1500.0
"""Within this, at full length, every alert fires, and clears."""
LEAST_S = 180.0
HEAD = ("fault", "alert", "not ready", "fires", "runbook", "clears")


@dataclass
class Row:
    """What was measured of one alert of a fault, in seconds from the break, or for `clears` from the repair.

    not_ready: the first time that one of its workers was not; None if no worker should be. runbook: its page.
    """

    fault: Fault
    alert: str
    not_ready: float | None = None
    fires: float | None = None
    read: float | None = None
    runbook: Path | None = None
    clears: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it fires, and what cannot be ready is not."""
        return self.fires is not None and (self.not_ready is not None or not self.fault.blind)

    def cells(self) -> list[str]:
        """As a table has it."""
        times = [_seconds(one) for one in (self.not_ready, self.fires, self.read, self.clears)]
        return [self.fault.name, self.alert, *times]


@dataclass
class Made:
    """Faults that were made together. unexpected: alerts that fired and that no fault up to now asks for."""

    rows: list[Row]
    repaired_at: float = 0.0
    unexpected: set[str] = field(default_factory=set)


Firing = Callable[[Row], None]
"""Called for each alert while all of them fire."""


def make(rig: Rig, faults: Sequence[Fault], firing: Firing = lambda _: None) -> Made:
    """Break them all, wait until their alerts fire, repair them, and wait until all is well again.

    Raises TimeoutError with what is missing.
    """
    made = broken(rig, faults, firing)
    cleared(rig, made)
    rig.wait_ready()
    return made


def broken(rig: Rig, faults: Sequence[Fault], firing: Firing = lambda _: None) -> Made:
    """Break them all, wait until all of their alerts fire, and repair them."""
    made = Made([])
    rig.asked |= {alert for fault in faults for alert in (*fault.alerts, *fault.also)}
    with ExitStack() as stack:
        broke_at: dict[Fault, float] = {}
        for fault in faults:
            broke_at[fault] = stack.enter_context(fault.broken(rig))
            made.rows += [Row(fault, alert) for alert in fault.alerts]

        def fires() -> bool:
            made.unexpected |= rig.api.firing() - rig.asked
            for row in made.rows:
                _note_broken(rig, row, broke_at[row.fault])
            lasted = all(time.monotonic() - at >= fault.lasts_s * rig.scale for fault, at in broke_at.items())
            return lasted and all(row.is_complete for row in made.rows)

        _wait(rig, faults, fires, made)
        for row in made.rows:
            firing(row)
        made.repaired_at = time.monotonic()
    return made


def cleared(rig: Rig, made: Made) -> None:
    """Wait until all of them are gone."""

    def clear() -> bool:
        for row in made.rows:
            if row.clears is None and row.alert not in _firing(rig, row.fault):
                row.clears = time.monotonic() - made.repaired_at
        return all(row.clears is not None for row in made.rows)

    _wait(rig, [row.fault for row in made.rows], clear, made)


def _wait(rig: Rig, faults: Iterable[Fault], done: Callable[[], bool], made: Made) -> None:
    limit_s = LEAST_S + FULL_S * max(rig.hours_scale if fault.hours else rig.scale for fault in faults)
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > limit_s:
            raise TimeoutError(f"not within {limit_s:.0f} s: {table(made.rows)}\n{_shown(rig)}")
        time.sleep(POLL_S)


def _note_broken(rig: Rig, row: Row, broke_at: float) -> None:
    if row.not_ready is None and not all(map(rig.ready, row.fault.blind)):
        row.not_ready = time.monotonic() - broke_at
    if row.fires is None and (alert := _firing(rig, row.fault).get(row.alert)) is not None:
        row.fires = time.monotonic() - broke_at
        row.runbook = ROOT / alert.annotations["runbook_url"]
        if row.runbook.is_file() and row.runbook.read_text("utf-8"):
            row.read = time.monotonic() - broke_at


def _firing(rig: Rig, fault: Fault) -> dict[str, Alert]:
    api = rig.hours if fault.hours else rig.api
    return {alert.name: alert for alert in api.alerts() if alert.state == "firing"}


def _shown(rig: Rig) -> list[tuple[str, str]]:
    return sorted({(alert.name, alert.state) for api in (rig.api, rig.hours) for alert in api.alerts()})


def table(rows: Iterable[Row]) -> str:
    """All of it, as Markdown."""
    cells = [list(HEAD), ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
