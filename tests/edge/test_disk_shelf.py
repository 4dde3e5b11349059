"""What is derived from the rows lies beside them on disk, is whole, and spares a start the look at every row."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocksdict import Options, Rdict

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.upgrades import ROW_VERSION, UnknownRowVersion
from streams.logic.partition.moved_keys import LOOKED_AT, KeysMoved
from streams.logic.partition.partition import Partition
from streams.logic.partition.shelf import Shelved
from streams.storage.disk_rows import HEADER_KEY
from streams.storage.disk_store import FORMAT, ROCKS, Disk, DiskStore
from streams.storage.entries import (
    DERIVED,
    DERIVED_END,
    TIMERS,
    after,
    contact_of,
    shelved_of,
    timer_key,
    timer_of,
    timer_value,
)
from streams.storage.local_copy import Source, UnusableState
from tests.builders import cancelled, clear, key_of, rescheduled, scheduled, wrap_up
from tests.edge.single_engine import Broker, ManualClock, begun, configuration
from tests.edge.test_shelf_histories import Row
from tests.simulation.disk import Cursor, Database, Disks
from tests.waiting import until

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Source("cluster-1", "ringback.contact-state", 0, 0, 10**6)
BEFORE = (NOW - timedelta(hours=2)).isoformat()

INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))
NAMES = st.text(alphabet=st.sampled_from("\0\1ab|\xff\u20ac\U0001f600"), max_size=4)
TIMER = st.tuples(INSTANTS, NAMES, st.binary(min_size=1, max_size=6))


@given(timers=st.lists(TIMER, min_size=2, max_size=8))
def test_keys_of_timers_are_in_the_order_of_timers_and_can_be_read(timers: list[tuple[datetime, str, bytes]]) -> None:
    assert [timer_of(key) for key in sorted(timer_key(one) for one in timers)] == sorted(timers)
    assert all(TIMERS < timer_key(one) < after(TIMERS) for one in timers)
    assert [contact_of(timer_key(one)) for one in timers] == [key for _, _, key in timers]


@given(timer=TIMER, scheduled=st.lists(st.tuples(NAMES, st.integers(-(2**40), 2**40)), max_size=3))
def test_what_stands_by_a_timer_can_be_read(timer: Any, scheduled: list[tuple[str, int]]) -> None:
    one = Shelved(timer, tuple(scheduled))
    assert shelved_of(timer_key(timer), timer_value(one)) == one


def due_in(minutes: float, number: int, **changes: Any) -> dict[str, Any]:
    """An event that schedules callback k<number> of contact c<number>, due so many minutes from now."""
    due_at = (NOW + timedelta(minutes=minutes)).isoformat()
    return scheduled(f"k{number}", due_at=due_at, contact_id=f"c{number}", occurred_at=BEFORE, **changes)


def core_of(store: DiskStore, known: Configuration | None = None, **options: Any) -> Partition:
    return Partition(0, 1, known or configuration(), store.rows, shelf=store.shelf, **options)


def take(core: Partition, *events: dict[str, Any], topic: str = "callback-scheduled") -> None:
    for offset, event in enumerate(events):
        outcome = core.apply(Arrived(topic, 0, offset, key_of(event), orjson.dumps(event), 0), NOW)
        assert not outcome.dead


def filled(folder: Path, *events: dict[str, Any], disk: Disk = ROCKS) -> None:
    """A folder of a partition that has taken these in."""
    store = DiskStore(folder, HERE, disk)
    core = core_of(store)
    core.ready(NOW)
    take(core, *events)
    store.committed(100, NOW)
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "contacts-0"


def derived(folder: Path) -> dict[bytes, bytes]:
    """What is on disk beside the rows."""
    store = DiskStore(folder, HERE)
    try:
        return dict(store._rows.read(DERIVED, DERIVED_END))
    finally:
        store.close()


def as_version_1_left_it(folder: Path) -> None:
    """Rows and header alone, and the header as it was."""
    db = Rdict(str(folder), Options(raw_mode=True))
    db.delete_range(DERIVED, DERIVED_END)
    header = msgspec.json.decode(db[HEADER_KEY] or b"")
    del header["derived"]
    db[HEADER_KEY] = msgspec.json.encode({**header, "format": 1})
    db.close()


MANY = [due_in(60 * number, number) for number in range(25)]


def test_a_folder_of_the_format_before_is_upgraded_and_not_quarantined(folder: Path) -> None:
    filled(folder, *MANY)
    known = derived(folder)
    as_version_1_left_it(folder)
    assert not derived(folder)
    store = DiskStore(folder, HERE)
    core = core_of(store)
    store.check(NOW)
    core.ready(NOW)
    assert core.census.outstanding == len(MANY) and core.next_at() == NOW
    assert store.header is not None and (store.header.format, store.header.derived) == (FORMAT, ROW_VERSION)
    assert (store.header.next_offset, store.header.written_at) == (100, NOW), "it is no younger for that"
    store.close()
    assert derived(folder) == known


@pytest.mark.parametrize("steps", [1, 4, 9])
def test_an_upgrade_that_is_interrupted_is_done_anew(folder: Path, steps: int) -> None:
    filled(folder, *MANY)
    known = derived(folder)
    as_version_1_left_it(folder)
    store = DiskStore(folder, HERE)
    upgrade = core_of(store).ready_in_steps(NOW, rows_per_step=3)
    for _ in range(steps):
        next(upgrade)
    del upgrade
    store.close()
    assert derived(folder), "it had begun"
    again = DiskStore(folder, HERE)
    assert again.header is not None and again.header.derived == 0
    again.restore([Row(100, key_of(MANY[0]), None)], NOW)  # Somebody else had the partition meanwhile.
    core = core_of(again)
    core.ready(NOW)
    assert core.census.outstanding == len(MANY) - 1 and core.next_at() == NOW + timedelta(hours=1)
    again.close()
    gone = timer_key((NOW, "k0", b"L|c0"))
    assert derived(folder).keys() == known.keys() - {gone}


def test_a_folder_that_was_filled_from_its_changelog_is_derived_from_once(folder: Path, tmp_path: Path) -> None:
    filled(folder, *MANY)
    source, other = DiskStore(folder, HERE), tmp_path / "contacts-1"
    store = DiskStore(other, HERE)
    store.restore([Row(number, key, row) for number, (key, row) in enumerate(source.rows.items())], NOW)
    source.close()
    assert store.header is not None and store.header.derived == 0
    core_of(store).ready(NOW)
    assert store.header.derived == ROW_VERSION
    store.close()
    assert derived(other) == derived(folder)


def test_a_row_of_a_newer_version_is_refused_when_it_is_read_and_when_its_program_had_the_folder(folder: Path) -> None:
    filled(folder, *MANY[:3])
    newer = b'{"version":%d,"contact_list_id":"L","contact_id":"c9"}' % (ROW_VERSION + 1)
    store = DiskStore(folder, HERE)
    with pytest.raises(UnknownRowVersion):
        store.restore([Row(100, b"L|c9", newer)], NOW)
    store.close()
    db = Rdict(str(folder), Options(raw_mode=True))
    header = msgspec.json.decode(db[HEADER_KEY] or b"")
    db[HEADER_KEY] = msgspec.json.encode({**header, "derived": ROW_VERSION + 1})
    db[b"L|c9"] = newer
    db.close()
    store = DiskStore(folder, HERE)
    with pytest.raises(UnknownRowVersion):
        core_of(store).ready(NOW)
    assert store.header is not None and store.header.derived == 0, "the newer program derives anew, too"
    store.close()


def test_partitions_that_were_added_are_noticed_although_no_row_is_derived_from(folder: Path) -> None:
    filled(folder, *MANY)
    store = DiskStore(folder, HERE)
    with pytest.raises(KeysMoved):
        Partition(0, 8, configuration(), store.rows, shelf=store.shelf).ready(NOW)
    store.close()


class CountingCursor(Cursor):
    """Counts what it stands at."""

    read = 0

    def value(self) -> bytes:
        """The value, which is read with its key."""
        type(self).read += 1
        return super().value()


class CountingDatabase(Database):
    """Counts rows and entries that are read."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        CountingCursor.read += 1
        return super().get(key)

    def iter(self) -> Cursor:
        """A cursor over what there is now."""
        return CountingCursor(self.rows)


