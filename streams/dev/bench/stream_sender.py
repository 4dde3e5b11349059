"""Sends wrap-ups at a steady rate until its standard input ends, and then says, as JSON, what came of them.

Arguments: broker, name of the contacts, wrap-ups per second, of how many one has a rule schedule a callback, and
`follow` (wait for these callbacks) or `send`. Its first line says that it begins.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import TopicPartition

from streams.base.settings import Settings, make
from streams.dev.bench.load import CAMPAIGN, LATER_CODE, LIST, Message
from streams.dev.bench.rig import CLOCK, PARTITIONS, send
from streams.kafka.clients import Clients
from streams.kafka.compacted import reader
from topics.names import TopicName

POOL = 1000
"""Contacts that take turns; the next ones come when these have had all of theirs. A multiple of every `every`."""
TICK_S = 0.005
POLL_MS = 20
ANSWERED_S = 120.0
"""So long the last callbacks are waited for."""


@dataclass
class Sent:
    """count: wrap-ups. waiting: contacts that will have a callback, with when the wrap-up was sent, since 1970 in s.

    answers: of those that have it, that instant, and how many seconds it took.
    """

    count: int = 0
    waiting: dict[bytes, float] = field(default_factory=dict)
    answers: list[tuple[float, float]] = field(default_factory=list)


def wrap_ups(name: str, first: int, end: int, every: int, at: str) -> Iterator[tuple[bool, Message]]:
    """Some wrap-ups, each with whether a callback follows from it; as text, since there are so many."""
    for number in range(first, end):
        contact = f"{name}-{number // (every * POOL) * POOL + number % POOL}"
        leads = (number + number // POOL) % every == 0
        value = (
            f'{{"event_id":"{name}-{number}","occurred_at":"{at}","conversation_id":"{name}-{number}",'
            f'"campaign_id":"{CAMPAIGN}","contact_list_id":"{LIST}","contact_id":"{contact}",'
            f'"phone_number":"+12125550101","wrap_up_code":"{LATER_CODE if leads else "DONE"}"}}'
        )
        yield leads, Message(TopicName.WRAP_UP, f"{LIST}|{contact}".encode(), value.encode())


@dataclass(frozen=True)
class Sender:
    """Where and how fast wrap-ups are sent; see `streams.dev.bench.stream`."""

    settings: Settings
    name: str
    per_s: float
    every: int
    follow: bool

    async def run(self) -> dict[str, Any]:
        """Send until the input ends; returns what is printed."""
        sent, over = Sent(), asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
        async with Clients(self.settings).producer(acks="all", max_batch_size=256 * 1024) as producer:
            reading = await _following(self.settings, sent) if self.follow else None
            sys.stdout.write("begins\n")
            sys.stdout.flush()
            began = time.monotonic()
            await self._send(producer, sent, over)
            seconds = time.monotonic() - began
            deadline = time.monotonic() + ANSWERED_S
            while sent.waiting and time.monotonic() < deadline:  # noqa: ASYNC110 - Answers come by themselves.
                await asyncio.sleep(TICK_S)
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        return {"sent": sent.count, "seconds": seconds, "answers": sent.answers, "unanswered": len(sent.waiting)}

    async def _send(self, producer: Any, sent: Sent, over: asyncio.Event) -> None:
        began, running = time.monotonic(), set[asyncio.Task[None]]()
        while not over.is_set():
            wanted = int((time.monotonic() - began) * self.per_s)
            if wanted > sent.count:
                now = CLOCK.now()
                found = list(wrap_ups(self.name, sent.count, wanted, self.every, now.isoformat()))
                if self.follow:
                    sent.waiting.update({one.key: now.timestamp() for leads, one in found if leads})
                running.add(asyncio.create_task(send(producer, self.settings, [one for _, one in found])))
                sent.count = wanted
            running = {task for task in running if not task.done()}
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*running)


async def _following(settings: Settings, sent: Sent) -> asyncio.Task[None]:
    """Read from the present end on, until the task is cancelled."""
    began = asyncio.Event()
    task = asyncio.create_task(_follow(settings, sent, began))
    await began.wait()
    return task


async def _follow(settings: Settings, sent: Sent, began: asyncio.Event) -> None:
    topic = settings.topic(TopicName.CALLBACK_LIFECYCLE)
    async with reader(Clients(settings), [TopicPartition(topic, number) for number in range(PARTITIONS)]) as consumer:
        await consumer.seek_to_end()
        began.set()
        while True:
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            at = CLOCK.now().timestamp()
            for record in (record for records in polled.values() for record in records):
                if (asked_at := sent.waiting.pop(record.key, None)) is not None:
                    sent.answers.append((asked_at, at - asked_at))


if __name__ == "__main__":
    broker, name, per_s, every, how = sys.argv[1:]
    found = asyncio.run(Sender(make(broker=broker), name, float(per_s), int(every), how == "follow").run())
    sys.stdout.write(orjson.dumps(found).decode() + "\n")
