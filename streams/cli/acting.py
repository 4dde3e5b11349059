"""How a command acts: it counts and shows, asks, sends a run, waits for what the worker says, and tells that."""

import asyncio
import getpass
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import click
import msgspec

from streams.base.errors import OperatorError
from streams.cli import tables
from streams.cli.exits import ABORTED, REFUSED, UNANSWERED
from streams.cli.looking import Looking
from streams.cli.progress import Progress
from streams.console.actions.model import Letter, Meant, Run, RunState
from streams.console.actions.sender import RATE_PER_S
from streams.console.view.view import View

Command = TypeVar("Command", bound=Callable[..., Any])

WAIT_S, AGAIN_S = 60.0, 0.5
SAMPLE = 5
INTERRUPTED = 130

_SENDING = (
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=WAIT_S, show_default=True,
                 help="Seconds to wait for what the worker makes of it; 0 waits for nothing."),
    click.option("--rate", type=click.IntRange(min=1), default=RATE_PER_S, show_default=True,
                 help="Records a second."),
)  # fmt: skip
_PLANNING = (
    click.option("--dry-run", is_flag=True, help="Count, show a sample, and send nothing."),
    click.option("--run", "name", metavar="NAME", help="Name of the run; the same name is never sent twice."),
)


def actor_option(command: Command) -> Command:
    """Add --actor, who acts."""
    return click.option("--actor", default=actor_name, metavar="NAME", help="Who acts.  [the user of this terminal]")(
        command
    )


def sending_options(command: Command) -> Command:
    """Add --yes, --wait and --rate."""
    for option in reversed(_SENDING):
        command = option(command)
    return command


def planning_options(command: Command) -> Command:
    """Add --dry-run and --run."""
    for option in reversed(_PLANNING):
        command = option(command)
    return command


