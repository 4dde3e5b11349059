"""Every metric of Ringback, declared once, by what it is about. The worker sets them.

`streams.worker.http` exposes them, and docs/metrics.md has each of them, and when to look at it.
"""

from streams.base.metrics import adapters, callbacks, engine, events, processes
from streams.base.metrics.registry import AGE_BOUNDS_S, COMMAND_TOPICS, REGISTRY

__all__ = [
    "AGE_BOUNDS_S",
    "COMMAND_TOPICS",
    "REGISTRY",
    "adapters",
    "callbacks",
    "engine",
    "events",
    "forget_partition",
    "processes",
]

PER_PARTITION = (*adapters.PER_PARTITION, *callbacks.PER_PARTITION, *engine.PER_PARTITION, events.CONSUMER_LAG)


def forget_partition(partition: int) -> None:
    """Remove the series of a partition that this worker no longer holds; its new owner exposes them."""
    for metric in PER_PARTITION:
        metric.remove_by_labels({"partition": str(partition)})
