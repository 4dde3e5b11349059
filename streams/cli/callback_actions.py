"""`ringback callbacks move`, `reassign`, `change`, `call-now` and `cancel`: for named callbacks, or all that match."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from streams.cli.acting import Chosen, actor_option, carry_out, planning_options, sending_options
from streams.cli.filters import filter_of, filter_options, keys_of
from streams.cli.instants import INSTANT, LENGTH
from streams.cli.looking import Looking, looking_options
from streams.console.actions.model import Action
from streams.console.view.model import CallbackKey, Filter
from topics.audit import ActedVia, ActionKind
from topics.callback_events import Owner

Command = TypeVar("Command", bound=Callable[..., Any])

_WORDS = {
    ActionKind.MOVE: "Move",
    ActionKind.REASSIGN: "Reassign",
    ActionKind.CHANGE: "Change",
    ActionKind.CALL_NOW: "Call now",
    ActionKind.CANCEL: "Cancel",
}


def acting(command: Command) -> Command:
    """Add what all of these have: CALLBACK or a filter, who and why, and how to go about it."""
    for add in (looking_options, filter_options, sending_options, planning_options, actor_option):
        command = add(command)
    command = click.option("--reason", metavar="TEXT", help="Why; it is kept with each callback.")(command)
    return click.argument("callback", nargs=-1)(command)


@click.command(short_help="Move callbacks to another time.")
@click.option("--to", "due_at", type=INSTANT, help="To this time.")
@click.option("--window-end", "window_end_at", type=INSTANT, help="Up to when it is promised then.  [no window]")
@click.option("--by", type=LENGTH, help="By so much, such as 2h or -30m; a window moves along.")
@acting
def move(due_at: datetime | None, window_end_at: datetime | None, by: timedelta | None, **given: Any) -> int:
    """Move callbacks to another time, or by some time.

    \b
    Examples:
      ringback callbacks move cb-5501 --to 2027-03-12T16:00:00Z --reason "asked for by text"
      ringback callbacks move --agent agent-31 --outstanding --by 1d --dry-run
    """  # noqa: D301  (click wants the character, not its escape)
    by_s = None if by is None else int(by.total_seconds())
    return _act(ActionKind.MOVE, given, due_at=due_at, window_end_at=window_end_at, by_s=by_s)


_owner = click.option(
    "--to-owner", "owner", type=click.Choice([*map(str, Owner)]), help="Who is to have them.  [as it is]"
)
_agent = click.option("--to-agent", "to_agent_id", metavar="ID", help="The agent who is to have them.  [as it is]")
_queue = click.option("--to-queue", "to_queue_id", metavar="ID", help="The queue they belong to.  [as it is]")


@click.command(short_help="Give callbacks to another agent or queue.")
@_agent
@_owner
@_queue
@acting
def reassign(to_agent_id: str | None, owner: str | None, to_queue_id: str | None, **given: Any) -> int:
    """Give callbacks to another agent, to anyone, or to another queue.

    \b
    Example:
      ringback callbacks reassign --agent agent-31 --to-agent agent-44 --reason "agent-31 has left"
    """  # noqa: D301  (click wants the character, not its escape)
    return _act(ActionKind.REASSIGN, given, agent_id=to_agent_id, owner=_owner_of(owner), queue_id=to_queue_id)


@click.command(short_help="Change number or notes of callbacks.")
@click.option("--number", "phone_number", metavar="E164", help="The number to dial, such as +13125550177.")
@click.option("--notes", metavar="TEXT", help="What the agent is shown.")
@_agent
@_owner
@_queue
@acting
def change(
    phone_number: str | None,
    notes: str | None,
    to_agent_id: str | None,
    owner: str | None,
    to_queue_id: str | None,
    **given: Any,
) -> int:
    """Change callbacks, and not their time: number, notes, agent, owner, queue.

    \b
    Example:
      ringback callbacks change cb-5501 --number +13125550177
    """  # noqa: D301  (click wants the character, not its escape)
    fields = {"agent_id": to_agent_id, "owner": _owner_of(owner), "queue_id": to_queue_id}
    return _act(ActionKind.CHANGE, given, phone_number=phone_number, notes=notes, **fields)


@click.command("call-now", short_help="Have callbacks go out at once.")
@acting
def call_now(**given: Any) -> int:
    """Have callbacks go out at once: they are moved to this moment, and all checks are made as ever.

    \b
    Example:
      ringback callbacks call-now cb-5501
    """  # noqa: D301  (click wants the character, not its escape)
    return _act(ActionKind.CALL_NOW, given)


@click.command(short_help="Call callbacks off; this cannot be undone.")
@acting
def cancel(**given: Any) -> int:
    """Call callbacks off. A callback that was called off has ended, so this cannot be undone.

    \b
    Example:
      ringback callbacks cancel --campaign spring-renewals --due-until 2027-03-12T00:00:00Z --reason "wrong offer"
    """  # noqa: D301  (click wants the character, not its escape)
    return _act(ActionKind.CANCEL, given)


COMMANDS = (move, reassign, change, call_now, cancel)


def _owner_of(text: str | None) -> Owner | None:
    return None if text is None else Owner(text)


def _act(kind: ActionKind, given: dict[str, Any], **fields: Any) -> int:
    by, texts, name = filter_of(given), given.pop("callback"), given.pop("name")
    action = Action(kind=kind, actor=given.pop("actor"), reason=given.pop("reason"), **fields)
    chosen = Chosen(**{option: given.pop(option) for option in ("yes", "wait_s", "rate", "dry_run")})
    if texts and not by.is_empty:
        raise click.UsageError("name callbacks or say conditions, and not both")
    looking = Looking.of(**given)
    view = looking.view()
    about: Filter | list[CallbackKey] = keys_of(texts, view.callbacks) if texts else by
    run = looking.runs.plan(view, about, action, ActedVia.COMMAND_LINE, name)
    to = ", ".join(f"{field} {value}" for field, value in action.changes().items())
    cannot = ". This cannot be undone" if kind is ActionKind.CANCEL else ""
    counted = f"{run.meant:,} callback{'' if run.meant == 1 else 's'}"
    what = f"{_WORDS[kind]} {counted}{f': {to}' if to else ''}{cannot}"
    return carry_out(looking, view, run, chosen, what)
