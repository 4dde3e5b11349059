"""What was read, as the checks take it: records by topic, each with the batch that it came in."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from streams.logic.contact.exchange import Arrived
from topics.codec import BadEvent
from topics.names import TopicName

NOBODY = -1
"""The producer id of a producer that is neither idempotent nor transactional."""


class Batch(Struct, frozen=True):
    """What a producer sent at once, or the broker made of it.

    codec: `none`, or the name of a compression. producer_id: NOBODY without idempotence. stamped: by the broker.
    """

    codec: str
    producer_id: int = NOBODY
    stamped: bool = False


class Seen(Struct, frozen=True):
    """A record. bad_event: why a worker would refuse it, or a part of it; None if it would not."""

    arrived: Arrived
    batch: Batch | None = None
    bad_event: BadEvent | None = None


class SeenTopic(Struct, frozen=True):
    """The newest records of a topic, by partition in their order, and all batches that were looked at for them.

    name: without prefix; full: with it. partitions: of the topic. at: when they were read, by the best clock there is.
    """

    name: TopicName
    full: str
    partitions: int
    at: datetime
    records: tuple[Seen, ...] = ()
    batches: tuple[Batch, ...] = ()

    def place(self, seen: Seen) -> str:
        """Where a record is: topic-partition@offset."""
        return f"{self.full}-{seen.arrived.partition}@{seen.arrived.offset}"

    def bad(self) -> Iterator[tuple[Seen, BadEvent]]:
        """Those that a worker would refuse, in the order of their timestamps."""
        found = [(seen, seen.bad_event) for seen in self.by_time() if seen.bad_event is not None]
        yield from found

    def by_time(self) -> list[Seen]:
        """All of them, the latest last."""
        return sorted(self.records, key=lambda seen: seen.arrived.timestamp_ms)

    def codecs(self) -> Counter[str]:
        """How many batches have which codec."""
        return Counter(batch.codec for batch in self.batches)
