"""`ringback dead-letters`: what was refused, by its cause; one letter whole; and replay, tried first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.base.errors import OperatorError
from streams.cli import tables
from streams.cli.acting import Chosen, actor_option, carry_out, sending_options
from streams.cli.exits import NOTHING, REFUSED
from streams.cli.looking import Looking, looking_options, quiet
from streams.console.access import masking
from streams.console.actions.dead_letters import Edit, Tried, origin, tried
from streams.console.actions.model import Action, NothingMatched
from streams.console.view.model import DeadLetter
from streams.console.view.view import View
from streams.kafka import topic_admin
from topics.audit import ActedVia, ActionKind
from topics.codec import ErrorCode
from topics.names import TopicName

AT_ONCE = 500


@click.group("dead-letters")
def dead_letters() -> None:
    """Show what workers refused, and replay it: changed where need be, to the partition of its key.

    docs/actions.md has examples, and with what a command ends.
    """
    quiet()


_code = click.option("--code", type=click.Choice([*map(str, ErrorCode)]), help="Refused with this code.")
_topic = click.option("--topic", metavar="NAME", help="From this topic, by its name without prefix.")


@dead_letters.command("list", short_help="What was refused, by its cause.")
@looking_options
@_code
@_topic
@click.option("--each", "is_each", is_flag=True, help="Each letter, and not each cause.")
def list_(code: str | None, topic: str | None, is_each: bool, **given: Any) -> int:
    """List what was refused, a line for each cause: how many, where they were sent, and where they belong.

    \b
    Example:
      ringback dead-letters list --code wrong_partition --each
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    view = looking.view()
    if is_each:
        return _list_each(looking, list(_letters(looking, view, code, topic)))
    name = None if topic is None else _bare(looking, topic)
    groups = [
        group
        for group in view.dead_letter_groups()
        if code in (None, group.code) and name in (None, _bare(looking, group.topic))
    ]
    if looking.as_json:
        for group in groups:
            tables.json_line(msgspec.to_builtins(group, str_keys=True))
    elif groups:
        head = ("code", "topic", "count", "latest", "sent to", "belonging to", "message")
        rows = [
            (group.code, group.topic, f"{group.count:,}", tables.instant(group.latest_at), _spread(group.sent_to),
             _spread(group.belonging), group.message)
            for group in groups
        ]  # fmt: skip
        tables.table(head, rows, right=("count",))
    return 0 if groups else NOTHING


def _spread(by_partition: Any) -> str:
    """How many were in each partition; of many partitions the first few."""
    parts = [f"{partition}: {count:,}" for partition, count in sorted(by_partition.items())]
    return ", ".join(parts[:4]) + (f", and {len(parts) - 4} more" if len(parts) > 4 else "")


def _list_each(looking: Looking, letters: list[DeadLetter]) -> int:
    places = {one.number: origin(one, looking.settings.prefix) for one in letters}
    replayed = looking.runs.replayed(places.values())
    if looking.as_json:
        for letter in letters:
            tables.json_line(_letter_json(looking, letter))
    elif letters:
        head = ("number", "code", "topic", "partition", "offset", "belongs to", "at", "replayed", "message")
        rows = [
            (str(one.number), one.code, one.topic, str(one.partition), str(one.offset),
             "" if one.right_partition is None else str(one.right_partition), tables.instant(one.at),
             tables.instant(replayed.get(places[one.number])), one.message)
            for one in letters
        ]  # fmt: skip
        tables.table(head, rows, right=("partition", "offset", "belongs to"))
    return 0 if letters else NOTHING


@dead_letters.command(short_help="One letter whole.")
@looking_options
@click.argument("number", type=int)
def show(number: int, **given: Any) -> int:
    """Show one letter: why it was refused, its key, value and headers, and whether it would be accepted now.

    \b
    Example:
      ringback dead-letters show 17
    """  # noqa: D301  (click wants the character, not its escape)
    looking = Looking.of(**given)
    letter = _letter(looking.view(), number)
    found = _tried(looking, [letter], Edit())[0]
    if looking.as_json:
        tables.json_line(_letter_json(looking, letter) | {"wrong": found.wrong})
        return 0
    click.echo(f"{letter.code}: {letter.message}")
    click.echo(f"from {origin(letter, looking.settings.prefix)}, {tables.instant(letter.at)}")
    if letter.right_partition is not None:
        click.echo(f"its key belongs to partition {letter.right_partition}")
    click.echo(f"as it is, {found.wrong}" if found.wrong else "as it is, a worker can read it")
    for name, text in letter.headers:
        click.echo(f"{name}: {_shown(looking, text)}")
    click.echo(f"key: {_shown(looking, letter.key)}")
    click.echo(_shown(looking, letter.value))
    return 0


