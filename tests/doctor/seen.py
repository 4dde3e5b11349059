"""Records as the checks take them, with plain defaults."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.doctor.judgement.records import why_refused
from streams.doctor.judgement.seen import Batch, Seen, SeenTopic
from streams.logic.contact.exchange import Arrived, Damage
from tests.topics.examples import WRAP_UP
from topics.names import TopicName
from topics.partitions import partition_for

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PARTITIONS = 4


def wrap_up(
    contact_id: str = "c1", event_id: str = "w1", ago: timedelta = timedelta(minutes=1), **changes: Any
) -> bytes:
    at = (NOW - ago).isoformat().replace("+00:00", "Z")
    return json.dumps(WRAP_UP | {"contact_id": contact_id, "event_id": event_id, "occurred_at": at} | changes).encode()


def arrived(
    value: bytes | None,
    key: bytes | None = b"L|c1",
    topic: TopicName = TopicName.WRAP_UP,
    partition: int | None = None,
    offset: int = 0,
    at: datetime | None = None,
    headers: tuple[tuple[str, bytes], ...] = (),
    damage: Damage | None = None,
    timestamp_ms: int | None = None,
) -> Arrived:
    """A record of a minute ago, in the partition of its key."""
    where = partition_for(key or b"", PARTITIONS) if partition is None else partition
    stamp = int((at or NOW - timedelta(minutes=1)).timestamp() * 1000) if timestamp_ms is None else timestamp_ms
    return Arrived(topic, where, offset, key, value, stamp, headers, damage)


def topic_of(
    records: Iterable[Arrived],
    name: TopicName = TopicName.WRAP_UP,
    batch: Batch | None = None,
    partitions: int = PARTITIONS,
) -> SeenTopic:
    """A topic with these records, each in a batch of its own."""
    of = batch or Batch("none", 7)
    several = list(records)
    seen = tuple(Seen(one, of, None if name is TopicName.DEAD_LETTER else why_refused(one, NOW)) for one in several)
    return SeenTopic(name, f"x.{name}", partitions, NOW, seen, (of,) * len(several))
