"""Every metric of Ringback, declared once. The worker sets them, `streams.worker.http` exposes them.

Labels are bounded: topics of the catalog, causes, error codes and partition numbers, never a contact, a callback, a
campaign or a phone number. Times are in seconds.
"""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.logic.contact.exchange import BugKind, LatenessCause
from topics.catalog import CATALOG, CONTACT_TOPICS_IN, Direction
from topics.codec import ErrorCode
from topics.names import TopicName
from topics.records import PLACEMENT_REASONS

REGISTRY = CollectorRegistry()
# A second series for each counter and histogram, with the instant of its creation, which no dashboard of ours queries.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
prometheus_client.ProcessCollector(registry=REGISTRY)
prometheus_client.PlatformCollector(registry=REGISTRY)
prometheus_client.GCCollector(registry=REGISTRY)

LATENESS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)
TRANSACTION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

COMMAND_TOPICS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)
APPLIED = "applied"
DEAD_LETTER = "dead_letter"
LOG_SHORTER = "shorter"
RECORDS_DELETED = "records_deleted"

INFO = Gauge("ringback_info", "Always 1; the version of this worker is in the label.", ["version"], registry=REGISTRY)
LATENESS = Histogram(
    "ringback_lateness_seconds",
    "From the due time of a callback to its dial command, by topic of the command and cause of the delay.",
    ["topic", "cause"],
    buckets=LATENESS_BUCKETS,
    registry=REGISTRY,
)
OUTSTANDING = Gauge(
    "ringback_callbacks_outstanding", "Callbacks scheduled and not ended.", ["partition"], registry=REGISTRY
)
COMMANDS = Counter("ringback_commands_total", "Dial commands written, by topic.", ["topic"], registry=REGISTRY)
EVENTS = Counter(
    "ringback_events_total",
    "Events read and answered, by topic and whether they were applied or went to the dead letter topic.",
    ["topic", "result"],
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "ringback_dead_letters_total", "Records written to the dead letter topic, by error.", ["error"], registry=REGISTRY
)
PLACEMENTS = Counter(
    "ringback_placements_total",
    "Placement requests answered for the first time, by whether the call was allowed.",
    ["allowed"],
    registry=REGISTRY,
)
REFUSALS = Counter(
    "ringback_placement_refusals_total",
    "Checks that failed in the answers to placement requests, by reason; one answer may name several.",
    ["reason"],
    registry=REGISTRY,
)
CLOCK_JUMPS = Counter(
    "ringback_clock_jumps_total",
    "Times that the clock was set by more than half a second; direction: on is forward, back is backward.",
    ["direction"],
    registry=REGISTRY,
)
STATE_QUARANTINED = Counter(
    "ringback_state_set_aside_total",
    "State folders that could not be relied on and were quarantined; the state is then read from Kafka.",
    registry=REGISTRY,
)
DNC_ENTRIES_HELD = Gauge("ringback_dnc_entries", "Do Not Call entries that this worker has loaded.", registry=REGISTRY)
DNC_READ = Counter(
    "ringback_dnc_records_read_total", "Records read from the topic of Do Not Call entries.", registry=REGISTRY
)
DOUBTS = Counter(
    "ringback_transactions_in_doubt_total",
    "Transactions of which a request had no answer; their partitions were reacquired in place.",
    registry=REGISTRY,
)
FENCED = Counter(
    "ringback_partitions_fenced_total",
    "Partitions given up because another producer took their transactional id; the worker joined its group again.",
    registry=REGISTRY,
)
TRANSACTIONS = Counter("ringback_units_total", "Kafka transactions committed.", registry=REGISTRY)
TRANSACTION_SECONDS = Histogram(
    "ringback_unit_seconds",
    "From the beginning of a Kafka transaction to its commit.",
    buckets=TRANSACTION_BUCKETS,
    registry=REGISTRY,
)
INTERNAL_ERRORS = Counter(
    "ringback_faults_total",
    "Internal errors, by what failed. Their effects were undone; an event became a dead letter, all else is retried.",
    ["kind"],
    registry=REGISTRY,
)
TIMERS_RETRIED = Gauge(
    "ringback_timers_set_back",
    "Timers and releases that are retried after an internal error; their callbacks are outstanding.",
    ["partition"],
    registry=REGISTRY,
)
RESTORE_SECONDS = Gauge(
    "ringback_restore_seconds", "Duration of the last restore of a partition's state.", ["partition"], registry=REGISTRY
)
RESTORED_ROWS = Gauge(
    "ringback_restored_rows", "Rows read in the last restore of a partition's state.", ["partition"], registry=REGISTRY
)
BROKER_SILENT = Gauge(
    "ringback_broker_silent_seconds", "Time since any broker last answered this worker.", registry=REGISTRY
)
LOG_GAPS = Counter(
    "ringback_log_gaps_total",
    "Logs of contact topics that lost records; kind: shorter at their end, or records_deleted before they were read.",
    ["topic", "kind"],
    registry=REGISTRY,
)
PARTITIONS_HELD = Gauge("ringback_partitions_held", "Contact partitions assigned to this worker.", registry=REGISTRY)
PARTITION_READY = Gauge(
    "ringback_partition_ready",
    "1 when an assigned partition has caught up and its timers fire, 0 while it restores or catches up.",
    ["partition"],
    registry=REGISTRY,
)

# A series that begins with its first event hides that event from every rate, so every known series begins at 0.
for _topic in CATALOG.values():
    if _topic.direction is Direction.IN:
        EVENTS.labels(_topic.name, APPLIED)
        EVENTS.labels(_topic.name, DEAD_LETTER)
    if _topic.name in COMMAND_TOPICS:
        COMMANDS.labels(_topic.name)
        for _cause in LatenessCause:
            LATENESS.labels(_topic.name, _cause)
for _name in CONTACT_TOPICS_IN:
    for _gap in (LOG_SHORTER, RECORDS_DELETED):
        LOG_GAPS.labels(_name, _gap)
for _error in ErrorCode:
    DEAD_LETTERS.labels(_error)
for _direction in ("on", "back"):
    CLOCK_JUMPS.labels(_direction)
for _kind in BugKind:
    INTERNAL_ERRORS.labels(_kind)
for _allowed in ("true", "false"):
    PLACEMENTS.labels(_allowed)
for _reason in PLACEMENT_REASONS:
    REFUSALS.labels(_reason)

PER_PARTITION = (OUTSTANDING, TIMERS_RETRIED, RESTORE_SECONDS, RESTORED_ROWS, PARTITION_READY)


def forget_partition(partition: int) -> None:
    """Remove the series of a partition that this worker no longer holds; its new owner exposes them."""
    for metric in PER_PARTITION:
        metric.remove_by_labels({"partition": str(partition)})
