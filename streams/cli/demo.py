"""`ringback demo`: a Kafka, a worker and a few callbacks on this machine."""

import click


@click.command()
def demo() -> int:
    """Show it at work: a Kafka, a worker and a few callbacks, all on this machine.

    Nothing has to be installed or configured, and nothing is left behind; the first start downloads about 45 MB.
    """
    from streams.demo import run

    return run()
