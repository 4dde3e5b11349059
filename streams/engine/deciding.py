"""What one transaction of a partition decides: due timers, then events, in slices between which others have their turn.

It writes nothing. Source: docs/decisions/0059-decisions-take-turns.md.
"""

import itertools
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Protocol

from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.engine.batch import arrived
from streams.engine.counts import Taken
from streams.engine.inbox import Inbox
from streams.engine.slices import Slices
from streams.engine.tracing import Spans
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.partition import Partition
from topics.names import TopicName

TRANSACTION_BYTES_MAX = 8 * 1024 * 1024  # Of the values in a transaction: each may become a dead letter.
REQUESTS = TopicName.PLACEMENT_REQUESTED  # They wait for the gate, so it cannot wait for them.


class Readiness(Protocol):
    """Of an engine. active: it may work; ready: its timers fire, and requests are answered."""

    active: bool

    @property
    def ready(self) -> bool:
        """Whether timers fire."""


class Deciding:
    """Of one partition engine. taken: topic and timestamp of each event of the transaction at hand.

    now: of its latest decisions. It is looked at again before each slice, since a hold may have begun meanwhile. It
    does not go back within a transaction: all of its records are written with the last of them.
    """

    def __init__(
        self, settings: Settings, core: Partition, inbox: Inbox, clock: Clock, slices: Slices, spans: Spans,
        readiness: Readiness,
    ) -> None:  # fmt: skip
        self._settings, self._requests = settings, settings.topic(REQUESTS)
        self._core, self._inbox, self._clock = core, inbox, clock
        self._slices, self._spans, self._readiness = slices, spans, readiness
        self._decided_at = self.now = datetime.min.replace(tzinfo=UTC)
        self.taken: list[Taken] = []

    async def decide(self, outcome: Outcome, now: datetime) -> set[str]:
        """Decide about what is due, then about events; returns the topics of these.

        now: until when the configuration has been applied. Decisions are made as of `self.now`, which is later.
        """
        self.now = now
        if not (self._inbox or self._has_due()):
            return set()
        async with self._slices:
            if not self._may_go_on(outcome):
                return set()
            await self._fire_due(outcome)
            may_take_in = self._readiness.active and not self._is_set_back(outcome, self._clock.now())
            return await self._take_in(outcome) if may_take_in else set()

    def _may_go_on(self, outcome: Outcome) -> bool:
        """Asked after others have had their turn: it is later, the configuration and the readiness may have changed."""
        now = self._clock.now()
        if self._is_set_back(outcome, now):
            return False
        self.now = now
        outcome.merge(self._core.configure(now))
        return self._readiness.active

    def _is_set_back(self, outcome: Outcome, now: datetime) -> bool:
        """Whether the clock was set back since a decision, which is committed first, with the time at which it was."""
        return now < self.now and bool(outcome or self.taken)

    def _has_due(self) -> bool:
        at = self._core.next_at() if self._readiness.ready else None
        return at is not None and at <= self.now

    async def _fire_due(self, outcome: Outcome) -> None:
        """Fire what is due, oldest first, until the slices or the batch are over."""
        self._slices.begin()
        for _ in range(self._settings.fire_batch_max if self._readiness.ready else 0):
            at = self._core.next_at()
            if at is None or at > self.now or (self._slices.ended and await self._is_over(outcome)):
                break
            self._decided_at = self._clock.moment(at, self.now, self._decided_at)
            fired = self._core.fire(self._decided_at)
            if fired is None:
                break
            outcome.merge(fired)

    async def _take_in(self, outcome: Outcome) -> set[str]:
        """Decide about events until the slices or the transaction are full; returns their topics."""
        topics: set[str] = set()
        if not self._inbox:
            return topics
        if self._slices.ended:
            await self._slices.next()
            if not self._may_go_on(outcome):
                return topics
        taken, self._decided_at = 0, self.now
        self._slices.begin(events=True)
        records = self._inbox.take(requests=self._readiness.ready)
        for topic, record in itertools.islice(records, self._settings.unit_events_max):
            topics.add(topic)
            event = arrived(topic.removeprefix(self._settings.prefix), record)
            outcome.merge(self._spans.applied(self._core, event, self.now))
            self.taken.append((event.topic, event.timestamp_ms))
            taken += len(record.value or b"")
            if taken > TRANSACTION_BYTES_MAX or (self._slices.ended and await self._is_over(outcome, topics)):
                break
        return topics

    async def _is_over(self, outcome: Outcome, topics: Collection[str] | None = None) -> bool:
        """Whether it is time to commit, asked when a slice has ended. topics: of the events so far, None for timers."""
        if self._slices.is_last or (topics is not None and self._is_waited_for(topics)):
            return True
        await self._slices.next()
        return not self._may_go_on(outcome)

    def _is_waited_for(self, topics: Collection[str]) -> bool:
        """Whether a timer that is due waits for the end, or somebody whose request has been taken, or can be."""
        if not self._readiness.ready:
            return False
        at = self._core.next_at()
        return (at is not None and at <= self._clock.now()) or self._requests in topics or self._inbox.has_requests
