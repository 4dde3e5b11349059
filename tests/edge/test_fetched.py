"""Whatever a fetch returns is read: what cannot be decoded has a stand-in, and nothing is held up."""

import struct
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import aiokafka.consumer.fetcher as fetcher
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.kafka import fetched, record_parts
from streams.kafka.compacted import DamagedState, intact
from streams.kafka.fetched import TIMES_READ, Batches, DamagedRecord, PartitionRecords
from topics.codec import ErrorCode

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
TOPIC = TopicPartition("t", 0)
ATTRIBUTES, LAST_DELTA, COUNT, HEADER = 22, 23, 57, 61
READ_COMMITTED = 1

Fields = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]


def batch(
    base: int, records: Sequence[Fields], codec: str = "none", change: Callable[[bytearray], object] = bool,
    *, sealed: bool = True, producer: int = -1,
) -> bytes:  # fmt: skip
    """A batch as a broker has it; `change` is made to it, and its checksum is right if it is `sealed`."""
    builder = BatchBuilder(1 << 30, CODECS[codec], is_transactional=int(producer >= 0))
    for key, value, headers in records:
        builder.append(timestamp=1000, key=key, value=value, headers=list(headers))
    if producer >= 0:
        builder._set_producer_state(producer, 0, 0)
    data = bytearray(builder._build())
    struct.pack_into(">q", data, 0, base)
    seal(data)
    change(data)
    if sealed:
        seal(data)
    return bytes(data)


def seal(data: bytearray) -> None:
    struct.pack_into(">i", data, 8, len(data) - 12)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))


def some(*names: bytes) -> list[Fields]:
    return [(b"k" + name, b"v" + name, [("h", name)]) for name in names]


