"""`ringback demo`: a Kafka, a worker and a morning of a campaign on this machine."""

import logging

import click


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(20, 80),
    default=45,
    show_default=True,
    help="Duration of the story, without start and end.",
)
@click.option(
    "--observe",
    is_flag=True,
    help="Have a Prometheus scrape the worker, with the alert rules, and say where to look. It has to be installed.",
)
@click.option("--console", is_flag=True, help="Open the console on what happens; it needs the extra `console`.")
@click.option(
    "--broker",
    metavar="HOST:PORT,...",
    help="Use a Kafka that is there, with topics of the demo's own, which are removed at its end.",
)
def demo(seconds: float, observe: bool, console: bool, broker: str | None) -> int:
    """Run a Kafka, a worker and a morning of callbacks on this machine.

    The demo sends the events of a campaign of 1,000 contacts, and at the end checks every record that the worker wrote.
    The exit code is 0 if all are right, else 1, with the difference. Nothing has to be installed or configured, and
    nothing is left running. The first start downloads about 45 MB, but not with --broker, which takes a Kafka that is
    there; how it is secured is a matter of settings. With --observe or --console, on a terminal, everything stays up
    until Ctrl-C.
    """
    # Lines of Kafka's client, logged while a worker restarts, would break the table.
    logging.getLogger().addHandler(logging.NullHandler())
    from streams.dev.demo import run

    return run(seconds, observe, console, broker)
