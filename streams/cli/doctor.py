"""`ringback doctor`: whether Kafka and those who write to it are as Ringback needs them, and what to change."""

import asyncio
from pathlib import Path

import click
import msgspec

from streams.base.clock import clock_for
from streams.base.settings import load
from streams.cli.doctor_text import lines
from streams.cli.looking import quiet
from streams.cli.options import connection_options
from streams.doctor.examination import SAMPLES, Chosen, Doctor
from streams.doctor.findings import Report, Result
from streams.doctor.judgement.permissions import ROLES
from streams.kafka.clients import Clients
from topics.names import TopicName

PROBLEMS = 1
SAMPLES_MAX = 100_000


@click.command(short_help="Say what is wrong with Kafka and those who write to it, and what to change.")
@connection_options
@click.option("--as", "role", type=click.Choice([*ROLES]), help="Whose rights these settings should have.  [any]")
@click.option(
    "--topic", "topics", multiple=True, metavar="NAME",
    help="Only this topic, by its name without prefix; may be given more than once.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(1, SAMPLES_MAX), default=SAMPLES, show_default=True,
    help="Newest records of each partition to look at.",
)  # fmt: skip
@click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="For people, or one JSON object for programs.")  # fmt: skip
def doctor(
    config: Path | None,
    broker: str | None,
    prefix: str | None,
    role: str | None,
    topics: tuple[str, ...],
    samples: int,
    as_: str,
) -> int:
    """Say whether Kafka, and the programs that write to it, are as Ringback needs them, and what to change if not.

    It looks at versions, topics, access rights, clocks, and at the newest records: their partitions, keys, values and
    compression. It changes nothing. Exit 1 if there is a problem; docs/doctor.md says what each check looks at.

    \b
    Example:
      ringback doctor --broker kafka-1:9092 --as dialer
    """  # noqa: D301  (click wants the character, not its escape)
    quiet()
    settings = load(config, broker=broker, prefix=prefix)
    chosen = Chosen(_names(topics, settings.prefix), ROLES[role] if role else None, samples)
    clock = clock_for(settings.clock_file, settings.clock_offset_file)
    report = asyncio.run(Doctor(Clients(settings), clock, chosen).examine())
    if as_ == "json":
        click.echo(as_json(report))
    else:
        for line in lines(report):
            click.echo(line)
    return PROBLEMS if report.count(Result.PROBLEM) else 0


def _names(given: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    names = tuple(name.removeprefix(prefix) for name in given)
    known = [str(name) for name in TopicName]
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"--topic {unknown[0]} is none of the topics: {', '.join(known)}")
    return names


def as_json(report: Report) -> str:
    """The report as one JSON object: counts by result, and each finding."""
    value = {"at": report.at, "broker": report.broker, "prefix": report.prefix, "records": report.records}
    counts = {result.value: report.count(result) for result in Result}
    encoded = msgspec.json.encode(value | {"results": counts, "findings": report.findings})
    return msgspec.json.format(encoded, indent=2).decode()
