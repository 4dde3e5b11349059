"""The newest records of topics as the checks take them; what a record is refused for is found out here, once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.base.settings import Settings
from streams.doctor.judgement.records import that_count, why_refused
from streams.doctor.judgement.seen import Batch, Seen, SeenTopic
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.newest import Newest, SentBatch, newest
from streams.logic.contact.exchange import Arrived
from topics.catalog import CONFIGURATION_TOPICS, CONTACT_TOPICS_IN, DEAD_LETTER_TOPIC
from topics.names import TopicName

TOPICS_IN = (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read. topics: those that others write, as far as they are there and may be read.

    dead_letters: None if they could not be read. unread: by full name, why some of it could not be read.
    """

    topics: tuple[SeenTopic, ...] = ()
    dead_letters: SeenTopic | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many there are, without dead letters."""
        return sum(len(topic.records) for topic in self.topics)


async def read(
    clients: Clients, admin: AIOKafkaAdminClient, names: Iterable[TopicName], count: int
) -> dict[TopicPartition, Newest]:
    """The newest records of these topics and of the dead letters. Raises KafkaError."""
    wanted = [*names, DEAD_LETTER_TOPIC]
    return await newest(clients, admin, [clients.settings.topic(name) for name in wanted], count)


def sample_of(
    settings: Settings, names: Iterable[TopicName], found: Mapping[TopicPartition, Newest], at: datetime
) -> Sample:
    """What was read, for the checks. at: when that was, by the best clock that there is."""
    unread = {tp.topic: one.why_not for tp, one in found.items() if one.why_not is not None}
    topics = [_topic(settings, name, found, at) for name in names]
    dead = _topic(settings, DEAD_LETTER_TOPIC, found, at)
    there = [topic for topic in topics if topic.partitions and (topic.records or topic.full not in unread)]
    return Sample(tuple(there), dead if dead.partitions and dead.full not in unread else None, unread)


def _topic(settings: Settings, name: TopicName, found: Mapping[TopicPartition, Newest], at: datetime) -> SeenTopic:
    full = settings.topic(name)
    parts = {tp.partition: one for tp, one in sorted(found.items()) if tp.topic == full}
    records: list[Seen] = []
    for one in parts.values():
        by_offset = {record.offset: record for record in one.records}
        arrived = [_arrived(name, record) for record in by_offset.values()]
        kept = arrived if name is DEAD_LETTER_TOPIC else that_count(name, arrived)
        for each in kept:
            bad_event = None if name is DEAD_LETTER_TOPIC else why_refused(each, at)
            records.append(Seen(each, _batch(one.batch_of(by_offset[each.offset])), bad_event))
    batches = tuple(batch for one in parts.values() for sent in one.batches if (batch := _batch(sent)) is not None)
    return SeenTopic(name, full, len(parts), at, tuple(records), batches)


def _arrived(name: TopicName, record: ReadRecord) -> Arrived:
    damage = record.damage if isinstance(record, DamagedRecord) else None
    headers = tuple((header, value or b"") for header, value in record.headers)
    return Arrived(
        name, record.partition, record.offset, record.key, record.value, record.timestamp, headers, damage
    )  # fmt: skip


def _batch(sent: SentBatch | None) -> Batch | None:
    return None if sent is None else Batch(sent.codec, sent.producer_id, sent.stamped)
