"""The disk of one worker, as far as the engine's stores use it: a database that writes batches whole.

What was written survives the process; a power cut may lose the last batches, never part of one.
"""

from bisect import bisect_left
from pathlib import Path
from typing import Any, NamedTuple


class Change(NamedTuple):
    """A key is set or, without a value, removed; with an `end`, and all keys before that."""

    key: bytes
    value: bytes | None = None
    end: bytes | None = None


Write = list[Change]


class WriteBatch:
    """Changes that are written together."""

    def __init__(self) -> None:
        self.changes: Write = []

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key."""
        self.changes.append(Change(key, value))

    def delete(self, key: bytes) -> None:
        """Remove a key."""
        self.changes.append(Change(key))

    def delete_range(self, begin: bytes, end: bytes) -> None:
        """Remove all keys from `begin` on and before `end`."""
        self.changes.append(Change(begin, end=end))


class Cursor:
    """Over the keys, in their order."""

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self._rows = sorted(rows.items())
        self._at = 0

    def seek(self, key: bytes) -> None:
        """To this key, or the first one after it."""
        self._at = bisect_left(self._rows, (key,))

    def valid(self) -> bool:
        """Whether it stands at a key."""
        return self._at < len(self._rows)

    def key(self) -> bytes:
        """The key."""
        return self._rows[self._at][0]

    def value(self) -> bytes:
        """Its value."""
        return self._rows[self._at][1]

    def next(self) -> None:
        """To the next key."""
        self._at += 1

    def status(self) -> None:
        """Nothing is damaged."""


class Database:
    """What the engine asks of a RocksDB."""

    def __init__(self, writes: list[Write]) -> None:
        self._writes = writes
        self.rows: dict[bytes, bytes] = {}
        for changes in writes:
            self._apply(changes)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        return self.rows.get(key)

    def write(self, batch: WriteBatch) -> None:
        """All of it, or nothing."""
        self._writes.append(batch.changes)
        self._apply(batch.changes)

    def iter(self) -> Cursor:
        """A cursor over what there is now."""
        return Cursor(self.rows)

    def close(self) -> None:
        """Let go."""

    def _apply(self, changes: Write) -> None:
        for key, value, end in changes:
            if end is not None:
                for gone in [one for one in self.rows if key <= one < end]:
                    del self.rows[gone]
            elif value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value


class Disks:
    """The folders of all workers, by path: what was written to each, in its order."""

    def __init__(self) -> None:
        self.folders: dict[Path, list[Write]] = {}
        self.quarantined_why: list[str] = []

    def open(self, folder: Path) -> Any:
        """Open or make a database."""
        return Database(self.folders.setdefault(folder, []))

    def batch(self) -> WriteBatch:
        """An empty batch."""
        return WriteBatch()

    def note_damage(self, folder: Path, why: object) -> None:
        """It never is."""
        raise AssertionError(f"damaged: {why}")

    def quarantine(self, folder: Path, why: object) -> None:
        """Begin anew."""
        self.quarantined_why.append(str(why))
        self.folders.pop(folder, None)

    def cut_power(self, folder: Path, writes: int) -> None:
        """The last `writes` writes of each database below `folder` never reached the disk."""
        for path, written in self.folders.items():
            if path.parent == folder and writes:
                del written[-writes:]
