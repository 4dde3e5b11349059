"""Options that several commands share: where the settings come from, and the few that are often changed by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_CONNECTION = (
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file of settings."),
    click.option("--broker", metavar="HOST:PORT,...", help="Bootstrap brokers of Kafka.  [127.0.0.1:9092]"),
    click.option("--prefix", metavar="TEXT", help="Prefix of every topic name.  [ringback.]"),
)


def connection_options(command: Command) -> Command:
    """Add --config, --broker and --prefix, in this order."""
    for option in reversed(_CONNECTION):
        command = option(command)
    return command
