"""Trials: each a process of its own, and files in a folder that say what was asked, how far it is and what it found.

One runs at a time, since it reads all that the topics hold and takes a core. Its files outlive the console.
"""

import multiprocessing
import secrets
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.process import BaseProcess
from threading import Lock

import msgspec
from msgspec import Struct

from streams.base.settings import Settings
from streams.console.trial.files import Asked, Files, Found, Progress
from streams.console.trial.work import run

KEPT = 20
"""So many of the latest trials are kept."""
STOP_S = 5.0


class Busy(Exception):
    """Another trial is running; the text is its name."""


class Trial(Struct, frozen=True, kw_only=True):
    """A trial. found: what is different, once it is done. failed: why it ended before that, as a sentence."""

    asked: Asked
    progress: Progress
    found: Found | None = None
    failed: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.found is None and not self.failed


class Trials:
    """The trials of one console. Its calls may come from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._folder = settings, settings.console_dir / "trials"
        self._lock = Lock()
        self._process: tuple[str, BaseProcess] | None = None

    def begin(self, asked: Asked) -> None:
        """Start a trial. Raises Busy while another one runs."""
        with self._lock:
            if self._process is not None and self._process[1].is_alive():
                raise Busy(self._process[0])
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            Files.remove_lines(self._folder)
            files = Files(self._folder, asked.name)
            files.keep_asked(msgspec.json.encode(asked))
            self._forget_old()
            # A fresh process, since a fork would take along the console's connections and threads.
            process = multiprocessing.get_context("spawn").Process(
                target=run, args=(self._settings, files, asked), daemon=True,
            )  # fmt: skip
            process.start()
            self._process = asked.name, process

    def abort(self, name: str) -> None:
        """End a trial that runs; any other one is left alone."""
        with self._lock:
            if self._process is None or self._process[0] != name or not self._process[1].is_alive():
                return
            process = self._process[1]
            process.terminate()
            process.join(STOP_S)
            Files(self._folder, name).fail("It was aborted.")
            Files.remove_lines(self._folder)

    def close(self) -> None:
        """End whatever runs."""
        running = self._process
        if running is not None:
            self.abort(running[0])

    def trial(self, name: str) -> Trial | None:
        """A trial by its name."""
        files = Files(self._folder, name)
        asked = files.asked()
        if asked is None:
            return None
        # It is asked for first: a process that ends meanwhile has written what it found before.
        is_alive = self._is_alive(name)
        found, failed = files.found(), files.failed()
        if found is None and not failed and not is_alive:
            failed = "It ended before it was done; the log of the console may say why."
        about = msgspec.json.decode(asked, type=Asked)
        return Trial(asked=about, progress=files.progress(), found=found, failed=failed)

    def all(self) -> tuple[Trial, ...]:
        """All that are kept, the latest first."""
        found = (self.trial(name) for name in self._names())
        return tuple(one for one in found if one is not None)

    def _is_alive(self, name: str) -> bool:
        running = self._process
        return running is not None and running[0] == name and running[1].is_alive()

    def _names(self) -> Iterator[str]:
        """The latest first: names begin with the time at which they were asked for."""
        files = sorted(self._folder.glob("*.asked"), reverse=True) if self._folder.is_dir() else []
        return (file.stem for file in files)

    def _forget_old(self) -> None:
        for name in list(self._names())[KEPT:]:
            Files(self._folder, name).remove()


def new_name(now: datetime) -> str:
    """A name for a trial."""
    return f"trial-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
