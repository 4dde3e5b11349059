"""`ringback topics create` and `ringback topics check`: the catalog and the broker's topics."""

import logging
from pathlib import Path

import click

from streams.base.errors import OperatorError
from streams.base.settings import Settings, load
from streams.cli.options import connection_options
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.manifests import Deployment
from topics.of_adapters import OF_ADAPTERS

_COUNT = click.IntRange(min=1)
_console = click.option("--console", is_flag=True, help="Also the topic that only a console and its commands need.")


_adapter = click.option(
    "--adapter", "adapters", type=click.Choice(sorted(OF_ADAPTERS)), multiple=True,
    help="Also the topics of this adapter; may be given more than once.",
)  # fmt: skip


@click.group()
def topics() -> None:
    """Create the topics, or compare them with the catalog."""
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())


@topics.command(short_help="Create the topics that are missing.")
@connection_options
@click.option(
    "--partitions",
    type=_COUNT,
    default=Deployment().partitions,
    show_default=True,
    help="Partitions of each contact topic, and most workers with work. It cannot be changed later.",
)
@click.option("--replication-factor", "replication", type=_COUNT, help="Replicas.  [3, or the number of brokers]")
@_console
@_adapter
def create(
    config: Path | None,
    broker: str | None,
    prefix: str | None,
    partitions: int,
    replication: int | None,
    console: bool,
    adapters: tuple[str, ...],
) -> int:
    """Create the topics that are missing, and change no existing one.

    \b
    Example:
      ringback topics create --broker kafka-1:9092,kafka-2:9092 --partitions 12
    """  # noqa: D301  (click wants the character, not its escape)
    settings = load(config, broker=broker, prefix=prefix)
    catalog = _catalog(console, adapters)
    created = topic_admin.create(Clients(settings), partitions, replication, catalog)
    for name in created:
        click.echo(f"created {name}")
    there = len(catalog) - len(created)
    if there:
        click.echo(f"{there} of {len(catalog)} topics were already there")
    return _check(settings, partitions, replication, catalog)


@topics.command(short_help="Name every difference; exit 1 if there is one.")
@connection_options
@click.option("--partitions", type=_COUNT, help="Expected partitions of each contact topic.  [as most of them have]")
@click.option("--replication-factor", "replication", type=_COUNT, help="Expected replicas of each topic.  [any]")
@_console
@_adapter
def check(
    config: Path | None,
    broker: str | None,
    prefix: str | None,
    partitions: int | None,
    replication: int | None,
    console: bool,
    adapters: tuple[str, ...],
) -> int:
    """Name every difference between the broker's topics and the catalog, one a line; exit 1 if there is one.

    It changes nothing. A difference marked "fatal" keeps a worker from starting.
    """
    return _check(load(config, broker=broker, prefix=prefix), partitions, replication, _catalog(console, adapters))


def _catalog(console: bool, adapters: tuple[str, ...]) -> topic_admin.Topics:
    chosen = dict(CATALOG if console else NEEDED_TOPICS)
    for name in adapters:
        chosen |= OF_ADAPTERS[name].by_name()
    return chosen


def _check(settings: Settings, partitions: int | None, replication: int | None, catalog: topic_admin.Topics) -> int:
    checked = topic_admin.check(Clients(settings), partitions, replication, catalog)
    for difference in checked.differences:
        click.echo(f"{difference} (fatal)" if difference.fatal else str(difference))
    count = len(checked.differences)
    if count:
        raise OperatorError(
            f"{count} difference{'' if count == 1 else 's'} between the broker and the catalog of topics. "
            "`ringback topics create` creates missing topics; kafka-configs.sh changes settings"
        )
    click.echo(f"{len(catalog)} topics are as they should be, contact topics with {checked.partitions} partitions")
    return 0
