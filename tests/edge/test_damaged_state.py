"""However a folder of state was damaged, it is one that was committed once, or it is noticed; no start fails for it."""

import asyncio
import itertools
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from streams.base.settings import make
from streams.engine.assignment import PausedPartition
from streams.engine.engines import Engines
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import Partition
from streams.storage.disk_store import ROCKS, DiskStore
from streams.storage.local_copy import Source, UnusableState
from tests.edge.kafka_in_memory import around, from_start, stays

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Source("cluster-1", "ringback.contact-state", 3, 0, 10**6)
FILES = ("*.sst", "*.log", "MANIFEST-*", "CURRENT", "OPTIONS-*", "IDENTITY", "LOCK", "rocksdict-config.json")

States = dict[int | None, dict[bytes, bytes]]


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, States]:
    """A folder as SIGKILL leaves it, part in tables and part in the log, and every state that was committed."""
    chance, states, offset = random.Random(1), States({None: {}}), 0
    folder = tmp_path_factory.mktemp("left") / "contacts-3"
    store = DiskStore(folder, HERE)
    for turn in range(30):
        if turn in (8, 16, 24):  # Each start makes a table. Four of them are merged, behind the back of whoever reads.
            store.close()
            store = DiskStore(folder, HERE)
        for number in chance.sample(range(400), 60):
            store.rows[b"L|c%d" % number] = chance.randbytes(50)
        store.committed(offset := offset + 60, NOW)
        states[offset] = dict(store.rows.items())
    image = folder.with_name("image")
    shutil.copytree(folder, image)
    store.close()
    return image, states


def _flip(*places: float) -> Callable[[Path], None]:
    def flip(file: Path) -> None:
        content = bytearray(file.read_bytes())
        for place in places if content else ():
            content[int(place * len(content))] ^= 0x10
        file.write_bytes(content)

    return flip


def _be_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3]),
    "scribbled on": lambda file: file.write_bytes(b"scribble" * 8),
    "flipped early": _flip(0.05),
    "flipped in the middle": _flip(0.5),
    "flipped late": _flip(0.9),
    "flipped at its end": _flip(0.999),
    "a folder": _be_a_folder,
}


def loaded(folder: Path) -> tuple[dict[bytes, bytes], int | None]:
    """As a start does it. Raises UnusableState, and nothing else."""
    store = DiskStore(folder, HERE)
    try:
        store.check(NOW)
        return dict(store.rows.items()), store.next_offset
    finally:
        store.close()


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("pattern", FILES)
def test_a_damaged_file_leaves_a_state_that_was_committed_or_is_noticed(
    tmp_path: Path, left_behind: tuple[Path, States], pattern: str, damage: str
) -> None:
    image, states = left_behind
    files = sorted(image.glob(pattern))
    assert files
    for file in files[:3]:
        folder = tmp_path / file.name / "contacts-3"
        shutil.copytree(image, folder)
        DAMAGE[damage](folder / file.name)
        try:
            rows, offset = loaded(folder)
            assert rows == states[offset]
        except UnusableState as why:
            ROCKS.quarantine(folder, why)
            assert loaded(folder) == ({}, None)


def test_whatever_byte_of_a_table_is_flipped_is_noticed(tmp_path: Path, left_behind: tuple[Path, States]) -> None:
    """The header too is in a table when it is old: it is read before everything else."""
    image, folder = left_behind[0], tmp_path / "contacts-3"
    tables = sorted(path.name for path in image.glob("*.sst"))
    for table, place in itertools.product(tables, range(0, 100, 9)):
        shutil.copytree(image, folder)
        for log in folder.glob("*.log"):
            log.unlink()
        _flip(place / 100)(folder / table)
        with pytest.raises(UnusableState):
            loaded(folder)
        shutil.rmtree(folder)


def test_a_start_that_is_given_up_in_the_middle_of_reading_lets_go_of_the_folder(
    tmp_path: Path, left_behind: tuple[Path, States]
) -> None:
    """As a rebalance does it: the next acquisition, of the same process, opens the folder again."""
    folder = tmp_path / "contacts-3"
    shutil.copytree(left_behind[0], folder)
    store = DiskStore(folder, HERE)
    for key in [*store.rows][:5]:
        store.rows[key] = b'{"version":1}'
    store.committed(10**5, NOW)
    steps = Partition(0, 1, Configuration(), store.rows).ready_in_steps(NOW, rows_per_step=1)
    for _ in range(3):
        next(steps)
    del steps
    store.close()
    assert loaded(folder)[1] == 10**5


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.edge.test_damaged_state import HERE, NOW, DiskStore
store = DiskStore(Path(sys.argv[1]), HERE)
store.rows[b"L|kept"] = b"1"
store.committed(1, NOW)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for number in range(2, 100):
    store.rows[b"L|%d" % number] = bytes(10_000)
    try:
        store.committed(number, NOW)
    except Exception as error:
        print(number, type(error).__name__, error)
        store.close()
        sys.exit(70)
"""

FORBIDDEN = """
import os, sys
from pathlib import Path
from streams.base.errors import OperatorError
from streams.storage.state_dir import held
from tests.edge.test_damaged_state import HERE, DiskStore
folder = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    DiskStore(folder / "contacts-3", HERE)
except OSError as error:
    print(error)
try:
    with held(folder):
        pass
except OperatorError as error:
    print(error)
"""


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False)


def test_a_disk_that_is_full_ends_the_worker_and_what_was_committed_before_is_there(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    ended = run(FULL, tmp_path / "contacts-3")
    assert ended.returncode == 70, ended.stderr
    number, kind, *why = ended.stdout.split()
    assert kind == "Exception" and "IO error" in " ".join(why), "no damage, so nothing is quarantined"
    rows, offset = loaded(tmp_path / "contacts-3")
    assert offset == int(number) - 1 and len(rows) == offset


def test_a_folder_that_may_not_be_used_is_an_error_with_its_reason_and_nothing_is_quarantined(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    DiskStore(folder / "contacts-3", HERE).close()
    (folder / "contacts-3").chmod(0o500)
    folder.chmod(0o500)
    said = run(FORBIDDEN, folder).stdout
    folder.chmod(0o700)
    assert "cannot be opened: " in said or "Permission denied: " in said
    assert f"cannot write to {folder} (Permission denied)" in said
    assert sorted(path.name for path in folder.iterdir()) == ["contacts-3"]


class Damaging:
    """A disk that damages what is written to it."""

    def __init__(self) -> None:
        self.quarantined = 0

    def open(self, folder: Path) -> NoReturn:
        raise UnusableState("damaged once more")

    def batch(self) -> NoReturn:
        raise AssertionError("nothing is open")

    def note_damage(self, folder: Path, why: object) -> NoReturn:
        raise AssertionError("nothing is open")

    def quarantine(self, folder: Path, why: object) -> None:
        self.quarantined += 1


async def test_state_that_cannot_be_recreated_either_ends_the_worker(tmp_path: Path) -> None:
    """One that went on would hold the partition and do nothing."""
    broken: list[BaseException] = []
    disk, settings = Damaging(), make(state_dir=tmp_path)
    engines = Engines(settings, ["ringback.wrap-up"], 1, around(disk=disk), lambda _, error: broken.append(error))

    @asynccontextmanager
    async def resume(number: int) -> AsyncIterator[PausedPartition]:
        yield from_start("ringback.wrap-up")

    await engines.assign([0], 1, resume, stays)
    async with asyncio.timeout(30):
        while engines.acquiring:
            await asyncio.sleep(0.001)
    await engines.close()
    assert len(broken) == 1 and "damaged once more" in repr(broken[0]) and disk.quarantined
