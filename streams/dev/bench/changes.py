"""How fast callbacks are scheduled, moved and cancelled: a backlog of all three, mixed."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
from aiokafka import TopicPartition

from streams.base.errors import OperatorError
from streams.dev.bench.load import CAMPAIGN, LIST, Message
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import CLOCK, COMMITTED_AFTER_S, PARTITIONS, Rig, Say, feed, rig
from streams.dev.bench.watch import applied, cpu_s
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, read_to_end, reader
from topics.names import TopicName
from topics.records import Transition

LAG = 1000
"""So many callbacks are scheduled between a callback and its change."""
CHUNK = 100_000
DUE_AFTER = timedelta(days=3)
MOVED_BY = timedelta(hours=5)
WARM, COUNTED = 0.05, 0.95
"""Between these shares of the events it is measured, so start-up is apart."""
LOOK_EVERY_S = 0.1
RIGHT = "Right: each callback was scheduled once, a third moved once, a third cancelled once."


def run(callbacks: int, say: Say) -> Result:
    """Measure. It is wrong when a callback was not scheduled, moved or cancelled as it was asked for."""
    with rig(say) as one:
        one.worker.stop()
        say(f"Writing {callbacks:,} callbacks, a third of which are moved and a third cancelled")
        events = asyncio.run(_write(one, callbacks))
        say("Starting the worker")
        one.worker.start()
        return asyncio.run(_measure(one, callbacks, events))


def messages(callbacks: int, now: datetime) -> Iterator[Message]:
    """Every callback is scheduled; some time later, of three one is moved, one cancelled, and one left as it is."""
    for number in range(callbacks + LAG):
        if number < callbacks:
            yield _scheduled(number, now)
        changed = number - LAG
        if 0 <= changed < callbacks and changed % 3 == 0:
            yield _message(changed, "rescheduled", now, f'"due_at":"{(now + DUE_AFTER + MOVED_BY).isoformat()}"')
        elif 0 <= changed < callbacks and changed % 3 == 1:
            yield _message(changed, "cancelled", now, '"reason":"The contact has called"')


def _scheduled(number: int, now: datetime) -> Message:
    due = (now + DUE_AFTER).isoformat()
    rest = f'"source":"widget","phone_number":"+12125550101","due_at":"{due}","agent_id":"agent-{number % 50}"'
    return _message(number, "scheduled", now, rest)


def _message(number: int, kind: str, now: datetime, rest: str) -> Message:
    contact = f"x-{number:07d}"
    value = (
        f'{{"type":"{kind}","event_id":"{kind}-{number}","occurred_at":"{now.isoformat()}","callback_id":"k-{number}",'
        f'"campaign_id":"{CAMPAIGN}","contact_list_id":"{LIST}","contact_id":"{contact}",{rest}}}'
    )
    return Message(TopicName.CALLBACK_SCHEDULED, f"{LIST}|{contact}".encode(), value.encode())


def _count(callbacks: int, remainder: int) -> int:
    return len(range(remainder, callbacks, 3))


async def _write(one: Rig, callbacks: int) -> int:
    chunk, events = list[Message](), 0
    for message in messages(callbacks, CLOCK.now()):
        chunk.append(message)
        if len(chunk) == CHUNK:
            await feed(one.settings, chunk)
            chunk, events = [], events + CHUNK
    await feed(one.settings, chunk)
    return events + len(chunk)


async def _measure(one: Rig, callbacks: int, events: int) -> Result:
    samples = await _follow(one, events)
    first = next(sample for sample in samples if sample[1] >= WARM * events)
    last = next(sample for sample in samples if sample[1] >= COUNTED * events)
    seconds, done, cpu = (last[number] - first[number] for number in (0, 1, 2))
    await asyncio.sleep(COMMITTED_AFTER_S)
    wrong = await _mistakes(one, callbacks)
    figures: Figures = [
        ("callbacks scheduled", f"{callbacks:,}, a third of them moved, a third cancelled"),
        ("events", f"{events:,}"),
    ]
    values: dict[str, float] = {"callbacks": callbacks, "events": events}
    if done > 0:  # Otherwise all of them were taken in between two looks.
        figures += [
            ("taken in", f"{done / seconds:,.0f} per second"),
            ("CPU of the worker", f"{1e6 * cpu / done:.1f} us an event"),
        ]
        values |= {"events_per_s": round(done / seconds, 1), "cpu_us_per_event": round(1e6 * cpu / done, 2)}
    return Result(figures, wrong, RIGHT, values)


async def _follow(one: Rig, events: int) -> list[tuple[float, int, float]]:
    """When, how many events had been taken in, and CPU seconds, until all are taken in."""
    samples = list[tuple[float, int, float]]()
    while not samples or samples[-1][1] < events:
        if one.worker.exit_code is not None:
            raise OperatorError(f"the worker ended with code {one.worker.exit_code}: {one.worker.last_message()}")
        done = await asyncio.to_thread(applied, one.worker, TopicName.CALLBACK_SCHEDULED)
        if done:  # From then on it answers.
            samples.append((time.monotonic(), done, await asyncio.to_thread(cpu_s, one.worker)))
        await asyncio.sleep(LOOK_EVERY_S)
    return samples


async def _mistakes(one: Rig, callbacks: int) -> list[str]:
    found: Counter[str] = Counter()

    def take(record: ReadRecord) -> None:
        is_dead = record.topic.endswith(TopicName.DEAD_LETTER)
        found["dead letters" if is_dead else orjson.loads(record.value or b"{}")["transition"]] += 1

    names = (TopicName.CALLBACK_LIFECYCLE, TopicName.DEAD_LETTER)
    partitions = [TopicPartition(one.settings.topic(name), n) for name in names for n in range(PARTITIONS)]
    async with reader(Clients(one.settings), partitions) as consumer:
        await read_to_end(consumer, take)
    wanted: dict[str, int] = {Transition.SCHEDULED: callbacks, Transition.RESCHEDULED: _count(callbacks, 0)}
    wanted |= {Transition.CANCELLED: _count(callbacks, 1)}
    return [
        f"{found[name]:,} {name}, not {wanted.get(name, 0):,}"
        for name in [*wanted, *(other for other in found if other not in wanted)]
        if found[name] != wanted.get(name, 0)
    ]
