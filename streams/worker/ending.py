"""How this run of the worker ends, and how the last one did: for the log, and as `ringback_last_exit_info`.

What ends a process may come from any thread, so the run that is noted here is that of the process.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from streams.base import metrics
from streams.base.errors import OperatorError, SettingsError
from streams.storage import last_run
from streams.storage.last_run import RUNNING, Run

log = logging.getLogger(__name__)

EXIT_BROKEN = 70
"""EX_SOFTWARE: the engine must not go on."""


class Ending(StrEnum):
    """How a run ended."""

    NONE = "none"
    """There was no run before."""
    UNKNOWN = "unknown"
    """Nothing is kept, with the state in memory, or what was kept cannot be read."""
    STOPPED = "stopped"
    STOPPED_LATE = "stopped_late"
    """It was asked to stop, and did not finish in time."""
    KILLED = "killed"
    """Nothing was noted: SIGKILL, no memory, a crash of the process, a power cut."""
    REFUSED = "refused"
    """The environment is wrong, or the group does not take it: exit code 1."""
    SETTINGS = "settings"
    """Exit code 2."""
    BROKEN = "broken"
    """The engine must not go on: exit code 70, or a bug."""

    @classmethod
    def of(cls, error: BaseException) -> "Ending":
        """That of a run that this has ended."""
        if isinstance(error, OperatorError):
            return cls.SETTINGS if error.exit_code == SettingsError.exit_code else cls.REFUSED
        return cls.STOPPED if isinstance(error, KeyboardInterrupt) else cls.BROKEN


class _Process:
    """The run of this process. folder: where it is noted; None before its start, and when nothing is kept."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.folder: Path | None = None
        self.began_at: datetime


_PROCESS = _Process()


@contextmanager
def recorded(folder: Path | None, now: datetime) -> Iterator[None]:
    """Note in the folder that a run goes on, and when the context is left, how it ended; tell how the last one did."""
    _tell(*_last(folder))
    if folder is not None:
        _write(folder, Run(RUNNING, now))
        with _PROCESS.lock:
            _PROCESS.folder, _PROCESS.began_at = folder, now
    try:
        yield
    except BaseException as error:
        note(Ending.of(error))
        raise
    note(Ending.STOPPED)


def note(ending: Ending) -> None:
    """The run ends like this; what was noted first holds. It raises nothing: the process has to end."""
    with _PROCESS.lock:
        folder, _PROCESS.folder = _PROCESS.folder, None
    if folder is not None:
        _write(folder, Run(ending, _PROCESS.began_at))


def _last(folder: Path | None) -> tuple[Ending, str]:
    """How the last run ended, and what to say of it."""
    if folder is None:
        return Ending.UNKNOWN, ""
    try:
        run = last_run.read(folder)
        if run is None:
            return Ending.NONE, ""
        ending = Ending.KILLED if run.ended == RUNNING else Ending(run.ended)
    except (OSError, ValueError) as error:
        return Ending.UNKNOWN, f"how the last run of this worker ended cannot be read: {type(error).__name__}"
    began = run.began_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    said = f"the last run of this worker, which began at {began}, was not stopped in good order: {ending}"
    return ending, "" if ending is Ending.STOPPED else said


def _tell(ending: Ending, said: str) -> None:
    metrics.engine.LAST_EXIT.labels(ending).set(1)
    if said:
        log.warning("%s", said)


def _write(folder: Path, run: Run) -> None:
    try:
        last_run.write(folder, run)
    except OSError as error:
        log.warning("cannot note in %s that this run is %s (%s)", folder, run.ended, error.strerror)