class CountingDisks(Disks):
    """Its databases count."""

    def open(self, folder: Path) -> Any:
        """Open or make a database."""
        return CountingDatabase(self.folders.setdefault(folder, []))


def test_a_restart_reads_what_is_wanted_soon_and_what_is_at_hand_and_no_other_row() -> None:
    disks, folder = CountingDisks(), Path("contacts-0")
    far = [due_in(24 * 60 + number, number) for number in range(LOOKED_AT, 6 * LOOKED_AT)]
    soon = [due_in(1, number) for number in range(50)]
    handed_out = [due_in(0, number) for number in range(100, 120)]
    store = DiskStore(folder, HERE, disks)
    core = core_of(store)
    core.ready(NOW)
    take(core, *far, *soon, *handed_out)
    while fired := core.fire(NOW):
        assert fired.fired
    store.committed(100, NOW)
    store.close()
    store, CountingCursor.read = DiskStore(folder, HERE, disks), 0
    core = core_of(store)
    core.ready(NOW)
    while core.read_ahead(NOW):
        pass
    near, at_hand = len(soon), len(handed_out)
    assert core.next_at() == NOW + timedelta(minutes=1) and core.census.outstanding == len(far) + near + at_hand
    assert CountingCursor.read <= LOOKED_AT + near + 2 * at_hand + 10
    assert len(core.agenda._index) == near + at_hand


