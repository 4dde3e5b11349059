"""A steady stream of events that is known: what was sent is what the verifier goes by. Plain JSON, and plain data.

Of ten events: four callbacks that an agent schedules, three wrap-ups that a rule answers with a callback, and one each
that is called off at once, that is moved, and that is completed by a wrap-up before it is due. Now and then somebody
asks whether a call may be placed, or sends what cannot be read. A dialer reads the commands, and answers each with a
wrap-up; an operator replays what was refused because a worker's clock was wrong.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

CONTACTS = 200
LIST = "L"
CAMPAIGN = "P"
PARTITIONS = 4
RULE_MINUTES = 2
PLACEMENT_EVERY = 5
BROKEN_EVERY = 20
DUE_MS = (1500, 7000)
MOVED_S = 3
ACKNOWLEDGED_S = 120
NUMBER = "+12125550101"
SOURCES = ("callback-scheduled", "placement-requested", "wrap-up")
HEARD_POLL_S = 0.5


@dataclass
class Event:
    """One event that was sent.

    what: `scheduled`, `rescheduled`, `cancelled`, `wrap_up`, `wrap_up_cb` for a rule, `asked` for a placement, or
    `broken`.
    unheard: no worker ran when it was sent, nor until the callback had fallen due.
    """

    what: str
    event_id: str
    contact: str
    callback: str | None
    due: datetime | None = None
    unheard: bool = False


@dataclass
class Received:
    """A command as a dialer got it, with the moment by the clock of the machine."""

    command_id: str
    partition: int
    due: datetime
    at: datetime


@dataclass
class Load:
    """Sends events; `events` are those that were sent, in their order; `received` are the commands, as they came."""

    producer: Any
    prefix: str
    chance: random.Random
    events: list[Event] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    replayed: set[tuple[str, int, int]] = field(default_factory=set)
    """Topic, partition and offset of each event that was refused and sent again."""
    _refused: list[Any] = field(default_factory=list)
    _acknowledged: list["asyncio.Future[Any]"] = field(default_factory=list)
    _number: int = 0

    async def configure(self) -> None:
        """A power campaign with a rule, and its contacts."""
        rule = {
            "rule_id": "again", "order": 1, "category": "wrap_up",
            "conditions": [{"type": "wrap_up_code", "codes": ["CB"]}],
            "actions": [{"type": "schedule_callback", "offset_minutes": RULE_MINUTES}],
        }  # fmt: skip
        await self._send("rule-sets", "R", {"rule_set_id": "R", "rules": [rule]}, partition=0)
        campaign = {
            "campaign_id": CAMPAIGN, "dialing_mode": "power", "status": "on", "contact_list_id": LIST,
            "rule_set_ids": ["R"],
        }  # fmt: skip
        await self._send("campaigns", CAMPAIGN, campaign, partition=0)
        for number in range(CONTACTS):
            record = {
                "contact_list_id": LIST, "contact_id": f"c{number}", "callable": True, "numbers": [], "attributes": {},
            }  # fmt: skip
            await self._send("contacts", f"{LIST}|c{number}", record)
        await self.acknowledged()

    async def run(self, rate: float) -> None:
        """Send at a steady rate, on and on; what an outage held up is sent after it."""
        began, sent = time.monotonic(), 0
        while True:
            while sent < (time.monotonic() - began) * rate:
                await self._one()
                sent += 1
            await asyncio.sleep(0.02)

    async def dial(self, brokers: str) -> None:
        """Answer every command that there is and that comes, on and on."""
        async with _reader(self.prefix, ("dial-preview", "dial-analysis", "dead-letter"), brokers) as consumer:
            while True:
                polled = await consumer.getmany(timeout_ms=100)
                for tp, records in polled.items():
                    if tp.topic == f"{self.prefix}dead-letter":
                        self._refused += records
                    else:
                        await self._answer(records)

    async def _answer(self, records: list[Any]) -> None:
        for record in records:
            command, now = json.loads(record.value), datetime.now(UTC)
            due = datetime.fromisoformat(command["due_at"])
            self.received.append(Received(command["command_id"], record.partition, due, now))
            self._number += 1
            await self._wrap_up(self._number, command["contact_id"], now, "DONE", command["callback_id"])

    async def replay(self) -> int:
        """Send what was refused for the sake of a clock once more; returns how many there were."""
        refused, self._refused = self._refused, []
        for record in refused:
            header = {name: value.decode() for name, value in record.headers}
            if header["ringback.error"] == "in_the_future":
                topic = header["__connect.errors.topic"]
                place = int(header["__connect.errors.partition"]), int(header["__connect.errors.offset"])
                self.replayed.add((topic, *place))
                self._acknowledged.append(await self.producer.send(topic, record.value, key=record.key))
        return len(refused)

    async def cancel_what_is_due_soon(self) -> datetime:
        """Call off half of the callbacks that are not due yet, while no worker runs; returns when the last is due."""
        now = datetime.now(UTC)
        touched = {event.callback for event in self.events if event.what not in ("scheduled", "asked")}
        soon = [
            event for event in self.events[-2000:]
            if event.what == "scheduled" and event.due and event.due > now and event.callback not in touched
        ]  # fmt: skip
        for event in soon[::2]:
            self._number += 1
            await self._callback("cancelled", self._number, event.contact, str(event.callback), now, unheard=True)
        await self.acknowledged()
        return max((event.due for event in soon if event.due), default=now)

    async def acknowledged(self) -> None:
        """Return when the brokers have everything. Raises what the client gave up with."""
        waiting, self._acknowledged = self._acknowledged, []
        await asyncio.gather(*waiting)

    async def until_heard(self, group: str, brokers: str) -> None:
        """Return when the workers' group has committed what it read up to the end of every topic of events."""
        async with _reader(self.prefix, SOURCES, brokers, group_id=group) as consumer:
            partitions = list(consumer.assignment())
            while True:
                ends = await consumer.end_offsets(partitions)
                if all([(await consumer.committed(tp) or 0) >= end for tp, end in ends.items()]):
                    return
                await asyncio.sleep(HEARD_POLL_S)

    async def _one(self) -> None:
        self._number += 1
        number, now = self._number, datetime.now(UTC).replace(microsecond=0)
        contact, callback = f"c{self.chance.randrange(CONTACTS)}", f"k{number}"
        due = now + timedelta(milliseconds=self.chance.randrange(*DUE_MS))
        kind = self.chance.randrange(10)
        if self.chance.randrange(PLACEMENT_EVERY) == 0:
            await self._ask(number, contact, now)
        if self.chance.randrange(BROKEN_EVERY) == 0:
            self.events.append(Event("broken", f"broken-{number}", contact, None))
            await self._send_bytes("wrap-up", f"{LIST}|{contact}", broken(f"broken-{number}"))
        if kind in (4, 5, 6):
            occurred = due - timedelta(minutes=RULE_MINUTES)
            await self._wrap_up(number, contact, occurred, "CB", due=due)
            return
        await self._callback("scheduled", number, contact, callback, now, due)
        if kind == 7:
            await self._callback("cancelled", number, contact, callback, now)
        elif kind == 8:
            later = due + timedelta(seconds=MOVED_S)
            await self._callback("rescheduled", number, contact, callback, now + timedelta(seconds=1), later)
        elif kind == 9:
            await self._wrap_up(number, contact, now + timedelta(seconds=1), "DONE", callback)

    async def _callback(
        self, what: str, number: int, contact: str, callback: str, at: datetime, due: datetime | None = None,
        *, unheard: bool = False,
    ) -> None:  # fmt: skip
        value = _of(contact, f"{what}-{number}", at) | {"type": what, "callback_id": callback}
        if due is not None:
            value["due_at"] = due.isoformat()
        if what == "scheduled":
            value |= {"source": "widget", "phone_number": NUMBER}
        event = Event(what, f"{what}-{number}", contact, callback, due, unheard)
        await self._note(event, "callback-scheduled", value)

    async def _wrap_up(
        self, number: int, contact: str, at: datetime, code: str, callback: str | None = None,
        due: datetime | None = None,
    ) -> None:  # fmt: skip
        value = _of(contact, f"wrap-up-{number}", at) | {
            "conversation_id": f"v{number}", "phone_number": NUMBER, "wrap_up_code": code, "callback_id": callback,
        }  # fmt: skip
        what = "wrap_up_cb" if code == "CB" else "wrap_up"
        await self._note(Event(what, f"wrap-up-{number}", contact, callback, due), "wrap-up", value)

    async def _ask(self, number: int, contact: str, at: datetime) -> None:
        value = _of(contact, f"asked-{number}", at) | {
            "request_id": f"asked-{number}", "origin": "campaign", "phone_number": NUMBER,
        }  # fmt: skip
        await self._note(Event("asked", f"asked-{number}", contact, None), "placement-requested", value)

    async def _note(self, event: Event, topic: str, value: dict[str, Any]) -> None:
        self.events.append(event)
        await self._send(topic, f"{LIST}|{event.contact}", value)

    async def _send(self, topic: str, key: str, value: dict[str, Any], partition: int | None = None) -> None:
        await self._send_bytes(topic, key, json.dumps(value).encode(), partition)

    async def _send_bytes(self, topic: str, key: str, value: bytes, partition: int | None = None) -> None:
        # The client's own partitioner is murmur2, as the contract asks.
        sent = await self.producer.send(self.prefix + topic, value, key=key.encode(), partition=partition)
        self._acknowledged.append(sent)


