"""`ringback simulate`: the worker's own decisions on a virtual clock, without Kafka."""

import io
import sys

import click


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("--until", metavar="INSTANT", help="Run the clock to this instant (RFC 3339).  [the last line's]")
@click.option("--partitions", type=click.IntRange(min=1), default=1, show_default=True, help="Contact partitions.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "dialogue"]),
    default="json",
    show_default=True,
    help="json: every record out; dialogue: every event in and every record out, one line each, for people to read.",
)
def simulate(files: tuple[str, ...], until: str | None, partitions: int, form: str) -> int:
    """Run events from files, or standard input, on a virtual clock and print every record a worker would write.

    A line of a file has one event, as JSON, and the time of its arrival. A line of the output has one record, and the
    time of its writing. The same input gives the same output, byte for byte. It needs no Kafka.

    \b
    A line in:
      {"topic":"wrap-up","at":"2026-11-23T15:00:01Z","key":"L|c1","value":{...}}
    A line out:
      {"topic":"dial-preview","at":"2026-11-23T16:00:00Z","key":"L|c1","value":{...}}
    The same two in a dialogue:
      2026-11-23 15:00:01 > wrap-up                L|c1  AGAIN, event_id w1, ...
      2026-11-23 16:00:00 < dial-preview           L|c1  k1, due_at 16:00:00Z, ...
    """  # noqa: D301  (click wants the character, not its escape)
    if not files and sys.stdin.isatty():
        raise click.UsageError("name a FILE of events, or pipe them in")
    from streams.simulator.dialogue import dialogue
    from streams.simulator.simulate import run_simulation

    shown = dialogue if form == "dialogue" else None
    problems = io.StringIO()
    code = run_simulation(files, until=until, partitions=partitions, out=sys.stdout, err=problems, shown=shown)
    for line in problems.getvalue().splitlines():
        click.echo(f"ringback: {line}", err=True)
    return code
