"""Metrics of adapters. The command `ringback adapter` sets them."""

from prometheus_client import Counter, Gauge

from streams.base.metrics.registry import REGISTRY

RECORDS = Counter(
    "ringback_adapter_records_total",
    "Records of an adapter's topics, by result: routed to the keyed topic, mapped to events, waiting for another half, "
    "skipped on purpose, or a dead letter.",
    ["adapter", "result"],
    registry=REGISTRY,
)
SKIPPED = Counter(
    "ringback_adapter_skipped_total", "Records that an adapter skipped on purpose, by reason.", ["adapter", "reason"],
    registry=REGISTRY,
)  # fmt: skip
ROWS = Gauge(
    "ringback_adapter_rows", "Rows that an adapter remembers, by partition of its keyed topic.",
    ["adapter", "partition"], registry=REGISTRY,
)  # fmt: skip
PER_PARTITION = (ROWS,)
OVERDUE_SECONDS = Gauge(
    "ringback_adapter_overdue_seconds",
    "How long the first row of this adapter has been due for which not all that was sent is applied yet; 0 if none is.",
    ["adapter"],
    registry=REGISTRY,
)
PARTITIONS_HELD = Gauge(
    "ringback_adapter_partitions_held", "Partitions of its topics that this adapter has acquired.", ["adapter"],
    registry=REGISTRY,
)  # fmt: skip
RESTARTS = Counter(
    "ringback_adapter_rejoins_total",
    "Times that this adapter gave up all partitions after an error and joined its group again.",
    ["adapter"],
    registry=REGISTRY,
)