def actor_name() -> str:
    """The user of this terminal. Raises click.UsageError where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("say who acts, with --actor") from None


@dataclass(frozen=True, slots=True)
class Chosen:
    """How to go about it, as options say."""

    yes: bool
    wait_s: float
    rate: int
    dry_run: bool = False


def carry_out(looking: Looking, view: View, run: Run, chosen: Chosen, what: str) -> int:
    """Show a run that is planned, ask, send it, and tell what came of it; returns the exit code."""
    if not looking.as_json:
        show_plan(looking, run, what)
    if chosen.dry_run:
        tell_json(looking, run) if looking.as_json else click.echo("Dry run: nothing was sent")
        looking.runs.forget(run.name)
        return 0
    try:
        if not chosen.yes:
            ask(looking, what)
    except (click.Abort, click.UsageError):
        looking.runs.forget(run.name)
        raise
    return send(looking, view, run.name, chosen)


def show_plan(looking: Looking, run: Run, what: str) -> None:
    """Say how many are meant, and show the first of them."""
    click.echo(f"{what} (run {run.name})")
    tables.table(("", *SAMPLE_HEAD), (["", *_sampled(one)] for one in looking.runs.sample(run.name, SAMPLE)))
    if run.meant > SAMPLE:
        click.echo(f"  ... and {run.meant - SAMPLE:,} more")


SAMPLE_HEAD = ("callback", "contact", "campaign", "due", "agent")


def _sampled(one: Meant | Letter) -> list[str]:
    if isinstance(one, Letter):
        return [one.event_id or "", (one.key or b"").decode(errors="replace"), one.topic, "", one.place]
    contact = f"{one.contact_list_id}|{one.contact_id}"
    return [one.callback_id, contact, one.campaign_id, tables.instant(one.due_at), one.agent_id or ""]


def ask(looking: Looking, what: str) -> None:
    """Ask whether to go on. Raises click.Abort for a no, and click.UsageError where nobody can be asked."""
    if looking.as_json or not click.get_text_stream("stdin").isatty():
        raise click.UsageError("nobody can be asked here: say --yes, or --dry-run to see what it is about")
    click.confirm(f"{what}?", abort=True)


def send(looking: Looking, view: View, name: str, chosen: Chosen, actor: str | None = None) -> int:
    """Send a run, or what is left of it, and tell what came of it. Ctrl-C aborts it in good order."""
    return asyncio.run(_send(looking, view, name, chosen, actor))


async def _send(looking: Looking, view: View, name: str, chosen: Chosen, actor: str | None) -> int:
    progress, who = Progress(), actor or looking.runs.run(name).action.actor
    interrupted = _abort_on_interrupt(looking, name, who)
    is_sent = asyncio.Event()
    reading = asyncio.create_task(_keep_reading(looking, is_sent)) if chosen.wait_s else None
    try:
        run = await looking.runs.send(
            name, looking.clients, lambda now: progress.show(f"sent, of {now.meant:,}:", now.sent), chosen.rate, actor
        )
    except OperatorError as error:
        if looking.runs.can_be_resumed(looking.runs.run(name)):
            raise OperatorError(f"{error}\n`ringback callbacks resume {name}` sends what is left") from None
        raise
    finally:
        with suppress(NotImplementedError, ValueError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        is_sent.set()
        if reading is not None:
            await reading
    if run.state is RunState.SENT and chosen.wait_s:
        run = await _answered(looking, view, run, chosen.wait_s, progress)
    tell(looking, run)
    if run.state is RunState.ABORTED:
        return INTERRUPTED if interrupted else ABORTED
    return exit_code(run, chosen.wait_s)


async def _keep_reading(looking: Looking, is_sent: asyncio.Event) -> None:
    """Read while a run is sent: at its end most of what the worker has said of it is known."""
    while not is_sent.is_set():
        await looking.catch_up()
        with suppress(TimeoutError):
            await asyncio.wait_for(is_sent.wait(), AGAIN_S)


def _abort_on_interrupt(looking: Looking, name: str, actor: str) -> list[bool]:
    interrupted: list[bool] = []

    def abort() -> None:
        interrupted.append(True)
        looking.runs.ask_abort(name, actor)

    with suppress(NotImplementedError, ValueError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, abort)
    return interrupted


async def _answered(looking: Looking, view: View, run: Run, wait_s: float, progress: Progress) -> Run:
    """Read until the worker has said what became of all of it, or the time is over."""
    until = time.monotonic() + wait_s
    while True:
        await looking.catch_up()
        run = await asyncio.to_thread(looking.runs.read_back, run.name, view)
        if not run.asked or time.monotonic() > until:
            return run
        progress.show(f"answered, of {run.sent:,}:", run.sent - run.asked)
        await asyncio.sleep(AGAIN_S)


def exit_code(run: Run, wait_s: float = WAIT_S) -> int:
    """With what a command ends that has sent a run."""
    if run.refused:
        return REFUSED
    return UNANSWERED if run.asked and wait_s else 0


def tell(looking: Looking, run: Run) -> None:
    """Say how far a run is, and why some of it was refused."""
    if looking.as_json:
        tell_json(looking, run)
        return
    click.echo(in_words(run))
    for why, many in looking.runs.refused_by_why(run.name).items():
        click.echo(f"  refused: {why} ({many:,})")
    if run.state is RunState.ABORTED:
        click.echo(f"`ringback callbacks resume {run.name}` sends what is left, `ringback callbacks undo {run.name}`"
                   " takes back what was applied")  # fmt: skip


def in_words(run: Run) -> str:
    """A run in a line."""
    parts = [f"{run.applied:,} applied", f"{run.refused:,} refused", f"{run.asked:,} asked for and not answered yet"]
    left = f", {run.meant - run.sent:,} not sent" if run.sent < run.meant else ""
    return f"run {run.name} {run.state}: {', '.join(parts)}{left}"


def tell_json(looking: Looking, run: Run) -> None:
    """The same for programs."""
    value: dict[str, Any] = msgspec.to_builtins(run)
    action = {"kind": run.action.kind, "actor": run.action.actor, "reason": run.action.reason, **run.action.changes()}
    sample: Sequence[Meant | Letter] = looking.runs.sample(run.name, SAMPLE)
    tables.json_line(
        value
        | {
            "action": action,
            "asked": run.asked,
            "refused_by_why": looking.runs.refused_by_why(run.name),
            "sample": [_sample_json(one) for one in sample],
        }
    )


def _sample_json(one: Meant | Letter) -> dict[str, Any]:
    if isinstance(one, Letter):
        return {"topic": one.topic, "partition": one.partition, "from": one.place, "event_id": one.event_id}
    value: dict[str, Any] = msgspec.to_builtins(one)
    return value
