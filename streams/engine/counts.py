"""Puts the effects of a committed transaction into the metrics and the log."""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from prometheus_client import Histogram

from streams.base.log import about
from streams.base.metrics import callbacks, engine, events
from streams.engine import commit_log
from streams.logic.contact.exchange import Fired, Outcome
from streams.logic.partition.partition import Partition
from topics.names import TopicName
from topics.records import CallbackLifecycle, CallbackState

log = logging.getLogger(__name__)

EXEMPLAR_CHARACTERS_MAX = 128

Taken = tuple[str, int]
"""An event that was taken in: its topic, and the timestamp of its record in milliseconds."""


def show(core: Partition) -> None:
    """Put what a partition holds into the metrics."""
    for state in CallbackState:
        callbacks.OUTSTANDING.labels(core.number, state).set(core.census.total.in_state(state))
    callbacks.TIMERS_RETRIED.labels(core.number).set(core.agenda.retried_count)


def show_restored(core: Partition, rows: int, seconds: float) -> None:
    """Put what a partition holds, after a restore that read so many rows in so many seconds, into metrics and log."""
    known = (core.number, rows, seconds, core.census.outstanding)
    told = about("restored", partition=core.number, records=rows, seconds=round(seconds, 2), outstanding=known[-1])
    log.info("partition %d: restored %d changelog records in %.2f s, %d callbacks outstanding", *known, extra=told)
    engine.RESTORE_SECONDS.labels(core.number).set(seconds)
    engine.RESTORED_ROWS.labels(core.number).set(rows)
    show(core)


def show_caught_up(number: int) -> None:
    """Put into metrics and log that the timers of a partition fire."""
    engine.PARTITION_READY.labels(number).set(1)
    log.info("partition %d: caught up, timers fire", number, extra=about("caught_up", partition=number))


def count(core: Partition, outcome: Outcome, taken: Collection[Taken], prefix: str, now: datetime) -> None:
    """Put the effects of a committed transaction into metrics and log; `now`: the moment after its commit.

    taken: the events behind it; prefix: what topic names begin with, for the log.
    """
    show(core)
    commit_log.tell(core.number, outcome, prefix, now)
    engine.TRANSACTIONS.inc()
    for bug in outcome.bugs:
        engine.INTERNAL_ERRORS.labels(bug.kind).inc()
    _count_fired(outcome.fired, now)
    _count_transitions(outcome.transitions, core.census.campaigns)
    for (topic, type_, result), number in outcome.counts.items():
        events.EVENTS.labels(topic, type_, result).inc(number)
    for code, number in outcome.dead.items():
        events.DEAD_LETTERS.labels(code).inc(number)
    for decided in outcome.placements:
        events.PLACEMENTS.labels("true" if decided.allowed else "false").inc()
        for reason in decided.reasons:
            events.REFUSALS.labels(reason).inc()
    _observe_delays(taken, now)


def _count_fired(all_fired: Iterable[Fired], now: datetime) -> None:
    by_kind: dict[tuple[str, str], list[Fired]] = defaultdict(list)
    for fired in all_fired:
        by_kind[fired.topic, fired.cause].append(fired)
    for (topic, cause), alike in by_kind.items():
        callbacks.COMMANDS.labels(topic).inc(len(alike))
        lateness = callbacks.LATENESS.labels(topic, cause)
        for fired in alike:
            lateness.observe(max(0.0, (now - fired.due_at).total_seconds()), _exemplar(fired))


def _exemplar(fired: Fired) -> dict[str, str] | None:
    """The command, and its trace if it has one, as far as OpenMetrics has room for them."""
    labels = {"command_id": fired.command_id}
    if fired.traceparent is not None:
        labels["trace_id"] = fired.traceparent.split("-")[1]
    return labels if sum(len(name) + len(value) for name, value in labels.items()) <= EXEMPLAR_CHARACTERS_MAX else None


def _count_transitions(records: Iterable[CallbackLifecycle[object]], campaigns: Collection[str]) -> None:
    """campaigns: those that are counted by their names, too."""
    alike = Counter((record.transition, record.reasons, record.campaign_id) for record in records)
    for (transition, reasons, campaign_id), number in alike.items():
        callbacks.TRANSITIONS.labels(transition).inc(number)
        for reason in reasons:
            callbacks.TRANSITION_REASONS.labels(transition, reason).inc(number)
        if campaign_id in campaigns:
            callbacks.CAMPAIGN_TRANSITIONS.labels(campaign_id, transition).inc(number)
            for reason in reasons:
                callbacks.CAMPAIGN_REASONS.labels(campaign_id, transition, reason).inc(number)


def _observe_delays(taken: Collection[Taken], now: datetime) -> None:
    now_s = now.timestamp()
    delays_of = {topic: _delays_of(topic) for topic in {topic for topic, _ in taken}}
    for topic, timestamp_ms in taken:
        delays_of[topic].observe(max(0.0, now_s - timestamp_ms / 1000))


def _delays_of(topic: str) -> Histogram:
    if topic == TopicName.PLACEMENT_REQUESTED:
        return events.REQUEST_TO_ANSWER
    return events.EVENT_TO_EFFECT.labels(topic)
