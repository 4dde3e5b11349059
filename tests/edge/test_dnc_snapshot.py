"""A snapshot of Do Not Call lists is loaded whole, or quarantined; it is never used in part."""

import logging
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from streams.base.clock import SystemClock
from streams.engine.dnc_maintenance import DncMaintenance
from streams.kafka.source_ends import SourceEnds
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.reports import PORTION_MAX
from streams.logic.contact.exchange import Arrived
from streams.logic.dnc.batch import LISTS_IN_RUNS
from streams.logic.dnc.lists import DncLists
from streams.storage.dnc_snapshot import FILE, SnapshotFolder, frozen, read, write
from streams.storage.local_copy import AGE_MAX, CLOCKS_MAX, Source
from tests.edge.kafka_in_memory import MemoryKafka
from topics.codec import encode
from topics.configuration import DncEntry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Source("cluster-1", "ringback.dnc-entries", 0, 0, 1000)


def filled(count: int = 50, freeze_at: int = 8) -> Configuration:
    configuration = Configuration()
    configuration.dnc = DncLists(freeze_at=freeze_at)
    for offset in range(count):
        one = DncEntry(
            dnc_list_id=f"list-{offset % 3}",
            phone_number=f"+1212555{offset:04d}",
            expires_at=NOW if offset % 5 == 0 else None,
        )
        send(configuration, offset, f"{one.dnc_list_id}|{one.phone_number}".encode(), encode(one))
    return configuration


def send(configuration: Configuration, offset: int, key: bytes | None, value: bytes) -> None:
    configuration.apply(Arrived("dnc-entries", 0, offset, key, value, 7, (("who", b"\xff"),)), NOW)


def found(configuration: Configuration) -> list[DncEntry | None]:
    find = configuration.dnc.find
    return [find(f"list-{number % 3}", f"+1212555{number:04d}") for number in range(60)]


def loaded(folder, configuration: Configuration, source: Source = HERE, now: datetime = NOW) -> int | None:
    taken = read(folder, configuration, source, now)
    return None if taken is None else taken.offset


def test_what_is_loaded_is_what_was_written(tmp_path):
    before, again = filled(), Configuration()
    write(tmp_path, frozen(before), HERE, NOW)
    assert loaded(tmp_path, again) == 49
    assert found(again) == found(before)
    send(again, 50, b"list-9|+12125550000", b'{"dnc_list_id":"list-9","phone_number":"+12125550000"}')
    assert again.dnc.find("list-9", "+12125550000") is not None and found(again) == found(before)


def test_without_a_snapshot_everything_is_read(tmp_path):
    assert read(tmp_path / "nowhere", Configuration(), HERE, NOW) is None


def test_a_snapshot_of_nothing_is_one(tmp_path):
    write(tmp_path, frozen(Configuration()), HERE, NOW)
    again = Configuration()
    assert (loaded(tmp_path, again), len(again.dnc)) == (-1, 0)


def test_refused_records_are_loaded_too_since_their_dead_letters_may_not_be_written_yet(tmp_path):
    before, again = filled(), Configuration()
    send(before, 50, b"list-1|+12125550000", b"{")
    send(before, 51, None, b"{}")
    write(tmp_path, frozen(before), HERE, NOW)
    assert loaded(tmp_path, again) == 51
    assert [report.arrived for report in again.reports] == [report.arrived for report in before.reports]
    assert len(list(again.reports)) == 2 and again.reports.news > 0 and found(again) == found(before)


def test_of_a_great_many_refused_records_the_latest_are_loaded_and_it_is_known_where_the_others_are(tmp_path):
    before, again = filled(), Configuration()
    for offset in range(50, 50 + PORTION_MAX + 20):
        send(before, offset, b"list-1|+1212666%04d" % offset, b"{")
    write(tmp_path, frozen(before), HERE, NOW)
    assert loaded(tmp_path, again) == 49 + PORTION_MAX + 20
    assert again.reports.forgotten("dnc-entries") == before.reports.forgotten("dnc-entries") == (50, 69)
    assert [report.arrived.offset for report in again.reports] == list(range(70, 70 + PORTION_MAX))


