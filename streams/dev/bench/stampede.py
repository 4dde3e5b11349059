"""Very many callbacks that are due within one second, while wrap-ups keep coming; before that the same in a calm."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from streams.base.errors import OperatorError
from streams.dev.bench.load import Call, calls, far, whole_milliseconds
from streams.dev.bench.report import Figures, Result, spread, spread_values
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, rig
from streams.dev.bench.stream import Stream, wrap_ups
from streams.dev.bench.verdict import mistakes

PROBED = 20_000
"""Callbacks by which it is measured how many a second this machine takes in."""
RATE_KEPT = 0.5
"""What is left of that rate in the worst case. So long ahead of their due time callbacks are scheduled."""
LEAD_S = 10.0
WAIT_S = 900.0
WRAP_UPS_PER_S = 100
AHEAD_S = 4.0
"""How long before the first callback is due the sender of wrap-ups is started; what it sends before is of no figure."""
WARM_S = 2.0
"""So long in the calm, too."""


def run(callbacks: int, calm_s: float, say: Say) -> Result:
    """Measure. It is wrong when a command is early, missing, repeated or out of order, or a wrap-up has no answer."""
    with rig(say) as one:
        result, due = asyncio.run(_measure(one, callbacks, calm_s))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    return Result(result.figures, [*result.wrong, *wrong], values=result.values)


async def _measure(one: Rig, callbacks: int, calm_s: float) -> tuple[Result, list[Call]]:
    return await beside(_play(one, callbacks, calm_s), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, callbacks: int, calm_s: float) -> tuple[Result, list[Call]]:
    probed = min(PROBED, callbacks)
    per_s = await _probe(one, probed)
    one.say(f"Sending {WRAP_UPS_PER_S} wrap-ups per second in a calm")
    async with wrap_ups(one.settings.broker, "calm", WRAP_UPS_PER_S, 1, follow=True) as calm:
        await asyncio.sleep(WARM_S + calm_s)
    before, now = await one.counted(), CLOCK.now()
    start = whole_milliseconds(now + timedelta(seconds=LEAD_S + callbacks / (RATE_KEPT * per_s)))
    due = list(calls("due", [start + timedelta(milliseconds=1000 * n // callbacks) for n in range(callbacks)], now))
    one.say(f"Scheduling {callbacks:,} callbacks that are due within the second from {start:%H:%M:%S} UTC on")
    await one.feed(due)
    await one.until_outstanding(before + callbacks)
    in_time_s = (start - CLOCK.now()).total_seconds()
    await asyncio.sleep(max(0.0, in_time_s - AHEAD_S))
    async with wrap_ups(one.settings.broker, "busy", WRAP_UPS_PER_S, 1, follow=True) as busy:
        await one.until_received((call.callback_id for call in due), WAIT_S)
    received = sorted(at for _, at in one.commands.values())
    if not received:
        raise OperatorError(f"no command came within {WAIT_S:g} s")
    return _result(callbacks, in_time_s, start, received, calm, busy), due


def _result(
    callbacks: int, in_time_s: float, start: datetime, received: Sequence[datetime], calm: Stream, busy: Stream
) -> Result:
    first_s, seconds = ((at - start).total_seconds() for at in (received[0], received[-1]))
    warm_at = min((at for at, _ in calm.answers), default=0.0) + WARM_S
    calm_s = [took_s for at, took_s in calm.answers if at >= warm_at]
    busy_s = [took_s for at, took_s in busy.answers if start.timestamp() <= at <= received[-1].timestamp()]
    figures: Figures = [
        ("callbacks due within one second", f"{callbacks:,}"),
        ("all scheduled ahead of it by", f"{in_time_s:.0f} s"),
        ("first command after the first was due", f"{first_s:.3f} s"),
        ("all of them out after", f"{seconds:.1f} s, {len(received) / max(seconds, 0.001):,.0f} per second"),
        ("wrap-ups sent meanwhile", f"{busy.sent:,}, {busy.per_s():,.0f} per second"),
        ("wrap-up to a committed reader having its callback, p50, p99, max", spread(busy_s)),
        ("the same in a calm before", spread(calm_s)),
    ]
    values = {"callbacks": callbacks, "first_s": first_s, "drained_s": seconds}
    values |= {**spread_values("wrap_up_", busy_s), **spread_values("calm_wrap_up_", calm_s)}
    unanswered = calm.unanswered + busy.unanswered
    return Result(figures, [f"{unanswered:,} wrap-ups without a callback"] if unanswered else [], values=values)


async def _probe(one: Rig, callbacks: int) -> float:
    """How many callbacks a second are taken in here; these are far away."""
    now = CLOCK.now()
    began = time.monotonic()
    await one.feed(calls("probe", far(callbacks, now), now))
    await one.until_outstanding(callbacks)
    return callbacks / (time.monotonic() - began)
