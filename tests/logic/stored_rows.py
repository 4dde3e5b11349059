"""The rows that this program stores, to be read by every later one: `python -m tests.logic.stored_rows`.

It writes three files of the present version of rows under tests/golden/state, and changes none that is there: what the
scenarios left behind, what they had left behind at one instant, and the latter as a folder on disk. Of the options of
rules.md, section 9, most come after that instant: their scenarios are played a week earlier, each up to when its rows
say most. docs/decisions/0016-versions-of-state.md.
"""

import re
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from streams.base.zone_data import use_package_zones
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.upgrades import ROW_VERSION
from streams.logic.partition.own_rows import META_KEY, is_contact
from streams.simulator.lines import Line, parse_line
from streams.simulator.simulate import VirtualWorker
from streams.storage.disk_store import DiskStore
from streams.storage.local_copy import Source
from tests.logic.test_stored_state import GOLDEN, NOW
from tests.rules.scenario import lines, merged, paths

Rows = dict[bytes, bytes]
RARE = Path(__file__).with_name("stored_rows.jsonl")
"""What no scenario leaves behind by then: a remembered cancel, a reschedule and a change that found it completed, a
record that cannot be read."""
WEEK = timedelta(days=7)
DATE = re.compile(rb"2026-1[012]-\d\d")


def said(value: Any) -> Iterator[tuple[str, str]]:
    """Each field of a row that says more than its default: the name of its type, and its own."""
    if isinstance(value, Struct):
        for one in fields(value):
            inner = getattr(value, one.name)
            default = one.default_factory() if one.default_factory is not NODEFAULT else one.default
            if inner != default:
                yield type(value).__name__, one.name
                yield from said(inner)
    elif isinstance(value, dict | tuple | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from said(inner)


def left_behind() -> Rows:
    """By every scenario alone, at its last event."""
    rows: Rows = {}
    for path in paths():
        *_, last = _tables(lines(path))
        rows |= last
    return rows


def at_one_instant() -> Rows:
    """At NOW; of the scenarios of section 9, a week earlier, what says most."""
    *_, rows = _tables([line for line in merged() if line.at <= NOW])
    for path in [*paths(), RARE]:
        if path.stem.startswith("9.") or path == RARE:
            told = [line for line in map(_a_week_earlier, path.read_bytes().splitlines()) if line.at <= NOW]
            richest = max(_tables(told), key=lambda table: len(_said_by(table)))
            rows |= {key: row for key, row in richest.items() if is_contact(key)}
    return rows


def _tables(told: list[Line]) -> Iterator[Rows]:
    """The rows after each event."""
    worker = VirtualWorker(1)
    for line in told:
        list(worker.arrive(line))
        yield dict(worker.partitions[0].table)


def _said_by(table: Rows) -> set[tuple[str, str]]:
    return {name for key, row in table.items() if is_contact(key) for name in said(decode_contact(row))}


def _a_week_earlier(line: bytes) -> Line:
    return parse_line(DATE.sub(lambda found: str(date.fromisoformat(found[0].decode()) - WEEK).encode(), line), "")


def _write(path: Path, rows: Rows) -> None:
    with path.open("xb") as file:
        file.writelines(b"%s\t%s\n" % (key, rows[key]) for key in sorted(rows, key=lambda key: (key != META_KEY, key)))


def _write_folder(path: Path, rows: Rows) -> None:
    """As a worker has it that has read the other file as its changelog."""
    with tempfile.TemporaryDirectory() as folder:
        store = DiskStore(Path(folder) / "contacts-0", Source("golden", "ringback.contact-state", 0, 0, 1000))
        for key, row in rows.items():
            store.rows[key] = row
        store.committed(len(rows), NOW)
        store.close()
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
            for one in sorted((Path(folder) / "contacts-0").iterdir()):
                if not one.name.startswith("LOG"):  # It has paths of this machine.
                    archive.write(one, one.name)


def main() -> None:
    """Write what is not there yet. Raises FileExistsError."""
    use_package_zones()
    name = f"contact-state.v{ROW_VERSION}"
    _write(GOLDEN / f"{name}.scenarios.tsv", left_behind())
    _write(GOLDEN / f"{name}.tsv", rows := at_one_instant())
    _write_folder(GOLDEN / f"contacts-0.v{ROW_VERSION}.zip", rows)


if __name__ == "__main__":
    main()
