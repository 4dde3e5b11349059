"""What a fetch returned, record by record: what cannot be decoded stands in its place, as a `DamagedRecord`.

aiokafka raises at a batch whose checksum is wrong, that it cannot decompress, or of which one record is not as it
should be, and fetches it again at the next start: one such batch would end every worker for good. All consumers of the
process read through this module; importing it puts it in the place of aiokafka's own.
Source: docs/decisions/0027-what-is-written-always-fits.md.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.kafka.codecs import CannotDecompress, decompressed
from streams.kafka.record_parts import RECORD_BYTES_MAX, NoMore, Part, parts_of
from streams.library_internals.aiokafka.records import (
    DefaultRecordBase,
    DefaultRecordBatch,
    LegacyRecordBatch,
    PartitionReading,
    read_through,
)
from streams.logic.contact.exchange import Damage
from topics.codec import ErrorCode

FETCHED_BYTES_MAX = RECORD_BYTES_MAX
"""Decompressed; a partition gives so many at once, or one batch or record more. What follows is fetched again."""

BATCH_BYTES_MAX = 128 * 1024 * 1024
"""Decompressed; producers make batches of a megabyte at most before they compress. What lies beyond is given up."""

TIMES_READ = 3
"""So often a batch with a wrong checksum is fetched before it is given up: the damage may be on the way to us."""

_HEADER = DefaultRecordBase.HEADER_STRUCT
_LENGTH_AT, _MAGIC_AT, _ATTRIBUTES_AT = 8, 16, 22
_BEFORE_LENGTH = 12
_LEADER_EPOCH, _HAS_LEADER_EPOCH = slice(12, 16), 2
_LEAST = 14  # Of the shortest batch of the oldest format.
_NO_TIMESTAMP = -1


@dataclass
class DamagedRecord(ConsumerRecord[bytes | None, bytes | None]):  # type: ignore[misc]
    """A record that could not be decoded whole, or the last of several that are lost together."""

    damage: Damage


class Batches:
    """The batches of a fetched partition, as slices of the response. Stands for aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        """Length of the response."""
        return len(self._data)

    def has_next(self) -> bool:
        """Whether there is a batch. A response ends in one that is cut off; if that is the first, it is damaged."""
        return self._end() is not None or (self._at == 0 and len(self._data) > 0)

    def next_slice(self) -> memoryview | None:
        """The bytes of the next batch."""
        end = self._end()
        if end is None and self._at == 0 and len(self._data) > 0:
            end = len(self._data)
        if end is None:
            return None
        begin, self._at = self._at, end
        return self._data[begin:end]

    def _end(self) -> int | None:
        begin = self._at + _BEFORE_LENGTH
        if begin > len(self._data):
            return None
        length = int.from_bytes(self._data[self._at + _LENGTH_AT : begin], "big", signed=True)
        return begin + length if _LEAST <= length <= len(self._data) - begin else None


