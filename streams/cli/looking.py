"""What every command needs that looks: the view of the folder, brought up to date, and how far that is meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.base.clock import SystemClock
from streams.base.settings import Settings, load
from streams.cli.options import connection_options
from streams.cli.progress import Progress
from streams.console.actions.runs import Runs
from streams.console.view.reader import Reader
from streams.console.view.view import View
from streams.kafka.clients import Clients
from streams.kafka.whole_topic import partitions_there
from topics.catalog import NEEDED_TOPICS

Command = TypeVar("Command", bound=Callable[..., Any])

_COMMON = (
    click.option(
        "--folder",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where what was read is kept, with the runs.  [console_dir]",
    ),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs."),
    click.option("--numbers", is_flag=True, help="Show phone numbers, not only their last two digits."),
)


def looking_options(command: Command) -> Command:
    """Add --folder, --json and --numbers, and the options of the connection."""
    command = connection_options(command)
    for option in reversed(_COMMON):
        command = option(command)
    return command


def quiet() -> None:
    """Have Kafka's client say nothing beside our one line about a missing broker."""
    logging.getLogger().addHandler(logging.NullHandler())


class Looking:
    """The settings, the folder, its view and its runs, for one command."""

    def __init__(self, settings: Settings, as_json: bool = False, numbers: bool = False) -> None:
        self.settings, self.as_json, self.numbers = settings, as_json, numbers
        self.clients, self.clock = Clients(settings), SystemClock()
        self._progress = Progress()
        self._runs: Runs | None = None

    @classmethod
    def of(
        cls,
        config: Path | None,
        broker: str | None,
        prefix: str | None,
        folder: Path | None,
        as_json: bool,
        numbers: bool,
    ) -> "Looking":
        """From the options. Raises SettingsError."""
        return cls(load(config, broker=broker, prefix=prefix, console_dir=folder), as_json, numbers)

    @property
    def folder(self) -> Path:
        """Where the view and the runs are."""
        return self.settings.console_dir

    @property
    def runs(self) -> Runs:
        """The runs of the folder."""
        self._runs = self._runs or Runs(self.folder, self.clock)
        return self._runs

    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    def view(self) -> View:
        """The view, when it has read what there is by now. Raises OperatorError."""
        asyncio.run(self.catch_up())
        return View(self.folder, self.clock)

    async def catch_up(self) -> None:
        """Bring the view up to date; where a console runs on the folder, wait until it has done so."""
        await Reader(self.settings, self.folder, self.clients).catch_up(self._say)
        await self._miss_nothing()
        await asyncio.to_thread(self._forget_contacts)

    def _forget_contacts(self) -> None:
        view = View(self.folder, self.clock)
        try:
            self.runs.forget_contacts(view)
        finally:
            view.close()

    async def _miss_nothing(self) -> None:
        """Raise OperatorError for a topic that is not there or may not be read: answers would be wrong without it."""
        read = {reading.topic for reading in View(self.folder, self.clock).readings()}
        for name in (name for name in NEEDED_TOPICS if name not in read):
            await partitions_there(self.clients, self.settings.topic(name))

    def _say(self, done: int, of: int) -> None:
        self._progress.show(f"read, of {of:,}:", done)