def test_a_program_that_accepts_what_was_refused_reads_everything(tmp_path, caplog):
    before = filled()
    send(before, 50, b"list-1|+12125550000", b"{")
    what = frozen(before)
    (refused,) = what.refused
    good = structs.replace(refused, value=b'{"dnc_list_id":"list-1","phone_number":"+12125550000"}')
    write(tmp_path, replace(what, refused=(good,)), HERE, NOW)
    again = Configuration()
    assert loaded(tmp_path, again) is None
    assert len(again.dnc) == 0 and not list(again.reports) and "accepted now" in caplog.text


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:-1], "size"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "damaged"),
        (lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:], "damaged"),
        (lambda data: data + b"x", "size"),
        (lambda data: b"something else\n" + data, "another program"),
        (lambda data: data.replace(b"dnc-3", b"dnc-2"), "version"),
        (lambda data: data[:20], ""),
        (lambda data: b"", "another program"),
        (lambda data: data.replace(b'"offset"', b'"affset"'), "offset"),
        (lambda data: data.replace(b'"offset":49', b'"offset":99'), "damaged"),
        (lambda data: data.replace(b"list-1", b"lisu-1"), "damaged"),
        (lambda data: data.replace(b'"runs":[', b'"runs":[99999999999999,'), "size"),
        (lambda data: data.replace(b'"runs":[', b'"runs":[-8,8,'), "size"),
    ],
)
def test_a_damaged_snapshot_is_quarantined_and_everything_is_read(tmp_path, caplog, damage, why):
    write(tmp_path, frozen(filled()), HERE, NOW)
    path = tmp_path / FILE
    path.write_bytes(damage(path.read_bytes()))
    again = Configuration()
    with caplog.at_level(logging.WARNING):
        assert loaded(tmp_path, again) is None
    assert len(again.dnc) == 0
    assert not path.exists() and path.with_name(f"{FILE}.bad").exists()
    assert len(caplog.records) == 1 and why in caplog.text


@pytest.mark.parametrize(
    ("source", "now"),
    [
        (Source("cluster-2", HERE.topic, 0, 0, 1000), NOW),
        (Source(HERE.cluster, "other.dnc-entries", 0, 0, 1000), NOW),
        (Source(HERE.cluster, HERE.topic, 0, 51, 1000), NOW),
        (Source(HERE.cluster, HERE.topic, 0, 0, 49), NOW),
        (HERE, NOW + AGE_MAX + timedelta(seconds=1)),
        (HERE, NOW - CLOCKS_MAX - timedelta(seconds=1)),
    ],
    ids=["cluster", "topic", "older than the topic", "beyond the topic", "too old", "of the future"],
)
def test_a_snapshot_from_elsewhere_or_of_another_time_is_quarantined(tmp_path, caplog, source, now):
    write(tmp_path, frozen(filled()), HERE, NOW)
    again = Configuration()
    assert loaded(tmp_path, again, source, now) is None
    assert len(again.dnc) == 0 and "quarantined" in caplog.text


@pytest.mark.parametrize(
    ("written", "there", "taken"), [("a", "a", 49), ("a", "b", None), ("", "b", 49), ("a", "", 49)]
)
def test_a_snapshot_of_a_topic_that_was_recreated_is_quarantined(tmp_path, written, there, taken):
    """By the id of the topic, where both tell it; one of the version before has none."""
    write(tmp_path, frozen(filled()), replace(HERE, topic_id=written), NOW)
    assert loaded(tmp_path, Configuration(), replace(HERE, topic_id=there)) == taken


def test_a_snapshot_replaces_the_one_before_as_a_whole(tmp_path):
    for count in (50, 20):
        write(tmp_path, frozen(filled(count)), HERE, NOW)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert loaded(tmp_path, Configuration()) == 19


def test_what_a_killed_worker_left_half_written_is_cleared_away(tmp_path):
    (tmp_path / f"{FILE}.17.new").write_bytes(b"half")
    assert read(tmp_path, Configuration(), HERE, NOW) is None
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_is_not_written_through_a_link(tmp_path):
    """In a folder that others can write to, somebody may put one where the new snapshot will be made."""
    (tmp_path / "target").write_text("precious")
    (tmp_path / f"{FILE}.{os.getpid()}.new").symlink_to(tmp_path / "target")
    write(tmp_path, frozen(filled()), HERE, NOW)
    assert (tmp_path / "target").read_text() == "precious"
    assert read(tmp_path, Configuration(), HERE, NOW) is not None and not (tmp_path / FILE).is_symlink()


def test_of_too_many_lists_no_snapshot_is_written(tmp_path):
    configuration = filled()
    configuration.dnc.names += [b"%d" % number for number in range(LISTS_IN_RUNS)]
    write(tmp_path, frozen(configuration), HERE, NOW)
    assert list(tmp_path.iterdir()) == []


async def test_a_snapshot_that_cannot_be_written_is_a_line_in_the_log_and_no_more(tmp_path, caplog):
    (tmp_path / "file").write_text("not a folder")
    kafka, snapshots = MemoryKafka(), SnapshotFolder(tmp_path / "file")
    maintenance = DncMaintenance(kafka, SystemClock(), snapshots, HERE.topic, SourceEnds(kafka), filled())
    assert await maintenance.load(0, 1000) == 0
    maintenance.taken(50)
    await maintenance.maintain()
    await maintenance.stop()
    assert len(caplog.records) == 1 and "could not write" in caplog.text
