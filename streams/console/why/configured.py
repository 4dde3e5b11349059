"""The configuration as the core has it, made of records as the view tells them."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from streams.console.view.model import Told
from streams.console.why.reading import text
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.clock_check import EPOCH
from streams.logic.contact.exchange import Arrived
from topics.catalog import CATALOG, CONFIGURATION_TOPICS


def configured(records: Iterable[Told]) -> Configuration:
    """The configuration after these records, in their order within each topic; others than of configuration are left.

    A record that cannot be read makes what it names unreadable, as it does to a worker.
    """
    configuration = Configuration()
    for told in sorted(records, key=lambda one: (one.topic, one.offset)):
        if told.topic in CONFIGURATION_TOPICS:
            configuration.apply(_arrived(told), told.written_at)
    return configuration


def _arrived(told: Told) -> Arrived:
    key = key_of(told)
    return Arrived(
        topic=told.topic,
        partition=told.partition,
        offset=told.offset,
        key=None if key is None else key.encode(),
        value=_value_of(told),
        timestamp_ms=(told.written_at - EPOCH) // timedelta(milliseconds=1),
    )


def _value_of(told: Told) -> bytes | None:
    """The value as it stands on the topic, else as it was decoded; None of a tombstone."""
    if told.raw is not None:
        return told.raw
    return None if told.value is None else msgspec.json.encode(told.value)


def key_of(told: Told) -> str | None:
    """The key of a configuration record, else what the ids in its value make; None if they are not all there."""
    if told.key:
        return told.key
    names = CATALOG[told.topic].key.split("|")
    ids = [found for name in names if (found := text(told.value or {}, name)) is not None]
    return "|".join(ids) if len(ids) == len(names) else None