def reading(data: bytes, offset: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> PartitionRecords:
    return PartitionRecords(TOPIC, Batches(data), list(aborted), offset, None, None, True, READ_COMMITTED)


def read(data: bytes, offset: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> tuple[list[Any], int]:
    """The records of one response, and where the next fetch begins."""
    records = reading(data, offset, aborted)
    return list(records), records.next_fetch_offset


def read_on(log: Sequence[bytes], offset: int = 0, fetches: int = 30) -> tuple[list[Any], int]:
    """Fetch until nothing further comes: each response begins with the batch that the offset lies in, as a broker's."""
    found: list[Any] = []
    for _ in range(fetches):
        batches = [one for one in log if end_of(one) > offset]
        if not batches:
            break
        records, offset = read(b"".join(batches), offset)
        found += records
    return found, offset


def end_of(one: bytes) -> int:
    """The offset after a batch, as its header has it."""
    return int(struct.unpack_from(">q", one)[0] + struct.unpack_from(">i", one, LAST_DELTA)[0] + 1)


def keys(records: Sequence[Any]) -> list[bytes | None]:
    return [record.key for record in records]


def test_consumers_read_through_this_module():
    assert fetcher.PartitionRecords is PartitionRecords and fetcher.MemoryRecords is Batches


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_of_every_codec_is_read_as_aiokafka_reads_one_that_is_not_compressed(codec):
    records, position = read(batch(5, some(b"a", b"b", b"c"), codec), 6)
    assert position == 8 and [(one.offset, one.key, one.value, one.headers) for one in records] == [
        (6, b"kb", b"vb", (("h", b"b"),)), (7, b"kc", b"vc", (("h", b"c"),)),
    ]  # fmt: skip
    assert {one.timestamp for one in records} == {1000} and not any(isinstance(one, DamagedRecord) for one in records)


def rename(data: bytearray) -> None:
    place = data.find(b"name")
    data[place : place + 4] = b"\xff\xfe\xfd\xfc"


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_that_is_no_text_is_left_out_of_its_record_and_the_others_are_whole(codec):
    plain = batch(
        0, [*some(b"a"), (b"k", b"v", [("x", b"1"), ("name", b"2"), ("y", None)]), *some(b"b")], "none", rename
    )
    records, position = read(compressed(plain, codec))
    assert position == 3 and keys(records) == [b"ka", b"k", b"kb"]
    assert [isinstance(one, DamagedRecord) for one in records] == [False, True, False]
    assert records[1].value == b"v" and records[1].headers == (("x", b"1"), ("y", None))
    assert records[1].damage.code is ErrorCode.UNDECODABLE and records[1].timestamp == 1000


def compressed(plain: bytes, codec: str) -> bytes:
    """The same batch with its content compressed."""
    import aiokafka.codec as codecs

    if codec == "none":
        return plain
    content = getattr(codecs, f"{codec}_encode")(plain[HEADER:])
    data = bytearray(plain[:HEADER] + content)
    data[ATTRIBUTES] |= CODECS[codec]
    seal(data)
    return bytes(data)


@pytest.mark.parametrize("codec", list(CODECS)[1:])
def test_a_batch_that_cannot_be_decompressed_is_one_stand_in_for_all_of_it_and_what_follows_is_read(codec):
    def spoil(data: bytearray) -> None:
        data[HEADER:] = b"\xff" * (len(data) - HEADER)

    bad = batch(10, some(b"a", b"b", b"c"), codec, spoil)
    records, position = read(batch(8, some(b"1", b"2")) + bad + batch(13, some(b"3")), 8)
    assert keys(records) == [b"k1", b"k2", None, b"k3"] and position == 14
    lost = records[2]
    assert (lost.damage.first_offset, lost.offset, lost.damage.code) == (10, 12, ErrorCode.DAMAGED)
    assert codec in lost.damage.what and lost.value is None


def test_a_codec_that_nobody_knows_is_a_batch_that_cannot_be_decompressed():
    def unknown(data: bytearray) -> None:
        data[ATTRIBUTES] |= 7

    (lost,), position = read(batch(0, some(b"a", b"b"), "none", unknown))
    assert position == 2 and (lost.damage.first_offset, lost.offset) == (0, 1) and "7" in lost.damage.what


def test_a_batch_whose_checksum_is_wrong_is_read_again_and_then_given_up_and_what_follows_is_read():
    def spoil(data: bytearray) -> None:
        data[HEADER + 5] ^= 0xFF

    log = [batch(0, some(b"a")), batch(1, some(b"b", b"c"), "none", spoil, sealed=False), batch(3, some(b"d"))]
    records, position = read(b"".join(log))
    assert keys(records) == [b"ka"] and position == 1, "it may be whole the next time"
    records, position = read_on(log, fetches=TIMES_READ + 2)
    assert keys(records) == [b"ka", None, b"kd"] and position == 4
    assert (records[1].damage.first_offset, records[1].offset) == (1, 2)


def test_a_checksum_that_was_wrong_on_the_way_loses_nothing():
    good = batch(0, some(b"a"))
    bad = bytearray(good)
    bad[-1] ^= 0xFF
    assert read(bytes(bad)) == ([], 0)
    records, position = read(good)
    assert keys(records) == [b"ka"] and position == 1


@pytest.mark.parametrize("at", [LAST_DELTA + 3, LAST_DELTA, COUNT + 3, COUNT, 8, 11, 12, 16, 17, 21, ATTRIBUTES])
@pytest.mark.parametrize("followed", [True, False])
def test_whichever_byte_of_a_header_is_wrong_nothing_beside_its_batch_is_lost(at, followed):
    """Not even the batch after it, which nobody has sent yet: the position never runs ahead of what is there."""

    def spoil(data: bytearray) -> None:
        data[at] ^= 0x55

    log = [batch(0, some(b"a")), batch(1, some(b"b", b"c"), "none", spoil, sealed=False), batch(3, some(b"d"))]
    found: list[Any] = []
    offset = 0
    for turn in range(60):
        there = log if followed or turn > 30 else log[:2]
        begin = max(index for index, base in enumerate((0, 1, 3)) if base <= offset) if offset < 4 else 3
        if begin >= len(there):
            continue
        records, offset = read(b"".join(there[begin:]), offset)
        found += records
    assert b"ka" in keys(found) and keys(found).count(b"kd") == 1 and offset == 4
    offsets = [record.offset for record in found]
    assert offsets == sorted(set(offsets))


@pytest.mark.parametrize("length", [0x7E, 0x7F])
def test_records_that_cannot_be_told_apart_are_lost_together_from_the_first_of_them_on(length):
    """Their lengths run over the end of the batch, or are below 0."""

    def spoil(data: bytearray) -> None:
        place = data.find(b"kb") - 5  # The length of the record.
        data[place] = length

    records, position = read(batch(0, some(b"a", b"b", b"c"), "none", spoil) + batch(3, some(b"d")))
    assert keys(records) == [b"ka", None, b"kd"] and position == 4
    assert (records[1].damage.first_offset, records[1].offset) == (1, 2)


@pytest.mark.parametrize("field", [b"kb", b"vb"])
def test_a_record_with_a_wrong_length_inside_is_lost_alone(field):
    def spoil(data: bytearray) -> None:
        data[data.find(field) - 1] = 0x7E  # The length of the key, or the value.

    records, position = read(batch(0, some(b"a", b"b", b"c"), "none", spoil))
    assert keys(records) == [b"ka", None, b"kc"] and position == 3
    assert records[1].damage.code is ErrorCode.DAMAGED and records[1].offset == 1


def test_a_compacted_batch_that_needs_care_reports_no_offset_that_is_not_there():
    def compacted(data: bytearray) -> None:
        rename(data)
        struct.pack_into(">i", data, LAST_DELTA, 9)

    records, position = read(batch(0, [(b"k", b"v", [("name", b"")])], "none", compacted))
    assert [one.offset for one in records] == [0] and position == 10


def test_what_was_aborted_is_passed_over_though_it_cannot_be_decoded():
    def spoil(data: bytearray) -> None:
        data[HEADER:] = b"\xff" * (len(data) - HEADER)

    records, position = read(batch(0, some(b"a"), "zstd", spoil, producer=7) + batch(1, some(b"b")), 0, [(7, 0)])
    assert keys(records) == [b"kb"] and position == 2


def test_a_response_that_ends_in_half_a_batch_gives_the_whole_ones():
    whole, half = batch(0, some(b"a")), batch(1, some(b"b"))[:-3]
    records, position = read(whole + half)
    assert keys(records) == [b"ka"] and position == 1


def test_a_batch_in_a_format_of_old_is_read_and_a_damaged_one_has_a_stand_in():
    builder = LegacyRecordBatchBuilder(magic=1, compression_type=1, batch_size=1 << 20)
    builder.append(0, timestamp=5, key=b"k", value=b"v")
    builder.append(1, timestamp=5, key=b"l", value=b"w")
    good = bytearray(builder.build())
    struct.pack_into(">q", good, 0, 1)
    records, position = read(bytes(good))
    assert keys(records) == [b"k", b"l"] and position == 2
    bad = bytearray(good)
    bad[-10:] = b"\xff" * 10
    from binascii import crc32

    struct.pack_into(">I", bad, 12, crc32(bytes(bad[16:])))
    (lost,), position = read(bytes(bad))
    assert isinstance(lost, DamagedRecord) and position == 2 and (lost.damage.first_offset, lost.offset) == (0, 1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a test can reach."""
    monkeypatch.setattr(fetched, "BATCH_BYTES_MAX", 400_000)
    monkeypatch.setattr(fetched, "FETCHED_BYTES_MAX", 50_000)
    for module in (fetched, record_parts):
        monkeypatch.setattr(module, "RECORD_BYTES_MAX", 100_000)
    monkeypatch.setattr(record_parts, "VALUE_KEPT", 1000)


@pytest.mark.parametrize("codec", CODECS)
def test_of_a_value_that_is_too_large_the_beginning_its_length_and_its_digest_are_left(codec, small):
    large = bytes(range(256)) * 1000
    log = [batch(0, [(b"k", large, [("h", b"")]), *some(b"a")], codec), batch(2, some(b"b"))]
    records, position = read_on(log)
    assert keys(records) == [b"k", b"ka", b"kb"] and position == 3
    damage = records[0].damage
    assert records[0].value == large[:1000] and damage.code is ErrorCode.TOO_LARGE
    assert (damage.value_bytes, damage.value_sha256) == (len(large), sha256(large).hexdigest())


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_of_a_batch_without_end_no_more_than_the_bound_is_made_room_for(codec, small):
    zeros = bytes(5_000_000)
    records, position = read_on([batch(0, [*some(b"a"), (b"k", zeros, []), *some(b"b")], codec), batch(3, some(b"c"))])
    assert position == 4 and keys(records) == [b"ka", b"k", None, b"kc"]
    cut, lost = records[1:3]
    assert cut.damage.value_bytes == len(zeros) and cut.damage.value_sha256 is None and len(cut.value) == 1000
    assert (lost.damage.first_offset, lost.offset) == (2, 2) and "400000 bytes" in lost.damage.what


def test_a_response_that_decompresses_to_very_much_is_taken_in_portions(small):
    log = [batch(10 * number, [(b"k", bytes(9_000), [])] * 10, "zstd") for number in range(3)]
    first, position = read(b"".join(log))
    assert len(first) == 10 and position == 10
    records, position = read_on(log)
    assert [one.offset for one in records] == list(range(30)) and position == 30


def test_a_changelog_of_which_a_record_is_missing_is_not_read_on_and_a_header_of_it_does_not_matter():
    def spoil(data: bytearray) -> None:
        data[HEADER:] = b"\xff" * (len(data) - HEADER)

    fine, _ = read(batch(0, [(b"k", b"v", [("name", b"2")])], "none", rename))
    assert intact(fine) == fine
    lost, _ = read(batch(10, some(b"a", b"b"), "lz4", spoil), 10)
    with pytest.raises(DamagedState, match=r"t-0, offsets 10 to 11: .*lz4"):
        intact(lost)
