"""How late commands are: so many callbacks fall due per second while many others are outstanding."""

import asyncio
from collections.abc import Sequence

from streams.dev.bench.load import Call, calls, evenly
from streams.dev.bench.report import Figures, report, spread
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, first_due, rig
from streams.dev.bench.verdict import Command, mistakes

LEAD_S = 3.0
AFTER_S = 60.0


def run(command: str, outstanding: int, rate: float, seconds: float, say: Say) -> int:
    """Measure and print; returns 1 when a command is early, missing, repeated or out of order."""
    with rig(say) as one:
        figures, due = asyncio.run(_measure(one, outstanding, rate, seconds))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    say(report(command, CLOCK.now(), figures, wrong))
    return 1 if wrong else 0


async def _measure(one: Rig, outstanding: int, rate: float, seconds: float) -> tuple[Figures, list[Call]]:
    return await beside(_play(one, outstanding, rate, seconds), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, outstanding: int, rate: float, seconds: float) -> tuple[Figures, list[Call]]:
    took_s = await one.fill(outstanding)
    count = round(rate * seconds)
    now = CLOCK.now()
    start = first_due(now, LEAD_S, took_s, count, outstanding)
    ahead_s = (start - now).total_seconds()
    one.say(f"Scheduling {count:,} callbacks that are due from {ahead_s:.0f} s on, {rate:g} per second")
    due = list(calls("due", evenly(start, rate, seconds), now))
    await one.feed(due)
    await one.until_outstanding(outstanding + count)
    in_time_s = (start - CLOCK.now()).total_seconds()
    one.say(f"Watching for {max(0.0, in_time_s) + seconds:.0f} s")
    await one.until_received((call.callback_id for call in due), max(0.0, in_time_s) + seconds + AFTER_S)
    return [
        ("callbacks outstanding, not due", f"{outstanding:,}"),
        ("taken in", f"{outstanding / took_s:,.0f} per second"),
        ("callbacks due", f"{count:,}, {rate:g} per second"),
        ("scheduled ahead of the first due time by", f"{in_time_s:.1f} s"),
        *_lateness(one, due),
    ], due


def _lateness(one: Rig, due: Sequence[Call]) -> Figures:
    received = [one.commands[call.callback_id] for call in due if call.callback_id in one.commands]
    written_s = [_late_s(command) for command, _ in received]
    received_s = [(at - command.due_at).total_seconds() for command, at in received]
    late = sum(seconds > 0.05 for seconds in received_s)
    return [
        ("due to timestamp of the command, p50, p99, max", spread(written_s)),
        ("due to a committed reader having it, p50, p99, max", spread(received_s)),
        ("of these later than 50 ms", f"{late:,} of {len(received_s):,}"),
    ]


def _late_s(command: Command) -> float:
    return (command.written_at - command.due_at).total_seconds()
