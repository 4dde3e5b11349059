"""`ringback replay`: events through the simulator as they were and with other configuration, and what is different."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec

from streams.base.errors import OperatorError
from streams.base.zone_data import load_tables, use_package_zones
from streams.cli import tables
from streams.cli.instants import INSTANT
from streams.console.why.differences import Changed, Difference, OfCampaign
from streams.console.why.lost_because import lost_because
from streams.console.why.what_if import Changes, recycled, what_if
from streams.simulator.lines import AT_MIN, Line, MalformedLine, instant, parse_line, read_lines
from topics.catalog import CONFIGURATION_TOPICS

USAGE = 2
SHOWN = 50


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option(
    "--with",
    "changes",
    multiple=True,
    metavar="FILE",
    help="Lines of changed configuration. One without `at` stands in the place of every record of its key. Repeatable.",
)
@click.option("--recycle", "recycles", multiple=True, metavar="CAMPAIGN@INSTANT", help="A recycle then. Repeatable.")
@click.option("--until", type=INSTANT, metavar="INSTANT", help="Run the clocks to this instant.  [the last line's]")
@click.option("--limit", type=click.IntRange(min=0), default=SHOWN, show_default=True, help="Calls in the table.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each campaign and each call.")
def replay(
    files: tuple[str, ...],
    changes: tuple[str, ...],
    recycles: tuple[str, ...],
    until: datetime | None,
    limit: int,
    as_json: bool,
) -> int:
    """Run events twice, as they were and with changed configuration, and print which calls are won, lost or moved.

    FILE has lines as `ringback export` writes them and `ringback simulate` reads them; without one they come from
    standard input. The change has lines of the same kind, on topics of configuration. What is about a call that is lost
    is left out of the changed run, and counted. Nothing is sent anywhere, and no Kafka is needed.

    \b
    A line of changed configuration, for the whole time:
      {"topic":"rule-sets","value":{"rule_set_id":"R","rules":[...]}}
    Example:
      ringback replay day.jsonl --with new-rules.jsonl --recycle spring@2026-11-23T15:00:00Z
    """  # noqa: D301  (click wants the character, not its escape)
    if not files and sys.stdin.isatty():
        raise click.UsageError("name a FILE of events, or pipe them in")
    if not changes and not recycles:
        raise click.UsageError("say what is to be different, by --with or --recycle")
    use_package_zones()
    load_tables()
    try:
        asked = _changes(changes, recycles)
        found = what_if(read_lines(files or ("-",)), asked, until)
    except (MalformedLine, ValueError) as malformed:
        click.echo(f"ringback: {malformed}", err=True)
        return USAGE
    _print_json(found) if as_json else _print(found, limit)
    return 0


def _changes(files: Sequence[str], recycles: Sequence[str]) -> Changes:
    replaced: list[Line] = []
    later = [_recycle(text) for text in recycles]
    for path in files:
        for line, has_instant in changed_lines(Path(path)):
            (later if has_instant else replaced).append(line)
    return Changes(replaced, later)


def changed_lines(path: Path) -> Iterator[tuple[Line, bool]]:
    """Lines of changed configuration, and whether each says when it comes. Raises MalformedLine and OperatorError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _changed_line(line, f"{path}:{number}")


def _changed_line(text: bytes, place: str) -> tuple[Line, bool]:
    """A line of changed configuration, and whether it says when it comes."""
    try:
        fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise MalformedLine(f"{place}: not a JSON object: {error}") from None
    has_instant = "at" in fields
    if not has_instant:
        fields["at"] = msgspec.Raw(msgspec.json.encode(AT_MIN))
    line = parse_line(msgspec.json.encode(fields), place)
    if line.topic not in CONFIGURATION_TOPICS:
        raise MalformedLine(f"{place}: {line.topic} does not configure anything")
    return line, has_instant


def _recycle(text: str) -> Line:
    campaign_id, at_sign, at = text.rpartition("@")
    if not at_sign or not campaign_id:
        raise MalformedLine("--recycle should be such as spring@2026-11-23T15:00:00Z")
    return recycled(campaign_id, instant(at, "the instant of --recycle"))


def _print(found: Difference, limit: int) -> None:
    for refused in found.refused:
        click.echo(f"a worker would refuse a change: {refused}", err=True)
    head = ("campaign", "before", "after", "won", "lost", "moved")
    sums = [found.total] if len(found.by_campaign) > 1 else []
    tables.table(head, [_cells(one) for one in (*found.by_campaign, *sums)], right=head[1:])
    if found.changed and limit:
        click.echo()
        shown = ("", "callback", "contact", "campaign", "before", "after", "why")
        tables.table(shown, [_row(one) for one in found.changed[:limit]])
        if len(found.changed) > limit:
            click.echo(f"and {len(found.changed) - limit:,} more; --limit shows more, --json all")
    if found.left_out:
        click.echo(f"events about calls that are lost, left out of the changed run: {found.left_out:,}")


def _cells(one: OfCampaign) -> tuple[str, ...]:
    counts = (one.before, one.after, one.won, one.lost, one.moved)
    return one.campaign_id or "all", *(f"{count:,}" for count in counts)


def _row(one: Changed) -> tuple[str, ...]:
    call = one.call
    return (
        one.outcome,
        call.callback_id or "(the campaign's own)",
        f"{call.contact_list_id}|{call.contact_id}",
        call.campaign_id,
        tables.instant(one.before.at if one.before else None),
        tables.instant(one.after.at if one.after else None),
        lost_because(one),
    )


def _print_json(found: Difference) -> None:
    for campaign in found.by_campaign:
        tables.json_line({"kind": "campaign", **msgspec.to_builtins(campaign)})
    for call in found.changed:
        tables.json_line({"kind": "call", **msgspec.to_builtins(call), "words": lost_because(call)})
    ended = [{"before": before, "after": after, "count": count} for before, after, count in found.ended]
    rest = {"until": found.until, "ended": ended, "left_out": found.left_out, "refused": list(found.refused)}
    tables.json_line({"kind": "all", **msgspec.to_builtins(found.total), **rest})
