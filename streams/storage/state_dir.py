"""The folder of a worker's state: one worker has it at a time, and nobody else can read it.

Source: docs/decisions/0015-state-on-disk.md, docs/decisions/0034-what-a-worker-asks-of-its-machine.md.
"""

import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from streams.base.errors import OperatorError
from streams.tables import TABLES
from topics.names import TopicName

log = logging.getLogger(__name__)

LOCK = "lock"
LAST_RUN = "last-run"
PROCESS = "process-"
"""Of the folder of one of several processes of a worker, before its number."""
OURS = (*(table.folder("") for table in TABLES), f"{TopicName.DNC_ENTRIES}.", LAST_RUN, PROCESS)
"""What the names of everything else in it begin with."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
_HERE = "state_dir (RINGBACK_STATE_DIR)"


@contextmanager
def held(folder: Path | None) -> Iterator[None]:
    """Lock the folder, and create it if it is missing; None locks nothing. The lock ends with the process.

    While it is locked, only its user can read the files that this process creates, anywhere. Files of an older state
    lose the rights of other users. Raises OperatorError when another worker has the lock, or nothing can be written.
    """
    if folder is None:
        yield
        return
    before = os.umask(OTHERS)
    try:
        with _locked(folder):
            try:
                _close_to_others(folder)
            except OSError as error:
                raise OperatorError(
                    f"{_HERE}: cannot read {folder} ({error.strerror}). Make the worker's user its owner, or "
                    "name another folder with --state-dir"
                ) from None
            yield
    finally:
        os.umask(before)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _open_lock(folder / LOCK)
    except OSError as error:
        raise OperatorError(
            f"{_HERE}: cannot write to {folder} ({error.strerror}). Name a folder that the worker may write to with "
            "--state-dir, or set RINGBACK_STORE=memory"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OperatorError(
                f"{_HERE}: another worker has its state in {folder}. Give this one its own folder with --state-dir; "
                "on the same machine it also needs its own port: --metrics-port 0 takes any free port"
            ) from None
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    """The lock file, opened as it is. Raises OSError, and OperatorError when it is no file: it is never followed."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OperatorError(f"{_HERE}: {path} should be the lock file of a worker, and is no file. Remove it")
    # Between that look and this it may have become a link, which is an error then.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _close_to_others(folder: Path) -> None:
    """Remove the rights of other users from our files: versions up to 0.2.0 left them readable."""
    names = os.listdir(folder)
    ours = [name for name in names if name == LOCK or name.startswith(OURS)]
    for path in (folder / name for name in ours):
        if not path.is_symlink():
            for parent, folders, files in os.walk(path):
                for name in (*folders, *files):
                    _tighten(Path(parent, name))
            _tighten(path)
    alone = set(names) <= {*ours, "lost+found"}
    # A folder that holds other things, or that is everybody's like /tmp, is not for us to close.
    if (alone and not folder.stat().st_mode & stat.S_ISVTX and _tighten(folder.resolve())) or not _is_open(folder):
        return
    log.warning(
        "%s: other users can read the folder %s, and this worker cannot change that%s. Its files are closed to them",
        _HERE, folder, "" if alone else ", since other things are in it",
    )  # fmt: skip


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & OTHERS)


def _tighten(path: Path) -> bool:
    """Remove the rights of others; whether that was possible. Links and their targets are not changed."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(file)
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:  # It may be somebody else's file by another name.
            return False
        os.fchmod(file, stat.S_IMODE(found.st_mode) & ~OTHERS)
        return True
    except OSError:
        return False
    finally:
        os.close(file)
