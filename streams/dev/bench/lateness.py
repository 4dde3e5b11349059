"""How late commands are: so many callbacks fall due per second while many others are outstanding.

With wrap-ups per second it is measured twice in one run: without them, and while they arrive.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from streams.dev.bench.load import Call, calls, evenly
from streams.dev.bench.report import Figures, Result, spread, spread_values
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, first_due, rig
from streams.dev.bench.stream import Stream, wrap_ups
from streams.dev.bench.verdict import Command, mistakes

LEAD_S = 3.0
AFTER_S = 60.0
WRAP_UPS_PER_CONTACT = 4
BESIDE = "beside wrap-ups: "


@dataclass(frozen=True)
class Load:
    """What is asked for. rate: callbacks due per second; wrap_ups: per second, in the second half, 0: there is none."""

    outstanding: int
    rate: float
    seconds: float
    wrap_ups: float


def run(outstanding: int, rate: float, seconds: float, wrap_ups: float, say: Say) -> Result:
    """Measure. It is wrong when a command is early, missing, repeated or out of order."""
    with rig(say) as one:
        result, due = asyncio.run(_measure(one, Load(outstanding, rate, seconds, wrap_ups)))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    return Result(result.figures, wrong, values=result.values)


async def _measure(one: Rig, load: Load) -> tuple[Result, list[Call]]:
    return await beside(_play(one, load), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, load: Load) -> tuple[Result, list[Call]]:
    took_s = await one.fill(load.outstanding)
    intake = load.outstanding / took_s
    due, in_time_s, _ = await _phase(one, "due", load, took_s, wrap_ups_per_s=0)
    figures = [
        ("callbacks outstanding, not due", f"{load.outstanding:,}"),
        ("taken in", f"{intake:,.0f} per second"),
        ("callbacks due", f"{len(due):,}, {load.rate:g} per second"),
        ("scheduled ahead of the first due time by", f"{in_time_s:.1f} s"),
        *_lateness(one, due),
    ]
    values = {"outstanding": load.outstanding, "rate_per_s": load.rate, "seconds": load.seconds}
    values |= {"taken_in_per_s": round(intake, 1), **spread_values("", _received_s(one, due))}
    if load.wrap_ups:
        more, in_time_s, stream = await _phase(one, "more", load, took_s, wrap_ups_per_s=load.wrap_ups)
        figures += [
            ("then again, with wrap-ups", f"{stream.per_s():,.0f} per second, {load.wrap_ups:,.0f} asked for"),
            (f"{BESIDE}scheduled ahead of the first due time by", f"{in_time_s:.1f} s"),
            *((BESIDE + name, value) for name, value in _lateness(one, more)),
        ]
        values |= {"wrap_ups_per_s": round(stream.per_s(), 1), **spread_values("beside_", _received_s(one, more))}
        due += more
    return Result(figures, values=values), due


async def _phase(
    one: Rig, name: str, load: Load, took_s: float, wrap_ups_per_s: float
) -> tuple[list[Call], float, Stream]:
    """The callbacks, how many seconds they were scheduled ahead of the first due time, and what arrived meanwhile."""
    before, count = await one.counted(), round(load.rate * load.seconds)
    now = CLOCK.now()
    start = first_due(now, LEAD_S, took_s, count, load.outstanding)
    ahead_s = (start - now).total_seconds()
    one.say(f"Scheduling {count:,} callbacks that are due from {ahead_s:.0f} s on, {load.rate:g} per second")
    due = list(calls(name, evenly(start, load.rate, load.seconds), now))
    await one.feed(due)
    await one.until_outstanding(before + count)
    in_time_s = (start - CLOCK.now()).total_seconds()
    stream = Stream()
    async with AsyncExitStack() as stack:
        if wrap_ups_per_s:
            one.say(f"Sending {wrap_ups_per_s:,.0f} wrap-ups per second")
            arriving = wrap_ups(one.settings.broker, "w", wrap_ups_per_s, WRAP_UPS_PER_CONTACT, follow=False)
            stream = await stack.enter_async_context(arriving)
        wait_s = max(0.0, (start - CLOCK.now()).total_seconds()) + load.seconds
        one.say(f"Watching for {wait_s:.0f} s")
        await one.until_received((call.callback_id for call in due), wait_s + AFTER_S)
    return due, in_time_s, stream


def _lateness(one: Rig, due: Sequence[Call]) -> Figures:
    received = [one.commands[call.callback_id] for call in due if call.callback_id in one.commands]
    written_s = [_late_s(command) for command, _ in received]
    received_s = _received_s(one, due)
    late = sum(seconds > 0.05 for seconds in received_s)
    p999 = spread_values("", received_s).get("p999_ms")
    return [
        ("due to timestamp of the command, p50, p99, max", spread(written_s)),
        ("due to a committed reader having it, p50, p99, max", spread(received_s)),
        ("the same, p99.9", "none" if p999 is None else f"{p999:,.1f} ms"),
        ("of these later than 50 ms", f"{late:,} of {len(received_s):,}"),
    ]


def _received_s(one: Rig, due: Sequence[Call]) -> list[float]:
    received = [one.commands[call.callback_id] for call in due if call.callback_id in one.commands]
    return [(at - command.due_at).total_seconds() for command, at in received]


def _late_s(command: Command) -> float:
    return (command.written_at - command.due_at).total_seconds()
