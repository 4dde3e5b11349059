"""`ringback import`: files of contacts, Do Not Call lists, callbacks and past calls, checked and then sent."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.base.clock import SystemClock
from streams.cli.import_work import Chosen, Import, counted
from streams.cli.options import connection_options
from streams.importer import kinds
from streams.importer.campaigns import configured
from streams.importer.compact import Calls
from streams.kafka.clients import Clients
from streams.logic.contact.limits import REMEMBERED_MAX

Command = TypeVar("Command", bound=Callable[..., Any])

_FILES = (
    click.argument(
        "files",
        nargs=-1,
        required=True,
        metavar="FILE...",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(["csv", "jsonl"]),
        help="How the files are written.  [by name: .csv, .tsv, .txt; .jsonl, .ndjson, .json]",
    ),
    click.option("--delimiter", metavar="CHARACTER", help="Between two columns; `tab` is one.  [as the header has it]"),
    click.option("--skip-rejects", is_flag=True, help="Send the other lines, though some are rejected."),
    click.option("--check-only", is_flag=True, help="Check all lines and send none."),
)


def file_options(command: Command) -> Command:
    """Add FILE, --format, --delimiter, --skip-rejects, --check-only, and the options of the connection."""
    command = connection_options(command)
    for option in reversed(_FILES):
        command = option(command)
    return command


@click.group()
def import_() -> None:
    """Send what another system knows, from files: CSV with a header, or JSON lines, in UTF-8.

    All lines are checked before the first is sent. A line that does not fit is named by file, line number and field,
    and then nothing is sent. Ids are made of what a line says, so that a second run changes nothing. docs/migrate.md
    has the columns of each file, and in which order to import them.
    """
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())


@import_.command(short_help="Records of contacts.")
@file_options
def contacts(**given: Any) -> int:
    """Send records of contacts; each replaces the one before it.

    \b
    Example:
      ringback import contacts renewals.csv
    """  # noqa: D301  (click wants the character, not its escape)
    return Import(Chosen.of(**given), kinds.CONTACTS, kinds.contact).run()


@import_.command(short_help="Entries of Do Not Call lists.")
@file_options
@click.option("--list", "dnc_list_id", metavar="ID", help="The list.  [the column dnc_list_id]")
@click.option("--replace", is_flag=True, help="Remove from the list what is in none of the files.")
def dnc(dnc_list_id: str | None, replace: bool, **given: Any) -> int:
    """Send entries of Do Not Call lists, in addition to those that are there.

    With --replace the list becomes exactly what the files say: the topic is read to its present end, new entries are
    sent first, and then tombstones for those that are in no file.

    \b
    Example:
      ringback import dnc --list house-dnc --replace house.csv
    """  # noqa: D301  (click wants the character, not its escape)
    chosen = Chosen.of(**given)
    if replace and dnc_list_id is None:
        raise click.UsageError("--replace needs --list")
    if replace and chosen.skip_rejects:
        # What is rejected would be taken from the list, and nobody knows what it was to protect.
        raise click.UsageError("--replace does not go with --skip-rejects")
    if dnc_list_id is not None and not dnc_list_id.strip():
        raise click.UsageError("--list is blank")
    work = Import(chosen, kinds.DNC, kinds.dnc_entry_on(dnc_list_id))
    return work.run() if dnc_list_id is None or not replace else work.replace(dnc_list_id)


@import_.command(short_help="Callbacks that are outstanding.")
@file_options
def callbacks(**given: Any) -> int:
    """Send callbacks that are outstanding, each as an agent would have scheduled it.

    \b
    Example:
      ringback import callbacks outstanding.csv
    """  # noqa: D301  (click wants the character, not its escape)
    chosen = Chosen.of(**given)
    return Import(chosen, kinds.CALLBACKS, _events(chosen).callback).run()


@import_.command(short_help="Calls of the past.")
@file_options
def attempts(**given: Any) -> int:
    """Send calls of the past, as wrap-ups that count and have no other effect.

    \b
    Example:
      ringback import attempts last-quarter.csv
    """  # noqa: D301  (click wants the character, not its escape)
    chosen, calls = Chosen.of(**given), Calls()
    work = Import(chosen, kinds.ATTEMPTS, _events(chosen).attempt, calls.note)
    code = work.run()
    if crowded := calls.crowded():
        click.echo(
            f"{counted(crowded, 'contact has', 'contacts have')} more than {REMEMBERED_MAX} calls in these files. "
            "Do not import those again: what is older than the latest would count once more",
            err=True,
        )
    return code


def _events(chosen: Chosen) -> kinds.Events:
    return kinds.Events(SystemClock().now(), asyncio.run(configured(Clients(chosen.settings))))
