"""State on disk is never more than what was committed, and is quarantined when it cannot be relied on."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocksdict import Options, Rdict

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import Partition
from streams.storage.disk_rows import HEADER_KEY
from streams.storage.disk_store import FORMAT, ROCKS, DiskStore, Header
from streams.storage.local_copy import AGE_MAX, CLOCKS_MAX, Source, UnusableState
from streams.storage.store import REFRESH

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Source("cluster-1", "ringback.contact-state", 3, 0, 1000)


@dataclass
class Row:
    """A record of the changelog, as far as a store reads it."""

    offset: int
    key: bytes
    value: bytes | None


def filled(folder: Path, rows: int = 20) -> None:
    store = DiskStore(folder, HERE)
    for number in range(rows):
        store.rows[b"L|c%d" % number] = b"row %d" % number
    store.committed(rows, NOW)
    store.close()


def rows_of(folder: Path) -> dict[bytes, bytes]:
    store = DiskStore(folder, HERE)
    try:
        return dict(store.rows.items())
    finally:
        store.close()


def test_what_is_not_committed_is_seen_and_is_gone_with_the_process(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "s", HERE)
    store.rows[b"L|a"], store.rows[b"L|b"] = b"1", b"2"
    store.committed(2, NOW)
    store.rows[b"L|a"] = b"other"
    store.rows.pop(b"L|b")
    assert dict(store.rows.items()) == {b"L|a": b"other"} and store.rows.get(b"L|b") is None
    store.close()
    assert rows_of(tmp_path / "s") == {b"L|a": b"1", b"L|b": b"2"}


def test_rows_whose_offset_is_not_known_wait_for_one_that_is(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "s", HERE)
    store.rows[b"L|a"] = b"1"
    store.committed(None, NOW)
    assert store.next_offset is None and store.rows[b"L|a"] == b"1"
    store.rows[b"L|b"] = b"2"
    store.committed(7, NOW)
    store.close()
    assert rows_of(tmp_path / "s") == {b"L|a": b"1", b"L|b": b"2"}


def test_a_restore_that_was_interrupted_goes_on_where_it_was_and_is_no_younger_than_its_oldest_row(
    tmp_path: Path,
) -> None:
    store = DiskStore(tmp_path / "s", HERE)
    store.restore([Row(0, b"L|a", b"1"), Row(4, b"L|b", b"2")], NOW)
    store.close()
    again = DiskStore(tmp_path / "s", HERE)
    assert again.next_offset == 5
    again.restore([Row(9, b"L|a", None)], NOW + timedelta(days=2))
    assert again.header is not None and again.header.written_at == NOW and dict(again.rows.items()) == {b"L|b": b"2"}
    again.committed(12, NOW + timedelta(days=2))
    assert again.header.written_at == NOW + timedelta(days=2) and again.next_offset == 12
    again.close()


def test_a_store_that_is_held_stays_fresh_though_nothing_changes(tmp_path: Path) -> None:
    filled(tmp_path / "s")
    store = DiskStore(tmp_path / "s", HERE)
    later = NOW + REFRESH + timedelta(seconds=1)
    assert not store.needs_refresh(NOW + REFRESH) and store.needs_refresh(later), "not at every turn"
    store.confirm_fresh(later)
    assert store.header is not None and store.header.written_at == later and store.next_offset == 20
    assert not store.needs_refresh(later)
    store.rows[b"L|new"] = b"waits for its offset"
    assert not store.needs_refresh(later + 2 * REFRESH)
    store.confirm_fresh(later + 2 * REFRESH)
    assert store.header.written_at == later
    store.close()


@pytest.mark.parametrize(
    ("source", "now", "why"),
    [
        (replace(HERE, cluster="cluster-2"), NOW, "cluster-1"),
        (replace(HERE, topic="other.contact-state"), NOW, "ringback.contact-state"),
        (replace(HERE, partition=4), NOW, "contact-state-3"),
        (replace(HERE, end=19), NOW, "it ends at offset 20, the topic has 0 to 19"),
        (replace(HERE, first=21), NOW, "it ends at offset 20, the topic has 21"),
        (HERE, NOW + AGE_MAX + timedelta(seconds=1), "not within the last 3 days"),
        (HERE, NOW - CLOCKS_MAX - timedelta(seconds=1), "not within the last 3 days"),
    ],
    ids=["cluster", "topic", "partition", "beyond the end", "before the beginning", "too old", "from the future"],
)
def test_state_from_elsewhere_or_of_another_time_is_not_used(
    tmp_path: Path, source: Source, now: datetime, why: str
) -> None:
    filled(tmp_path / "s")
    store = DiskStore(tmp_path / "s", source)
    with pytest.raises(UnusableState, match=why):
        store.check(now)
    store.close()


def _flip(folder: Path) -> None:
    table = max(folder.glob("*.sst"), key=lambda path: path.stat().st_size)
    damaged = bytearray(table.read_bytes())
    damaged[len(damaged) // 4] ^= 0xFF
    table.write_bytes(damaged)


def _remove(folder: Path) -> None:
    next(folder.glob("*.sst")).unlink()


def _scribble(folder: Path) -> None:
    next(folder.glob("MANIFEST-*")).write_bytes(b"scribble")


def _forget(folder: Path) -> None:
    (folder / "CURRENT").unlink()


def _be_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def _header(folder: Path, header: bytes | None) -> None:
    db = Rdict(str(folder), Options(raw_mode=True))
    if header is None:
        db.delete(HEADER_KEY)
    else:
        db.put(HEADER_KEY, header)
    db.close()


NEWER = Header(FORMAT + 1, HERE.cluster, HERE.topic, HERE.partition, 20, NOW)
DAMAGE: dict[str, Callable[[Path], None]] = {
    "a flipped bit": _flip,
    "a file gone": _remove,
    "a manifest overwritten": _scribble,
    "no current manifest": _forget,
    "a file in its place": _be_a_file,
    "no header": lambda folder: _header(folder, None),
    "a header that is none": lambda folder: _header(folder, b"\xff\xfe"),
    "a newer format": lambda folder: _header(folder, msgspec.json.encode(NEWER)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_state_is_noticed_quarantined_and_recreated(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "contacts-3"
    filled(folder, 2000)
    (tmp_path / "contacts-3.bad").mkdir()  # Of the last time.
    DAMAGE[damage](folder)
    with pytest.raises(UnusableState) as why:
        rows_of(folder)
    ROCKS.quarantine(folder, why.value)
    assert rows_of(folder) == {}
    filled(folder)
    assert len(rows_of(folder)) == 20
    (line,) = caplog.messages
    assert "contacts-3 is quarantined as contacts-3.bad" in line and line.endswith(str(why.value))


def test_damage_that_is_met_by_an_event_ends_the_worker_and_is_not_the_events_doing(tmp_path: Path) -> None:
    filled(tmp_path / "s", 2000)
    _flip(tmp_path / "s")
    store = DiskStore(tmp_path / "s", HERE)
    core = Partition(3, 4, Configuration(), store.rows)
    with pytest.raises(UnusableState):
        for number in range(2000):
            core.apply(Arrived("contacts", 3, number, b"L|c%d" % number, None, 0), NOW)
    store.close()


def test_a_folder_that_nobody_could_write_to_is_an_error_and_not_quarantined(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        DiskStore(tmp_path / "file" / "contacts-3", HERE)


KEYS = st.sampled_from([b"L|a", b"L|b", b"L|c", b"ringback.partition"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.binary(max_size=5)),
        st.tuples(st.just("remove"), KEYS, st.none()),
        st.tuples(st.just("commit"), st.none(), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_rows_are_those_of_a_plain_mapping_that_goes_back_to_its_last_commit(
    steps: list[tuple[str, bytes, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("store") / "s"
    store, now, kept = DiskStore(folder, HERE), dict[bytes, bytes](), dict[bytes, bytes]()
    for offset, (step, key, row) in enumerate(steps, start=1):
        if step == "set":
            store.rows[key] = now[key] = row
        elif step == "remove":
            assert store.rows.pop(key, None) == now.pop(key, None)
        elif step == "commit":
            store.committed(offset, NOW)
            kept = dict(now)
        else:
            store.close()
            store, now = DiskStore(folder, HERE), dict(kept)
        assert dict(store.rows.items()) == now and len(store.rows) == len(now) and set(store.rows) == set(now)
    store.close()
    shutil.rmtree(folder)
