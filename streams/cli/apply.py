"""`ringback apply`: make changes of configuration, with who and why, as the console does when it has tried one."""

from pathlib import Path
from typing import Any

import click

from streams.cli.acting import Chosen, actor_option, carry_out
from streams.cli.looking import Looking, looking_options, quiet
from streams.cli.replay import changed_lines
from streams.console.actions.model import Action
from streams.console.actions.sender import RATE_PER_S
from streams.console.trial.change import Change, NotUsable, record, recycle, removal
from streams.console.view.view import View
from streams.simulator.lines import Line, MalformedLine
from topics.audit import ActedVia, ActionKind
from topics.names import TopicName

USAGE = 2


@click.command()
@looking_options
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--recycle", "recycles", multiple=True, metavar="CAMPAIGN", help="Recycle a campaign now. Repeatable.")
@click.option("--reason", metavar="TEXT", help="Why; it is audited.")
@actor_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Read the files as a worker would, show what is meant, and send nothing.")
def apply(files: tuple[str, ...], recycles: tuple[str, ...], **given: Any) -> int:
    """Write records of configuration to their topics, or recycle campaigns, now: what `ringback replay` has tried.

    FILE has lines as `ringback replay --with` reads them; their `at` is not looked at. Each is read first as a worker
    reads it, and nothing is sent if one would be refused. Each step is audited on `console-audit`. Workers follow a
    record as soon as they have read it.

    \b
    Example:
      ringback replay day.jsonl --with rules.jsonl
      ringback apply rules.jsonl --reason "fewer evening calls"
    """  # noqa: D301  (click wants the character, not its escape)
    if not files and not recycles:
        raise click.UsageError("name a FILE of changes, or a campaign with --recycle")
    quiet()
    action = Action(kind=ActionKind.CONFIGURE, actor=given.pop("actor"), reason=given.pop("reason"))
    chosen = Chosen(given.pop("yes"), wait_s=0, rate=RATE_PER_S, dry_run=given.pop("dry_run"))
    looking = Looking.of(**given)
    try:
        changes = [_change(line) for path in files for line in _read(path)]
        changes += [recycle(campaign_id, looking.now()) for campaign_id in recycles]
    except (MalformedLine, NotUsable) as wrong:
        click.echo(f"ringback: {wrong}", err=True)
        return USAGE
    run = looking.runs.plan_changes(changes, action, ActedVia.COMMAND_LINE, looking.settings.prefix)
    what = f"Write {len(changes):,} record{'' if len(changes) == 1 else 's'}"
    # The folder is for the runs; nothing that the topics say is needed.
    return carry_out(looking, View(looking.folder, looking.clock), run, chosen, what)


def _read(path: str) -> list[Line]:
    return [line for line, _ in changed_lines(Path(path))]


def _change(line: Line) -> Change:
    """Raises NotUsable for what a worker would refuse."""
    if line.topic == TopicName.CAMPAIGN_RECYCLE:
        return recycle((line.key or b"").decode(), line.at)
    if line.value is None:
        return removal(line.topic, (line.key or b"").decode(), None)
    change = record(line.topic, line.value.decode(), None)
    if change.key.encode() != line.key:
        raise NotUsable(f"A worker would refuse it: the key of a line on {line.topic} does not match its value.")
    return change
