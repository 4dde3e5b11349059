"""`ringback bench`: measure lateness, placement, recovery and load on this machine."""

import logging
from collections.abc import Callable

import click

from streams.dev.children import stop_on_signals

_COUNT = click.IntRange(min=1)
INTERRUPTED = 130


@click.group()
def bench() -> None:
    """Measure, with a Kafka and a worker of its own, on this machine.

    The figures are printed with the date, the machine and the versions. Nothing is judged by the clock: exit code 1
    means that a command or an answer was wrong: early, missing, repeated or out of order.
    """
    # What Kafka's client logs while a worker restarts says nothing about the figures.
    logging.getLogger().addHandler(logging.NullHandler())


@bench.command(short_help="How late commands are.")
@click.option("--outstanding", type=_COUNT, default=10_000, show_default=True, help="Callbacks that are not due.")
@click.option("--rate", type=_COUNT, default=200, show_default=True, help="Callbacks that fall due per second.")
@click.option("--seconds", type=_COUNT, default=30, show_default=True, help="For how long they do.")
def lateness(outstanding: int, rate: int, seconds: int) -> int:
    """Measure how late commands are while callbacks fall due at an even rate."""
    from streams.dev.bench.lateness import run

    command = f"ringback bench lateness --outstanding {outstanding} --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, outstanding, rate, seconds, click.echo))


@bench.command(short_help="How fast a killed worker is back.")
@click.option("--outstanding", type=_COUNT, default=100_000, show_default=True, help="Callbacks that are not due.")
@click.option("--overdue", type=_COUNT, default=1_000, show_default=True, help="Callbacks that fall due meanwhile.")
@click.option(
    "--store", type=click.Choice(["rocksdb", "memory"]), default="rocksdb", show_default=True, help="Of state."
)
def restart(outstanding: int, overdue: int, store: str) -> int:
    """Kill the worker with kill -9 and measure how fast it is back and has sent what fell due meanwhile."""
    from streams.dev.bench.restart import run

    command = f"ringback bench restart --outstanding {outstanding} --overdue {overdue} --store {store}"
    return _interruptible(lambda: run(command, outstanding, overdue, store, click.echo))


@bench.command(short_help="How fast placement requests are answered.")
@click.option("--rate", type=_COUNT, default=200, show_default=True, help="Requests per second.")
@click.option("--seconds", type=_COUNT, default=30, show_default=True, help="For how long they come.")
def placement(rate: int, seconds: int) -> int:
    """Measure how fast placement requests are answered, with every check switched on."""
    from streams.dev.bench.placement import run

    command = f"ringback bench placement --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, rate, seconds, click.echo))


@bench.command(short_help="How Do Not Call lists are held and read.")
@click.option("--numbers", type=_COUNT, default=1_000_000, show_default=True, help="Entries on the list.")
@click.option("--rounds", type=_COUNT, default=3, show_default=True, help="How often each way of reading is timed.")
def dnc(numbers: int, rounds: int) -> int:
    """Measure how fast a worker reads a Do Not Call list, what it takes in memory, and how fast a number is found."""
    from streams.dev.bench.dnc import run

    command = f"ringback bench dnc --numbers {numbers} --rounds {rounds}"
    return _interruptible(lambda: run(command, numbers, rounds, click.echo))


@bench.command(short_help="How long partitions stand still.")
@click.option("--rate", type=_COUNT, default=100, show_default=True, help="Callbacks that fall due per second.")
@click.option("--seconds", type=_COUNT, default=60, show_default=True, help="For how long they do.")
def recovery(rate: int, seconds: int) -> int:
    """Kill one of two workers, and then kill and restart the other; measure how long their partitions stand still."""
    from streams.dev.bench.recovery import run

    command = f"ringback bench recovery --rate {rate} --seconds {seconds}"
    return _interruptible(lambda: run(command, rate, seconds, click.echo))


@bench.command(short_help="What a backlog of millions of events does.")
@click.option("--events", type=_COUNT, default=1_000_000, show_default=True, help="Wrap-ups that wait for the worker.")
def backlog(events: int) -> int:
    """Start a worker on a backlog; measure how fast it is through, and the memory that takes."""
    from streams.dev.bench.backlog import run

    command = f"ringback bench backlog --events {events}"
    return _interruptible(lambda: run(command, events, click.echo))


@bench.command(short_help="What a contact with very many events does.")
@click.option("--events", type=_COUNT, default=20_000, show_default=True, help="Events about the one contact.")
def hot(events: int) -> int:
    """Send very many events about one contact, and check that each is answered."""
    from streams.dev.bench.hot import run

    command = f"ringback bench hot --events {events}"
    return _interruptible(lambda: run(command, events, click.echo))


@bench.command(short_help="What very many callbacks in one second do.")
@click.option("--callbacks", type=_COUNT, default=50_000, show_default=True, help="Callbacks that are due then.")
def stampede(callbacks: int) -> int:
    """Have very many callbacks due within one second; measure how fast they are out, and what new wrap-ups wait."""
    from streams.dev.bench.stampede import run

    command = f"ringback bench stampede --callbacks {callbacks}"
    return _interruptible(lambda: run(command, callbacks, click.echo))


def _interruptible(work: Callable[[], int]) -> int:
    # Without this a SIGTERM would end us at once and leave a worker and Kafka's data behind.
    stop_on_signals()
    try:
        return work()
    except KeyboardInterrupt:
        click.echo("Interrupted: the worker and Kafka have stopped, and nothing is left behind.")
        return INTERRUPTED
