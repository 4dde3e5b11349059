"""The options by which callbacks are found, the same for every command: every condition that is given has to hold."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from streams.cli.instants import INSTANT
from streams.console.view.model import CallbackKey, CallbackRow, Filter, Standing
from topics.commands import Origin
from topics.records import Reason

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--text", default="", metavar="WORDS", help="Beginnings of ids, last four digits, reasons."),
    click.option("--campaign", "campaign_id", metavar="ID", help="Of this campaign."),
    click.option("--list", "contact_list_id", metavar="ID", help="Of this contact list."),
    click.option("--contact", "contact_id", metavar="ID", help="Of this contact."),
    click.option("--agent", "agent_id", metavar="ID", help="Of this agent."),
    click.option("--queue", "queue_id", metavar="ID", help="Of this queue."),
    click.option(
        "--standing",
        "standings",
        multiple=True,
        type=click.Choice([*map(str, Standing)]),
        help="That stand so; repeatable.",
    ),
    click.option(
        "--reason-is",
        "reasons",
        multiple=True,
        metavar="REASON",
        type=click.Choice([*map(str, Reason)]),
        help="Whose latest transition has this reason, such as dnc; repeatable.",
    ),
    click.option(
        "--origin", "origins", multiple=True, type=click.Choice([*map(str, Origin)]), help="That somebody arranged."
    ),
    click.option("--due-from", type=INSTANT, help="Due then or later."),
    click.option("--due-until", type=INSTANT, help="Due before then."),
    click.option("--outstanding", is_flag=True, help="That have not ended."),
    click.option("--overdue", is_flag=True, help="That should have gone out by now."),
)
NAMES = tuple(Filter.__struct_fields__)


def filter_options(command: Command) -> Command:
    """Add an option for each condition of a filter."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filter_of(given: dict[str, Any]) -> Filter:
    """The filter that the options say; takes them out of `given`."""
    values = {name: given.pop(name) for name in NAMES}
    return Filter(
        **values
        | {
            "standings": tuple(map(Standing, values["standings"])),
            "reasons": tuple(map(str, values["reasons"])),
            "origins": tuple(map(Origin, values["origins"])),
        }
    )


def keys_of(texts: tuple[str, ...], callbacks: Callable[[str], tuple[CallbackRow, ...]]) -> list[CallbackKey]:
    """The callbacks that are named: by id, or as LIST|CONTACT|ID where an id alone may be several.

    Raises click.UsageError for one that is several, and for one that is none.
    """
    return [_key_of(text, callbacks) for text in dict.fromkeys(texts)]


def _key_of(text: str, callbacks: Callable[[str], tuple[CallbackRow, ...]]) -> CallbackKey:
    rows = callbacks(text)
    if len(rows) > 1:
        names = ", ".join(named(row) for row in rows[:5])
        raise click.UsageError(f"there are {len(rows)} callbacks {text}. Name one as LIST|CONTACT|ID: {names}")
    if rows:
        return rows[0].key
    contact_list_id, _, rest = text.partition("|")
    contact_id, _, callback_id = rest.rpartition("|")
    key = CallbackKey(contact_list_id, contact_id, callback_id)
    if all((contact_list_id, contact_id, callback_id)) and any(row.key == key for row in callbacks(callback_id)):
        return key
    raise click.UsageError(f"there is no callback {text}")


def named(row: CallbackRow) -> str:
    """A callback by what identifies it, as a command takes it."""
    return f"{row.contact_list_id}|{row.contact_id}|{row.callback_id}"