def test_contacts_that_move_over_the_horizon_and_back_leave_nothing_in_memory(folder: Path) -> None:
    store = DiskStore(folder, HERE)
    core = core_of(store)
    core.ready(NOW)
    core.read_ahead(NOW)
    take(core, *(due_in(24 * 60, number) for number in range(100)))
    assert len(core.agenda._index) == 0 and core.census.outstanding == 100
    for turn in range(50):
        at = (NOW + timedelta(minutes=1 if turn % 2 == 0 else 24 * 60)).isoformat()
        moves = (
            rescheduled(
                f"k{number}", due_at=at, contact_id=f"c{number}", event_id=f"e{turn}-{number}",
                occurred_at=(NOW + timedelta(seconds=turn)).isoformat(),
            )
            for number in range(100)
        )  # fmt: skip
        take(core, *moves)
        assert core.census.total.due_soon(NOW + timedelta(seconds=30)) == (100 if turn % 2 == 0 else 0)
    assert len(core.agenda._index) == 0 and len(core.agenda._index._heap) <= 2000
    store.close()


def again(number: int) -> dict[str, Any]:
    """A wrap-up that leads to a callback by a rule, in nine minutes, which a clear cancels."""
    at = (NOW - timedelta(minutes=1)).isoformat()
    return wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN", occurred_at=at)


def test_a_clear_reaches_the_contacts_beyond_the_horizon_on_disk_and_not_on_disk_yet(folder: Path) -> None:
    store, known = DiskStore(folder, HERE), configuration()
    core = core_of(store, known)
    core.ready(NOW)
    take(core, *map(again, range(20)), topic="wrap-up")
    store.committed(100, NOW)
    store.close()
    store = DiskStore(folder, HERE)
    core = core_of(store, known)
    core.ready(NOW)
    core.configure(NOW)
    core.read_ahead(NOW)
    take(core, *map(again, range(20, 30)), topic="wrap-up")
    assert core.census.outstanding == 30 and len(core.agenda._index) == 0
    event = clear("e1", occurred_at=NOW.isoformat())
    known.apply(Arrived("contact-list-cleared", 0, 0, b"L", orjson.dumps(event), int(NOW.timestamp() * 1000)), NOW)
    core.configure(NOW)
    ended = []
    while (outcome := core.fire(NOW)) is not None:
        ended += [transition.callback_id for transition in outcome.transitions]
    assert len(ended) == len(set(ended)) == 30 and core.census.outstanding == 0
    store.close()


def entry_without_a_row(db: Any) -> None:
    db.delete(b"L|c1")


def entry_of_another_instant(db: Any) -> None:
    at = NOW + timedelta(minutes=1)
    value = db[timer_key((at, "k1", b"L|c1"))]
    db.delete(timer_key((at, "k1", b"L|c1")))
    db[timer_key((at - timedelta(seconds=1), "k1", b"L|c1"))] = value


def entry_that_is_none(db: Any) -> None:
    db[TIMERS + b"\x80\0"] = b""


@pytest.mark.parametrize("damage", [entry_without_a_row, entry_of_another_instant, entry_that_is_none])
def test_an_entry_that_disagrees_with_its_row_is_damage_and_the_next_start_reads_the_changelog(
    folder: Path, damage: Any
) -> None:
    filled(folder, due_in(1, 1), due_in(2, 2))
    db = Rdict(str(folder), Options(raw_mode=True))
    damage(db)
    db.close()
    store = DiskStore(folder, HERE)
    core = core_of(store)
    core.ready(NOW)
    later = NOW + timedelta(minutes=3)
    with pytest.raises(UnusableState):
        while core.read_ahead(later) or core.fire(later):
            pass
    store.close()
    with pytest.raises(UnusableState, match="damaged while it was in use") as why:
        DiskStore(folder, HERE)
    ROCKS.quarantine(folder, why.value)
    store = DiskStore(folder, HERE)
    assert store.next_offset is None
    store.close()


def test_damage_that_is_met_by_an_event_is_known_at_the_next_start_which_would_not_meet_it(folder: Path) -> None:
    filled(folder, *(due_in(24 * 60, number) for number in range(5000)))
    DiskStore(folder, HERE).close()
    table = max(folder.glob("*.sst"), key=lambda path: path.stat().st_size)
    damaged = bytearray(table.read_bytes())
    damaged[len(damaged) // 3] ^= 0xFF
    table.write_bytes(damaged)
    store = DiskStore(folder, HERE)
    core = core_of(store)
    core.ready(NOW)
    with pytest.raises(UnusableState):
        for number in range(5000):
            take(core, cancelled(f"k{number}", contact_id=f"c{number}", occurred_at=NOW.isoformat()))
    store.close()
    with pytest.raises(UnusableState, match="damaged while it was in use"):
        DiskStore(folder, HERE)


async def test_an_engine_reads_on_by_itself_until_it_has_what_is_overdue_and_what_is_due_soon(folder: Path) -> None:
    filled(folder, *(due_in(-(number % 60), number) for number in range(2500)), due_in(24 * 60, 9999))
    broker = Broker()
    awaited = {"ringback.wrap-up": 1}  # Nothing fires until this has been processed.
    async with begun(broker, DiskStore(folder, HERE), ManualClock(NOW), ends=awaited) as single:
        census = single.engine.core.census
        assert census.outstanding == 2501
        await until(lambda: census.total.due(NOW + timedelta(hours=2)) == 2500)
        await single.idle()
        assert not broker.values("dial-preview")


@pytest.fixture(autouse=True)
def removed(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)
