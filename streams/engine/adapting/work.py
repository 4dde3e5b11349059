"""What becomes of a batch of records of an adapter's topics: records to write, and rows that change. No Kafka.

A bug of a mapping is a dead letter too, and stops nothing.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from streams.adapters.seam import Adapter, Letter, Raw, Routed, Skip, Spread, Stepped
from streams.base.log import about
from streams.engine.adapting.table import Table
from streams.logic.contact.exchange import Arrived, Bug, BugKind, Record
from streams.logic.contact.ids import event_step_id
from streams.logic.partition.outputs import Outlet, dead_letter
from streams.logic.partition.record_ids import numbered
from topics.catalog import CATALOG
from topics.cloud_events import CloudEvent, event_type
from topics.codec import BadEvent, ErrorCode
from topics.names import TopicName
from topics.of_adapters import AdapterTopics
from topics.partitions import partition_for
from topics.records import Cause

log = logging.getLogger(__name__)

PLACE_HEADER = "ringback.raw"
KEY_HEADER = "ringback.raw.key"


class Result(StrEnum):
    """What became of a record: it went on to the keyed topic, became events, waits, or is a dead letter."""

    ROUTED = "routed"
    MAPPED = "mapped"
    WAITING = "waiting"
    SKIPPED = "skipped"
    DEAD_LETTER = "dead_letter"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a record of the keyed topic stood on the raw topic, as its header has it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


_place = msgspec.json.Decoder(Place)


@dataclass(slots=True)
class Worked:
    """What one transaction writes, and what is counted once it is committed."""

    records: list[Record] = field(default_factory=list)
    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    results: Counter[Result] = field(default_factory=Counter)
    skipped: Counter[Skip] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Cause] = field(default_factory=dict)


class Work:
    """Of one adapter. partitions: of contact topics, and of the keyed topic. outlet: prefix and limits of topics."""

    def __init__(self, adapter: Adapter, topics: AdapterTopics, partitions: int, outlet: Outlet) -> None:
        self._adapter, self._topics = adapter, topics
        self._partitions, self._outlet = partitions, outlet

    def route(self, batch: Iterable[Arrived]) -> Worked:
        """Records of the raw topic."""
        worked = Worked()
        for arrived in batch:
            try:
                found = self._adapter.route(_raw(arrived))
                if isinstance(found, Routed):
                    self._go_on(worked, arrived, found)
                else:
                    _skip(worked, [found])
            except Exception as error:
                self._refuse(worked, arrived, error)
        return worked

    def step(self, batch: Iterable[Arrived], table: Table, now: datetime) -> Worked:
        """Records of the keyed topic; `table` is changed."""
        worked = Worked()
        for arrived in batch:
            original = as_it_was(arrived, self._topics.raw.name)
            try:
                if original.damage is not None:
                    raise original.damage.as_bad_event()
                done = self._adapter.step(_raw(original), table, now)
            except Exception as error:
                self._refuse(worked, original, error)
                continue
            self._take(worked, done, table, arrived.partition, event_step_id(arrived))
            worked.results[Result.MAPPED] += bool(done.outs)
            worked.results[Result.WAITING] += bool(done.waiting and not done.outs)
        return worked

    def expire(self, table: Table, number: int, now_ms: int, most: int) -> Worked:
        """Rows whose time has come; `table` is changed. number: of the partition."""
        worked = Worked()
        for key, row in table.due(now_ms, most):
            done = self._adapter.expire(key, row, now_ms)
            assert key in done.writes, "a row that is due changes"
            # What is written then is about the record that has waited, which becomes a dead letter.
            waited = [event_step_id(_arrived(letter.raw)) + b"-x" for letter in done.letters]
            self._take(worked, done, table, number, waited[0] if waited else b"")
        return worked

    def _go_on(self, worked: Worked, arrived: Arrived, routed: Routed) -> None:
        key = routed.key.encode()
        place = Place(arrived.topic, arrived.partition, arrived.offset, arrived.timestamp_ms)
        headers = [(PLACE_HEADER, msgspec.json.encode(place))]
        if arrived.key is not None:
            headers.append((KEY_HEADER, arrived.key))
        for number in self._spread(routed.spread, key):
            record = Record(self._topics.keyed.name, key, routed.value, tuple(headers), partition=number)
            worked.records.append(record)
        worked.results[Result.ROUTED] += 1

    def _spread(self, spread: Spread, key: bytes) -> Sequence[int]:
        if spread is Spread.ALL:
            return range(self._partitions)
        return (0,) if spread is Spread.FIRST else (partition_for(key, self._partitions),)

    def _take(self, worked: Worked, done: Stepped, table: Table, number: int, step: bytes) -> None:
        """step: what the ids of its records begin with."""
        assert step or not done.outs, "what is written is about a record"
        for count, out in enumerate(done.outs):
            key = out.key.encode()
            to = 0 if CATALOG[out.topic].partitions == 1 else partition_for(key, self._partitions)
            event = CloudEvent(event_type(TopicName(out.topic)), numbered(step, count))
            worked.records.append(Record(out.topic, key, out.value, event=event, partition=to))
        for letter in done.letters:
            self._write_off(worked, letter, number)
        for key_, row in done.writes.items():
            table.put(key_, row)
            worked.rows[key_.encode()] = row
        _skip(worked, done.skipped)

    def _write_off(self, worked: Worked, letter: Letter, number: int) -> None:
        self._letter(worked, _arrived(letter.raw), letter.bad, type(letter.bad).__name__, number)

    def _refuse(self, worked: Worked, arrived: Arrived, error: Exception) -> None:
        bad = error if isinstance(error, BadEvent) else BadEvent(ErrorCode.INTERNAL_ERROR, "$", "Internal error")
        if bad is not error:
            bug = Bug.of(BugKind.EVENT, error, cause=arrived.place)
            told = about("internal_error", kind=bug.kind, topic=self._outlet.topic_prefix + arrived.topic,
                         partition=arrived.partition, offset=arrived.offset)  # fmt: skip
            log.error("adapter %s: internal error: %s\n%s", self._adapter.name, bug.what, bug.where, extra=told)
        self._letter(worked, arrived, bad, type(error).__name__, arrived.partition)

    def _letter(self, worked: Worked, arrived: Arrived, bad: BadEvent, class_name: str, number: int) -> None:
        record = dead_letter(arrived, bad.code, class_name, str(bad), self._outlet)
        worked.records.append(replace(record, partition=number % self._partitions))
        worked.results[Result.DEAD_LETTER] += 1
        worked.dead[bad.code] += 1
        worked.examples.setdefault(bad.code, arrived.place)


def as_it_was(arrived: Arrived, raw_topic: str) -> Arrived:
    """A record of the keyed topic with the place and the key that it had on the raw topic, if it came from there."""
    headers = dict(arrived.headers)
    try:
        place = _place.decode(headers[PLACE_HEADER])
    except (KeyError, msgspec.MsgspecError):
        return arrived
    if place.topic != raw_topic:
        return arrived
    return Arrived(
        place.topic, place.partition, place.offset, headers.get(KEY_HEADER), arrived.value, place.timestamp_ms,
        damage=arrived.damage,
    )  # fmt: skip


def _raw(arrived: Arrived) -> Raw:
    if arrived.damage is not None:
        raise arrived.damage.as_bad_event()
    return Raw(arrived.topic, arrived.partition, arrived.offset, arrived.key, arrived.value, arrived.timestamp_ms)


def _arrived(raw: Raw) -> Arrived:
    return Arrived(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.timestamp_ms)


def _skip(worked: Worked, why: Iterable[Skip]) -> None:
    for one in why:
        worked.skipped[one] += 1
        worked.results[Result.SKIPPED] += 1
