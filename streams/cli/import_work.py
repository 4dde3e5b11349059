"""One run of `ringback import`: every line is checked, and when none is rejected, all are sent."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import click

from streams.base.errors import OperatorError
from streams.base.settings import Settings, load
from streams.cli import dnc_entries
from streams.cli.progress import Progress
from streams.importer import kinds
from streams.importer.checking import Files, Read, check
from streams.importer.compact import Entries, tombstones
from streams.importer.layout import Kind
from streams.importer.lines import source
from streams.importer.rejected import Rejected
from streams.importer.sending import Record, send
from streams.kafka.clients import Clients

TAB = "tab"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What all kinds of files are told by options."""

    settings: Settings
    files: tuple[Path, ...]
    form: str | None
    delimiter: str | None
    skip_rejects: bool
    check_only: bool

    @classmethod
    def of(
        cls, config: Path | None, broker: str | None, prefix: str | None, delimiter: str | None, **given: Any
    ) -> "Chosen":
        """From the options. Raises click.UsageError and SettingsError."""
        delimiter = "\t" if delimiter in (TAB, r"\t") else delimiter
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise click.UsageError("--delimiter is one character, and no quote")
        return cls(load(config, broker=broker, prefix=prefix), delimiter=delimiter, **given)


class Import:
    """One run: all lines are checked, and then sent."""

    def __init__(
        self,
        chosen: Chosen,
        kind: Kind,
        reader: kinds.Reader,
        note: Callable[[kinds.Message], None] = lambda _: None,
    ) -> None:
        self._chosen, self._note = chosen, note
        self._topic = chosen.settings.topic(kinds.TOPICS[kind.name])
        sources = [source(path, chosen.form, chosen.delimiter) for path in chosen.files]
        self._files, self._progress = Files(sources, kind, reader), Progress()
        self._state = self._files.state()

    def run(self) -> int:
        """Check and send; returns the exit code. Raises OperatorError."""
        if not self._is_to_be_sent():
            return 0
        self._send(())
        return 0

    def replace(self, dnc_list_id: str) -> int:
        """The same, and then take from the list what no file has."""
        entries = Entries()
        self._note = entries.note
        is_to_be_sent = self._is_to_be_sent()
        if not entries:
            raise OperatorError("there is no entry in the files, so --replace would empty the list: nothing was sent")
        if not is_to_be_sent:
            return 0
        lists = dnc_entries.read(self._chosen.settings, lambda count: self._progress.show("read", count))
        gone = entries.gone(number for name, number in lists.entries() if name == dnc_list_id)
        self._send(tombstones(dnc_list_id, gone))
        click.echo(f"removed {counted(len(gone), 'entry', 'entries')} from {dnc_list_id}")
        return 0

    def _is_to_be_sent(self) -> bool:
        """Check all lines, and name those that are rejected. Raises OperatorError if that is the end of it."""
        found = check(self._files, _report, self._note, self._progress.show)
        lines = f"{counted(found.lines, 'line', 'lines')} in {counted(len(self._files.sources), 'file', 'files')}"
        click.echo(f"checked {lines}, {found.rejected:,} rejected")
        rejected = f"{counted(found.rejected, 'line is', 'lines are')} rejected"
        if found.rejected and not self._chosen.skip_rejects:
            raise OperatorError(f"{rejected}, so nothing was sent. Correct them, or leave them out with --skip-rejects")
        if found.rejected and self._chosen.check_only:
            raise OperatorError(f"{rejected}, and would be left out. Nothing was sent, because of --check-only")
        return not self._chosen.check_only

    def _send(self, more: Iterable[Record]) -> None:
        self._check_unchanged("so nothing was sent")
        began = time.monotonic()
        records = chain(self._records(), more)
        count = asyncio.run(send(Clients(self._chosen.settings), self._topic, records, self._progress.show))
        self._check_unchanged("and what was sent is not all checked. Import them again")
        took_s = time.monotonic() - began
        click.echo(f"sent {counted(count, 'record', 'records')} to {self._topic} in {took_s:.1f} s")

    def _records(self) -> Iterator[Record]:
        for read in self._files.read("sent", lambda _what, _count: None):
            if not isinstance(read.message, Rejected):
                yield read.message
            elif not self._chosen.skip_rejects:
                self._check_unchanged("while they were sent")

    def _check_unchanged(self, then: str) -> None:
        if self._files.state() != self._state:
            raise OperatorError(f"the files have changed since they were checked, {then}")


def _report(read: Read) -> None:
    click.echo(f"{read.source.path}:{read.number}: {read.message}")


def counted(count: int, one: str, many: str) -> str:
    """A count with the word that goes with it."""
    return f"{count:,} {one if count == 1 else many}"
