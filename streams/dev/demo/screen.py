"""What the demo shows: a table that lives on a terminal, plain lines everywhere else, and the summary.

It reads the tally and decides nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streams.dev.demo.accounts import accounts, comparison
from streams.dev.demo.tally import ANALYSIS, ENDED, PREVIEW, Expected, Tally
from streams.dev.figures import milliseconds, percentile
from topics.names import TopicName
from topics.records import Transition

Rows = list[tuple[str, str]]
CONTACT_EVENTS = (TopicName.WRAP_UP, TopicName.CALLBACK_SCHEDULED, TopicName.PLACEMENT_REQUESTED)


class Screen:
    """Where the demo is shown; `live` says whether it is a terminal."""

    def __init__(self, console: Console) -> None:
        self.live = console.is_terminal
        self._console = console

    def say(self, text: str, style: str | None = None) -> None:
        """One line, above the table while that is shown."""
        self._console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    def scene(self, title: str) -> None:
        """A scene begins: said once where no table shows it."""
        if not self.live:
            self.say(title)

    @contextmanager
    def showing(self) -> Iterator[Callable[[float, str, Rows], None]]:
        """What is given to the function yielded is shown: seconds since the beginning, the scene's title, rows."""
        if not self.live:
            yield lambda seconds, title, rows: self.say(_line(seconds, rows))
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            yield lambda seconds, title, rows: live.update(_table(seconds, title, rows), refresh=True)


def rows(tally: Tally, sent: Counter[str], restarts: int) -> Rows:
    """What is known now, for the table."""
    contact_events = sum(sent[topic] for topic in CONTACT_EVENTS)
    ended = Counter(life.state for life in tally.lives.values() if life.state in ENDED)
    late = [one.received_s for one in tally.lateness()]
    return [
        ("events sent", f"{contact_events:,} about contacts, {sent.total() - contact_events:,} of configuration"),
        ("callbacks scheduled", f"{len(tally.lives):,}"),
        ("  outstanding", f"{tally.outstanding:,}"),
        ("  waiting for their campaign", f"{tally.standing(Transition.WAITING):,}"),
        ("  ended", _counts(ended) or "0"),
        (f"commands on {PREVIEW}", f"{tally.commands[PREVIEW].total():,}"),
        (f"commands on {ANALYSIS}", f"{tally.commands[ANALYSIS].total():,}"),
        ("placements answered", _counts(tally.placements) or "0"),
        ("lateness p50, p99", _lateness(late)),
        ("events rejected", _counts(tally.rejections) or "0"),
        ("dead letters", _counts(tally.dead_letters) or "0"),
        ("worker restarts", str(restarts)),
    ]


def summary(tally: Tally, expected: Expected) -> list[str]:
    """The figures, expected and seen, and the sums, a line each."""
    return [
        *(f"{name:<30} expected {told:>5,}   seen {seen:>5,}" for name, told, seen in comparison(tally, expected)),
        *map(str, accounts(tally)),
        f"placements: {_counts(tally.placements)}",
        f"events rejected: {_counts(tally.rejections)}",
        f"dead letters: {_counts(tally.dead_letters)}",
    ]


def lateness(followed: Tally) -> list[str]:
    """How late commands were, a line each. followed: what was read while it was written."""
    late = followed.lateness()
    return [
        f"lateness of the {len(late):,} commands that did not wait for their campaign, p50 and p99:",
        f"  from due time to the timestamp of the command  {_lateness([one.written_s for one in late])}",
        f"  from due time to a reader having the command   {_lateness([one.received_s for one in late])}",
    ]


def _lateness(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none yet"
    return f"{milliseconds(percentile(seconds, 0.5))}, {milliseconds(percentile(seconds, 0.99))}"


def _counts(counter: Counter[str] | Counter[Transition]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in sorted(counter.items()))


def _line(seconds: float, rows: Rows) -> str:
    figures = dict(rows)
    shown = ("callbacks scheduled", "  outstanding", f"commands on {PREVIEW}", f"commands on {ANALYSIS}")
    return f"{seconds:5.1f} s  " + ", ".join(f"{name.strip()} {figures[name]}" for name in shown)


def _table(seconds: float, title: str, rows: Rows) -> Group:
    return Group(_rows(f"{seconds:4.0f} s  {title}", rows), Text("Ctrl-C stops everything.", style="dim"))


def _rows(title: str, rows: Rows) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, min_width=70)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=36)
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table
