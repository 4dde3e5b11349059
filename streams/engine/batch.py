"""What passes from the consumer through a Faust agent to an engine: the records that one fetch returned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from streams.kafka.fetched import DamagedRecord
from streams.logic.contact.exchange import Arrived


class SourceRecord(Protocol):
    """What is read of a consumed record, as aiokafka has it; `topic` with its prefix, `timestamp` in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The records of one partition that one fetch returned.

    epoch: of the partition's latest resumption before the fetch. follows: the offset before which everything of the
    topic had been handed over when this was. after: of placement requests, how far each other topic of the partition
    went when they were fetched; None for records that wait for nothing.
    """

    topic: str
    partition: int
    records: list[SourceRecord]
    epoch: int
    follows: int
    after: Mapping[str, int] | None = None

    @property
    def bytes(self) -> int:
        """Length of the values."""
        return sum([len(record.value or b"") for record in self.records])


def arrived(topic: str, record: SourceRecord) -> Arrived:
    """A consumed record as the core takes it; `topic` is the name without its prefix."""
    damage = record.damage if isinstance(record, DamagedRecord) else None
    return Arrived(
        topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        record.timestamp,
        tuple(record.headers),
        damage,
    )
