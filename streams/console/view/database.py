"""The SQLite file of the view: opened, created, thrown away; who may write to it; how it is set up for speed.

Each database has a file of its own, and `current` names the one that counts, so that nobody who still reads the former
one is disturbed. What a killed process wrote of a transaction is gone as a whole.
"""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streams.base.errors import OperatorError
from streams.console.view import schema

CURRENT = "current"
LOCK = "writer.lock"
_SUFFIX = ".sqlite"
CACHE_KIB, READING_CACHE_KIB = 256 * 1024, 16 * 1024
MAPPED_BYTES = 8 * 1024**3
LOG_PAGES = 16_000
"""Pages of the log before it is written into the database: 64 MB, so that a page that changes often is written once."""
BUSY_S = 60.0


class Folder:
    """The folder of a view. Raises OperatorError where it cannot be made or used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OperatorError(
                f"cannot write to {path} ({error.strerror}). Name a folder that this user may write to"
            ) from None

    def current(self) -> Path | None:
        """The file of the database that counts; None if there is none."""
        try:
            name = (self.path / CURRENT).read_text().strip()
        except FileNotFoundError:
            return None
        return self.path / name if name.endswith(_SUFFIX) and "/" not in name else None

    def replace(self, file: Path) -> None:
        """Have another file count, and remove all others."""
        fresh = self.path / f"{CURRENT}.new"
        fresh.write_text(file.name)
        fresh.replace(self.path / CURRENT)
        for old in self.path.glob(f"view-*{_SUFFIX}*"):
            if not old.name.startswith(file.name):
                with suppress(OSError):
                    old.unlink()

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Whether nobody else writes; if so, nobody else does until this ends. The lock ends with the process."""
        file = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
        finally:
            os.close(file)


class Database:
    """The one connection that writes. Whoever opens it has the lock of the folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        path = folder.current()
        self.connection = (opened(path) if path is not None and path.exists() else None) or self._created()

    def rebuild(self) -> None:
        """Begin again with an empty database."""
        self.connection.close()
        self.connection = self._created()

    def index(self) -> None:
        """Make what makes the view quick to ask; nothing where it is there."""
        for index in schema.INDEXES:
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {index}")
            self.connection.commit()

    def close(self) -> None:
        """Close it; what was not committed is gone."""
        self.connection.close()

    def _created(self) -> sqlite3.Connection:
        path = self.folder.path / f"view-{uuid.uuid4().hex[:12]}{_SUFFIX}"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = _connect(path)
        connection.executescript(f"BEGIN; {schema.TABLES} PRAGMA user_version = {schema.VERSION}; COMMIT;")
        self.folder.replace(path)
        return connection


def opened(path: Path) -> sqlite3.Connection | None:
    """A connection that writes; None if the file is of another version, or no database."""
    connection = _connect(path)
    with suppress(sqlite3.DatabaseError):
        if version(connection) == schema.VERSION:
            return connection
    connection.close()
    return None


def reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{path.resolve()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    _tune(connection, READING_CACHE_KIB)
    return connection


def empty() -> sqlite3.Connection:
    """A database without records, for whoever asks before there is one."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(schema.TABLES)
    return connection


def version(connection: sqlite3.Connection) -> int:
    """The version of the tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    with suppress(sqlite3.DatabaseError):
        connection.execute("PRAGMA journal_mode = WAL")
        # A power failure may take the last transactions, whole: they are read again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        _tune(connection, CACHE_KIB)
    return connection


def _tune(connection: sqlite3.Connection, cache_kib: int) -> None:
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    connection.execute("PRAGMA temp_store = MEMORY")
