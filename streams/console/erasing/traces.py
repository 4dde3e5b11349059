"""What there is of contacts on the topics: how many records, and the newest of them. Reads, and changes nothing."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from msgspec import Struct

from streams.base.errors import OperatorError
from streams.console.view.ingest.reading import about, contact_named, mapping
from streams.console.view.rows import ContactKey
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, batches_to_end, reader
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.topic_admin import partitions_of
from streams.kafka.whole_topic import partitions_there
from streams.tables import CONTACTS
from topics.catalog import CATALOG
from topics.codec import contact_key
from topics.names import TopicName
from topics.partitions import partition_for
from topics.topic import Cleanup, Scope

SEARCHED = tuple(topic.name for topic in CATALOG.values() if topic.scope is not Scope.CAMPAIGN)
"""The topics that may name a contact."""

LATEST_COUNTS = tuple(name for name in SEARCHED if CATALOG[name].cleanup is Cleanup.COMPACT)
"""Of these, those of which the last record of each key counts."""

Say = Callable[[str, int], None]


class _Number(Struct, frozen=True):
    phone_number: str | None = None


class _Listed(Struct, frozen=True):
    numbers: tuple[_Number, ...] = ()


class _Known(Struct, frozen=True):
    """What has phone numbers: a contact's record, or the row of its state."""

    numbers: tuple[_Number, ...] = ()
    callbacks: tuple[_Number, ...] = ()
    listed: _Listed | None = None


_known = msgspec.json.Decoder(_Known)


@dataclass(slots=True)
class Trace:
    """The records of the contacts on one topic. newest_ms: the latest timestamp among them; None if there are none.

    ahead_ms: the latest timestamp in a partition that has one of them. last: of a compacted topic, the last value of
    each key; None is a tombstone.
    """

    records: int = 0
    newest_ms: int | None = None
    ahead_ms: int | None = None
    last: dict[bytes, bytes | None] = field(default_factory=dict)

    @property
    def standing(self) -> int:
        """Of a compacted topic: how many keys have a record that counts."""
        return sum(value is not None for value in self.last.values())

    def note(self, record: ReadRecord) -> None:
        """One record of theirs."""
        self.records += 1
        self.newest_ms = max(record.timestamp, self.newest_ms or 0)
        self.last[record.key or b""] = record.value


@dataclass(slots=True)
class Traces:
    """Of contacts, by topic, with the Do Not Call entries of the numbers that are known of them, by list."""

    by_topic: dict[TopicName, Trace] = field(default_factory=dict)
    dnc: dict[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no topic has anything of them."""
        return not any(trace.records for trace in self.by_topic.values())

    @property
    def outstanding(self) -> int:
        """How many callbacks are outstanding."""
        values = [mapping(value).get("callbacks") for value in self._last(TopicName.OUTSTANDING_CALLBACKS)]
        return sum(len(value) for value in values if isinstance(value, list))

    def numbers(self) -> set[str]:
        """The phone numbers that their records and their states have."""
        found = set[str]()
        for value in (*self._last(TopicName.CONTACTS), *self._last(CONTACTS.changelog)):
            try:
                known = _known.decode(value)
            except msgspec.DecodeError:  # Of somebody else's making.
                continue
            entries = (*known.numbers, *known.callbacks, *(known.listed.numbers if known.listed else ()))
            found |= {entry.phone_number for entry in entries if entry.phone_number}
        return found

    def _last(self, topic: TopicName) -> list[bytes]:
        trace = self.by_topic.get(topic)
        return [] if trace is None else [value for value in trace.last.values() if value is not None]


async def look(clients: Clients, contacts: Collection[ContactKey], say: Say) -> Traces:
    """Everything there is of these contacts. Raises OperatorError for a topic that is not there or may not be read."""
    traces, keys = Traces(), {contact_key(*contact).encode(): contact for contact in contacts}
    for name in SEARCHED:
        topic = clients.settings.topic(name)
        if CATALOG[name].of_console and not await partitions_of(clients, topic):
            continue  # It is there only where somebody acts.
        count = await partitions_there(clients, topic)
        places = {partition_for(key, count) for key in keys} if CATALOG[name].scope is Scope.CONTACT else range(count)
        traces.by_topic[name] = await _trace(clients, topic, sorted(places), _its(name, keys), say)
    if numbers := traces.numbers():
        traces.dnc = await _dnc(clients, numbers, say)
    return traces


def _its(name: TopicName, keys: "dict[bytes, ContactKey]") -> Callable[[ReadRecord], bool]:
    """Whether a record of the topic is of one of the contacts."""
    if name is TopicName.DEAD_LETTER:
        contacts = set(keys.values())
        return lambda record: record.key in keys or contact_named(about(record.value)) in contacts
    if name is TopicName.CONSOLE_AUDIT:
        words = {word for key, contact in keys.items() for word in (key.decode(), contact[1])}
        return lambda record: not words.isdisjoint(_selected(record.value))
    return lambda record: record.key in keys


def _selected(value: bytes | None) -> list[str]:
    """What an audit says that a run was about."""
    selected = mapping(value).get("selected")
    return [str(word) for word in selected.values()] if isinstance(selected, dict) else []


async def _trace(
    clients: Clients, topic: str, partitions: Iterable[int], is_its: Callable[[ReadRecord], bool], say: Say
) -> Trace:
    trace, latest, hits = Trace(), dict[TopicPartition, int](), set[TopicPartition]()

    def take(partition: TopicPartition, records: Sequence[ReadRecord]) -> None:
        latest[partition] = max(latest.get(partition, 0), *(record.timestamp for record in records))
        for record in records:
            if is_its(record):
                hits.add(partition)
                trace.note(record)

    await _read(clients, topic, partitions, take, say)
    trace.ahead_ms = max((latest[partition] for partition in hits), default=None)
    return trace


async def _dnc(clients: Clients, numbers: Collection[str], say: Say) -> dict[str, int]:
    """How many entries of each Do Not Call list have one of these numbers, as it is spelled."""
    entries: dict[bytes, bool] = {}

    def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
        for record in records:
            if record.key is not None and record.key.rpartition(b"|")[2].decode(errors="replace") in numbers:
                entries[record.key] = record.value is not None

    topic = clients.settings.topic(TopicName.DNC_ENTRIES)
    await _read(clients, topic, range(await partitions_there(clients, topic)), take, say)
    found: dict[str, int] = {}
    for key in (key for key, stands in entries.items() if stands):
        name = key.rpartition(b"|")[0].decode(errors="replace")
        found[name] = found.get(name, 0) + 1
    return found


async def _read(
    clients: Clients,
    topic: str,
    partitions: Iterable[int],
    take: Callable[[TopicPartition, Sequence[ReadRecord]], None],
    say: Say,
) -> None:
    count = 0
    try:
        async with reader(clients, [TopicPartition(topic, number) for number in partitions]) as consumer:
            async for partition, records in batches_to_end(consumer):
                take(partition, records)
                count += len(records)
                say(f"read of {topic}:", count)
    except TopicAuthorizationFailedError:
        raise OperatorError(f"this user has no right to Read topic {topic}. {RIGHTS}") from None
    except KafkaError as error:
        raise OperatorError(f"{topic} cannot be read: {error or type(error).__name__}") from None
