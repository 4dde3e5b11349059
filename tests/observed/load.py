"""What is sent while workers are observed, who dials, and the truth about it, in a thread with a loop of its own.

Two campaigns are dialed: SPRING as it should be, and what a fault makes of the others. Contacts are `c0`, `c1`, …
"""

import asyncio
import itertools
import json
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.clients import client_options
from tests.faults.load import read_all
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, Reader, reader
from topics.catalog import CATALOG
from topics.partitions import partition_for

LIST = "L"
SPRING = "spring"
CONTACTS = 40
NUMBER = "+12125550101"
RULE_MINUTES = 2
COMMANDS = ("dial-preview", "dial-analysis")
ANSWER_S = 120.0

T = TypeVar("T")


class Load:
    """On a cluster. rate: callbacks scheduled per second. silent: nobody answers commands. ids are never used twice.

    scheduled: how many callbacks were sent by now; commands: read by the dialer, by topic.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.rate, self.due_s, self.silent = 0.0, 2.0, False
        self.scheduled = 0
        self.commands: Counter[str] = Counter()
        self._cluster = cluster
        self._numbers = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="load", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []
        self._unanswered: list[dict[str, Any]] = []
        self._giving_back = 0
        self._feed: Feeder

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = ANSWER_S) -> T:
        """Do it in the thread of the load, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def send(self, topic: str, key: str, value: dict[str, Any] | bytes | None) -> None:
        """One record; returns when it is written."""
        self.run(self._send(topic, key, value))

    def campaign(self, campaign_id: str, *, on: bool = True, **more: Any) -> None:
        """Set up a campaign, which calls back RULE_MINUTES after a wrap-up with the code CB."""
        record = {
            "campaign_id": campaign_id, "dialing_mode": "power", "status": "on" if on else "off",
            "contact_list_id": LIST, "rule_set_ids": ["R"],
        }  # fmt: skip
        self.send("campaigns", campaign_id, record | more)

    def schedule(self, count: int, due_s: float, campaign_id: str = SPRING, callback_id: str | None = None) -> None:
        """Callbacks that an agent scheduled: an agent sees each before the call."""
        self.run(self._schedule_all(count, due_s, campaign_id, callback_id))

    def schedule_at(self, contact: str, due_s: float, callback_id: str) -> None:
        """A callback of a contact with an id of the caller's."""
        self.run(self._schedule(due_s, SPRING, callback_id, contact))

    def ask(self, count: int, campaign_id: str = SPRING) -> None:
        """Requests to place calls of a campaign."""
        self.run(self._ask(count, campaign_id))

    def returned(self, count: int) -> None:
        """Callbacks that fall due at once, and that their dialer gives back without having dialed them."""
        self.run(self._returned(count))

    def cancel(self, contact: str, callback_id: str) -> None:
        """Call a callback off."""
        self.run(self._cancel(contact, callback_id))

    def calls(self, count: int) -> None:
        """Calls whose wrap-up has no effect but to be counted."""
        self.run(self._calls(count))

    def wrap_up(self, count: int, due_s: float, campaign_id: str) -> None:
        """Calls whose wrap-up has the rule schedule a callback, which the system dials."""
        self.run(self._wrap_up_all(count, due_s, campaign_id))

    def forget(self) -> None:
        """Nobody ever answers the commands that nobody has answered."""
        self._unanswered.clear()

    def outstanding(self) -> Counter[str]:
        """What the compacted view says: outstanding callbacks by state."""
        return self.run(self._outstanding())

    def written(self, *topics: str) -> list[Any]:
        """Every record that a reader of these topics gets."""
        return self.run(read_all(self._cluster.prefix, topics, self._cluster.broker))

    async def _begin(self) -> None:
        options = client_options(self._cluster.settings())
        producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)
        await producer.start()
        self._feed = Feeder(self._cluster, producer)
        rule = {
            "rule_id": "again", "order": 1, "category": "wrap_up",
            "conditions": [{"type": "wrap_up_code", "codes": ["CB"]}],
            "actions": [{"type": "schedule_callback", "offset_minutes": RULE_MINUTES}],
        }  # fmt: skip
        await self._send("rule-sets", "R", {"rule_set_id": "R", "rules": [rule]})
        campaign = {
            "campaign_id": SPRING, "dialing_mode": "power", "status": "on", "contact_list_id": LIST,
            "rule_set_ids": ["R"],
        }  # fmt: skip
        await self._send("campaigns", SPRING, campaign)
        for number in range(CONTACTS):
            record = {"contact_list_id": LIST, "contact_id": f"c{number}", "callable": True}
            await self._send("contacts", f"{LIST}|c{number}", record)
        self._tasks = [self._loop.create_task(work) for work in (self._steadily(), self._dial())]

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for error in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(error, asyncio.CancelledError), error
        await self._feed.producer.stop()

    async def _steadily(self) -> None:
        while True:
            if rate := self.rate:  # Another thread may change it meanwhile.
                with suppress(KafkaError):  # A broker that is away for longer than a send may take.
                    await self._schedule(self.due_s, SPRING)
                await asyncio.sleep(1 / rate)
            else:
                await asyncio.sleep(0.05)

    async def _dial(self) -> None:
        async with reader(self._cluster, COMMANDS) as read:
            while True:
                await read.poll(0.1)
                await self._answer(read)

    async def _answer(self, read: Reader) -> None:
        for topic in COMMANDS:
            for record in read.records[topic]:
                self.commands[topic] += 1
                self._unanswered.append(json.loads(record.value))
            read.records[topic].clear()
        while self._unanswered and not self.silent:
            command = self._unanswered.pop(0)
            if self._giving_back:
                self._giving_back -= 1
                await self._give_back(command)
            else:
                await self._wrapped(command["contact_id"], command["campaign_id"], "DONE", command["callback_id"])

    async def _give_back(self, command: dict[str, Any]) -> None:
        value = self._of(command["contact_id"], f"g{next(self._numbers)}", command["campaign_id"]) | {
            "type": "returned", "callback_id": command["callback_id"], "command_id": command["command_id"],
            "reason": "no_agent",
        }  # fmt: skip
        await self._send("callback-scheduled", f"{LIST}|{command['contact_id']}", value)

    async def _schedule_all(self, count: int, due_s: float, campaign_id: str, callback_id: str | None) -> None:
        for _ in range(count):
            await self._schedule(due_s, campaign_id, callback_id)

    async def _schedule(
        self, due_s: float, campaign_id: str, callback_id: str | None = None, contact: str | None = None
    ) -> None:
        number = next(self._numbers)
        contact = contact or f"c{number % CONTACTS}"
        value = self._of(contact, f"s{number}", campaign_id) | {
            "type": "scheduled", "callback_id": callback_id or f"k{number}", "source": "widget",
            "phone_number": NUMBER, "due_at": (datetime.now(UTC) + timedelta(seconds=due_s)).isoformat(),
        }  # fmt: skip
        await self._send("callback-scheduled", f"{LIST}|{contact}", value)
        self.scheduled += 1

    async def _ask(self, count: int, campaign_id: str) -> None:
        for _ in range(count):
            number = next(self._numbers)
            value = self._of(f"c{number % CONTACTS}", f"q{number}", campaign_id) | {
                "request_id": f"q{number}", "origin": "campaign", "phone_number": NUMBER,
            }  # fmt: skip
            await self._send("placement-requested", f"{LIST}|c{number % CONTACTS}", value)

    async def _returned(self, count: int) -> None:
        self._giving_back += count
        await self._schedule_all(count, 0.5, SPRING, None)

    async def _cancel(self, contact: str, callback_id: str) -> None:
        value = self._of(contact, f"x{next(self._numbers)}", SPRING) | {"type": "cancelled", "callback_id": callback_id}
        await self._send("callback-scheduled", f"{LIST}|{contact}", value)

    async def _calls(self, count: int) -> None:
        calls = (self._wrapped(f"c{number % CONTACTS}", SPRING, "DONE", None) for number in range(count))
        await asyncio.gather(*calls)

    async def _wrap_up_all(self, count: int, due_s: float, campaign_id: str) -> None:
        for _ in range(count):
            occurred = datetime.now(UTC) + timedelta(seconds=due_s) - timedelta(minutes=RULE_MINUTES)
            await self._wrapped(f"c{next(self._numbers) % CONTACTS}", campaign_id, "CB", None, occurred)
            self.scheduled += 1

    async def _wrapped(
        self, contact: str, campaign_id: str, code: str, callback_id: str | None, at: datetime | None = None
    ) -> None:
        number = next(self._numbers)
        value = self._of(contact, f"w{number}", campaign_id, at) | {
            "conversation_id": f"v{number}", "phone_number": NUMBER, "wrap_up_code": code, "callback_id": callback_id,
        }  # fmt: skip
        await self._send("wrap-up", f"{LIST}|{contact}", value)

    def _of(self, contact: str, event_id: str, campaign_id: str, at: datetime | None = None) -> dict[str, Any]:
        return {
            "event_id": event_id, "occurred_at": (at or datetime.now(UTC)).isoformat(), "campaign_id": campaign_id,
            "contact_list_id": LIST, "contact_id": contact,
        }  # fmt: skip

    async def _send(self, topic: str, key: str, value: dict[str, Any] | bytes | None) -> None:
        payload = orjson.dumps(value) if isinstance(value, dict) else value
        sent = await self._feed.producer.send(
            self._cluster.prefix + topic, payload, key=key.encode(), partition=self._partition(topic, key)
        )
        await asyncio.shield(sent)

    def _partition(self, topic: str, key: str) -> int:
        return partition_for(key.encode(), CATALOG[topic].partition_count(PARTITIONS))

    async def _outstanding(self) -> Counter[str]:
        views: dict[bytes, Any] = {}
        for record in await read_all(self._cluster.prefix, ("outstanding-callbacks",), self._cluster.broker):
            views[record.key] = record.value and json.loads(record.value)
        return Counter(one["state"] for view in views.values() if view for one in view["callbacks"])
