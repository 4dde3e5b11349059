"""`dial-preview` and `dial-analysis`: what the dialer was asked. Pure."""

import msgspec
from msgspec import Struct

from streams.console.view.ingest.reading import Digits, about, last_four, read, tell
from streams.console.view.record import Record, of_ms, us
from streams.console.view.rows import Row, Say, Tick
from topics.fields import Instant

COMMANDS, LATE = "commands", "late"
LATE_AFTER_US = 5_000_000
"""A command that is written so long after its callback fell due is counted as late."""


class Command(Struct, frozen=True, gc=False):
    """A command, as far as the view reads it."""

    due_at: Instant
    owner: str | None = None
    agent_id: str | None = None
    queue_id: str | None = None
    phone_number: Digits | None = None


_records = msgspec.json.Decoder(Command)


def rows(record: Record) -> list[Row]:
    """The record for the story, what it says of the callback, and counts."""
    if record.value is None:
        return []
    told = tell(record, about(record.value))
    written = of_ms(record.timestamp_ms)
    counts: list[Row] = [told, Tick(kind=COMMANDS, at=written)]
    found = read(_records, record.value)
    if found is None:
        return counts
    if written - us(found.due_at) > LATE_AFTER_US:
        counts.append(Tick(kind=LATE, at=written))
    if told.callback is not None:
        fields = {
            "agent_id": found.agent_id,
            "queue_id": found.queue_id,
            "owner": found.owner,
            "last_four": last_four(found.phone_number),
        }
        counts.append(Say(key=told.callback, number=record.number, written=written, fields=fields))
    return counts
