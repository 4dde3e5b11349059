"""All that a database of the view holds, without the numbers that depend on the order in which it was filled."""

from pathlib import Path
from typing import Any

from streams.console.view.database import Folder, reading
from streams.console.view.packing import unpack


def dump(folder: Path, *, positions: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by table, sorted. positions: with how far topics were read."""
    file = Folder(folder).current()
    assert file is not None
    connection = reading(file)
    try:
        key = "list_id || '|' || contact_id || '|' || callback_id"
        columns = (
            "campaign_id, standing, due_at, changed_at, scheduled_at, origin, reasons, mask, agent_id, queue_id, owner,"
            " last_four, source, last, refused, said, awaits"
        )
        asked = {
            "callback": f"SELECT {key}, {columns} FROM callback",
            "why": f"SELECT reason, {key} FROM why JOIN callback ON callback.id = why.callback",
            "told": f"SELECT number, {key}, contact, event, at, written, value, headers FROM told"
            " LEFT JOIN callback ON callback.id = told.callback",
            "listed": "SELECT list_id, contact_id, callbacks, written FROM listed",
            "contact": "SELECT list_id, contact_id, value, state FROM contact",
            "configuration": "SELECT * FROM configuration",
            "dnc": "SELECT * FROM dnc",
            "dead": "SELECT * FROM dead",
            "tally": "SELECT * FROM tally",
            "ahead": "SELECT * FROM ahead",
            "minutes": "SELECT * FROM minutes",
        }
        if positions:
            asked["positions"] = "SELECT topic, number, position FROM positions"
        found = {name: sorted(map(_plain, connection.execute(select)), key=repr) for name, select in asked.items()}
        found["contact"] = [(*row[:2], *map(unpack, row[2:])) for row in found["contact"]]
        return found
    finally:
        connection.close()


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(row)
