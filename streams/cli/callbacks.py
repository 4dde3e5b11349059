"""`ringback callbacks`: find callbacks, say why each was or was not dialed, and act on one, some or many."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.cli import callback_actions, callback_runs, tables
from streams.cli.exits import NOTHING
from streams.cli.filters import filter_of, filter_options, keys_of
from streams.cli.looking import Looking, looking_options, quiet
from streams.console.access import masking
from streams.console.view.model import CallbackRow, Filter, Order, Story
from streams.console.view.view import View
from streams.console.why.listing import numbers_of, with_entries
from streams.console.why.sentence import sentence
from streams.console.why.timeline import Line, lines

AT_ONCE = 1000


@click.group()
def callbacks() -> None:
    """Find callbacks, say why each was or was not dialed, and move, change or cancel them.

    The first command reads what the topics hold into a folder, which takes a while; the next ones read what is new.
    docs/actions.md has examples, and with what a command ends.
    """
    quiet()


@callbacks.command("list", short_help="Callbacks that meet every condition.")
@looking_options
@filter_options
@click.option(
    "--order", type=click.Choice([*map(str, Order)]), default=str(Order.DUE), show_default=True, help="By what."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many.")
@click.option("--all", "is_all", is_flag=True, help="All of them.")
@click.option("--count", "is_count", is_flag=True, help="Only how many there are.")
def list_(order: str, limit: int, is_all: bool, is_count: bool, **given: Any) -> int:
    """List the callbacks that meet every condition; all that there are without one.

    \b
    Example:
      ringback callbacks list --agent agent-31 --outstanding
    """  # noqa: D301  (click wants the character, not its escape)
    by = filter_of(given)
    looking = Looking.of(**given)
    view = looking.view()
    if is_count:
        count = view.count(by, looking.now())
        tables.json_line({"count": count}) if looking.as_json else click.echo(f"{count:,}")
        return 0 if count else NOTHING
    found = _rows(view, looking, by, Order(order), None if is_all else limit)
    if looking.as_json:
        shown = sum(_told(row, looking) for row in found)
    elif shown := len(rows := list(found)):
        tables.callbacks(rows, looking.numbers)
        _say_of_how_many(view, looking, by, shown, is_all)
    return 0 if shown else NOTHING


def _told(row: CallbackRow, looking: Looking) -> int:
    tables.json_line(tables.row_json(row, looking.numbers))
    return 1


def _rows(view: View, looking: Looking, by: Filter, order: Order, limit: int | None) -> Iterator[CallbackRow]:
    now, count, after = looking.now(), 0, None
    while limit is None or count < limit:
        at_once = AT_ONCE if limit is None else min(AT_ONCE, limit - count)
        page = view.find(by, now, order=order, after=after, limit=at_once, count_max=None)
        yield from page.rows
        count += len(page.rows)
        if (after := page.after) is None:
            return


def _say_of_how_many(view: View, looking: Looking, by: Filter, shown: int, is_all: bool) -> None:
    count = shown if is_all else view.count(by, looking.now())
    more = "" if count <= shown else "; --limit or --all shows more"
    click.echo(f"{shown:,} of {count:,}{more}", err=True)


_zone = click.option("--zone", metavar="NAME", help="Your time zone, such as Europe/Berlin.  [console_time_zone]")


@callbacks.command(short_help="One sentence: why it was or was not dialed.")
@looking_options
@_zone
@click.argument("callback")
def why(callback: str, zone: str | None, **given: Any) -> int:
    """Say in one sentence why a callback was or was not dialed, or what it waits for.

    CALLBACK is its id, or LIST|CONTACT|ID where an id alone may be several.

    \b
    Example:
      ringback callbacks why cb-5501
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    story = _story(looking.view(), callback)
    said = sentence(story, looking.now(), _viewer(looking, zone))
    tables.json_line({"callback_id": story.row.callback_id, "why": said}) if looking.as_json else click.echo(said)
    return 0


@callbacks.command(short_help="All that is known of one callback.")
@looking_options
@_zone
@click.option("--facts", "is_full", is_flag=True, help="With every fact of each record.")
@click.argument("callback")
def show(callback: str, zone: str | None, is_full: bool, **given: Any) -> int:
    """Show a callback: why it was or was not dialed, how it stands, what was asked here, and each record about it.

    CALLBACK is its id, or LIST|CONTACT|ID where an id alone may be several.

    \b
    Example:
      ringback callbacks show cb-5501 --facts
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    view = looking.view()
    story, viewer = _story(view, callback), _viewer(looking, zone)
    said, told = sentence(story, looking.now(), viewer), lines(story, viewer, numbers=looking.numbers)
    for name in {run.name for run, outcome, _ in looking.runs.about(story.row.key) if outcome is None}:
        looking.runs.read_back(name, view)
    if looking.as_json:
        _show_json(looking, story, said, told)
        return 0
    click.echo(said)
    click.echo()
    tables.callbacks([story.row], looking.numbers)
    for run, outcome, refused in looking.runs.about(story.row.key):
        words = f"{run.action.kind.replace('_', ' ')} by {run.action.actor} (run {run.name})"
        click.echo(f"  {outcome or 'asked'}: {words}{f': {refused}' if refused else ''}")
    click.echo()
    for line in told:
        _show_line(line, is_full)
    return 0


def _show_line(line: Line, is_full: bool) -> None:
    place = f"{line.told.topic}/{line.told.partition}/{line.told.offset}"
    click.echo(f"{line.at_viewer}  {line.text}  [{place}]")
    if is_full:
        if line.at_contact:
            click.echo(f"    at the contact's: {line.at_contact}; UTC: {line.at_utc}")
        for fact in (*line.facts, *line.fields):
            click.echo(f"    {fact.label}: {fact.value}")


def _show_json(looking: Looking, story: Story, said: str, told: tuple[Line, ...]) -> None:
    asked = [
        {"run": run.name, "action": run.action.kind, "actor": run.action.actor, "outcome": outcome, "why": refused}
        for run, outcome, refused in looking.runs.about(story.row.key)
    ]
    records = [
        {
            "at": line.at,
            "text": line.text,
            "topic": line.told.topic,
            "partition": line.told.partition,
            "offset": line.told.offset,
            "value": line.told.value if looking.numbers else masking.in_value(line.told.value),
        }
        for line in told
    ]
    row = tables.row_json(story.row, looking.numbers)
    tables.json_line({"why": said, "callback": row, "asked": asked, "records": msgspec.to_builtins(records)})


def _story(view: View, callback: str) -> Story:
    (key,) = keys_of((callback,), view.callbacks)
    story = view.story(key)
    if story is None:
        raise click.UsageError(f"there is no callback {callback}")
    return with_entries(story, view.dnc_entries(numbers_of(story)))


def _viewer(looking: Looking, zone: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(zone or looking.settings.console_time_zone)
    except (KeyError, ValueError, OSError):
        raise click.UsageError("--zone should be a name of the tz database, such as Europe/Berlin") from None


for command in (*callback_actions.COMMANDS, *callback_runs.COMMANDS):
    callbacks.add_command(command)
