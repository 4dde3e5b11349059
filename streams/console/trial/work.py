"""The work of one trial, in a process of its own: read what the topics hold, and run it twice through the core."""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator

from streams.base import log as logs
from streams.base.errors import OperatorError
from streams.base.log import about
from streams.base.settings import Settings
from streams.base.zone_data import load_tables, use_newer_zones
from streams.console.trial.exported import Sorted
from streams.console.trial.files import Asked, Files, Found, Progress
from streams.console.trial.reading import read
from streams.console.why.what_if import what_if
from streams.simulator.lines import Line, parse_line

log = logging.getLogger(__name__)

NICE = 10
"""Workers on the same machine come first."""
NOTED_EVERY_S = 0.5


def run(settings: Settings, files: Files, asked: Asked) -> None:
    """Try a change, and leave what was found, or why not, in files. It ends with the process that started it."""
    _own_process(settings)
    load_tables()
    try:
        _run(settings, files, asked)
    except OperatorError as error:
        files.fail(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:
        files.fail("That was a mistake of ours; the log says more.")
        log.error(
            "trial %s failed: %s", files.name, type(error).__name__, exc_info=error,
            extra=about("trial_failed", trial=files.name),
        )  # fmt: skip


def _own_process(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console, which ends this too.
    os.nice(NICE)
    logs.configure(settings.log_level, settings.log_format)
    use_newer_zones()


def _run(settings: Settings, files: Files, asked: Asked) -> None:
    noting = _Noting(files)
    with files.lines() as folder:
        lines = Sorted(folder, None, asked.campaigns or None)
        try:
            asyncio.run(read(settings, lines, asked.begin, None, lambda _, count: noting.note("reading", count)))
            of = lines.count
            found = what_if(_noted(lines, of, noting), asked.change.changes(), asked.until)
        finally:
            lines.close()
    files.keep_found(Found.of(found, of))


def _noted(lines: Sorted, of: int, noting: "_Noting") -> Iterator[Line]:
    for number, text in enumerate(lines.lines(), start=1):
        noting.note("running", number, of)
        yield parse_line(text, "the topics")


class _Noting:
    """Notes how far it is now and then, and ends when the console has."""

    def __init__(self, files: Files) -> None:
        self._files, self._next = files, 0.0

    def note(self, doing: str, done: int, of: int = 0) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + NOTED_EVERY_S
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            sys.exit("the console has ended")
        self._files.note(Progress(doing, done, of))
