"""A member of an adapter's group: fetches, has parts work, and gives up what is not its own any more.

One loop does one thing after the other, so a rebalance waits for the transactions in flight and for nothing else.
After an error in a transaction all partitions are given up, and the group is joined again: nothing in memory is
relied on. Source: docs/decisions/0068-adapters.md.
"""

import asyncio
import logging
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.adapters.seam import Adapter
from streams.base import metrics
from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.base.log import about
from streams.base.settings import Settings
from streams.engine.adapting.member import Member
from streams.engine.adapting.parts import Parts, group_of
from streams.engine.adapting.watermark import Watermark
from streams.engine.adapting.work import Work
from streams.engine.waits import Obstacle
from streams.kafka.clients import Clients
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.doubts import InDoubt
from streams.kafka.source_ends import SourceEnds
from streams.kafka.transactions import LimitLowered
from streams.library_internals.aiokafka.group_member import leave_when_stopped, refused
from streams.logic.partition.fitting import SizeLimits
from topics.of_adapters import AdapterTopics

log = logging.getLogger(__name__)

TICK_S = 1.0
HEARTBEATS = 5  # In a session, and in the time that a rebalance waits: a member hears of it by its heartbeat.
ACQUIRED_WITHIN_S = 1800
"""Rows are read between two fetches; a member that does not fetch for longer counts as hung."""

UNPROVEN_MAX = 5
"""So often in a row the group is joined again without a commit in between; then the process ends."""

FORBIDDEN = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError, TransactionalIdAuthorizationFailed)
CURABLE = (ProducerFenced, InDoubt, LimitLowered, TimeoutError, KafkaError, OperatorError)
"""After these a new member may do better: it begins with what Kafka has."""


class Runner:
    """Of one process. limits: bytes that each topic takes, by name without prefix."""

    def __init__(
        self, settings: Settings, adapter: Adapter, topics: AdapterTopics, work: Work, clients: Clients,
        clock: Clock, limits: SizeLimits,
    ) -> None:  # fmt: skip
        self._settings, self._adapter, self._topics, self._work = settings, adapter, topics, work
        self._clients, self._clock, self._limits = clients, clock, limits
        self._consumer: Any = None
        self._since = clock.now()
        self._proven = self._for_good = False
        self._now: Member | None = None

    def obstacles(self) -> list[Obstacle]:
        """Why it cannot be relied on: it has not joined its group, or acquires partitions."""
        is_there = self._now is not None and self._now.has_all
        return [] if is_there else [Obstacle("adapter", "its partitions", self._since)]

    def refused(self) -> BaseException | None:
        """What the group answered instead of taking this member."""
        return refused(self._consumer)

    def held(self) -> tuple[TopicPartition, ...]:
        """The partitions that it has acquired; other threads may ask."""
        return () if self._now is None else self._now.held

    def leave_for_good(self) -> None:
        """When it stops, leave the group though it has an instance id."""
        self._for_good = True

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises what cannot be cured by beginning anew."""
        unproven = 0
        while not stop.is_set():
            try:
                await self._member(stop)
            except FORBIDDEN as error:
                raise OperatorError(f"this user lacks a right: {error or type(error).__name__}. {RIGHTS}") from None
            except CURABLE as error:
                unproven = 1 if self._proven else unproven + 1
                if unproven > UNPROVEN_MAX:
                    raise
                metrics.adapters.RESTARTS.labels(self._adapter.name).inc()
                told = about("adapter_rejoins", error=type(error).__name__)
                log.warning("joins its group again, after %s: %s", type(error).__name__, error, extra=told)
                await asyncio.sleep(min(5.0, 0.1 * 2**unproven))

    async def _member(self, stop: asyncio.Event) -> None:
        settings, self._proven = self._settings, False
        raw, keyed = (settings.topic(topic.name) for topic in (self._topics.raw, self._topics.keyed))
        ends, written_ends = SourceEnds(self._clients), SourceEnds(self._clients, committed=False)
        parts = Parts(settings, self._adapter, self._topics, self._work, self._clients, ends, self._clock, self._limits)
        group = group_of(settings, self._adapter.name)
        self._consumer = consumer = self._clients.consumer(**self._options(group))

        def every_raw() -> list[TopicPartition]:
            return [TopicPartition(raw, number) for number in consumer.partitions_for_topic(raw) or ()]

        watermark = Watermark(self._clients, ends, written_ends, group, every_raw)
        member = Member(consumer, parts, watermark)
        consumer.subscribe([raw, keyed], listener=member)
        self._now = member
        try:
            await consumer.start()
            await self._loop(stop, member)
        finally:
            self._now, self._since = None, self._clock.now()
            if self._for_good:
                leave_when_stopped(consumer)
            # First the group, so that it gives the partitions to others; what is in flight here has ended.
            await consumer.stop()
            await parts.close()
            await ends.close()
            await written_ends.close()

    async def _loop(self, stop: asyncio.Event, member: Member) -> None:
        ticked_s, was_new = self._clock.monotonic(), True
        while not stop.is_set():
            if member.is_new and not was_new:
                self._since = self._clock.now()
            was_new = member.is_new
            await member.acquire()
            if await member.work():
                self._proven = True
            if self._clock.monotonic() - ticked_s >= TICK_S:
                ticked_s = self._clock.monotonic()
                await member.tick(int(self._clock.now().timestamp() * 1000))
                self._show(member)

    def _options(self, group: str) -> dict[str, Any]:
        session_ms = int(self._settings.session_timeout_s * 1000)
        rebalance_ms = int(self._settings.rebalance_timeout_s * 1000)
        return {
            "group_id": group,
            "group_instance_id": self._settings.instance_id,
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "max_poll_records": self._settings.unit_events_max,
            "session_timeout_ms": session_ms,
            "max_poll_interval_ms": ACQUIRED_WITHIN_S * 1000,
            "heartbeat_interval_ms": min(session_ms, rebalance_ms) // HEARTBEATS,
            "rebalance_timeout_ms": rebalance_ms,
            "fetch_max_wait_ms": 50,
            "request_timeout_ms": int(self._settings.transaction_timeout_s * 1000),
        }

    def _show(self, member: Member) -> None:
        name, prefix = self._adapter.name, self._settings.prefix
        metrics.adapters.PARTITIONS_HELD.labels(name).set(len(member.parts.held()))
        first, now_ms = member.parts.first_due_ms(), int(self._clock.now().timestamp() * 1000)
        overdue_s = 0.0 if first is None else max(0.0, (now_ms - first) / 1000)
        metrics.adapters.OVERDUE_SECONDS.labels(name).set(overdue_s)
        for part in member.parts.keyed():
            metrics.adapters.ROWS.labels(name, part.tp.partition).set(len(part.table or ()))
        for tp, lag in member.lags().items():
            metrics.events.CONSUMER_LAG.labels(tp.topic.removeprefix(prefix), tp.partition).set(lag)
        for tp in member.gone():
            metrics.events.CONSUMER_LAG.remove_by_labels(
                {"topic": tp.topic.removeprefix(prefix), "partition": str(tp.partition)}
            )
            if tp.topic == self._settings.topic(self._topics.keyed.name):
                metrics.adapters.ROWS.remove_by_labels({"adapter": name, "partition": str(tp.partition)})
