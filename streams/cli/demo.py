"""`ringback demo`: a Kafka, a worker and a morning of a campaign on this machine."""

import logging

import click


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(20, 80),
    default=45,
    show_default=True,
    help="How long the story takes, besides start and end.",
)
def demo(seconds: float) -> int:
    """Show it at work: a Kafka, a worker and a morning of callbacks, all on this machine.

    A campaign of 1,000 contacts is played to the worker, and at the end everything it wrote is added up: exit code 0
    if all of it is as it must be, 1 with the difference if not. Nothing has to be installed or configured, and nothing
    is left behind; the first start downloads about 45 MB.
    """
    # What Kafka's client logs while a worker restarts would tear the table.
    logging.getLogger().addHandler(logging.NullHandler())
    from streams.dev.demo import run

    return run(seconds)
