"""Tables for people, and JSON lines for programs: one object a line, so that a pipe need not wait for the last."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.console.access import masking
from streams.console.view.model import CallbackRow

WIDE = 1000
"""Columns where nobody looks at it: nothing is cut in a file or a pipe."""


def console() -> Console:
    """Where tables go: as wide as the terminal, or as wide as they need."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE, no_color=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print a table. right: the heads of columns of numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    shown = console()
    if shown.width == WIDE:
        for line in shown.render_lines(made, pad=False):
            click.echo("".join(segment.text for segment in line).rstrip())
    else:
        shown.print(made)


def callbacks(rows: Iterable[CallbackRow], numbers: bool) -> None:
    """Print callbacks as a table. numbers: whether last digits are shown as far as they are known."""
    head = ("due", "standing", "callback", "contact", "campaign", "agent", "number", "reasons")
    table(head, (_cells(row, numbers) for row in rows))


def _cells(row: CallbackRow, numbers: bool) -> tuple[str, ...]:
    return (
        instant(row.due_at),
        row.standing,
        row.callback_id,
        f"{row.contact_list_id}|{row.contact_id}",
        row.campaign_id,
        row.agent_id or "",
        masking.last_digits(row.last_four, numbers),
        " ".join(row.reasons),
    )


def instant(at: datetime | None) -> str:
    """An instant in UTC, to the second; nothing for none."""
    return "" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def json_line(value: Any) -> None:
    """Print one value as a line of JSON."""
    click.echo(msgspec.json.encode(value, enc_hook=str).decode())


def row_json(row: CallbackRow, numbers: bool) -> dict[str, Any]:
    """A callback as programs get it."""
    value: dict[str, Any] = msgspec.to_builtins(row)
    if not numbers:
        value["last_four"] = masking.last_digits(row.last_four, whole=False)
    return value