class PartitionRecords(PartitionReading):
    """aiokafka's, with what cannot be decoded in its place, and with bounds on what is held in memory."""

    tries: ClassVar[dict[TopicPartition, tuple[int, int]]] = {}
    """Of batches with a wrong checksum, by partition: the offset, and how often it has been read."""

    leader_epochs: ClassVar[dict[TopicPartition, int]] = {}
    """In which epoch of its leader the batch was written that was read last, by partition."""

    def unpacked(self) -> Iterator[Any]:
        """Record after record; what cannot be decoded stands in its place."""
        self._taken = 0
        while self._taken < FETCHED_BYTES_MAX and (raw := self.batches.next_slice()) is not None:
            batch = self._sound(raw)
            if batch is None:
                # Nothing that it says can be relied on, not even whether it ends a transaction: what follows is
                # fetched again, and the broker says again which transactions were aborted.
                yield from self._given_up(raw)
                return
            if raw[_MAGIC_AT] >= _HAS_LEADER_EPOCH:
                self.leader_epochs[self.partition] = int.from_bytes(raw[_LEADER_EPOCH], "big", signed=True)
            if not self.is_passed_over(batch):
                for record in self._records_of(raw, batch):
                    yield record
                    if self._taken >= FETCHED_BYTES_MAX and self.next_fetch_offset < batch.next_offset:
                        return
            self.next_fetch_offset = batch.next_offset

    def _sound(self, raw: memoryview) -> Any:
        """The batch; None if it is none, or its checksum is wrong."""
        try:
            magic = raw[_MAGIC_AT]
            batch = DefaultRecordBatch(raw) if magic >= 2 else LegacyRecordBatch(raw, magic)
            return batch if not self.checks_crcs or batch.validate_crc() else None
        except Exception:  # Whatever aiokafka makes of bytes that mean nothing.
            return None

    def _given_up(self, raw: memoryview) -> Iterator[Any]:
        offset, times = self.tries.get(self.partition, (-1, 0))
        times = times + 1 if offset == self.next_fetch_offset else 1
        self.tries[self.partition] = (self.next_fetch_offset, times)
        if times >= TIMES_READ:
            del self.tries[self.partition]
            damage = Damage(ErrorCode.DAMAGED, "The checksum of the batch is wrong")
            yield self._lost(self._end_of(raw), _NO_TIMESTAMP, damage)

    def _end_of(self, raw: memoryview) -> int:
        """Where to go on after a batch that cannot be relied on: nothing that may be there is passed over."""
        begin = self.next_fetch_offset
        following = self.batches.next_slice()
        if following is not None and (batch := self._sound(following)) is not None and batch.base_offset > begin:
            return int(batch.base_offset)
        if len(raw) >= _HEADER.size:
            base, *_, last_delta, _, _, _, _, _, count = _HEADER.unpack_from(raw)
            if last_delta == count - 1 and begin <= base + last_delta and base <= begin:
                return int(base + last_delta + 1)
        return begin + 1

    def _records_of(self, raw: memoryview, batch: Any) -> Iterator[Any]:
        """Its records from the next offset on."""
        if isinstance(batch, LegacyRecordBatch):
            yield from self._of_old_format(batch, len(raw))
            return
        try:
            content, is_whole = _content(raw, BATCH_BYTES_MAX)
        except CannotDecompress as error:
            yield self._lost(batch.next_offset, batch.max_timestamp, Damage(ErrorCode.DAMAGED, str(error)))
            return
        size = len(raw) if content is None else len(content)
        if is_whole and size <= RECORD_BYTES_MAX:
            quick = batch if content is None else _plain(raw, content)
            if (yield from self._quickly(quick, size)):
                return
        plain, count = raw[_HEADER.size :] if content is None else content, _HEADER.unpack_from(raw)[-1]
        parts = parts_of(plain, count, is_whole=is_whole)
        try:
            yield from self._carefully(parts, batch)
        except NoMore:
            more = f"The batch has more than {BATCH_BYTES_MAX} bytes when it is decompressed"
            damage = Damage(ErrorCode.DAMAGED, "Its records cannot be told apart" if is_whole else more)
            if self.next_fetch_offset < batch.next_offset:
                yield self._lost(batch.next_offset, batch.max_timestamp, damage)

    def _of_old_format(self, batch: Any, size: int) -> Iterator[Any]:
        """Of a batch that was written before Kafka 0.11; before 0.10 there were no timestamps."""
        for record in self._quickly(batch, size):
            record.timestamp = _NO_TIMESTAMP if record.timestamp is None else record.timestamp
            yield record
        if self.next_fetch_offset < batch.next_offset:
            damage = Damage(ErrorCode.DAMAGED, "The batch, in a format of before Kafka 0.11, cannot be decoded")
            yield self._lost(batch.next_offset, _NO_TIMESTAMP, damage)

    def _quickly(self, batch: Any, size: int) -> Generator[Any, None, bool]:
        """As aiokafka reads it; returns whether it could read all of it."""
        made = self.made
        try:
            for record in batch:
                if record.offset >= self.next_fetch_offset:
                    self.next_fetch_offset = record.offset + 1
                    yield made(record)
        except Exception:  # Whatever it makes of a record that is not as it should be.
            return False
        self._taken += size
        return True

    def _carefully(self, parts: Iterator[Part], batch: Any) -> Iterator[Any]:
        """Each record by itself. One without a readable offset has the least that it can have."""
        offsets = range(batch.base_offset, batch.next_offset)
        for part in parts:
            stated = self.next_fetch_offset if part.offset_delta is None else offsets.start + part.offset_delta
            offset = stated if stated in offsets else self.next_fetch_offset
            if offset >= self.next_fetch_offset:
                self.next_fetch_offset = offset + 1
                self._taken += len(part.key or b"") + len(part.value or b"")
                yield self._record(offset, batch, part)

    def _record(self, offset: int, batch: Any, part: Part) -> Any:
        is_appended = batch.timestamp_type == DefaultRecordBase.LOG_APPEND_TIME
        timestamp = batch.max_timestamp if is_appended else batch.first_timestamp + part.timestamp_delta
        topic, partition = self.partition
        made = (
            topic, partition, offset, timestamp, batch.timestamp_type, part.key, part.value, None,
            len(part.key or b""), len(part.value or b""), part.headers,
        )  # fmt: skip
        return ConsumerRecord(*made) if part.damage is None else DamagedRecord(*made, part.damage)

    def _lost(self, end: int, timestamp: int, damage: Damage) -> DamagedRecord:
        """One record for all before `end`, under the last of their offsets."""
        damage = replace(damage, first_offset=self.next_fetch_offset)
        self.next_fetch_offset = end
        return DamagedRecord(*self.partition, end - 1, timestamp, 0, None, None, None, -1, -1, (), damage)


def leader_epoch_of(topic: str, partition: int) -> int | None:
    """In which epoch of its leader the last records were written that were read of a partition; None if not known."""
    return PartitionRecords.leader_epochs.get(TopicPartition(topic, partition))


def _content(raw: memoryview, bytes_max: int) -> tuple[memoryview | None, bool]:
    """What a compressed batch decompresses to, and whether that is all; None for one that is not compressed."""
    if raw[_MAGIC_AT] < 2 or not (codec := raw[_ATTRIBUTES_AT] & DefaultRecordBase.CODEC_MASK):
        return None, True
    return decompressed(codec, raw[_HEADER.size :], bytes_max)


def _plain(raw: memoryview, content: memoryview) -> Any:
    """The same batch without compression."""
    header = bytearray(raw[: _HEADER.size])
    header[_ATTRIBUTES_AT] &= ~DefaultRecordBase.CODEC_MASK & 0xFF
    return DefaultRecordBatch(b"".join((header, content)))


read_through(Batches, PartitionRecords)
