"""What is right or wrong about the commands that were read, whatever the clock says. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple


class Command(NamedTuple):
    """A dial command as it stands in its topic. written_at: the record's timestamp, in whole milliseconds."""

    callback_id: str
    due_at: datetime
    written_at: datetime
    topic: str
    partition: int
    offset: int


def mistakes(expected: Mapping[str, datetime], commands: Iterable[Command]) -> list[str]:
    """What is wrong, a line each; empty when each expected callback went out once, not early, and in due order.

    expected: due time by callback id, in whole milliseconds. Order is that of each topic and partition.
    """
    read = sorted(commands, key=lambda command: (command.topic, command.partition, command.offset))
    counts = Counter(command.callback_id for command in read)
    judged = {
        "missing": [callback_id for callback_id in expected if callback_id not in counts],
        "repeated": [callback_id for callback_id, count in counts.items() if count > 1],
        "unexpected": [callback_id for callback_id in counts if callback_id not in expected],
        "not due when expected": [
            command.callback_id
            for command in read
            if command.due_at != expected.get(command.callback_id, command.due_at)
        ],
        "early": [command.callback_id for command in read if command.written_at < command.due_at],
        "out of order": [command.callback_id for command in _overtaken(read)],
    }
    return [f"{len(ids):,} commands {what}, the first for {ids[0]}" for what, ids in judged.items() if ids]


def _overtaken(read: Iterable[Command]) -> Iterator[Command]:
    """Commands that come after one of the same topic and partition which was due later."""
    latest: dict[tuple[str, int], datetime] = {}
    for command in read:
        place = command.topic, command.partition
        if command.due_at < latest.get(place, command.due_at):
            yield command
        latest[place] = max(command.due_at, latest.get(place, command.due_at))
