"""The disk of one worker, as far as the engine's stores use it: a database that writes batches whole.

What was written survives the process; a power cut may lose the last batches, never part of one.
"""

from pathlib import Path
from typing import Any

Write = list[tuple[bytes, bytes | None]]


class WriteBatch:
    """Changes that are written together."""

    def __init__(self) -> None:
        self.changes: Write = []

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key."""
        self.changes.append((key, value))

    def delete(self, key: bytes) -> None:
        """Remove a key."""
        self.changes.append((key, None))


class Cursor:
    """Over the keys, in their order."""

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self._rows = sorted(rows.items())
        self._at = 0

    def seek_to_first(self) -> None:
        """To the first key."""
        self._at = 0

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
        for key, value in changes:
            if value is None:
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

    def quarantine(self, folder: Path, why: object) -> None:
        """Begin anew."""
        self.quarantined_why.append(str(why))
        self.folders.pop(folder, None)

    def cut_power(self, folder: Path, writes: int) -> None:
        """The last `writes` writes of each database below `folder` never reached the disk."""
        for path, written in self.folders.items():
            if path.parent == folder and writes:
                del written[-writes:]
