"""The Do Not Call lists in a file, with the offset they go up to: a restart then reads only what is newer.

A file that cannot be relied on is quarantined, and all of the topic is read.
Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import logging
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import report_on
from streams.logic.configuration.recycles import Recycles
from streams.logic.configuration.reports import BadRecord
from streams.logic.contact.exchange import Arrived
from streams.logic.dnc.batch import LISTS_IN_RUNS
from streams.logic.dnc.runs import Run, run_of
from streams.storage import local_copy
from streams.storage.local_copy import Source, UnusableState
from topics.names import TopicName

log = logging.getLogger(__name__)

FILE = "dnc-entries.snapshot"
MAGIC = b"ringback-dnc-3\n"
"""The number is the version of the format, and of what is made of records that are refused."""
HEADER_BYTES_MAX = 64 * 1024 * 1024
CHECKSUM_BYTES = 4
ENTRY_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoadedSnapshot:
    """Up to which offset, inclusive, entries came from a snapshot, and when it was written."""

    offset: int
    written_at: datetime


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a snapshot ahead of its runs. runs: how long each is. refused, forgotten: see `frozen`."""

    cluster: str
    topic: str
    offset: int
    written_at: datetime
    names: tuple[str, ...]
    runs: tuple[int, ...]
    refused: tuple[Arrived, ...]
    forgotten: tuple[int, int] = (-1, -1)
    topic_id: str = ""

    @property
    def next_offset(self) -> int:
        """Where the topic is read on."""
        return self.offset + 1


_HEADER = msgspec.json.Decoder(Header)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a snapshot holds, taken at one moment; nothing in it changes any more."""

    names: list[bytes]
    runs: list[Run]
    recent: dict[int, int]
    offset: int
    refused: tuple[Arrived, ...]
    forgotten: tuple[int, int]


def frozen(configuration: Configuration) -> Frozen:
    """The lists as they are now, to be written elsewhere.

    Records that were refused go along: their dead letters are written by whoever owns contact partition 0 then. Those
    are the latest; forgotten: offsets of the first and the last before them, which are read again if need be.
    """
    lists = configuration.dnc
    bad = (report.arrived for report in configuration.reports if isinstance(report, BadRecord))
    refused = tuple(arrived for arrived in bad if arrived.topic == TopicName.DNC_ENTRIES)
    forgotten = configuration.reports.forgotten(TopicName.DNC_ENTRIES)
    return Frozen(list(lists.names), list(lists.runs), lists.recent(), lists.offset, refused, forgotten)


def write(folder: Path, what: Frozen, source: Source, now: datetime) -> None:
    """Replace the snapshot of `folder` as a whole: there is always the old one or the new one. Raises OSError.

    Nothing is written when the lists or the refused records are too many for it.
    """
    runs = [*what.runs, run_of(what.recent.keys(), what.recent.values())] if what.recent else what.runs
    header = Header(
        cluster=source.cluster,
        topic=source.topic,
        offset=what.offset,
        written_at=now,
        names=tuple(name.decode() for name in what.names),
        runs=tuple(map(len, runs)),
        refused=what.refused,
        forgotten=what.forgotten,
        topic_id=source.topic_id,
    )
    line = msgspec.json.encode(header) + b"\n"
    if len(what.names) > LISTS_IN_RUNS or len(line) > HEADER_BYTES_MAX:
        return
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.{os.getpid()}.new"
    new.unlink(missing_ok=True)
    with new.open("xb") as file:  # Never through a link that somebody has put there.
        file.write(MAGIC)
        file.write(line)
        for run in runs:
            file.write(memoryview(run.keys).cast("B"))
            file.write(memoryview(run.values).cast("B"))
        file.write(_checksum(line, runs))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)


def read(folder: Path, configuration: Configuration, source: Source, now: datetime) -> LoadedSnapshot | None:
    """Fill the lists from the snapshot of `folder`; None without one that can be relied on."""
    for left_over in folder.glob(f"{FILE}.*.new"):  # Of a worker that was killed in the middle of it.
        with suppress(OSError):
            left_over.unlink()
    try:
        with (folder / FILE).open("rb") as file:
            header, line = _header(file)
            _check(header, source, now)
            runs = _runs(file, header, line)
    except FileNotFoundError:
        return None
    except (UnusableState, OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        quarantine(folder, source, error)
        return None
    if header.forgotten[1] >= 0:
        configuration.reports.forget(TopicName.DNC_ENTRIES, *header.forgotten)
    for arrived in header.refused:
        configuration.apply(arrived, now)
    configuration.dnc.restore([name.encode() for name in header.names], runs, header.offset)
    log.info("loaded %d entries of %s up to offset %d", len(configuration.dnc), source.topic, header.offset)
    return LoadedSnapshot(header.offset, header.written_at)


def quarantine(folder: Path, source: Source, why: object) -> None:
    """Quarantine the snapshot of `folder`."""
    with suppress(OSError):
        local_copy.quarantine(folder / FILE, f"the snapshot of {source.topic}", why)


class Snapshots(Protocol):
    """Where the snapshot of a worker's lists is kept."""

    def read(self, configuration: Configuration, source: Source, now: datetime) -> LoadedSnapshot | None:
        """As the function `read`."""

    def write(self, what: Frozen, source: Source, now: datetime) -> None:
        """As the function `write`."""

    def quarantine(self, source: Source, why: object) -> None:
        """As the function `quarantine`."""


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """A folder of this machine."""

    folder: Path

    def read(self, configuration: Configuration, source: Source, now: datetime) -> LoadedSnapshot | None:
        """As the function `read`."""
        return read(self.folder, configuration, source, now)

    def write(self, what: Frozen, source: Source, now: datetime) -> None:
        """As the function `write`."""
        write(self.folder, what, source, now)

    def quarantine(self, source: Source, why: object) -> None:
        """As the function `quarantine`."""
        quarantine(self.folder, source, why)

    def __str__(self) -> str:
        return str(self.folder)


def _header(file: BinaryIO) -> tuple[Header, bytes]:
    if file.readline(len(MAGIC)) != MAGIC:
        raise UnusableState("another program or version wrote it")
    line = file.readline(HEADER_BYTES_MAX)
    return _HEADER.decode(line), line


def _check(header: Header, source: Source, now: datetime) -> None:
    local_copy.check(header, source, now, topic_id=header.topic_id)
    # A program that accepts more than the one that wrote it has to read those records in their place.
    if not all(report_on(arrived, Recycles()) for arrived in header.refused):
        raise UnusableState("it has a refused record that is accepted now")


def _runs(file: BinaryIO, header: Header, line: bytes) -> list[Run]:
    import numpy as np

    size = len(MAGIC) + len(line) + ENTRY_BYTES * sum(header.runs) + CHECKSUM_BYTES
    if os.fstat(file.fileno()).st_size != size or min(header.runs, default=0) < 0:
        raise UnusableState("its size is wrong")
    runs = [
        Run(np.fromfile(file, np.uint64, length), np.fromfile(file, np.int64, length)) for length in header.runs
    ]  # fmt: skip
    if file.read() != _checksum(line, runs):
        raise UnusableState("it is damaged")
    return runs


def _checksum(line: bytes, runs: list[Run]) -> bytes:
    checksum = zlib.crc32(line)
    for run in runs:
        checksum = zlib.crc32(run.values, zlib.crc32(run.keys, checksum))
    return checksum.to_bytes(CHECKSUM_BYTES, "big")
