"""`ringback worker`: process events until told to stop."""

from pathlib import Path
from typing import Any

import click

from streams.base.settings import CONFIG_VARIABLE, ENV_PREFIX, Settings, load, names
from streams.cli.options import connection_options


class _WorkerCommand(click.Command):
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every setting: an option exists only for those that are often changed by hand."""
        with formatter.section("Settings"):
            formatter.write_text(
                f"Each can be an environment variable, or a line of the TOML file that --config or {CONFIG_VARIABLE} "
                "names (there without the prefix, in lower case). An option wins over a variable, that over the file."
            )
            formatter.write_paragraph()
            formatter.write_dl([(ENV_PREFIX + name.upper(), _meaning(name)) for name in names()])


def _meaning(name: str) -> str:
    field = Settings.model_fields[name]
    return f"{field.description}" if field.default is None else f"{field.description}  [{field.default}]"


@click.command(cls=_WorkerCommand)
@connection_options
@click.option("--app", metavar="TEXT", help="Consumer group; workers with the same one share the work.  [ringback]")
@click.option("--instance-id", metavar="TEXT", help="Name of this worker, for a restart that moves no partition.")
@click.option("--metrics-port", metavar="PORT", help="Of /metrics, /healthz, /readyz, /status; 0: any free.  [9464]")
@click.option("--metrics-host", metavar="ADDRESS", help="Address that port is bound to.  [127.0.0.1]")
@click.option("--state-dir", metavar="FOLDER", help="Of what a restart takes up, one a worker.  [ringback-state]")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.  [info]")
@click.option("--log-format", metavar="FORMAT", help="console, json, or auto.  [auto]")
def worker(config: Path | None, **given: Any) -> int:
    """Process events until told to stop (Ctrl-C or SIGTERM).

    Start as many workers as you like, up to the number of partitions: they share the work, and the others take over
    when one ends. The topics must be there: `ringback topics create`.

    \b
    A second one on the same machine needs a folder and a port of its own:
      ringback worker --state-dir ringback-state-2 --metrics-port 0
    """  # noqa: D301  (click wants the character, not its escape)
    settings = load(config, **given)
    # Only now, so that a mistake in the settings is told before everything that a worker needs is imported.
    from streams.worker.main import run

    return run(settings)
