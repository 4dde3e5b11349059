"""Every metric of Ringback, named once; the worker counts, `streams.worker.http` shows.

Labels are bounded: topics of the catalog, causes, error codes and partition numbers, never a contact, a callback, a
campaign or a phone number. Times are in seconds.
"""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.logic.contact.exchange import FaultKind, LatenessCause
from topics.catalog import CATALOG, CONTACT_TOPICS_IN, Direction
from topics.codec import ErrorCode
from topics.names import TopicName
from topics.records import PLACEMENT_REASONS

REGISTRY = CollectorRegistry()
# A second series for each counter and histogram, with the instant it was made, which no dashboard of ours asks for.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
prometheus_client.ProcessCollector(registry=REGISTRY)
prometheus_client.PlatformCollector(registry=REGISTRY)
prometheus_client.GCCollector(registry=REGISTRY)

LATENESS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)
UNIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

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
    "Times that the clock was set, on or back, by more than half a second.",
    ["direction"],
    registry=REGISTRY,
)
STATE_SET_ASIDE = Counter(
    "ringback_state_set_aside_total",
    "State folders that could not be relied on; the state is then read from Kafka.",
    registry=REGISTRY,
)
DNC_ENTRIES_HELD = Gauge("ringback_dnc_entries", "Do Not Call entries this worker knows.", registry=REGISTRY)
DNC_READ = Counter(
    "ringback_dnc_records_read_total", "Records of the topic of Do Not Call entries read.", registry=REGISTRY
)
DOUBTS = Counter(
    "ringback_transactions_in_doubt_total",
    "Transactions of which a request had no answer; their partitions were taken up again from Kafka, in place.",
    registry=REGISTRY,
)
FENCED = Counter(
    "ringback_partitions_fenced_total",
    "Partitions given up because another producer had their transactional id; the group was asked whose they are.",
    registry=REGISTRY,
)
UNITS = Counter("ringback_units_total", "Units of work committed, each one Kafka transaction.", registry=REGISTRY)
UNIT_SECONDS = Histogram(
    "ringback_unit_seconds",
    "From the beginning of a unit of work to its commit.",
    buckets=UNIT_BUCKETS,
    registry=REGISTRY,
)
FAULTS = Counter(
    "ringback_faults_total",
    "Faults of ours that were undone, by what met them: an event became a dead letter, all else is tried again.",
    ["kind"],
    registry=REGISTRY,
)
SET_BACK = Gauge(
    "ringback_timers_set_back",
    "Timers and releases that met a fault of ours and are tried again later; their callbacks are outstanding.",
    ["partition"],
    registry=REGISTRY,
)
RESTORE_SECONDS = Gauge(
    "ringback_restore_seconds", "Time the last restore of a partition's state took.", ["partition"], registry=REGISTRY
)
RESTORED_ROWS = Gauge(
    "ringback_restored_rows", "Rows read in the last restore of a partition's state.", ["partition"], registry=REGISTRY
)
BROKER_SILENT = Gauge(
    "ringback_broker_silent_seconds", "How long no broker has answered this worker anything.", registry=REGISTRY
)
LOG_GAPS = Counter(
    "ringback_log_gaps_total",
    "Logs that did not go on where they had been read to, by topic and kind: shorter, or with records deleted unread.",
    ["topic", "kind"],
    registry=REGISTRY,
)
PARTITIONS_HELD = Gauge("ringback_partitions_held", "Contact partitions this worker holds.", registry=REGISTRY)
PARTITION_READY = Gauge(
    "ringback_partition_ready",
    "1 when a held partition has caught up and its timers fire, 0 while it restores or catches up.",
    ["partition"],
    registry=REGISTRY,
)

# A series that begins with its first event hides that event from every rate: all that can be known begins at 0.
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
for _kind in FaultKind:
    FAULTS.labels(_kind)
for _allowed in ("true", "false"):
    PLACEMENTS.labels(_allowed)
for _reason in PLACEMENT_REASONS:
    REFUSALS.labels(_reason)

PER_PARTITION = (OUTSTANDING, SET_BACK, RESTORE_SECONDS, RESTORED_ROWS, PARTITION_READY)


def forget_partition(partition: int) -> None:
    """Take the series of a partition that this worker no longer holds off the page; its new owner shows them."""
    for metric in PER_PARTITION:
        metric.remove_by_labels({"partition": str(partition)})
