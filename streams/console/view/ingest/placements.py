"""`placement-requested` and `placement-decided`: who asked whether a call may be placed, and the answer. Pure."""

from streams.console.view.ingest.reading import about, tell
from streams.console.view.record import Record
from streams.console.view.rows import Row


def rows(record: Record) -> list[Row]:
    """The record for the story of its callback, else of its contact."""
    return [] if record.value is None else [tell(record, about(record.value))]
