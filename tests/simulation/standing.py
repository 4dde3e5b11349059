"""What stands in the end, by contact: attempts in the state, and what is outstanding in the view."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from tests.simulation.erasing import CONTACT as ERASED
from tests.simulation.log import Stored
from tests.simulation.sender import Event

Row = tuple[Stored, dict[str, Any]]
Lives = dict[str, list[Row]]


def attempts(events: list[Event], read: dict[str, list[Row]]) -> Iterator[str]:
    """The state of each contact has counted each wrap-up once."""
    rows = {value["contact_id"]: value for _, value in read["contact-state"] if "contact_id" in value}
    attempts = Counter(
        event.contact for event in events if event.what.startswith("wrap-up") and event.contact != ERASED
    )
    for contact, count in attempts.items():
        counted = rows.get(contact, {}).get("attempts_total")
        if counted != count:
            yield f"attempts: {counted} of {contact} instead of {count}"


def view(lives: Lives, read: dict[str, list[Row]], ends: Collection[str]) -> Iterator[str]:
    """The view has what has not ended, and nothing else."""
    latest = {record.key: value for record, value in read["outstanding-callbacks"]}
    shown = {one["callback_id"] for value in latest.values() for one in value.get("callbacks", ())}
    outstanding = {callback for callback, life in lives.items() if life[-1][1]["transition"] not in ends}
    yield from (f"view: shows {callback}" for callback in sorted(shown - outstanding))
    yield from (f"view: does not show {callback}" for callback in sorted(outstanding - shown))
