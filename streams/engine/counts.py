"""What a committed unit did, put into the metrics and, where it was a fault of ours, into the log."""

import logging
from datetime import datetime

from streams.base import metrics
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.partition import Partition

log = logging.getLogger(__name__)


def show(core: Partition) -> None:
    """Put what a partition holds into the metrics."""
    metrics.OUTSTANDING.labels(core.number).set(core.outstanding)
    metrics.SET_BACK.labels(core.number).set(core.set_back)


def count(core: Partition, outcome: Outcome, now: datetime) -> None:
    """Put what a committed unit did into the metrics; `now`: the moment after its commit."""
    show(core)
    metrics.UNITS.inc()
    for fault in outcome.faults:
        metrics.FAULTS.labels(fault.kind).inc()
        log.error("partition %d: internal error (%s): %s\n%s", core.number, fault.kind, fault.what, fault.where)
    for fired in outcome.fired:
        late_s = max(0.0, (now - fired.due_at).total_seconds())
        metrics.LATENESS.labels(fired.topic, fired.cause).observe(late_s)
        metrics.COMMANDS.labels(fired.topic).inc()
    for (topic, result), number in outcome.counts.items():
        metrics.EVENTS.labels(topic, result).inc(number)
    for error, number in outcome.dead.items():
        metrics.DEAD_LETTERS.labels(error).inc(number)
    for decided in outcome.placements:
        metrics.PLACEMENTS.labels("true" if decided.allowed else "false").inc()
        for reason in decided.reasons:
            metrics.REFUSALS.labels(reason).inc()
