"""The command `ringback` and what is common to all of its commands: lazy imports, and errors of one line.

A command's module is imported when the command runs, so that `simulate` needs neither Kafka's client nor its start-up
time, and one line names a missing extra.
"""

import importlib
import keyword
import logging
import os
import sys
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from streams.base.errors import OperatorError
from streams.base.extras import missing
from streams.base.log import about
from streams.base.log_format import speak_as_worker
from streams.worker import standard_streams

log = logging.getLogger(__name__)

USAGE = 2
INTERRUPTED = 130
ASKED_FOR = "ringback.command"
HELP = """Process the scheduled callbacks of outbound dialing campaigns, on Kafka.

Telephony platforms write wrap-ups and callbacks to topics. A worker keeps the state of every contact. When a callback
falls due, it writes a dial command. `ringback COMMAND --help` describes each command.
"""
EXAMPLES = """\b
Try it; nothing else has to be installed:
  ringback demo
Run a Kafka and a worker, in two terminals:
  ringback broker
  ringback topics create && ringback worker
Print the records for a day of events, without Kafka:
  ringback simulate day.jsonl --until 2026-11-24T00:00:00Z
"""

COMMANDS = {
    "demo": "Run a Kafka, a worker and a morning of callbacks on this machine.",
    "simulate": "Run events from files on a virtual clock, without Kafka.",
    "broker": "Run a Kafka of one node, for a first try and for tests.",
    "topics": "Create the topics, or compare them with the catalog.",
    "import": "Send what another system knows: contacts, Do Not Call lists, callbacks, past calls.",
    "dnc": "Name the Do Not Call entries that no number can match.",
    "doctor": "Say what is wrong with Kafka and those who write to it, and what to change.",
    "worker": "Process events until told to stop.",
    "adapter": "Make events of what another system says: Genesys Cloud, VICIdial.",
    "callbacks": "Find callbacks, say why each was or was not dialed, move, change or cancel them.",
    "dead-letters": "Show what workers refused, and replay it.",
    "tail": "Follow what happens to callbacks, in words.",
    "console": "Show callbacks in a browser: why each was dialed or not, and what can be done.",
    "export": "Write what the topics hold as lines for the simulator.",
    "evidence": "Prove what was done about a number, in a signed file.",
    "replay": "Run events with changed configuration, and say which calls are won, lost or moved.",
    "apply": "Write configuration that was tried to its topics, with who and why.",
    "erase": "Forget contacts, and say by when each topic has forgotten them.",
    "bench": "Measure lateness, placement, recovery and load on this machine.",
}
"""What each does, in a line. It is the function of that name in the module `streams.cli.<name>`, with `_` for `-`, and
of a keyword of Python in that with an underscore behind it."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        ctx.meta[ASKED_FOR] = cmd_name
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"streams.cli.{name}"), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without importing any of them."""
        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. If it lacks a package, the error names the extra to install."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise _missing(error, ctx.meta.get(ASKED_FOR, "")) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, name="ringback", help=HELP, epilog=EXAMPLES)
@click.version_option(package_name="ringback", message="ringback %(version)s")
def ringback() -> None:
    """Hold the commands; options of all of them would go here."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 the environment, 2 usage or settings, 130 interrupted.

    An expected error is one line on standard error for each problem, of a worker whose log is JSON a line of that; a
    traceback is always a bug of Ringback.
    """
    standard_streams.make_usable()
    as_log = speak_as_worker(sys.argv[1:] if arguments is None else arguments)
    try:
        code = ringback.main(arguments, prog_name="ringback", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        return _complain(_usage(error), USAGE, as_log)
    except OperatorError as error:
        return _complain(str(error), error.exit_code, as_log)
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; without this Python would complain once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _complain(text: str, code: int, as_log: bool) -> int:
    for line in text.splitlines():
        if as_log:
            log.critical("%s", line, extra=about("not_started", exit_code=code))
        else:
            click.echo(f"ringback: {line}", err=True)
    return code


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ringback"
    return f"{' '.join(error.format_message().split()).rstrip('.')}. `{path} --help` shows the usage"


def _missing(error: ModuleNotFoundError, command: str) -> Exception:
    package = (error.name or "").partition(".")[0]
    if command not in COMMANDS or package in ("streams", "topics"):  # A bug of ours keeps its traceback.
        return error
    return OperatorError(missing(command, package))
