"""Metrics of the supervisor of several processes; a worker of one process has none of them."""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge

SUPERVISOR_REGISTRY = CollectorRegistry()
prometheus_client.ProcessCollector(registry=SUPERVISOR_REGISTRY)

UP = Gauge(
    "ringback_process_up",
    "1 while a process of this worker answers, else 0; only with several processes.",
    ["process"],
    registry=SUPERVISOR_REGISTRY,
)
RESTARTS = Counter(
    "ringback_process_restarts_total",
    "How often a process of this worker had ended and was started again; only with several processes.",
    ["process"],
    registry=SUPERVISOR_REGISTRY,
)
