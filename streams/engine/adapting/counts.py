"""What the metrics and the log say of a committed transaction of an adapter."""

from datetime import datetime

from streams.base import metrics
from streams.engine.adapting.work import Worked
from streams.engine.commit_log import DEAD_LETTERS
from topics.records import Cause


def count(name: str, worked: Worked, prefix: str, now: datetime) -> None:
    """Count one. name: of the adapter; prefix: of topics."""
    for result, number in worked.results.items():
        metrics.adapters.RECORDS.labels(name, result).inc(number)
    for why, number in worked.skipped.items():
        metrics.adapters.SKIPPED.labels(name, why).inc(number)
    for code, number in worked.dead.items():
        metrics.events.DEAD_LETTERS.labels(code).inc(number)
    if worked.dead:
        examples = {code: _with_prefix(cause, prefix) for code, cause in worked.examples.items()}
        DEAD_LETTERS.note(dict(worked.dead), examples, now)


def _with_prefix(cause: Cause, prefix: str) -> Cause:
    return Cause(topic=prefix + (cause.topic or ""), partition=cause.partition, offset=cause.offset)
