"""A partition with its timers on disk does what one does that has them all in memory: over any history and restarts."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.partition.census import IN_HAND, WAITS_FOR, Census
from streams.logic.partition.partition import Partition
from streams.logic.partition.shelf import Reach
from streams.storage.disk_store import ROCKS, Disk, DiskStore
from streams.storage.local_copy import Source
from tests.builders import Worker, cancelled, instant, rescheduled, scheduled
from tests.logic.test_properties import RULES, histories, told
from tests.simulation.disk import Disks

CHANGELOG = Source("cluster-1", "ringback.contact-state", 0, 0, 10**6)
BOUNDS = (60, 600, 3600, 86_400)
THEN = ("nothing", "nothing", "committed", "committed without an offset", "restarted", "killed before the write")


@dataclass
class Row:
    """A record of the changelog, as far as a store reads it."""

    offset: int
    key: bytes
    value: bytes | None


@dataclass
class Twins:
    """Two workers that are told the same: one has its timers on disk, the other one in memory."""

    disk: Disk
    folder: Path
    reach: Reach
    told: Worker = field(default_factory=lambda: Worker(rules=RULES))
    model: Worker = field(default_factory=lambda: Worker(rules=RULES))
    changelog: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = DiskStore(self.folder, CHANGELOG, self.disk)
        self.store.rows.update(self.told.core.partitions[0].table)
        self._start()

    def _start(self) -> None:
        now = instant(self.told.at)
        core = Partition(0, 1, self.told.core.configuration, self.store.rows, shelf=self.store.shelf, reach=self.reach)
        core.ready(now)
        core.configure(now)
        self.told.core.partitions[0] = core
        self.model.restart()

    def commit(self, *, offset_is_known: bool = True) -> None:
        """Kafka has everything, and the store with it, if it is told where."""
        self._log()
        self.store.committed(len(self.changelog) if offset_is_known else None, instant(self.told.at))

    def restart(self, *, is_written: bool) -> None:
        """Kafka has everything; without its last write the store is older, and reads the rest from there."""
        self._log()
        if is_written:
            self.store.committed(len(self.changelog), instant(self.told.at))
        self.store.close()
        self.store = DiskStore(self.folder, CHANGELOG, self.disk)
        if read := self.changelog[self.store.next_offset or 0 :]:
            self.store.restore(read, instant(self.told.at))
        self._start()

    def _log(self) -> None:
        changes: dict[bytes, bytes | None] = self.store.rows.changes  # type: ignore[attr-defined]
        for key, value in changes.items():
            self.changelog.append(Row(len(self.changelog), key, value))

    def then(self, what: str) -> None:
        """What happens after an event."""
        match what:
            case "committed":
                self.commit()
            case "committed without an offset":
                self.commit(offset_is_known=False)
            case "restarted" | "killed before the write":
                self.restart(is_written=what == "restarted")

    def assert_alike(self) -> None:
        """Both want the same next, know the same contacts, and count the same as soon as what is near has been read."""
        now = instant(self.told.at)
        one, other = self.told.core.partitions[0], self.model.core.partitions[0]
        assert one.next_wanted() == other.next_wanted()
        assert set(one.agenda.keys()) == set(other.agenda.keys())
        assert one.census.outstanding == other.census.outstanding
        while one.read_ahead(now):
            pass
        assert one.next_wanted() == other.next_wanted()
        assert counted(one.census, now) == counted(other.census, now)


def counted(census: Census, now: datetime) -> list[Any]:
    """Everything that the gauges ask for."""
    counts = census.total
    states = {state: number for state, number in counts.states.items() if number}
    overdue = [(counts.overdue(name, now, BOUNDS), counts.oldest_s(name, now)) for name in WAITS_FOR]
    ages = [counts.command_ages(status, now, BOUNDS) for status in IN_HAND]
    return [states, overdue, ages, counts.due(now), counts.due_soon(now)]


def reaches() -> st.SearchStrategy[Reach]:
    """From next to nothing, but never less than the gauges ask for."""
    return st.builds(Reach, st.integers(1, 3), st.sampled_from([timedelta(minutes=2), timedelta(hours=1)]))


@contextmanager
def rocks(parent: Callable[[], Path]) -> Iterator[tuple[Disk, Path]]:
    folder = parent()
    yield ROCKS, folder / "contacts-0"
    shutil.rmtree(folder)


def live(twins: Twins, history: Any, steps: list[str]) -> None:
    for (at, topic, value), then in zip(history, steps, strict=False):
        assert told(twins.told, topic, value, at).lines == told(twins.model, topic, value, at).lines
        twins.assert_alike()
        twins.then(then)
        twins.assert_alike()
    end = "2027-01-23T00:00:00Z"
    assert twins.told.run_to(end).lines == twins.model.run_to(end).lines
    twins.assert_alike()
    twins.store.close()


STEPS = st.lists(st.sampled_from(THEN), min_size=20, max_size=20)


@given(history=histories(), steps=STEPS, reach=reaches())
def test_over_any_history_and_restarts_the_shelf_changes_nothing(history: Any, steps: list[str], reach: Reach) -> None:
    live(Twins(Disks(), Path("contacts-0"), reach), history, steps)


@given(history=histories(), steps=STEPS, reach=reaches())
@settings(max_examples=10)
def test_the_same_on_rocksdb(history: Any, steps: list[str], reach: Reach, tmp_path_factory: Any) -> None:
    with rocks(lambda: tmp_path_factory.mktemp("store")) as (disk, folder):
        live(Twins(disk, folder, reach), history, steps)


CONTACTS = st.sampled_from(["c0", "c1", "c2", "c3"])
CALLBACKS = st.sampled_from(["k0", "k1", "k2"])
DUE = st.integers(0, 40)
"""In quarters of an hour, so that many are due at one instant."""
KINDS = st.sampled_from(["scheduled", "rescheduled", "cancelled"])
CHANGES = st.lists(st.tuples(KINDS, CONTACTS, CALLBACKS, DUE, st.sampled_from(THEN)), min_size=5, max_size=30)
BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@given(changes=CHANGES, reach=reaches())
def test_callbacks_that_are_moved_over_the_horizon_and_back_fall_due_in_their_order_and_are_counted_as_they_do(
    changes: list[tuple[str, str, str, int, str]], reach: Reach
) -> None:
    twins = Twins(Disks(), Path("contacts-0"), reach)
    for number, (what, contact_id, name, due, then) in enumerate(changes):
        at = BEGAN + timedelta(minutes=number)
        about = {"contact_id": contact_id, "occurred_at": at.isoformat(), "event_id": f"e{number}"}
        due_at = (at + QUARTER * due).isoformat()
        match what:
            case "scheduled":
                event = scheduled(name, due_at=due_at, **about)
            case "rescheduled":
                event = rescheduled(name, due_at=due_at, **about)
            case _:
                event = cancelled(name, **about)
        assert twins.told.schedule(event, at.isoformat()).lines == twins.model.schedule(event, at.isoformat()).lines
        twins.assert_alike()
        twins.then(then)
        twins.assert_alike()
    for quarter in range(1, 48):
        at = BEGAN + QUARTER * (quarter + 2)
        assert twins.told.run_to(at.isoformat()).lines == twins.model.run_to(at.isoformat()).lines
        twins.assert_alike()
