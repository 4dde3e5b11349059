"""`ringback callbacks runs`, `resume`, `abort` and `undo`: what was done from a folder, and how to go on."""

import asyncio
from typing import Any

import click

from streams.cli import tables
from streams.cli.acting import Chosen, actor_option, ask, carry_out, exit_code, send, sending_options, tell
from streams.cli.exits import NOTHING
from streams.cli.looking import Looking, looking_options
from streams.console.actions.model import RunState
from topics.audit import ActedVia


@click.command(short_help="What was done from this folder.")
@looking_options
@click.argument("name", required=False)
def runs(name: str | None, **given: Any) -> int:
    """List the runs of this folder, the latest first; of one that is named, how far it is and what was refused.

    \b
    Example:
      ringback callbacks runs
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    if name is not None:
        run = looking.runs.run(name)
        if run.state is not RunState.PLANNED:
            run = looking.runs.read_back(name, looking.view())
        tell(looking, run)
        for refusal in () if looking.as_json else looking.runs.refusals(name):
            what = getattr(refusal.what, "callback_id", None) or getattr(refusal.what, "place", "")
            click.echo(f"  {what}: {refusal.why}")
        return exit_code(run)
    found = looking.runs.all()
    if looking.as_json:
        for run in found:
            tell(looking, run)
    else:
        head = ("run", "action", "by", "at", "state", "meant", "sent", "applied", "refused")
        rows = [
            (run.name, run.action.kind, run.action.actor, tables.instant(run.asked_at or run.planned_at), run.state,
             f"{run.meant:,}", f"{run.sent:,}", f"{run.applied:,}", f"{run.refused:,}")
            for run in found
        ]  # fmt: skip
        tables.table(head, rows, right=head[5:])
    return 0 if found else NOTHING


@click.command(short_help="Send what is left of a run.")
@looking_options
@sending_options
@actor_option
@click.argument("name")
def resume(name: str, actor: str, yes: bool, wait_s: float, rate: int, **given: Any) -> int:
    """Send what is left of a run that was aborted or interrupted. What was sent is not sent again, or changes nothing.

    \b
    Example:
      ringback callbacks resume leavers
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    if not looking.runs.can_be_resumed(run := looking.runs.run(name)):
        raise click.UsageError(f"run {name} is {run.state}, so there is nothing to resume")
    if not yes:
        ask(looking, f"Send {run.meant - run.sent:,} that are left of run {name}")
    return send(looking, looking.view(), name, Chosen(yes, wait_s, rate), actor)


@click.command(short_help="Stop a run.")
@looking_options
@actor_option
@click.argument("name")
def abort(name: str, actor: str, **given: Any) -> int:
    """Stop a run, also one that a console or another terminal sends. What was sent stays asked for.

    \b
    Example:
      ringback callbacks abort leavers
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    tell(looking, asyncio.run(looking.runs.abort(name, looking.clients, actor)))
    return 0


@click.command(short_help="Take back what a run has done.")
@looking_options
@sending_options
@click.option("--dry-run", is_flag=True, help="Count, show a sample, and send nothing.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept with each callback.")
@actor_option
@click.argument("name")
def undo(
    name: str, actor: str, reason: str | None, dry_run: bool, yes: bool, wait_s: float, rate: int, **given: Any
) -> int:
    """Take back what a run has done: moves to the former time, reassignments to the former agent, owner and queue.

    It is a run itself, NAME.undo. A callback that has ended, was moved or changed since, or whose former time has
    gone by, stays as it is. A cancel, a number and notes cannot be taken back.

    \b
    Example:
      ringback callbacks undo leavers --dry-run
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    view = looking.view()
    run = looking.runs.plan_undo(name, view, actor, reason, ActedVia.COMMAND_LINE)
    counted = f"{run.meant:,} callback{'' if run.meant == 1 else 's'}"
    return carry_out(looking, view, run, Chosen(yes, wait_s, rate, dry_run), f"Take back run {name}: {counted}")


COMMANDS = (runs, resume, abort, undo)
