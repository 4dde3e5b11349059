"""Fills a view without a Kafka, for tests: records as they would stand on the topics."""

from collections.abc import Iterable
from pathlib import Path

from streams.console.view.database import Database, Folder
from streams.console.view.record import Headers, Record
from streams.console.view.writer import Position, apply
from topics.names import TopicName

Line = tuple[str, int, int, int, bytes | None, bytes | None, Headers]
"""Topic without prefix, partition, offset, timestamp in milliseconds, key, value, headers."""

AT_ONCE = 10_000


def fill(folder: Path, lines: Iterable[Line], *, partitions: int = 1) -> None:
    """Apply records, in their order, as one who has read all topics to their end. partitions: of contact topics."""
    kept = Folder(folder)
    with kept.writing() as mine:
        if not mine:
            raise RuntimeError("somebody else writes to this view")
        database = Database(kept)
        try:
            positions: dict[tuple[str, int], Position] = {
                (topic, number): Position(topic, number, position, position)
                for topic, number, position in database.connection.execute(
                    "SELECT topic, number, position FROM positions"
                )
            }
            for number in range(partitions):
                positions.setdefault((TopicName.DEAD_LETTER, number), Position(TopicName.DEAD_LETTER, number, 0, 0))
            batch: list[Record] = []
            for topic, partition, offset, timestamp_ms, key, value, headers in lines:
                record = Record(TopicName(topic), partition, offset, timestamp_ms, key, value, headers)
                end = record.offset + 1
                positions[record.topic, record.partition] = Position(record.topic, record.partition, end, end)
                batch.append(record)
                if len(batch) >= AT_ONCE:
                    apply(database.connection, batch)
                    batch = []
            apply(database.connection, batch, positions.values())
            database.index()
        finally:
            database.close()
