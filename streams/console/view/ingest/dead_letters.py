"""`dead-letter`: what was refused, where it stood, and where it belongs. Pure."""

from streams.console.view.ingest.reading import about
from streams.console.view.record import OFFSETS, Record, of_ms
from streams.console.view.rows import Dead, Row, packed
from topics.names import TopicName
from topics.partitions import murmur2

_TOPIC = "__connect.errors.topic"
_PARTITION = "__connect.errors.partition"
_OFFSET = "__connect.errors.offset"
_MESSAGE = "__connect.errors.exception.message"
_CODE = "ringback.error"
_HASH_MASK = 0x7FFFFFFF
"""As in `topics.partitions.partition_for`: the partition is the rest of this hash and the number of partitions."""


def rows(record: Record) -> list[Row]:
    """The dead letter. What its headers do not say is empty, as of one that somebody else put there."""
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return [
        Dead(
            number=record.number,
            code=said.get(_CODE, ""),
            message=said.get(_MESSAGE, ""),
            topic=without_prefix(said.get(_TOPIC, "")),
            partition=whole(said.get(_PARTITION)),
            offset=whole(said.get(_OFFSET)),
            written=of_ms(record.timestamp_ms),
            key=record.key,
            value=record.value,
            headers=packed(record.headers),
            hashed=None if record.key is None else murmur2(record.key) & _HASH_MASK,
            event=about(record.value).event_id,
        )
    ]


def without_prefix(topic: str) -> str:
    """The topic as the catalog names it; as it is, if it has none of these names."""
    return next((str(name) for name in TopicName if topic.endswith(name)), topic)


def whole(text: str | None) -> int:
    """A number that a header has; -1 if it has none."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text) < OFFSETS else -1
