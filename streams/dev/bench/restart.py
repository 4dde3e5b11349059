"""How fast a killed worker is back: many callbacks are outstanding, and some fall due while nobody is there."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from re import Pattern
from re import compile as pattern

from streams.dev.bench.load import Call, calls, evenly
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, first_due, rig
from streams.dev.bench.verdict import mistakes

OVERDUE_S = 4.0
"""Over how many seconds the callbacks fall due that become overdue."""
LEAD_S = 4.0
BACK_TIMEOUT_S = 600.0

_ASSIGNED = pattern(r"assigned partitions ")
_RESTORED = pattern(r"partition \d+: restored (\d+) changelog records in ")
_CAUGHT_UP = pattern(r"partition \d+: caught up")


@dataclass(frozen=True, slots=True)
class Start:
    """What the log of a worker says about its start; instants in UTC."""

    assigned_at: datetime
    restored_at: datetime
    rows: int
    caught_up_at: datetime


@dataclass(frozen=True, slots=True)
class Back:
    """A worker that is back. due: what became overdue; received: when its commands came. start: None: not told."""

    due: list[Call]
    started_at: datetime
    start: Start | None
    received: Sequence[datetime]

    def values(self) -> dict[str, float]:
        """How long it took, in seconds; empty if no partition was assigned or no command came."""
        if self.start is None or not self.received:
            return {}
        since = self.start.assigned_at
        return {
            "assigned_s": (since - self.started_at).total_seconds(),
            "restored_s": (self.start.restored_at - since).total_seconds(),
            "first_overdue_s": (min(self.received) - since).total_seconds(),
            "all_overdue_s": (max(self.received) - since).total_seconds(),
            "changelog_records": self.start.rows,
        }


def run(outstanding: int, overdue: int, store: str, say: Say) -> Result:
    """Measure. It is wrong when a command is early, missing, repeated or out of order."""
    with rig(say, store=store) as one:
        result, due = asyncio.run(_measure(one, outstanding, overdue))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    return Result(result.figures, wrong, values=result.values)


async def _measure(one: Rig, outstanding: int, overdue: int) -> tuple[Result, list[Call]]:
    return await beside(_play(one, outstanding, overdue), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, outstanding: int, overdue: int) -> tuple[Result, list[Call]]:
    took_s = await one.fill(outstanding)
    back = await come_back(one, "due", overdue, took_s, outstanding)
    figures = [
        ("callbacks outstanding, not due", f"{outstanding:,}"),
        ("overdue", f"{overdue:,}"),
        *_figures(back),
    ]
    return Result(figures, values={"outstanding": outstanding, "overdue": overdue, **back.values()}), back.due


async def come_back(one: Rig, name: str, overdue: int, took_s: float, outstanding: int) -> Back:
    """Schedule callbacks, kill the worker, have them fall due, and start it again until it has sent them.

    name: of their contacts. took_s: what scheduling the `outstanding` ones took.
    """
    before, now = await one.counted(), CLOCK.now()
    first = first_due(now, LEAD_S, took_s, overdue, outstanding)
    due = list(calls(name, evenly(first, overdue / OVERDUE_S, OVERDUE_S), now))
    await one.feed(due)
    await one.until_outstanding(before + len(due))
    one.worker.kill()
    one.say(f"Killed the worker; {overdue:,} callbacks become overdue")
    await asyncio.sleep(max(0.0, (due[-1].due_at - CLOCK.now()).total_seconds()))
    told = len(one.worker.log.read_text(errors="replace").splitlines())
    one.say("Starting it again")
    started_at = CLOCK.now()
    one.worker.start()
    await one.until_received((call.callback_id for call in due), BACK_TIMEOUT_S)
    start = read_start(one.worker.log.read_text(errors="replace").splitlines()[told:])
    received = [one.commands[call.callback_id][1] for call in due if call.callback_id in one.commands]
    return Back(due, started_at, start, received)


def _figures(back: Back) -> Figures:
    started_at, start, received = back.started_at, back.start, back.received
    if start is None or not received:
        return [("after the restart", "no partition was assigned, or no command came")]
    restore_s = (start.restored_at - start.assigned_at).total_seconds()
    return [
        ("process start to assignment", _seconds(started_at, start.assigned_at)),
        ("assignment to state restored", f"{restore_s:.2f} s"),
        ("changelog records read", f"{start.rows:,}"),
        ("assignment to all partitions caught up", _seconds(start.assigned_at, start.caught_up_at)),
        ("assignment to the first overdue command", _seconds(start.assigned_at, min(received))),
        ("assignment to all overdue commands", _seconds(start.assigned_at, max(received))),
        ("process start to all overdue commands", _seconds(started_at, max(received))),
    ]


def read_start(lines: Sequence[str]) -> Start | None:
    """What the JSON log of one start says; None when it does not say all of it. The log is in local time."""
    assigned = _matching(lines, _ASSIGNED)
    restored = _matching(lines, _RESTORED)
    caught_up = _matching(lines, _CAUGHT_UP)
    if not (assigned and restored and caught_up):
        return None
    rows = sum(int(counts[0]) for _, counts in restored)
    return Start(assigned[-1][0], restored[-1][0], rows, caught_up[-1][0])


def _matching(lines: Sequence[str], what: Pattern[str]) -> list[tuple[datetime, tuple[str, ...]]]:
    found = []
    for line in lines:
        entry = json.loads(line) if line.startswith("{") else {}
        if match := what.match(entry.get("message", "")):
            found.append((datetime.fromisoformat(entry["at"]).astimezone(UTC), match.groups()))
    return found


def _seconds(since: datetime, until: datetime) -> str:
    return f"{(until - since).total_seconds():.2f} s"
