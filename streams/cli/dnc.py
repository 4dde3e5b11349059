"""`ringback dnc check`: the Do Not Call entries that protect nobody, because no number can match them."""

import logging
from collections import Counter
from pathlib import Path

import click

from streams.base.settings import load
from streams.cli import dnc_entries
from streams.cli.options import connection_options
from streams.cli.progress import Progress
from streams.logic.hours.numbers import why_unmatched


@click.group()
def dnc() -> None:
    """Check the Do Not Call lists."""
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())


@dnc.command(short_help="Name every entry that no number can match; exit 1 if there is one.")
@connection_options
def check(config: Path | None, broker: str | None, prefix: str | None) -> int:
    """Name every entry that no number can match today, one a line with the reason; exit 1 if there is one.

    Such an entry protects nobody today. Workers keep it, since numbering plans grow. The command reads the topic
    dnc-entries to its present end and changes nothing. It needs about a minute for a million entries.
    """
    progress = Progress()
    lists = dnc_entries.read(load(config, broker=broker, prefix=prefix), lambda count: progress.show("read", count))
    checked, ids, unmatched = 0, set(), Counter[str]()
    for dnc_list_id, phone_number in lists.entries():
        checked += 1
        ids.add(dnc_list_id)
        if (why := why_unmatched(phone_number)) is not None:
            click.echo(f"{dnc_list_id} {phone_number}: {why}")
            unmatched[why] += 1
        progress.show("checked", checked)
    what = f"{_counted(checked, 'entry', 'entries')} on {_counted(len(ids), 'list', 'lists')}"
    if not unmatched:
        click.echo(f"{what}: each of them can match a number")
        return 0
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(unmatched.items()))
    click.echo(f"{what}: {unmatched.total()} can match no number ({reasons})")
    return 1


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
