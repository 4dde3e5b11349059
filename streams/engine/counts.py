"""What a committed unit did, put into the metrics."""

from datetime import datetime

from streams import metrics
from streams.logic.exchange import Outcome


def count(outcome: Outcome, now: datetime) -> None:
    """Put what a committed unit did into the metrics; `now`: the moment after its commit."""
    metrics.UNITS.inc()
    metrics.FAULTS.inc(len(outcome.faults))
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
