"""Spans of what the partitions of a worker do; none, unless they are exported.

What makes them is in `spans.py`, which needs the extra `otel` and is imported only where the settings ask for it.
Source: docs/traces.md; docs/decisions/0053-trace-context-in-the-row.md.
"""

from datetime import datetime

from streams.base.errors import OperatorError
from streams.base.extras import cure
from streams.base.settings import Settings
from streams.logic.contact.exchange import Arrived, Outcome
from streams.logic.partition.partition import Partition


class Spans:
    """Of one partition, of whom no spans are made. A transaction is `applied` to `committed`, or it is forgotten."""

    def applied(self, core: Partition, event: Arrived, now: datetime) -> Outcome:
        """Have the core apply an event; returns its outcome."""
        return core.apply(event, now)

    def going_out(self, outcome: Outcome, now: datetime) -> None:
        """All of this is about to be written."""

    def committed(self, now: datetime) -> None:
        """It has been written."""


NO_SPANS = Spans()


class Tracing:
    """Where the spans of a worker go: of one that makes none."""

    def of_partition(self, number: int) -> Spans:
        """The spans of one partition engine."""
        return NO_SPANS

    def close(self) -> None:
        """Export what is left, if that can be done at once."""


NO_TRACING = Tracing()


def tracing_for(settings: Settings) -> Tracing:
    """What the settings ask for. Raises OperatorError if it is not installed."""
    if settings.otel_endpoint is None:
        return NO_TRACING
    try:
        from streams.engine.spans import Exported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("streams", "topics"):
            raise
        raise OperatorError(f"otel_endpoint needs the extra `otel`, which is not installed. {cure('otel')}") from None
    return Exported.by_otlp(settings)