def broken(event_id: str) -> bytes:
    """What is sent as a broken event."""
    return f'{{"event_id":"{event_id}"'.encode()


def _of(contact: str, event_id: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id, "occurred_at": at.isoformat(), "campaign_id": CAMPAIGN, "contact_list_id": LIST,
        "contact_id": contact,
    }  # fmt: skip


@asynccontextmanager
async def _reader(
    prefix: str, topics: tuple[str, ...], brokers: str, group_id: str | None = None
) -> AsyncIterator[Any]:
    """A read_committed reader of topics with a partition for each contact partition, from their beginning."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=brokers.split(","), isolation_level="read_committed", auto_offset_reset="earliest",
        enable_auto_commit=False, metadata_max_age_ms=5000, group_id=group_id,
    )  # fmt: skip
    consumer.assign([TopicPartition(prefix + topic, number) for topic in topics for number in range(PARTITIONS)])
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def read_all(prefix: str, topics: tuple[str, ...], brokers: str) -> list[Any]:
    """Every record that a read_committed reader gets of these topics now, in the order of each partition."""
    read: list[Any] = []
    async with _reader(prefix, topics, brokers) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                read += records
    return read


@asynccontextmanager
async def load(brokers: str, prefix: str, chance: random.Random) -> AsyncIterator[Load]:
    """Writes to `brokers`, and gives up on none for two minutes."""
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers.split(","), acks="all", enable_idempotence=True,
        request_timeout_ms=ACKNOWLEDGED_S * 1000, metadata_max_age_ms=5000,
    )  # fmt: skip
    await producer.start()
    try:
        yield Load(producer, prefix, chance)
    finally:
        await producer.stop()
