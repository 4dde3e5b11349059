"""The files of one trial: what was asked, how far it is, what it found, or why it failed. They have personal data."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from streams.console.trial.change import Change
from streams.console.why.differences import Changed, Difference, OfCampaign

NAME = re.compile(r"[a-z0-9-]{1,60}")
LINES = ".lines"
CALLS_MAX = 1000
"""Calls that are kept one by one; all of them are counted."""


class Asked(Struct, frozen=True, kw_only=True):
    """What is tried, on what, and by whom. begin: events from then on, all if None.

    until: up to when clocks run on. campaigns: of which contacts, all if empty.
    """

    name: str
    actor: str
    asked_at: datetime
    change: Change
    begin: datetime | None = None
    until: datetime | None = None
    campaigns: tuple[str, ...] = ()


class Progress(Struct, frozen=True):
    """How far a trial is. doing: "reading" or "running"; done: records or lines so far; of: how many, 0 if unknown."""

    doing: str = "reading"
    done: int = 0
    of: int = 0


class Found(Struct, frozen=True, kw_only=True):
    """What a trial found: as `Difference`, with at most CALLS_MAX calls. lines: events that were run."""

    lines: int
    by_campaign: tuple[OfCampaign, ...]
    total: OfCampaign
    changed: tuple[Changed, ...]
    calls_changed: int
    left_out: int
    refused: tuple[str, ...]

    @classmethod
    def of(cls, difference: Difference, lines: int) -> "Found":
        """From what the simulator says."""
        return cls(
            lines=lines,
            by_campaign=difference.by_campaign,
            total=difference.total,
            changed=difference.changed[:CALLS_MAX],
            calls_changed=len(difference.changed),
            left_out=difference.left_out,
            refused=difference.refused,
        )


class Files(NamedTuple):
    """Of a trial, by its name. A name that nobody gave leads to nothing."""

    folder: Path
    name: str

    def keep_asked(self, text: bytes) -> None:
        """Keep what was asked."""
        self._write("asked", text)

    def asked(self) -> bytes | None:
        """What was asked; None if there is no such trial."""
        return self._read("asked")

    def note(self, progress: Progress) -> None:
        """Keep how far it is."""
        self._write("progress", msgspec.json.encode(progress))

    def progress(self) -> Progress:
        """How far it is."""
        text = self._read("progress")
        return Progress() if text is None else msgspec.json.decode(text, type=Progress)

    def keep_found(self, found: Found) -> None:
        """Keep what it found: it is done."""
        self._write("found", msgspec.json.encode(found))

    def found(self) -> Found | None:
        """What it found; None before that."""
        text = self._read("found")
        return None if text is None else msgspec.json.decode(text, type=Found)

    def fail(self, why: str) -> None:
        """Keep why it has ended before it was done."""
        self._write("failed", why.encode())

    def failed(self) -> str:
        """Why it has ended before it was done; empty if it has not."""
        return (self._read("failed") or b"").decode()

    @contextmanager
    def lines(self) -> Iterator[Path]:
        """A folder for what the topics hold, as long as it is needed."""
        folder = self.folder / f"{self.name}{LINES}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def remove_lines(folder: Path) -> None:
        """Remove what processes that were killed have left. Only while no trial runs."""
        for left in folder.glob(f"*{LINES}"):
            shutil.rmtree(left, ignore_errors=True)

    def remove(self) -> None:
        """Forget it."""
        for file in self.folder.glob(f"{self.name}.*"):
            file.unlink(missing_ok=True)

    def _write(self, kind: str, text: bytes) -> None:
        fresh = self.folder / f"{self.name}.{kind}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
        fresh.replace(self.folder / f"{self.name}.{kind}")

    def _read(self, kind: str) -> bytes | None:
        if not NAME.fullmatch(self.name):
            return None
        try:
            return (self.folder / f"{self.name}.{kind}").read_bytes()
        except FileNotFoundError:
            return None
