"""Records on the topics in that were refused before and sent anew, by whichever console or terminal. Pure.

Source: docs/contract.md, section "Dead letters".
"""

from streams.console.view.ingest.dead_letters import whole, without_prefix
from streams.console.view.record import Record, of_ms
from streams.console.view.rows import Replay, Row
from topics.catalog import CATALOG
from topics.replayed import OFFSET, PARTITION, TOPIC
from topics.topic import Direction


def rows(record: Record) -> list[Row]:
    """Which dead letter it was, as its headers say; none if it was none. Of a record that is refused again, too."""
    if not record.headers or (topic := CATALOG.get(record.topic)) is None or topic.direction is not Direction.IN:
        return []
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    if TOPIC not in said:
        return []
    return [
        Replay(
            topic=without_prefix(said[TOPIC]),
            partition=whole(said.get(PARTITION)),
            offset=whole(said.get(OFFSET)),
            written=of_ms(record.timestamp_ms),
        )
    ]
