"""`ringback adapter`: make events of what another system says, until told to stop."""

from pathlib import Path
from typing import Any

import click

from streams.base.settings import load
from streams.cli.options import connection_options
from topics.of_adapters import OF_ADAPTERS


@click.command()
@click.argument("name", metavar="NAME", type=click.Choice(sorted(OF_ADAPTERS)))
@connection_options
@click.option("--app", metavar="TEXT", help="What the consumer group begins with, as that of workers.  [ringback]")
@click.option("--instance-id", metavar="TEXT", help="Name of this adapter, for a restart that moves no partition.")
@click.option("--adapter-window-s", metavar="SECONDS", help="How long one half waits for the other.  [14400]")
@click.option("--adapter-region", metavar="COUNTRY", help="Country of numbers without a country code, such as US.")
@click.option("--adapter-attributes", metavar="NAME,...", help="Attributes that may be passed on.  [none]")
@click.option("--adapter-time-zone", metavar="ZONE", help="Time zone of times that have none.  [UTC]")
@click.option("--metrics-port", metavar="PORT", help="Port of /metrics, /livez, /readyz, /status; 0: any.  [9464]")
@click.option("--metrics-host", metavar="ADDRESS", help="Address of that port.  [auto]")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.  [info]")
@click.option("--log-format", metavar="FORMAT", help="console, json, or auto.  [auto]")
def adapter(name: str, config: Path | None, **given: Any) -> int:
    """Make events of what another system says: NAME is genesys or vicidial. It ends with Ctrl-C or SIGTERM.

    It reads the topic NAME-events, joins what belongs together, and writes wrap-ups, callbacks and configuration for
    workers, each exactly once. What cannot be mapped goes to the dead letters with its reason. Several may share the
    work, up to as many as there are partitions. The topics must exist:

    \b
      ringback topics create --adapter genesys
      ringback adapter genesys --adapter-region US --metrics-port 9465
    """  # noqa: D301  (click wants the character, not its escape)
    settings = load(config, **given)
    # Only now, so that a mistake in the settings is reported before the imports, which take a while.
    from streams.worker.adapting import run

    return run(settings, name)
