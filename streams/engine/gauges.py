"""What changes by itself, or belongs to no transaction: put into the metrics once a second, on the event loop.

Source: docs/metrics.md.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from streams.base import metrics
from streams.base.clock import Clock
from streams.base.metrics import callbacks, engine, events
from streams.engine.acquisition import Acquisition
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.held import HeldEngines
from streams.engine.partition_engine import PartitionEngine
from streams.logic.contact.callback import Status
from streams.logic.partition.census import WAITS_FOR
from topics.names import TopicName
from topics.records import CallbackState

log = logging.getLogger(__name__)

EndOf = Callable[[str, int], int | None]
"""The offset after the last record of a topic's partition, as of the last fetch; None if it is not known."""

BOUNDS = metrics.AGE_BOUNDS_S
IN_HAND = ((Status.PRESENTED, TopicName.DIAL_PREVIEW), (Status.DIALING, TopicName.DIAL_ANALYSIS))


@dataclass(frozen=True, slots=True)
class Gauges:
    """Of one worker. prefix: what topic names begin with; end_of: how far contact topics go.

    waited: the partitions that waited when it was last shown.
    """

    held: HeldEngines
    acquisition: Acquisition
    reader: ConfigurationReader
    clock: Clock
    prefix: str
    end_of: EndOf
    waited: set[int] = field(default_factory=set)

    async def run(self, every_s: float = 1.0) -> None:
        """Show everything, for ever; a bug in this is logged once, and ends nothing."""
        failed = False
        while True:
            try:
                self.show()
            except Exception:
                if not failed:
                    log.exception("the metrics of what changes by itself could not be set")
                failed = True
            await asyncio.sleep(every_s)

    def show(self) -> None:
        """Show everything as it is now."""
        waits = self._show_waits()
        for number, held in list(self.held.engines.items()):
            if number not in waits or held.active:
                self._show_work(held)
                self._show_callbacks(held)
                self._show_campaigns(held)
                self._show_lag(held)
        self._show_configuration()

    def _show_waits(self) -> Collection[int]:
        """How long partitions that are being acquired wait, with an engine or without one yet; returns which wait."""
        waits: dict[int, float] = {}
        for who, wait in self.acquisition.waits.longer_than(0).items():
            kind, _, which = who.partition(" ")
            if kind == "partition":
                waits[int(which)] = wait.seconds
        shown = {*self.held.engines, *waits}
        for number in shown:
            engine.ACQUISITION_WAIT.labels(number).set(waits.get(number, 0))
        for number in self.waited - shown:
            engine.ACQUISITION_WAIT.remove_by_labels({"partition": str(number)})
        self.waited.clear()
        self.waited.update(waits)
        return waits

    def _show_work(self, held: PartitionEngine) -> None:
        now, since = self.clock.monotonic(), held.transaction_since_s
        engine.TRANSACTION_OPEN.labels(held.number).set(0 if since is None else now - since)
        engine.LAST_COMMIT_AGE.labels(held.number).set(now - held.last_commit_s)

    def _show_callbacks(self, held: PartitionEngine) -> None:
        now, counts, number = self.clock.now(), held.core.census.total, held.number
        callbacks.DUE_WITHIN_MINUTE.labels(number).set(counts.due_soon(now))
        for waits_for in WAITS_FOR:
            ages = counts.overdue(waits_for, now, BOUNDS)
            callbacks.OVERDUE.labels(number, waits_for).set(ages[-1])
            callbacks.OLDEST_OVERDUE.labels(number, waits_for).set(counts.oldest_s(waits_for, now))
            callbacks.OVERDUE_AGES.set((number, waits_for), ages)
        for status, topic in IN_HAND:
            callbacks.COMMAND_AGES.set((number, topic), counts.command_ages(status, now, BOUNDS))

    def _show_campaigns(self, held: PartitionEngine) -> None:
        now = self.clock.now()
        for campaign, counts in held.core.census.campaigns.items():
            for state in CallbackState:
                callbacks.CAMPAIGN_OUTSTANDING.labels(held.number, campaign, state).set(counts.in_state(state))
            for waits_for in WAITS_FOR:
                overdue = counts.overdue(waits_for, now, ())[-1]
                callbacks.CAMPAIGN_OVERDUE.labels(held.number, campaign, waits_for).set(overdue)

    def _show_lag(self, held: PartitionEngine) -> None:
        for topic, offset in list(held.inbox.next.items()):
            end = self.end_of(topic, held.number)
            if end is not None:
                name = topic.removeprefix(self.prefix)
                events.CONSUMER_LAG.labels(name, held.number).set(max(0, end - offset))

    def _show_configuration(self) -> None:
        for topic, number in self.reader.records().items():
            events.CONFIGURATION_RECORDS.labels(topic).set(number)
        held_back = self.reader.held_back.longer_than(0)
        for topic, offset in self.reader.positions().items():
            events.CONFIGURATION_OFFSET.labels(topic).set(offset)
            wait = held_back.get(self.prefix + topic)
            events.HELD_BACK_SECONDS.labels(topic).set(wait.seconds if wait else 0)
        for topic, lag in self.reader.lags.items():
            events.CONSUMER_LAG.labels(topic, 0).set(lag)
