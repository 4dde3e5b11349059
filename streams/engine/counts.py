"""Puts the effects of a committed transaction into the metrics, and internal errors into the log."""

import logging
from datetime import datetime

from streams.base import metrics
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.partition import Partition

log = logging.getLogger(__name__)


def show(core: Partition) -> None:
    """Put what a partition holds into the metrics."""
    metrics.callbacks.OUTSTANDING.labels(core.number).set(core.outstanding)
    metrics.callbacks.TIMERS_RETRIED.labels(core.number).set(core.retried_count)


def count(core: Partition, outcome: Outcome, now: datetime) -> None:
    """Put the effects of a committed transaction into the metrics; `now`: the moment after its commit."""
    show(core)
    metrics.engine.TRANSACTIONS.inc()
    for bug in outcome.bugs:
        metrics.engine.INTERNAL_ERRORS.labels(bug.kind).inc()
        log.error("partition %d: internal error (%s): %s\n%s", core.number, bug.kind, bug.what, bug.where)
    for fired in outcome.fired:
        late_s = max(0.0, (now - fired.due_at).total_seconds())
        metrics.callbacks.LATENESS.labels(fired.topic, fired.cause).observe(late_s)
        metrics.callbacks.COMMANDS.labels(fired.topic).inc()
    for (topic, result), number in outcome.counts.items():
        metrics.events.EVENTS.labels(topic, result).inc(number)
    for error, number in outcome.dead.items():
        metrics.events.DEAD_LETTERS.labels(error).inc(number)
    for decided in outcome.placements:
        metrics.events.PLACEMENTS.labels("true" if decided.allowed else "false").inc()
        for reason in decided.reasons:
            metrics.events.REFUSALS.labels(reason).inc()
