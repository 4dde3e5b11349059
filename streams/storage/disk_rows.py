"""The rows of one partition as a mapping over a RocksDB, with what is not committed yet in memory.

Source: docs/decisions/0015-state-on-disk.md.
"""

from collections.abc import ItemsView, Iterator, MutableMapping
from typing import Any

from rocksdict import Rdict

from streams.storage.local_copy import UnusableState

HEADER_KEY = b"ringback.store"
"""Every contact key has a `|`, and the partition's own row another name."""


class DiskRows(MutableMapping[bytes, bytes]):
    """The rows on disk with the uncommitted changes on top; None among these is a row that is gone."""

    def __init__(self, db: Rdict) -> None:
        self._db = db
        self.changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes, default: Any = None) -> Any:
        """The row, or `default`; the one thing that every event asks."""
        try:
            row = self.changes[key] if key in self.changes else self._db.get(key)
        except Exception as error:
            raise UnusableState(str(error)) from None
        return default if row is None else row

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
        for key, row in self._on_disk():
            if key not in self.changes:
                yield key, row
        yield from ((key, row) for key, row in self.changes.items() if row is not None)

    def _on_disk(self) -> Iterator[tuple[bytes, bytes]]:
        cursor = self._db.iter()
        try:
            cursor.seek_to_first()
            while cursor.valid():
                key = bytes(cursor.key())
                if key != HEADER_KEY:
                    yield key, bytes(cursor.value())
                cursor.next()
            try:
                cursor.status()  # An iterator ends at a damaged block as it does at the end.
            except Exception as error:
                raise UnusableState(str(error)) from None
        finally:
            del cursor  # While there is one, the folder stays locked: an error's traceback would keep it.


class _Pairs(ItemsView[bytes, bytes]):
    def __init__(self, rows: DiskRows) -> None:
        super().__init__(rows)
        self._rows = rows

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._rows.pairs()
