"""The rows of one partition in a RocksDB, with the changelog offset up to which they are right in the same write.

One folder for each partition. A folder that cannot be relied on is set aside and says so in the log; the rows are then
read from the beginning of the changelog, which is always right and takes longer.
Source: docs/decisions/0015-state-on-disk.md.
"""

import logging
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch

from streams import metrics
from streams.engine.disk_rows import HEADER_KEY, DiskRows, UnusableState
from streams.engine.restore import ReadRecord
from streams.engine.store import REFRESH, Rows

log = logging.getLogger(__name__)

FORMAT = 1
"""Of the folder; that of the rows is in each row."""
AGE_MAX = timedelta(days=3)
"""Removals can be read for 7 days on the changelog, so what was right up to here has missed none."""
CLOCKS_MAX = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""
WRITE_BUFFER_BYTES = 8 * 1024 * 1024
BLOCK_CACHE = Cache(64 * 1024 * 1024)
"""One for all partitions of the process."""
BLOOM_BITS = 10
DAMAGED = re.compile(
    "Corruption|Invalid argument|Not implemented|unknown variant"
    "|.*(File exists|Not a directory|Is a directory|No such file)", re.DOTALL
)  # fmt: skip
"""What RocksDB says of a folder that nobody can open. Anything else (no room, no right) is not the folder's fault."""


@dataclass(frozen=True, slots=True)
class Source:
    """The changelog partition that the rows are from. first, end: the offsets that are there."""

    cluster: str
    topic: str
    partition: int
    first: int
    end: int


class Header(msgspec.Struct, frozen=True):
    """What a folder says of itself. written_at: until when all of the changelog before `next_offset` was known."""

    format: int
    cluster: str
    topic: str
    partition: int
    next_offset: int
    written_at: datetime


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header).decode


class DiskStore:
    """The rows of one partition, kept in a folder."""

    def __init__(self, folder: Path, source: Source) -> None:
        """Open or make it. Raises UnusableState; other errors (no room, no right to write) mean that nobody can."""
        self._folder = folder
        self._source = source
        self._db = _open(folder)
        self._rows = DiskRows(self._db)
        self.rows: Rows = self._rows
        try:
            self.header = self._header()
        except BaseException:
            self.close()
            raise

    @property
    def next_offset(self) -> int | None:
        """Offset of the changelog to read on from; None for its beginning."""
        return None if self.header is None else self.header.next_offset

    def check(self, now: datetime) -> None:
        """Raise UnusableState if what is there is not of this changelog, or too old for it."""
        header, source = self.header, self._source
        if header is None:
            return
        if (header.cluster, header.topic, header.partition) != (source.cluster, source.topic, source.partition):
            raise UnusableState(f"it is of {header.topic}-{header.partition} on cluster {header.cluster}")
        if not source.first <= header.next_offset <= source.end:
            raise UnusableState(f"it goes to {header.next_offset}, the topic from {source.first} to {source.end}")
        if header.written_at.tzinfo is None or not -CLOCKS_MAX <= now - header.written_at <= AGE_MAX:
            raise UnusableState(f"it was written at {header.written_at}, not within the last {AGE_MAX.days} days")

    def restore(self, records: Sequence[ReadRecord], now: datetime) -> None:
        """Take in records of the changelog, in their order; they are on disk when this returns."""
        self._rows.changes.update((record.key or b"", record.value) for record in records)
        # What is behind this may not be read for days: its age is that of the oldest row.
        self._write(records[-1].offset + 1, now if self.header is None else self.header.written_at)

    def committed(self, next_offset: int | None, now: datetime) -> None:
        """Write what has been changed together with the offset; without an offset it waits for the next one."""
        if next_offset is not None:
            self._write(next_offset, now)

    def _write(self, next_offset: int, written_at: datetime) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, row in self._rows.changes.items():
            if row is None:
                batch.delete(key)
            else:
                batch.put(key, row)
        source = self._source
        self.header = Header(FORMAT, source.cluster, source.topic, source.partition, next_offset, written_at)
        batch.put(HEADER_KEY, _encode(self.header))
        self._db.write(batch)
        self._rows.changes.clear()

    def ages(self, now: datetime) -> bool:
        """Once in a while, and not while rows wait for their offset."""
        return self.header is not None and not self._rows.changes and now - self.header.written_at > REFRESH

    def is_alive(self, now: datetime) -> None:
        """Nothing had changed by now: written down."""
        if self.header is not None and not self._rows.changes:
            self._write(self.header.next_offset, now)

    def close(self) -> None:
        """Let go of the folder; what was not committed is forgotten. Never raises, damaged or not."""
        try:
            self._db.close()
        except Exception as error:  # It tidies up while it closes. What was written stays written.
            log.info("the state in %s was closed untidily: %s", self._folder, error)

    def _header(self) -> Header | None:
        header = self._rows.get(HEADER_KEY)
        if header is None:
            if next(self._rows.pairs(), None) is not None:
                raise UnusableState("it does not say where it is from")
            return None
        try:
            found = _decode(bytes(header))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnusableState(f"it does not say where it is from: {error}") from None
        if found.format != FORMAT:
            raise UnusableState(f"it is of format {found.format}, this program reads {FORMAT}")
        return found


def set_aside(folder: Path, why: object) -> None:
    """Put a folder out of the way, for somebody to look at, and say why. Raises OSError if that cannot be."""
    aside = folder.with_name(f"{folder.name}.bad")
    if aside.is_dir():
        shutil.rmtree(aside)
    with suppress(FileNotFoundError):
        aside.unlink()
    folder.rename(aside)
    metrics.STATE_SET_ASIDE.inc()
    log.warning("the state in %s is set aside as %s, all of the changelog is read: %s", folder, aside.name, why)


def _open(folder: Path) -> Rdict:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        return Rdict(str(folder), _options())
    except Exception as error:  # All it raises are plain Exceptions, told apart by their text.
        text = str(error)
        if DAMAGED.match(text):
            raise UnusableState(text) from None
        raise OSError(f"the state in {folder} cannot be opened: {text}") from None


def _options() -> Any:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(BLOCK_CACHE)
    blocks.set_bloom_filter(BLOOM_BITS, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_keep_log_file_num(2)
    return options
