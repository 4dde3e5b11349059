"""The Do Not Call lists in a file, with the offset they go up to: a restart then reads only what is newer.

A file that cannot be relied on is set aside and says so in the log; the lists are then read from the beginning of their
topic, which is always right and takes longer. Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import json
import logging
import os
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from streams.logic.dnc import DncLists
from streams.logic.dnc_runs import Run, run_of

log = logging.getLogger(__name__)

FILE = "dnc-entries.snapshot"
MAGIC = b"ringback-dnc-1\n"
HEADER_BYTES_MAX = 64 * 1024 * 1024
AGE_MAX = timedelta(days=3)
"""Removals can be read for 7 days on their topic, so what was read up to here has missed none."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the entries are from; a snapshot from elsewhere is of no use. first, end: the offsets that are there."""

    cluster: str
    topic: str
    first: int
    end: int


class _Unusable(Exception):
    """Why a snapshot cannot be relied on."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a snapshot holds, taken at one moment; nothing in it changes any more."""

    names: list[bytes]
    runs: list[Run]
    recent: dict[int, int]
    offset: int


def frozen(lists: DncLists) -> Frozen:
    """The lists as they are now, to be written elsewhere."""
    return Frozen(list(lists.names), list(lists.runs), lists.recent(), lists.offset)


def write(folder: Path, what: Frozen, source: Source, now: datetime) -> None:
    """Replace the snapshot of `folder` as a whole: there is always the old one or the new one."""
    runs = [*what.runs, run_of(what.recent.keys(), what.recent.values())] if what.recent else what.runs
    header = {
        "cluster": source.cluster,
        "topic": source.topic,
        "offset": what.offset,
        "written_at": now.isoformat(),
        "names": [name.decode() for name in what.names],
        "runs": [len(run) for run in runs],
        "checksum": _checksum(runs),
    }
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.{os.getpid()}.new"
    with new.open("wb") as file:
        file.write(MAGIC)
        file.write(json.dumps(header).encode() + b"\n")
        for run in runs:
            file.write(memoryview(run.keys).cast("B"))
            file.write(memoryview(run.values).cast("B"))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)


def read(folder: Path, lists: DncLists, source: Source, now: datetime) -> int:
    """Fill the lists from the snapshot of `folder`; returns the offset to read on from, `source.first` without one."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            header = _header(file)
            _check(header, source, now)
            runs = _runs(file, header)
    except FileNotFoundError:
        return source.first
    except (_Unusable, OSError, ValueError, KeyError, TypeError) as error:
        aside = path.with_suffix(".bad")
        path.replace(aside)
        log.warning("the snapshot of %s is set aside as %s: %s", source.topic, aside, error)
        return source.first
    lists.restore([name.encode() for name in header["names"]], runs, header["offset"])
    log.info("took up %d entries of %s up to offset %d", len(lists), source.topic, header["offset"])
    return int(header["offset"]) + 1


def _header(file: BinaryIO) -> dict[str, Any]:
    if file.readline(len(MAGIC)) != MAGIC:
        raise _Unusable("it is of another program or version")
    header = json.loads(file.readline(HEADER_BYTES_MAX))
    if not isinstance(header, dict):
        raise _Unusable("its header is damaged")
    return header


def _check(header: dict[str, Any], source: Source, now: datetime) -> None:
    if (header["cluster"], header["topic"]) != (source.cluster, source.topic):
        raise _Unusable(f"it is of topic {header['topic']} on cluster {header['cluster']}")
    if not source.first <= header["offset"] + 1 <= source.end:
        raise _Unusable(f"it goes to offset {header['offset']}, the topic from {source.first} to {source.end}")
    if now - datetime.fromisoformat(header["written_at"]) > AGE_MAX:
        raise _Unusable(f"it was written at {header['written_at']}, more than {AGE_MAX.days} days ago")


def _runs(file: BinaryIO, header: dict[str, Any]) -> list[Run]:
    import numpy as np

    runs = []
    for length in header["runs"]:
        keys, values = np.fromfile(file, np.uint64, length), np.fromfile(file, np.int64, length)
        if len(keys) < length or len(values) < length:
            raise _Unusable("it is cut off")
        runs.append(Run(keys, values))
    if file.read(1) or _checksum(runs) != header["checksum"]:
        raise _Unusable("it is damaged")
    return runs


def _checksum(runs: list[Run]) -> int:
    checksum = 0
    for run in runs:
        checksum = zlib.crc32(run.values, zlib.crc32(run.keys, checksum))
    return checksum
