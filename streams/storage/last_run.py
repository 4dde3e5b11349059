"""How the last run of a worker ended, as the file `last-run` in its state folder says.

It says `running` while one runs: who finds that at a start knows that nobody ended the last one in good order.
"""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from streams.storage.state_dir import LAST_RUN

RUNNING = "running"
BYTES_MAX = 1000


class Run(msgspec.Struct, frozen=True):
    """One run. ended: `running`, or how it ended; began_at: when it began."""

    ended: str
    began_at: datetime


def read(folder: Path) -> Run | None:
    """The last run; None if there was none. Raises OSError, and ValueError for what nobody of ours has written."""
    try:
        file = os.open(folder / LAST_RUN, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(file, "rb") as opened:
        return msgspec.json.decode(opened.read(BYTES_MAX), type=Run)


def write(folder: Path, run: Run) -> None:
    """Replace the file, whole and for its user alone; it outlives a power cut from then on. Raises OSError."""
    path = folder / LAST_RUN
    made = path.with_name(f"{LAST_RUN}.new")
    with suppress(FileNotFoundError):
        made.unlink()
    file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(file, "wb") as opened:
        opened.write(msgspec.json.encode(run) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    made.replace(path)
    beside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(beside)
    finally:
        os.close(beside)
