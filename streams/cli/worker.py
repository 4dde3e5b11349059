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
                f"Each is an environment variable, or a line of the TOML file that --config or {CONFIG_VARIABLE} names "
                "(there without the prefix, in lower case). An option overrides a variable, a variable the file."
            )
            formatter.write_paragraph()
            formatter.write_dl([(ENV_PREFIX + name.upper(), _meaning(name)) for name in names()])


def _meaning(name: str) -> str:
    field = Settings.model_fields[name]
    return f"{field.description}" if field.default is None else f"{field.description}  [{field.default}]"


@click.command(cls=_WorkerCommand)
@connection_options
@click.option("--app", metavar="TEXT", help="Consumer group; workers in the same one share the work.  [ringback]")
@click.option("--instance-id", metavar="TEXT", help="Name of this worker, for a restart that moves no partition.")
@click.option("--processes", metavar="N", help="Processes that share the partitions of this worker.  [1]")
@click.option("--metrics-port", metavar="PORT", help="Port of /metrics, /livez, /readyz, /status; 0: any.  [9464]")
@click.option("--metrics-host", metavar="ADDRESS", help="Address of that port.  [auto]")
@click.option("--state-dir", metavar="FOLDER", help="Local state, one folder for each worker.  [ringback-state]")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.  [info]")
@click.option("--log-format", metavar="FORMAT", help="console, json, or auto.  [auto]")
def worker(config: Path | None, **given: Any) -> int:
    """Process events until told to stop (Ctrl-C or SIGTERM).

    Start up to as many workers as there are partitions. They share the work, and when one ends, the others acquire its
    partitions. The topics must exist: `ringback topics create` creates them.

    \b
    A second worker on the same machine needs its own folder and its own port:
      ringback worker --state-dir ringback-state-2 --metrics-port 0

    With --processes it is one command on several cores: several processes, each with partitions of its own, and one
    page of metrics and health for all of them.
    """  # noqa: D301  (click wants the character, not its escape)
    settings = load(config, **given)
    # Only now, so that a mistake in the settings is reported before the imports of a worker, which take a while.
    if settings.processes > 1:
        from streams.worker.processes.supervisor import run_all

        return run_all(settings)
    from streams.worker.main import run

    return run(settings)
