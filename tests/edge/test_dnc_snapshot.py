"""A snapshot of Do Not Call lists is taken up whole, or set aside; it is never half believed."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from streams.engine.dnc_snapshot import AGE_MAX, FILE, Source, frozen, read, write
from streams.logic.dnc import DncLists
from topics.codec import encode
from topics.configuration import DncEntry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Source("cluster-1", "ringback.dnc-entries", 0, 1000)


def filled(count: int = 50, freeze_at: int = 8) -> DncLists:
    lists = DncLists(freeze_at=freeze_at)
    for offset in range(count):
        one = DncEntry(
            dnc_list_id=f"list-{offset % 3}",
            phone_number=f"+1212555{offset:04d}",
            expires_at=NOW if offset % 5 == 0 else None,
        )
        lists.take(f"{one.dnc_list_id}|{one.phone_number}".encode(), encode(one), offset)
    return lists


def found(lists: DncLists) -> list[DncEntry | None]:
    return [lists.find(f"list-{number % 3}", f"+1212555{number:04d}") for number in range(60)]


def test_what_is_taken_up_is_what_was_written(tmp_path):
    lists, again = filled(), DncLists()
    write(tmp_path, frozen(lists), HERE, NOW)
    assert read(tmp_path, again, HERE, NOW) == 50
    assert found(again) == found(lists)
    again.take(b"list-9|+12125550000", b'{"dnc_list_id":"list-9","phone_number":"+12125550000"}', 50)
    assert again.find("list-9", "+12125550000") is not None and found(again) == found(lists)


def test_without_a_snapshot_everything_is_read(tmp_path):
    assert read(tmp_path / "nowhere", DncLists(), Source("c", "t", 17, 20), NOW) == 17


def test_a_snapshot_of_nothing_is_one(tmp_path):
    write(tmp_path, frozen(DncLists()), HERE, NOW)
    again = DncLists()
    assert (read(tmp_path, again, HERE, NOW), len(again)) == (0, 0)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "damaged"),
        (lambda data: data + b"x", "damaged"),
        (lambda data: b"something else\n" + data, "another program"),
        (lambda data: data[:20], ""),
        (lambda data: b"", "another program"),
        (lambda data: data.replace(b'"offset"', b'"affset"'), ""),
    ],
)
def test_a_damaged_snapshot_is_set_aside_and_everything_is_read(tmp_path, caplog, damage, why):
    write(tmp_path, frozen(filled()), HERE, NOW)
    path = tmp_path / FILE
    path.write_bytes(damage(path.read_bytes()))
    lists = DncLists()
    with caplog.at_level(logging.WARNING):
        assert read(tmp_path, lists, HERE, NOW) == 0
    assert len(lists) == 0
    assert not path.exists() and path.with_suffix(".bad").exists()
    assert len(caplog.records) == 1 and why in caplog.text


@pytest.mark.parametrize(
    ("source", "now"),
    [
        (Source("cluster-2", HERE.topic, 0, 1000), NOW),
        (Source(HERE.cluster, "other.dnc-entries", 0, 1000), NOW),
        (Source(HERE.cluster, HERE.topic, 51, 1000), NOW),
        (Source(HERE.cluster, HERE.topic, 0, 49), NOW),
        (HERE, NOW + AGE_MAX + timedelta(seconds=1)),
    ],
    ids=["cluster", "topic", "older than the topic", "beyond the topic", "too old"],
)
def test_a_snapshot_from_elsewhere_or_of_long_ago_is_set_aside(tmp_path, caplog, source, now):
    write(tmp_path, frozen(filled()), HERE, NOW)
    lists = DncLists()
    assert read(tmp_path, lists, source, now) == source.first
    assert len(lists) == 0 and "set aside" in caplog.text


def test_a_snapshot_replaces_the_one_before_as_a_whole(tmp_path):
    for count in (50, 20):
        write(tmp_path, frozen(filled(count)), HERE, NOW)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    lists = DncLists()
    assert read(tmp_path, lists, HERE, NOW) == 20
