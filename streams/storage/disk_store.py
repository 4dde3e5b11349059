"""The rows of one partition in a RocksDB, with the changelog offset up to which they are right in the same write.

One folder for each partition. One that cannot be relied on is quarantined, and all of the changelog is read.
Source: docs/decisions/0015-state-on-disk.md.
"""

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
from rocksdict import BlockBasedOptions, Cache, DbClosedError, DBCompressionType, Options, Rdict, WriteBatch

from streams.base import metrics
from streams.kafka.compacted import ReadRecord
from streams.logic.contact.upgrades import ROW_VERSION
from streams.storage import local_copy
from streams.storage.disk_rows import HEADER_KEY, DiskRows
from streams.storage.disk_shelf import DiskShelf
from streams.storage.local_copy import Source, UnusableState
from streams.storage.store import REFRESH, Rows

log = logging.getLogger(__name__)

FORMAT = 2
"""Of the folder; that of the rows is in each row."""
FORMATS_READ = (1, FORMAT)
"""The first has no entries that are derived from the rows."""
DAMAGE_NOTED = "ringback-damaged"
"""A file in a folder that was found damaged: a start reads not all of it, and might not meet the damage again."""
WRITE_BUFFER_BYTES = 8 * 1024 * 1024
BLOCK_CACHE = Cache(64 * 1024 * 1024)
"""One for all partitions of the process."""
BLOOM_BITS = 10
DAMAGED = re.compile(
    "Corruption|Invalid argument|Not implemented|unknown variant"
    "|.*(File exists|Not a directory|Is a directory|No such file)", re.DOTALL
)  # fmt: skip
"""What RocksDB says of a folder that nobody can open. Anything else (no room, no right) is not the folder's."""


class Header(msgspec.Struct, frozen=True):
    """What a folder says of itself. written_at: until when all of the changelog before `next_offset` was known.

    derived: the row version of the program that derived entries from all the rows, 0 if they are not whole.
    """

    format: int
    cluster: str
    topic: str
    partition: int
    next_offset: int
    written_at: datetime
    derived: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Header).decode


class Disk(Protocol):
    """What holds databases, one a folder."""

    def open(self, folder: Path) -> Any:
        """Open or make one, as rocksdict has it. Raises UnusableState if it is damaged, OSError if nobody can."""

    def batch(self) -> Any:
        """Changes that `write` of a database takes whole."""

    def note_damage(self, folder: Path, why: object) -> None:
        """Let `open` raise UnusableState from now on, until the folder is quarantined. Never raises."""

    def quarantine(self, folder: Path, why: object) -> None:
        """Rename a closed one to `*.bad`. Raises OSError if it cannot be renamed."""


class RocksDisk:
    """RocksDB in folders of this machine."""

    def open(self, folder: Path) -> Rdict:
        """Open or make one."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        if (folder / DAMAGE_NOTED).is_file():
            raise UnusableState("it was found damaged while it was in use")
        try:
            return Rdict(str(folder), _options())
        except Exception as error:  # All it raises are plain Exceptions, which differ only in their text.
            text = str(error)
            if DAMAGED.match(text):
                raise UnusableState(text) from None
            raise OSError(f"the state in {folder} cannot be opened: {text}") from None

    def batch(self) -> Any:
        """An empty one."""
        return WriteBatch(raw_mode=True)

    def note_damage(self, folder: Path, why: object) -> None:
        """Write it into the folder; where that cannot be done, it may be found again."""
        with suppress(OSError):
            (folder / DAMAGE_NOTED).write_text(f"{why}\n")

    def quarantine(self, folder: Path, why: object) -> None:
        """Rename it."""
        local_copy.quarantine(folder, "the state", why)
        metrics.engine.STATE_QUARANTINED.inc()


ROCKS = RocksDisk()


class DiskStore:
    """The rows of one partition, kept in a folder."""

    def __init__(self, folder: Path, source: Source, disk: Disk = ROCKS) -> None:
        """Open or make it. Raises UnusableState; other errors (no room, no right to write) mean that nobody can."""
        self._folder = folder
        self._source = source
        self._disk = disk
        self._db = disk.open(folder)
        self._rows = DiskRows(self._db, self._damaged)
        self.rows: Rows = self._rows
        try:
            self.header = self._header()
            derived = 0 if self.header is None else self.header.derived
            self.shelf = DiskShelf(self._rows, self._damaged, disk.batch, self._save, derived)
        except BaseException:
            self.close()
            raise

    @property
    def next_offset(self) -> int | None:
        """Offset of the changelog to read on from; None for its beginning."""
        return None if self.header is None else self.header.next_offset

    def check(self, now: datetime) -> None:
        """Raise UnusableState if what is there is not of this changelog, or too old for it."""
        if self.header is not None:
            local_copy.check(self.header, self._source, now, partition=self.header.partition)

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
        batch = self._disk.batch()
        for key, row in self._rows.changes.items():
            if row is None:
                batch.delete(key)
            else:
                batch.put(key, row)
        self.shelf.add_to(batch)
        source = self._source
        self.header = Header(FORMAT, source.cluster, source.topic, source.partition, next_offset, written_at)
        self._save(batch)
        self._rows.changes.clear()
        self.shelf.written()

    def _save(self, batch: Any) -> None:
        """Write a batch with the header, if there is one yet."""
        if self.header is not None:
            derived = ROW_VERSION if self.shelf.is_whole else 0
            self.header = msgspec.structs.replace(self.header, format=FORMAT, derived=derived)
            batch.put(HEADER_KEY, _encode(self.header))
        try:
            self._db.write(batch)
        except Exception as error:
            if DAMAGED.match(str(error)):
                raise self._damaged(error) from None
            raise

    def _damaged(self, why: object) -> UnusableState:
        if not isinstance(why, DbClosedError):
            self._disk.note_damage(self._folder, why)
        return UnusableState(str(why))

    def needs_refresh(self, now: datetime) -> bool:
        """Once in a while, and not while rows wait for their offset."""
        return self.header is not None and not self._rows.changes and now - self.header.written_at > REFRESH

    def confirm_fresh(self, now: datetime) -> None:
        """Nothing had changed by now: written down."""
        if self.header is not None and not self._rows.changes:
            self._write(self.header.next_offset, now)

    def close(self) -> None:
        """Close the folder; changes that were not committed are dropped. Never raises, damaged or not."""
        try:
            self._db.close()
        except Exception as error:  # It tidies up while it closes. What was written stays written.
            log.info("the state in %s was not closed cleanly: %s", self._folder, error)

    def _header(self) -> Header | None:
        header = self._rows.get(HEADER_KEY)
        if header is None:
            if next(self._rows.pairs(), None) is not None:
                raise UnusableState("it does not name its source")
            return None
        try:
            found = _decode(bytes(header))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnusableState(f"it does not name its source: {error}") from None
        if found.format not in FORMATS_READ:
            raise UnusableState(f"it is of format {found.format}, this program reads {FORMAT}")
        return found


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
