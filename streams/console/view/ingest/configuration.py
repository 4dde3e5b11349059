"""The topics of configuration: the latest record of each key, and each recycle and clear. Pure."""

from streams.console.view.record import Record, of_ms
from streams.console.view.rows import Configured, Dnc, Row, packed
from topics.catalog import CATALOG
from topics.names import TopicName
from topics.topic import Cleanup


def rows(record: Record) -> list[Row]:
    """The record under its key. A key that is no text is shown as far as it can be read."""
    if record.key is None:
        return []
    key = record.key.decode(errors="replace")
    value = b"" if record.is_damaged and record.value is None else record.value
    written = of_ms(record.timestamp_ms)
    if record.topic == TopicName.DNC_ENTRIES:
        phone_number = key.partition("|")[2]
        return [Dnc(number=record.number, key=key, phone_number=phone_number, written=written, value=value)]
    return [
        Configured(
            number=record.number,
            key=key,
            written=written,
            value=value,
            headers=packed(record.headers),
            replaces=CATALOG[record.topic].cleanup is Cleanup.COMPACT,
        )
    ]
