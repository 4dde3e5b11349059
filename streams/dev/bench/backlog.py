"""What a backlog of millions of events does to a worker that comes back: how fast it is through, and its memory."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime

from streams.base.errors import OperatorError
from streams.dev.bench.load import CAMPAIGN, LIST, Message
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import CLOCK, Rig, Say, feed, rig
from streams.dev.bench.watch import MIB, Memory, applied, pause
from topics.names import TopicName

CONTACTS = 250_000
CHUNK = 100_000
RIGHT = "Right: every event was taken in once, in memory that does not grow with the backlog."
EARLY, GROWTH_MAX = 0.3, 1.5
"""Every contact has been met by a twentieth of the events; what memory takes later than `EARLY` is the backlog's."""


def run(events: int, say: Say) -> Result:
    """Measure. It is wrong when an event was not taken in, or memory grew with the backlog."""
    with rig(say) as one:
        one.worker.stop()
        say(f"Writing {events:,} wrap-ups of {CONTACTS:,} contacts while no worker runs")
        asyncio.run(_write(one, events))
        say("Starting the worker")
        one.worker.start()
        figures, wrong = asyncio.run(_follow(one, events))
    return Result(figures, wrong, RIGHT)


async def _write(one: Rig, events: int) -> None:
    now = CLOCK.now()
    for first in range(0, events, CHUNK):
        await feed(one.settings, _wrap_ups(first, min(first + CHUNK, events), now))


def _wrap_ups(first: int, end: int, now: datetime) -> Iterator[Message]:
    """Attempts that lead to nothing; as text, since there are millions of them."""
    at = now.isoformat()
    for number in range(first, end):
        contact = f"b-{number % CONTACTS:06d}"
        value = (
            f'{{"event_id":"w-{number}","occurred_at":"{at}","conversation_id":"v-{number}","campaign_id":"{CAMPAIGN}",'
            f'"contact_list_id":"{LIST}","contact_id":"{contact}","phone_number":"+12125550101","wrap_up_code":"DONE"}}'
        )
        yield Message(TopicName.WRAP_UP, f"{LIST}|{contact}".encode(), value.encode())


async def _follow(one: Rig, events: int) -> tuple[Figures, list[str]]:
    memory, began, done = Memory(one.worker), time.monotonic(), 0
    while done < events:
        await pause()
        if one.worker.exit_code is not None:
            raise OperatorError(f"the worker ended with code {one.worker.exit_code}: {one.worker.last_message()}")
        done = await asyncio.to_thread(applied, one.worker, TopicName.WRAP_UP)
        memory.sample(done / events)
    seconds = time.monotonic() - began
    early, late = memory.peak(until=EARLY), memory.peak(since=EARLY)
    wrong = [f"{done:,} events counted, {events:,} written"] if done != events else []
    if early and late > GROWTH_MAX * early:
        wrong.append(f"memory grew with the backlog: {early // MIB} MiB, then {late // MIB} MiB")
    return [
        ("events in the backlog", f"{events:,} of {CONTACTS:,} contacts"),
        (
            "from the start of the process until all are taken in",
            f"{seconds:.0f} s, {events / seconds:,.0f} per second",
        ),
        (f"memory at its peak, in the first {EARLY:.0%} of the events", f"{early // MIB:,} MiB"),
        ("the same, afterwards", f"{late // MIB:,} MiB"),
    ], wrong
