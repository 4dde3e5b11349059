"""A trial of the morning: what if the hold were on spring instead of winter, by the core itself."""

import json
from datetime import timedelta
from functools import cache

from streams.console.trial.change import record, recycle
from streams.console.trial.files import Asked, Found
from streams.console.why.what_if import what_if
from tests.console.web import morning

__all__ = ["recycle"]
UNTIL = morning.NOW + timedelta(hours=6)
HELD = next(value for topic, _, value, _ in morning.events() if topic == "holds")
CHANGE = record("holds", json.dumps({**(HELD or {}), "campaign_id": "spring"}), None)


@cache
def found() -> Found:
    """What the trial finds."""
    lines = list(morning.lines())
    return Found.of(what_if(lines, CHANGE.changes(), UNTIL), len(lines))


def asked() -> Asked:
    """What was asked."""
    return Asked(name="trial-1", actor="kim", asked_at=morning.NOW, change=CHANGE, until=UNTIL, campaigns=("spring",))
