"""Sends events to the modelled broker: once or twice, at moments to come, in transactions that may be aborted.

What was sent is noted for the verifier, with the record that it became.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aiokafka import TopicPartition

from tests.simulation.broker import Broker
from tests.simulation.log import Content, Stored
from tests.simulation.stand_ins import BEGINNING
from tests.simulation.worker import CONSUMED
from topics.partitions import partition_for

PREFIX = "ringback."
LIST = "L"
FEEDERS = 1_000_000
"""Producer ids of transactions from outside; those of the workers are small."""
REPEATED = 0.2
COMMITTED = 0.75
"""How likely an event is sent again, and a transaction of a sender is committed."""


@dataclass(eq=False)
class Event:
    """One event that was sent, as often as it has records."""

    what: str
    event_id: str
    contact: str = ""
    callback: str | None = None
    occurred_at: datetime = BEGINNING
    due: datetime | None = None
    records: list[Stored] = field(default_factory=list)

    @property
    def is_committed(self) -> bool:
        """Whether a read_committed reader gets it at all."""
        return any(record.is_committed for record in self.records)

    @property
    def first(self) -> Stored:
        """The record that counts."""
        return next(record for record in self.records if record.is_committed)


class Sender:
    """Everybody who writes to the topics that workers read."""

    def __init__(self, random: Random, broker: Broker, partitions: int, trace: Callable[[str], None]) -> None:
        self.events: list[Event] = []
        self._random = random
        self._broker = broker
        self._loop = broker.loop
        self._partitions = partitions
        self._trace = trace
        self._in_transactions = random.choice((0.0, 0.0, 0.3))
        self._number = 0

    def _at(self, at: float, function: Callable[..., object], *args: object) -> None:
        self._loop.outside(at - self._loop.time(), function, *args)

    def _later(self, least: float, most: float, function: Callable[..., object], *args: object) -> None:
        self._loop.outside(self._random.uniform(least, most), function, *args)

    def _now(self) -> datetime:
        return BEGINNING + timedelta(milliseconds=int(self._loop.time() * 1000))

    def _next(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}"

    def _content(self, key: str, value: dict[str, Any] | None) -> Content:
        written = None if value is None else json.dumps(value).encode()
        return Content(key.encode(), written, int(self._now().timestamp() * 1000))

    def _send(self, event: Event, topic: str, value: dict[str, Any]) -> None:
        if event not in self.events:
            self.events.append(event)
        self._put(event, topic, self._content(f"{LIST}|{event.contact}", value))

    def _repeat_perhaps(self, event: Event) -> None:
        """Some senders send twice."""
        if self._random.random() < REPEATED:
            self._later(0, 9, self._repeat, event)

    def _repeat(self, event: Event) -> None:
        if event.records:
            record = event.records[0]
            topic, value = record.topic.removeprefix(PREFIX), record.value or b""
            if event.what == "placement":  # Somebody asks once more; the same event again would have no answer.
                value = json.dumps(json.loads(value) | {"event_id": self._next("r")}).encode()
            self._put(event, topic, Content(record.key, value, record.timestamp))

    def _put(self, event: Event, topic: str, content: Content) -> None:
        tp = TopicPartition(PREFIX + topic, partition_for(content.key or b"", self._partitions))
        log, now = self._broker.log(tp), self._loop.time()
        self._trace(f"sent: {event.what} {event.event_id} to {topic}-{tp.partition} offset {log.end}")
        if topic in CONSUMED[1:] and self._random.random() < self._in_transactions:
            base = self._transact(tp, content, self._random.uniform(0.01, 1.5))
        else:
            base = log.append([content], now)
        event.records.append(log.records[base])

    def _transact(self, tp: TopicPartition, content: Content, open_s: float) -> int:
        """Write in a transaction that stays open for a while; returns the offset."""
        self._number += 1
        pid, commits = FEEDERS + self._number, self._random.random() < COMMITTED
        base = self._broker.log(tp).produce(pid, 0, 0, [content], self._loop.time())
        self._loop.outside(open_s, self._decide, tp, pid, commits)
        return base

    def _decide(self, tp: TopicPartition, pid: int, commits: bool) -> None:
        self._trace(f"sent: {'commit' if commits else 'abort'} on {tp.topic}-{tp.partition}")
        self._broker.log(tp).mark(pid, 0, commits, -1, self._loop.time())
