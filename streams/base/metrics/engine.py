"""Metrics of the engine: transactions, partitions, recovery, the worker's process and its brokers."""

from prometheus_client import Counter, Gauge, Histogram

from streams.base.metrics.registry import REGISTRY, SHORT_BUCKETS
from streams.logic.contact.exchange import BugKind

IN_DOUBT = "in_doubt"
FENCED = "fenced"
FAILURES = (IN_DOUBT, FENCED)
FORWARD = "on"
BACKWARD = "back"

INFO = Gauge("ringback_info", "Always 1; the version of this worker is in the label.", ["version"], registry=REGISTRY)
READY = Gauge("ringback_worker_ready", "1 when /readyz is 200, else 0.", registry=REGISTRY)
PARTITIONS = Gauge(
    "ringback_contact_partitions", "How many partitions the contact topics have, held or not.", registry=REGISTRY
)
PARTITIONS_HELD = Gauge("ringback_partitions_held", "Contact partitions assigned to this worker.", registry=REGISTRY)
PARTITION_READY = Gauge(
    "ringback_partition_ready",
    "1 when an assigned partition has caught up and its timers fire, 0 while it restores or catches up.",
    ["partition"],
    registry=REGISTRY,
)
ACQUISITION_WAIT = Gauge(
    "ringback_acquisition_wait_seconds",
    "How long a partition that is being acquired has waited for what it waits for now; 0 when it is not being acquired.",
    ["partition"],
    registry=REGISTRY,
)
REBALANCES = Counter("ringback_rebalances_total", "Assignments of partitions by the consumer group.", registry=REGISTRY)
RESTORE_PROGRESS = Gauge(
    "ringback_restore_progress_ratio",
    "Share of a partition's changelog that has been read in the present restore; 1 when it is over.",
    ["partition"],
    registry=REGISTRY,
)
RESTORE_REMAINING = Gauge(
    "ringback_restore_remaining_records",
    "Records of a partition's changelog that the present restore has still to read; 0 when it is over.",
    ["partition"],
    registry=REGISTRY,
)
RESTORE_SECONDS = Gauge(
    "ringback_restore_seconds", "Duration of the last restore of a partition's state.", ["partition"], registry=REGISTRY
)
RESTORED_ROWS = Gauge(
    "ringback_restored_rows", "Rows read in the last restore of a partition's state.", ["partition"], registry=REGISTRY
)
TRANSACTIONS = Counter("ringback_transactions_total", "Kafka transactions committed.", registry=REGISTRY)
TRANSACTION_SECONDS = Histogram(
    "ringback_transaction_seconds",
    "From the beginning of a Kafka transaction to its commit.",
    buckets=SHORT_BUCKETS,
    registry=REGISTRY,
)
TRANSACTION_FAILURES = Counter(
    "ringback_transaction_failures_total",
    "Transactions that were not seen to commit. in_doubt: a request had no answer, and the partition was reacquired in "
    "place. fenced: another producer took the transactional id, the partition was given up and the group joined again.",
    ["reason"],
    registry=REGISTRY,
)
BROKER_RETRIES = Counter(
    "ringback_broker_retries_total",
    "Times that work on a partition had to be tried again because a broker was away.",
    registry=REGISTRY,
)
PRODUCER_EPOCHS = Counter(
    "ringback_producer_epochs_total", "Transactional ids taken; each time a partition is acquired.", registry=REGISTRY
)
TRANSACTION_OPEN = Gauge(
    "ringback_transaction_open_seconds",
    "How long the present Kafka transaction of a partition has been open; 0 when there is none.",
    ["partition"],
    registry=REGISTRY,
)
LAST_COMMIT_AGE = Gauge(
    "ringback_last_commit_age_seconds",
    "Time since a partition's last commit, or since its acquisition; it grows while there is nothing to commit.",
    ["partition"],
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "ringback_loop_lag_seconds",
    "By how much the event loop woke up late for a timer of its own, twice a second.",
    buckets=SHORT_BUCKETS,
    registry=REGISTRY,
)
LOOP_STALLED = Gauge(
    "ringback_loop_stalled_seconds",
    "How long the event loop has not run by now, beyond its interval; 0 while it runs.",
    registry=REGISTRY,
)
BROKER_CONNECTED = Gauge("ringback_broker_connected", "1 while brokers answer this worker, else 0.", registry=REGISTRY)
BROKER_SILENT = Gauge(
    "ringback_broker_silent_seconds", "Time since any broker last answered this worker.", registry=REGISTRY
)
INTERNAL_ERRORS = Counter(
    "ringback_internal_errors_total",
    "Internal errors, by what failed. Their effects were undone; an event became a dead letter, all else is retried.",
    ["kind"],
    registry=REGISTRY,
)
CLOCK_JUMPS = Counter(
    "ringback_clock_jumps_total",
    "Times that the clock was set by more than half a second; direction: on is forward, back is backward.",
    ["direction"],
    registry=REGISTRY,
)
STATE_QUARANTINED = Counter(
    "ringback_state_quarantined_total",
    "State folders that could not be relied on and were quarantined; the state is then read from Kafka.",
    registry=REGISTRY,
)
LAST_EXIT = Gauge(
    "ringback_last_exit_info",
    "Always 1; the label says how the last run of this worker ended, as its state folder has it.",
    ["reason"],
    registry=REGISTRY,
)

# A series that begins with its first event hides that event from every rate, so every known series begins at 0.
for _direction in (FORWARD, BACKWARD):
    CLOCK_JUMPS.labels(_direction)
for _kind in BugKind:
    INTERNAL_ERRORS.labels(_kind)
for _failure in FAILURES:
    TRANSACTION_FAILURES.labels(_failure)

PER_PARTITION = (
    PARTITION_READY, ACQUISITION_WAIT, RESTORE_PROGRESS, RESTORE_REMAINING, RESTORE_SECONDS, RESTORED_ROWS,
    TRANSACTION_OPEN, LAST_COMMIT_AGE,
)  # fmt: skip
