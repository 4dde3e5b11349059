"""`ringback bench`: measure lateness, placement, recovery and load on this machine."""

import logging
from collections.abc import Callable

import click

from streams.dev.children import stop_on_signals

_COUNT = click.IntRange(min=1)
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
def lateness(outstanding: int, rate: int, seconds: int) -> int:
    """Measure how late commands are while callbacks fall due at a constant rate."""
    from streams.dev.bench.lateness import run

    command = f"ringback bench lateness --outstanding {outstanding} --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, outstanding, rate, seconds, click.echo))


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
def restart(outstanding: int, overdue: int, store: str) -> int:
    """Kill the worker with kill -9; measure how fast it is back and has sent the callbacks that fell due meanwhile."""
    from streams.dev.bench.restart import run

    command = f"ringback bench restart --outstanding {outstanding} --overdue {overdue} --store {store}"
    return _interruptible(lambda: run(command, outstanding, overdue, store, click.echo))


@bench.command(short_help="How fast placement requests are answered.")
@click.option("--rate", type=_COUNT, default=200, show_default=True, help="Requests per second.")
@click.option("--seconds", type=_COUNT, default=30, show_default=True, help="Duration of the load.")
def placement(rate: int, seconds: int) -> int:
    """Measure how fast placement requests are answered, with every check switched on."""
    from streams.dev.bench.placement import run

    command = f"ringback bench placement --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, rate, seconds, click.echo))


@bench.command(short_help="How fast Do Not Call lists are read, and how large.")
@click.option("--numbers", type=_COUNT, default=1_000_000, show_default=True, help="Entries on the list.")
@click.option("--rounds", type=_COUNT, default=3, show_default=True, help="How often each way of reading is timed.")
def dnc(numbers: int, rounds: int) -> int:
    """Measure how fast a worker reads a Do Not Call list, how much memory it takes, and how fast a look-up is."""
    from streams.dev.bench.dnc import run

    command = f"ringback bench dnc --numbers {numbers} --rounds {rounds}"
    return _interruptible(lambda: run(command, numbers, rounds, click.echo))


@bench.command(short_help="How long partitions stand still.")
@click.option("--rate", type=_COUNT, default=100, show_default=True, help="Callbacks that fall due per second.")
@click.option("--seconds", type=_COUNT, default=60, show_default=True, help="Duration of the load.")
def recovery(rate: int, seconds: int) -> int:
    """Kill one of two workers, and then kill and restart the other; measure how long their partitions stand still."""
    from streams.dev.bench.recovery import run

    command = f"ringback bench recovery --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, rate, seconds, click.echo))


@bench.command(short_help="How fast a backlog of events is processed.")
@click.option("--events", type=_COUNT, default=1_000_000, show_default=True, help="Wrap-ups that wait for the worker.")
def backlog(events: int) -> int:
    """Start a worker on a backlog; measure how fast it processes it, and with how much memory."""
    from streams.dev.bench.backlog import run

    command = f"ringback bench backlog --events {events}"
    return _interruptible(lambda: run(command, events, click.echo))


@bench.command(short_help="How fast very many events of one contact are answered.")
@click.option("--events", type=_COUNT, default=20_000, show_default=True, help="Events about the one contact.")
def hot(events: int) -> int:
    """Send very many events about one contact, and check that each is answered."""
    from streams.dev.bench.hot import run

    command = f"ringback bench hot --events {events}"
    return _interruptible(lambda: run(command, events, click.echo))


@bench.command(short_help="How fast very many callbacks of one second go out.")
@click.option("--callbacks", type=_COUNT, default=50_000, show_default=True, help="Callbacks due in that second.")
def stampede(callbacks: int) -> int:
    """Have very many callbacks due in one second; measure how fast they go out, and how long new wrap-ups wait."""
    from streams.dev.bench.stampede import run

    command = f"ringback bench stampede --callbacks {callbacks}"
    return _interruptible(lambda: run(command, callbacks, click.echo))


def _interruptible(work: Callable[[], int]) -> int:
    # Without this a SIGTERM would end the process at once and leave a worker and Kafka's data behind.
    stop_on_signals()
    try:
        return work()
    except KeyboardInterrupt:
        click.echo("Interrupted: the worker and Kafka have stopped, and nothing is left behind.")
        return INTERRUPTED
