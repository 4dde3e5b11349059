"""Very many callbacks that are due within one second, while wrap-ups keep coming."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from streams.base.errors import OperatorError
from streams.dev.bench.load import Call, Message, calls, far, whole_milliseconds
from streams.dev.bench.report import Figures, report
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, feed, rig
from streams.dev.bench.verdict import mistakes
from streams.dev.bench.watch import applied
from topics.names import TopicName

PROBED = 20_000
"""Callbacks by which it is measured how many a second this machine takes in."""
RATE_KEPT = 0.3
"""What is left of that rate in the worst case. So long ahead of their due time callbacks are scheduled."""
LEAD_S = 20.0
WAIT_S = 900.0
WRAP_UPS_PER_S = 100
FLOW_MAX_S = 300


@dataclass
class Flow:
    """Wrap-ups that are sent while callbacks go out. behind: the most that had been sent and not been taken in."""

    sent: int = 0
    behind: int = 0


def run(command: str, callbacks: int, say: Say) -> int:
    """Measure and print; returns 1 when a command is early, missing, repeated or out of order."""
    with rig(say) as one:
        figures, due = asyncio.run(_measure(one, callbacks))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    say(report(command, CLOCK.now(), figures, wrong))
    return 1 if wrong else 0


async def _measure(one: Rig, callbacks: int) -> tuple[Figures, list[Call]]:
    return await beside(_play(one, callbacks), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, callbacks: int) -> tuple[Figures, list[Call]]:
    probed = min(PROBED, callbacks)
    per_s = await _probe(one, probed)
    now = CLOCK.now()
    start = whole_milliseconds(now + timedelta(seconds=LEAD_S + callbacks / (RATE_KEPT * per_s)))
    due = list(calls("due", [start + timedelta(milliseconds=1000 * n // callbacks) for n in range(callbacks)], now))
    # With callbacks of their own, far away.
    more = [call.message for call in calls("later", far(int(2 * FLOW_MAX_S * WRAP_UPS_PER_S), now), now)]
    wrap_ups = [message for message in more if message.topic == TopicName.WRAP_UP]
    one.say(f"Scheduling {callbacks:,} callbacks that are due within the second from {start:%H:%M:%S} UTC on")
    await one.feed(due)
    await one.until_outstanding(probed + callbacks)
    in_time_s = (start - CLOCK.now()).total_seconds()
    before = applied(one.worker, TopicName.WRAP_UP)
    await asyncio.sleep(max(0.0, in_time_s))
    flow, flowing = Flow(), asyncio.Event()
    feeding = asyncio.create_task(_send(one, wrap_ups, flow, before, flowing))
    await one.until_received((call.callback_id for call in due), WAIT_S)
    flowing.set()
    await feeding
    received = sorted(at for _, at in one.commands.values())
    if not received:
        raise OperatorError(f"no command came within {WAIT_S:g} s")
    seconds = (received[-1] - start).total_seconds()
    return [
        ("callbacks due within one second", f"{callbacks:,}"),
        ("all scheduled ahead of it by", f"{in_time_s:.0f} s"),
        (
            "first command after the first was due",
            f"{(received[0] - start).total_seconds():.3f} s" if received else "-",
        ),
        ("all of them out after", f"{seconds:.1f} s, {len(received) / max(seconds, 0.001):,.0f} per second"),
        ("wrap-ups sent meanwhile", f"{flow.sent:,}, {WRAP_UPS_PER_S} per second"),
        ("of these not taken in yet, at most", f"{flow.behind:,}, those of {flow.behind / WRAP_UPS_PER_S:.1f} s"),
    ], due


async def _probe(one: Rig, callbacks: int) -> float:
    """How many callbacks a second are taken in here; these are far away."""
    now = CLOCK.now()
    began = time.monotonic()
    await one.feed(calls("probe", far(callbacks, now), now))
    await one.until_outstanding(callbacks)
    return callbacks / (time.monotonic() - began)


async def _send(one: Rig, wrap_ups: list[Message], flow: Flow, before: int, over: asyncio.Event) -> None:
    """Wrap-ups at their rate, until it is over or there are no more."""
    began = time.monotonic()
    while not over.is_set():
        wanted = min(len(wrap_ups), int((time.monotonic() - began) * WRAP_UPS_PER_S))
        if wanted > flow.sent:
            await feed(one.settings, wrap_ups[flow.sent : wanted])
            flow.sent = wanted
        taken = await asyncio.to_thread(applied, one.worker, TopicName.WRAP_UP) - before
        flow.behind = max(flow.behind, flow.sent - taken)
        await asyncio.sleep(0.2)
