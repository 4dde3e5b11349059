"""`ringback bench`: measure lateness, placement, recovery and load on this machine."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from streams.dev.children import stop_on_signals

if TYPE_CHECKING:
    from streams.dev.bench.report import Result

_COUNT = click.IntRange(min=1)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object; progress goes to stderr.")
INTERRUPTED = 130


@click.group()
def bench() -> None:
    """Measure on this machine, with a Kafka and workers of its own.

    The figures are printed with the date, the machine and the versions. Exit code 1 means that a command or an answer
    was wrong (early, missing, repeated or out of order), never that a figure was low.
    """
    # Lines of Kafka's client, logged while a worker restarts, say nothing about the figures.
    logging.getLogger().addHandler(logging.NullHandler())


@bench.command(short_help="How late commands are.")
@click.option("--outstanding", type=_COUNT, default=10_000, show_default=True, help="Callbacks that stay outstanding.")
@click.option("--rate", type=_COUNT, default=200, show_default=True, help="Callbacks that fall due per second.")
@click.option("--seconds", type=_COUNT, default=30, show_default=True, help="Duration of the load.")
@click.option("--wrap-ups", type=_COUNT, help="Measure again, while so many wrap-ups arrive per second.")
@_AS_JSON
def lateness(outstanding: int, rate: int, seconds: int, wrap_ups: int | None, as_json: bool) -> int:
    """Measure how late commands are while callbacks fall due at a constant rate."""
    from streams.dev.bench.lateness import run

    return _measured(lambda say: run(outstanding, rate, seconds, wrap_ups or 0, say), as_json)


@bench.command(short_help="How fast a killed worker recovers.")
@click.option("--outstanding", type=_COUNT, default=100_000, show_default=True, help="Callbacks that stay outstanding.")
@click.option("--overdue", type=_COUNT, default=1_000, show_default=True, help="Callbacks that fall due meanwhile.")
@click.option(
    "--store",
    type=click.Choice(["rocksdb", "memory"]),
    default="rocksdb",
    show_default=True,
    help="Its store.",
)
@_AS_JSON
def restart(outstanding: int, overdue: int, store: str, as_json: bool) -> int:
    """Kill the worker with kill -9; measure how fast it is back and has sent the callbacks that fell due meanwhile."""
    from streams.dev.bench.restart import run

    return _measured(lambda say: run(outstanding, overdue, store, say), as_json)


@bench.command(short_help="How fast placement requests are answered.")
@click.option("--rate", type=_COUNT, default=200, show_default=True, help="Requests per second.")
@click.option("--seconds", type=_COUNT, default=30, show_default=True, help="Duration of the load.")
@_AS_JSON
def placement(rate: int, seconds: int, as_json: bool) -> int:
    """Measure how fast placement requests are answered, with every check switched on."""
    from streams.dev.bench.placement import run

    return _measured(lambda say: run(rate, seconds, say), as_json)


@bench.command(short_help="How fast Do Not Call lists are read, and how large.")
@click.option("--numbers", type=_COUNT, default=1_000_000, show_default=True, help="Entries on the list.")
@click.option("--rounds", type=_COUNT, default=3, show_default=True, help="How often each way of reading is timed.")
@_AS_JSON
def dnc(numbers: int, rounds: int, as_json: bool) -> int:
    """Measure how fast a worker reads a Do Not Call list, how much memory it takes, and how fast a look-up is."""
    from streams.dev.bench.dnc import run

    return _measured(lambda say: run(numbers, rounds, say), as_json)


@bench.command(short_help="How long partitions stand still.")
@click.option("--rate", type=_COUNT, default=100, show_default=True, help="Callbacks that fall due per second.")
@click.option("--seconds", type=_COUNT, default=60, show_default=True, help="Duration of the load.")
@_AS_JSON
def recovery(rate: int, seconds: int, as_json: bool) -> int:
    """Kill one of two workers, and then kill and restart the other; measure how long their partitions stand still."""
    from streams.dev.bench.recovery import run

    return _measured(lambda say: run(rate, seconds, say), as_json)


@bench.command(short_help="How fast a backlog of events is processed.")
@click.option("--events", type=_COUNT, default=1_000_000, show_default=True, help="Wrap-ups that wait for the worker.")
@_AS_JSON
def backlog(events: int, as_json: bool) -> int:
    """Start a worker on a backlog; measure how fast it processes it, and with how much memory."""
    from streams.dev.bench.backlog import run

    return _measured(lambda say: run(events, say), as_json)


@bench.command(short_help="How fast very many events of one contact are answered.")
@click.option("--events", type=_COUNT, default=20_000, show_default=True, help="Events about the one contact.")
@_AS_JSON
def hot(events: int, as_json: bool) -> int:
    """Send very many events about one contact, and check that each is answered."""
    from streams.dev.bench.hot import run

    return _measured(lambda say: run(events, say), as_json)


@bench.command(short_help="How fast very many callbacks of one second go out.")
@click.option("--callbacks", type=_COUNT, default=50_000, show_default=True, help="Callbacks due in that second.")
@click.option("--calm", type=_COUNT, default=20, show_default=True, help="Seconds of wrap-ups alone, before it.")
@_AS_JSON
def stampede(callbacks: int, calm: int, as_json: bool) -> int:
    """Have very many callbacks due in one second; measure how fast they go out, and how long new wrap-ups wait."""
    from streams.dev.bench.stampede import run

    return _measured(lambda say: run(callbacks, calm, say), as_json)


@bench.command(short_help="How fast callbacks are scheduled, moved and cancelled.")
@click.option("--callbacks", type=_COUNT, default=50_000, show_default=True, help="Callbacks that are scheduled.")
@_AS_JSON
def changes(callbacks: int, as_json: bool) -> int:
    """Start a worker on a backlog of callbacks, of which a third are moved and a third cancelled; measure its speed."""
    from streams.dev.bench.changes import run

    return _measured(lambda say: run(callbacks, say), as_json)


@bench.command(short_help="What outstanding callbacks cost.")
@click.option(
    "--callbacks",
    type=_COUNT,
    multiple=True,
    default=(50_000, 200_000),
    show_default=True,
    help="Outstanding callbacks; repeat it, with a greater number each time.",
)
@click.option("--overdue", type=_COUNT, default=1_000, show_default=True, help="Callbacks that fall due at each kill.")
@click.option("--quiet", type=_COUNT, default=20, show_default=True, help="Seconds that a worker at rest is watched.")
@_AS_JSON
def outstanding(callbacks: tuple[int, ...], overdue: int, quiet: int, as_json: bool) -> int:
    """Measure what outstanding callbacks cost a worker: memory, CPU at rest, restarts with its state and without."""
    from streams.dev.bench.outstanding import run

    if list(callbacks) != sorted(set(callbacks)):
        raise click.BadParameter("each number has to be greater than the one before", param_hint="--callbacks")
    return _measured(lambda say: run(callbacks, overdue, quiet, say), as_json)


@bench.command(short_help="How fast the console's view is filled and searched.")
@click.option("--callbacks", type=_COUNT, default=1_000_000, show_default=True, help="Callbacks in the view.")
@click.option("--rebuild", type=_COUNT, default=30_000, show_default=True, help="Callbacks that are read from a Kafka.")
@_AS_JSON
def console_view(callbacks: int, rebuild: int, as_json: bool) -> int:
    """Fill the console's view, ask it for pages with every filter, and read another one from Kafka."""
    from streams.dev.bench.console_view import run

    return _measured(lambda say: run(callbacks, rebuild, say), as_json)


def _measured(work: Callable[[Callable[[str], None]], "Result"], as_json: bool) -> int:
    """Do it and print what came of it; the exit code."""
    from streams.dev.bench import report
    from streams.dev.bench.rig import CLOCK

    stop_on_signals()
    try:
        result = work(lambda text: click.echo(text, err=as_json))
    except KeyboardInterrupt:
        click.echo("Interrupted: the worker and Kafka have stopped, and nothing is left behind.", err=as_json)
        return INTERRUPTED
    told = report.as_json if as_json else report.report
    click.echo(told(_command(), CLOCK.now(), result))
    return 1 if result.wrong else 0


def _command() -> str:
    """The command as it was given, with its defaults."""
    context = click.get_current_context()
    words = ["ringback bench", context.info_name]
    for parameter in context.command.params:
        given = context.params.get(parameter.name or "")
        if isinstance(given, bool) or given is None:
            continue
        for value in given if isinstance(given, tuple) else (given,):
            words += [parameter.opts[0], str(value)]
    return " ".join(str(word) for word in words)
