"""`ringback console`: what the topics say, in a browser; and tokens to sign in with."""

from pathlib import Path
from typing import Any

import click

from streams.base.console_settings import Role
from streams.base.settings import load
from streams.cli.options import connection_options


@click.command()
@connection_options
@click.option("--console-host", metavar="ADDRESS", help="Address to listen on.  [127.0.0.1]")
@click.option("--console-port", metavar="PORT", help="Port to listen on; 0: any.  [9480]")
@click.option("--console-dir", metavar="FOLDER", help="What it has read, and its runs.  [ringback-console]")
@click.option("--console-token-file", metavar="FILE", help="Tokens to sign in with.")
@click.option("--console-open-role", metavar="ROLE", help="What all on this machine may without sign-in.  [viewer]")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.  [info]")
@click.option("--log-format", metavar="FORMAT", help="console, json, or auto.  [auto]")
@click.option("--new-token", metavar="NAME:ROLE", help="Print a new token and its line for the token file, and end.")
def console(config: Path | None, new_token: str | None, **given: Any) -> int:
    """Show callbacks in a browser: what is due, why each was dialed or not, and what can be done.

    It reads the topics into a folder of its own, and disturbs no worker. It ends with Ctrl-C or SIGTERM.

    Without a way to sign in it listens on this machine alone, and everybody here may look, not act. To let people act,
    give them tokens:

    \b
      ringback console --new-token kim:operator
      ringback console --console-token-file tokens
    """  # noqa: D301  (click wants the character, not its escape)
    if new_token is not None:
        return _new_token(new_token)
    settings = load(config, **given)
    # Only now, so that a mistake in the settings is reported before the imports, which take a while.
    from streams.console.web.server import run

    return run(settings)


def _new_token(text: str) -> int:
    from streams.console.access.tokens import NAME, new_token

    name, _, role = text.rpartition(":")
    if not NAME.fullmatch(name) or role not in list(Role):
        raise click.UsageError("--new-token should be NAME:ROLE, the role viewer, operator or admin")
    token, line = new_token(name, Role(role))
    click.echo(f"{name} signs in with this token, which is shown only now:\n  {token}\n", err=True)
    click.echo("A line for the file that console_token_file names:", err=True)
    click.echo(line)
    return 0