@dead_letters.command(short_help="Send letters anew.")
@looking_options
@_code
@_topic
@click.option("--all", "is_all", is_flag=True, help="All letters there are.")
@click.option("--again", is_flag=True, help="Also those that were replayed from here already.")
@click.option("--set", "fields", multiple=True, metavar="FIELD=JSON", help="Another value of a field; repeatable.")
@click.option("--key-of-value", is_flag=True, help="With the key that the value must have.")
@click.option("--value", "value_file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="With the bytes of this file as value; of one letter.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Try each as a worker reads it, and send nothing.")
@sending_options
@click.option("--reason", metavar="TEXT", help="Why; it is audited.")
@actor_option
@click.argument("number", nargs=-1, type=int)
def replay(number: tuple[int, ...], is_all: bool, again: bool, dry_run: bool, **given: Any) -> int:
    """Send letters anew, to the topics that they were on: by number, all of a code or topic, or all.

    Each is tried first as a worker reads it, and one that would be refused again is not sent. What a worker finds out
    by other records, such as a campaign that is unknown, is told afterwards. Key, value and headers are byte for byte
    those that were refused, but for what is changed. A letter that was replayed from here is left out the next time.

    \b
    Examples:
      ringback dead-letters replay --code wrong_partition --dry-run
      ringback dead-letters replay 17 --set 'campaign_id="spring-renewals"'
    """  # noqa: D301  (click wants the character, not its escape)
    edit = _edit(given.pop("fields"), given.pop("key_of_value"), given.pop("value_file"), len(number))
    code, topic = given.pop("code"), given.pop("topic")
    action = Action(kind=ActionKind.REPLAY, actor=given.pop("actor"), reason=given.pop("reason"))
    chosen = Chosen(given.pop("yes"), given.pop("wait_s"), given.pop("rate"), dry_run)
    if sum(map(bool, (number, code or topic, is_all))) != 1:
        raise click.UsageError("say which: numbers, or --code and --topic, or --all")
    looking = Looking.of(**given)
    view = looking.view()
    letters = [_letter(view, one) for one in number] if number else list(_letters(looking, view, code, topic))
    found = _tried(looking, letters if again or number else _not_replayed(looking, letters), edit)
    _tell_wrong(looking, found)
    good = [one.letter for one in found if one.letter is not None]
    wrong = len(found) - len(good)
    if not good:
        raise NothingMatched(f"none of {len(letters):,} letters can be replayed: {_why_none(letters, found)}")
    words = {"code": code, "topic": topic, "numbers": ",".join(map(str, number[:20]))}
    selected = {name: word for name, word in words.items() if word} | edit.words()
    run = looking.runs.plan_replay(good, action, ActedVia.COMMAND_LINE, selected or {"all": "true"})
    what = f"Replay {len(good):,} letter{'' if len(good) == 1 else 's'}"
    return carry_out(looking, view, run, chosen, what) or (REFUSED if wrong else 0)


def _edit(fields: tuple[str, ...], key_of_value: bool, value_file: Path | None, letters: int) -> Edit:
    if value_file is not None and letters != 1:
        raise click.UsageError("--value goes with the number of one letter")
    found = {}
    for text in fields:
        name, sign, value = text.partition("=")
        try:
            found[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise click.UsageError(f'--set {name}: the value is JSON, a text in quotes: {name}="..."') from None
        if not (name and sign):
            raise click.UsageError("--set is FIELD=JSON")
    whole = None if value_file is None else value_file.read_bytes()
    return Edit(value=whole, fields=found, key_of_value=key_of_value)


def _tried(looking: Looking, letters: list[DeadLetter], edit: Edit) -> list[Tried]:
    prefix = looking.settings.prefix
    partitions = asyncio.run(topic_admin.partitions_of(looking.clients, prefix + TopicName.WRAP_UP))
    if not partitions:
        raise OperatorError(f"there is no topic {prefix}{TopicName.WRAP_UP}. Create it with `ringback topics create`")
    return [tried(letter, edit, partitions, prefix, looking.now()) for letter in letters]


def _not_replayed(looking: Looking, letters: list[DeadLetter]) -> list[DeadLetter]:
    places = {one.number: origin(one, looking.settings.prefix) for one in letters}
    replayed = looking.runs.replayed(places.values())
    return [one for one in letters if places[one.number] not in replayed and one.replayed_at is None]


def _why_none(letters: list[DeadLetter], found: list[Tried]) -> str:
    if not letters:
        return "there are none"
    return "each would be refused again" if found else "all were replayed already; --again takes these too"


def _tell_wrong(looking: Looking, found: list[Tried]) -> None:
    for one in (one for one in found if one.wrong is not None):
        click.echo(f"letter {one.dead.number} is left out: {one.wrong}", err=True)


def _letters(looking: Looking, view: View, code: str | None, topic: str | None) -> Iterator[DeadLetter]:
    name, after = None if topic is None else _bare(looking, topic), 0
    while letters := view.dead_letters(code, None, after, AT_ONCE):
        yield from (one for one in letters if name in (None, _bare(looking, one.topic)))
        after = letters[-1].number


def _bare(looking: Looking, topic: str) -> str:
    return topic.removeprefix(looking.settings.prefix)


def _letter(view: View, number: int) -> DeadLetter:
    letter = view.dead_letter(number)
    if letter is None:
        raise click.UsageError(f"there is no dead letter {number}; `ringback dead-letters list --each` has the numbers")
    return letter


def _shown(looking: Looking, text: bytes | None) -> str:
    if text is None:
        return "(none)"
    shown = text.decode(errors="replace")
    return shown if looking.numbers else masking.in_text(shown)


def _letter_json(looking: Looking, letter: DeadLetter) -> dict[str, Any]:
    headers = [[name, _shown(looking, text)] for name, text in letter.headers]
    value: dict[str, Any] = msgspec.to_builtins(letter, enc_hook=str)
    texts = {"key": _shown(looking, letter.key), "value": _shown(looking, letter.value), "headers": headers}
    return value | {name: None if text == "(none)" else text for name, text in texts.items()}
