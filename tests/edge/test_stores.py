"""Which state on disk is loaded at an acquisition, and which is quarantined with its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from streams.base.settings import make
from streams.kafka.source_ends import SourceEnds
from streams.storage.disk_store import ROCKS, DiskStore
from streams.storage.local_copy import AGE_MAX, CLOCKS_MAX, Source, UnusableState
from streams.storage.store import MemoryStore
from streams.storage.stores import Stores
from tests.edge.kafka_in_memory import MemoryKafka
from tests.edge.single_engine import NOW, ManualClock, Record

ROWS = {b"L|c%d" % number: b"row" for number in range(20)}


@dataclass
class Topic:
    """What a broker tells of a changelog partition: its offsets, and where the records from an instant on begin."""

    first: int = 0
    end: int = 100
    younger: tuple[datetime, int] | None = None

    def records(self) -> list[Record]:
        """Those of it, the older ones written long ago."""
        at, since = self.younger or (NOW, self.end)
        records = [Record("", offset, b"", b"") for offset in range(self.first, self.end)]
        for record in records:
            record.timestamp = int(at.timestamp() * 1000) if record.offset >= since else 0
        return records


def stores(
    folder: Path, topic: Topic, *, cluster: str = "cluster-1", prefix: str = "ringback.", at: datetime = NOW
) -> Stores:
    kafka = MemoryKafka(cluster=cluster)
    for number in range(8):
        kafka.logs[TopicPartition(f"{prefix}contact-state", number)] = topic.records()
    return Stores(kafka, ManualClock(at), ROCKS, prefix, folder, SourceEnds(kafka, committed=False))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """State of partitions 0 and 1 that was committed up to offset 20."""
    for number in (0, 1):
        store = DiskStore(tmp_path / f"contacts-{number}", Source("cluster-1", "ringback.contact-state", number, 0, 20))
        store.rows.update(ROWS)
        store.committed(20, NOW)
        store.close()
    return tmp_path


async def opened(made: Stores, number: int = 0) -> tuple[dict[bytes, bytes], int | None]:
    store = await made.open(number)
    try:
        return dict(store.rows.items()), store.next_offset
    finally:
        store.close()


async def test_state_that_fits_its_changelog_is_loaded(folder: Path) -> None:
    assert await opened(stores(folder, Topic(end=20))) == (ROWS, 20)
    older = Topic(younger=(NOW + CLOCKS_MAX - timedelta(seconds=1), 5))
    assert await opened(stores(folder, older)) == (ROWS, 20), "as far as clocks may be apart"
    later = Topic(younger=(NOW + timedelta(hours=1), 20))
    assert await opened(stores(folder, later)) == (ROWS, 20), "what it has to read yet is younger, of course"


RECREATED = Topic(younger=(NOW + CLOCKS_MAX, 19))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"cluster": "cluster-2"}, "it is of ringback.contact-state-0 on cluster cluster-1"),
        ({"prefix": "other."}, "it is of ringback.contact-state-0 on cluster cluster-1"),
        ({"at": NOW + AGE_MAX + timedelta(seconds=1)}, "not within the last 3 days"),
        ({"at": NOW - CLOCKS_MAX - timedelta(seconds=1)}, "not within the last 3 days"),
        ({"topic": Topic(end=19)}, "it ends at offset 20, the topic has 0 to 19"),
        ({"topic": Topic(first=21)}, "it ends at offset 20, the topic has 21 to 100"),
        ({"topic": RECREATED}, "offset 19, which it should hold, was written after it"),
    ],
    ids=["cluster", "topic", "too old", "from the future", "ahead of the changelog", "behind it", "topic made anew"],
)
async def test_state_that_does_not_fit_is_quarantined_with_a_line_in_the_log(
    folder: Path, changed: dict, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await opened(stores(folder, **{"topic": Topic(), **changed})) == ({}, None)
    (line,) = caplog.messages
    assert f"{folder / 'contacts-0'} is quarantined as contacts-0.bad, its whole topic is read: " in line
    assert why in line
    assert sorted(path.name for path in folder.iterdir()) == ["contacts-0", "contacts-0.bad", "contacts-1"]


async def test_state_of_another_partition_is_quarantined(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "contacts-1").rename(folder / "contacts-7")
    assert await opened(stores(folder, Topic()), 7) == ({}, None)
    assert "it is of ringback.contact-state-1" in caplog.text


async def test_state_that_was_found_damaged_when_it_was_read_is_recreated(folder: Path) -> None:
    made = stores(folder, Topic())
    (await made.open(0)).close()
    made.quarantine(0, UnusableState("a block is damaged"))
    assert await opened(made) == ({}, None)


async def test_in_memory_there_is_no_folder(tmp_path: Path) -> None:
    settings = make(store="memory", state_dir=tmp_path / "state")
    kafka = MemoryKafka()
    made = Stores(kafka, ManualClock(), ROCKS, settings.prefix, settings.folder, SourceEnds(kafka))
    store = await made.open(0)
    assert isinstance(store, MemoryStore) and store.next_offset is None and not (tmp_path / "state").exists()
