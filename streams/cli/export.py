"""`ringback export`: what the topics in hold, as lines that `ringback simulate` and `ringback replay` read."""

import asyncio
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from streams.base.errors import OperatorError
from streams.base.settings import Settings, load
from streams.cli.evidence_making import archive
from streams.cli.import_work import counted
from streams.cli.instants import INSTANT
from streams.cli.options import connection_options
from streams.cli.progress import Progress
from streams.console.trial.exported import Masking, Sorted
from streams.console.trial.reading import read


@click.command()
@connection_options
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Where to.  [standard output]")
@click.option("--from", "begin", type=INSTANT, help="Events from then on. Contacts and configuration come whole.")
@click.option("--until", type=INSTANT, help="Nothing that came then or later.")
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    metavar="ID",
    help="Only contacts that an event of this campaign is about, with all of their events. May be repeated.",
)
@click.option(
    "--archive", is_flag=True, help="All topics, also what Ringback wrote, byte for byte: for `ringback evidence`."
)
@click.option("--masked", is_flag=True, help="With other last digits of numbers, no notes, and no attributes' values.")
@click.option(
    "--keep-attribute",
    "kept",
    multiple=True,
    metavar="NAME",
    help="With --masked: an attribute that keeps its values, since rules look at them. May be repeated.",
)
def export(**given: Any) -> int:
    """Write what the topics hold as lines for the simulator, sorted by the times at which they were written.

    All topics that Ringback reads are exported, up to their present ends: events, contacts and configuration. A record
    that is no JSON is left out, and counted on standard error. The lines have personal data, unless --masked is given:
    then numbers keep all digits but the last four, which are others, the same ones for the same number of this export.

    With --archive the lines are those of an archive, which `ringback evidence` reads: the records of all topics, byte
    for byte, with topic, partition and offset, between a head and an end that has their digest.

    \b
    Example:
      ringback export -o day.jsonl --until 2026-11-24T00:00:00Z
      ringback replay day.jsonl --with new-rules.jsonl
      ringback export --archive -o november.archive --from 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z
    """  # noqa: D301  (click wants the character, not its escape)
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())
    if given["kept"] and not given["masked"]:
        raise click.UsageError("--keep-attribute needs --masked")
    settings = load(given["config"], broker=given["broker"], prefix=given["prefix"])
    if given["archive"]:
        return _archive(settings, given)
    return _lines(settings, given)


def _lines(settings: Settings, given: Mapping[str, Any]) -> int:
    masking = Masking(secrets.token_bytes(16), given["kept"]) if given["masked"] else None
    with tempfile.TemporaryDirectory(prefix="ringback-export-") as folder:
        lines = Sorted(Path(folder), masking, given["campaigns"] or None)
        try:
            asyncio.run(read(settings, lines, given["begin"], given["until"], Progress().show))
            _to(given["output"], lambda out: _write(lines, out))
            count, left_out = lines.count, lines.left_out
        finally:
            lines.close()
    without = f", {counted(left_out, 'record', 'records')} left out" if left_out else ""
    click.echo(f"exported {counted(count, 'line', 'lines')}{without}", err=True)
    return 0


def _archive(settings: Settings, given: Mapping[str, Any]) -> int:
    if given["masked"] or given["campaigns"]:
        raise click.UsageError("--archive takes records as they are: neither --masked nor --campaign goes with it")
    begin, until, show = given["begin"], given["until"], Progress().show
    count = _to(given["output"], lambda out: asyncio.run(archive(settings, out, begin, until, show)))
    click.echo(f"archived {counted(count, 'record', 'records')}", err=True)
    return 0


def _to(output: Path | None, write: Callable[[BinaryIO], int]) -> int:
    if output is None:
        return write(sys.stdout.buffer)
    try:
        # It has phone numbers: nobody else on this machine may read it.
        with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            return write(file)
    except OSError as error:
        raise OperatorError(f"{output}: {error.strerror}") from None


def _write(lines: Sorted, out: BinaryIO) -> int:
    for line in lines.lines():
        out.write(line + b"\n")
    out.flush()
    return lines.count
