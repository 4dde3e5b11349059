"""The rows of one partition as a mapping over a RocksDB, with what is not committed yet in memory.

Source: docs/decisions/0015-state-on-disk.md.
"""

from collections.abc import Callable, Generator, ItemsView, Iterator, MutableMapping
from contextlib import closing
from typing import Any

from streams.storage.entries import DERIVED
from streams.storage.local_copy import UnusableState

HEADER_KEY = b"ringback.store"
"""Every contact key has a `|`, and the partition's own row another name."""

Damaged = Callable[[object], UnusableState]
"""Notes that a database was found damaged, and why; what is to be raised then."""


class DiskRows(MutableMapping[bytes, bytes]):
    """The rows on disk with the uncommitted changes on top; None among these is a row that is gone."""

    def __init__(self, db: Any, damaged: Damaged) -> None:
        self._db = db
        self._damaged = damaged
        self.changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes, default: Any = None) -> Any:
        """The row, or `default`; the one thing that every event asks."""
        row = self.changes[key] if key in self.changes else self.committed(key)
        return default if row is None else row

    def committed(self, key: bytes) -> bytes | None:
        """The row as it is on disk."""
        try:
            row: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._damaged(error) from None
        return row

    def __getitem__(self, key: bytes) -> bytes:
        row: bytes | None = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def __setitem__(self, key: bytes, row: bytes) -> None:
        self.changes[key] = row

    def __delitem__(self, key: bytes) -> None:
        if self.get(key) is None:
            raise KeyError(key)
        self.changes[key] = None

    def __iter__(self) -> Iterator[bytes]:
        return (key for key, _ in self.pairs())

    def __len__(self) -> int:
        return sum(1 for _ in self.pairs())

    def items(self) -> ItemsView[bytes, bytes]:
        """Every row with its key, read in one go. Raises UnusableState when the disk is found damaged."""
        return _Pairs(self)

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """The same, as an iterator."""
        return self.starting_with(b"")

    def starting_with(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The rows whose keys begin so."""
        with closing(self.read(prefix, DERIVED)) as found:
            for key, row in found:
                if not key.startswith(prefix):
                    break
                if key not in self.changes and key != HEADER_KEY:
                    yield key, row
        changed = ((key, row) for key, row in self.changes.items() if key.startswith(prefix))
        yield from ((key, row) for key, row in changed if row is not None)

    def read(self, first: bytes, end: bytes) -> Generator[tuple[bytes, bytes]]:
        """What is on disk from one key on and before another one, rows or not. Raises UnusableState."""
        cursor = self._db.iter()
        try:
            cursor.seek(first)
            while cursor.valid():
                key = bytes(cursor.key())
                if key >= end:
                    return
                yield key, bytes(cursor.value())
                cursor.next()
            try:
                cursor.status()  # An iterator ends at a damaged block as it does at the end.
            except Exception as error:
                raise self._damaged(error) from None
        finally:
            del cursor  # While there is one, the folder stays locked: an error's traceback would keep it.


class _Pairs(ItemsView[bytes, bytes]):
    def __init__(self, rows: DiskRows) -> None:
        super().__init__(rows)
        self._rows = rows

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._rows.pairs()
