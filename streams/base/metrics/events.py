"""Metrics of what is read and answered: events, dead letters, placements, lag, configuration."""

from prometheus_client import Counter, Gauge, Histogram

from streams.base.metrics.registry import LATENESS_BUCKETS, REGISTRY, SHORT_BUCKETS
from streams.logic.contact.exchange import Result
from streams.logic.partition.intake import TYPES, UNREAD
from topics.catalog import CONTACT_TOPICS_IN
from topics.codec import ErrorCode
from topics.names import TopicName
from topics.records import PLACEMENT_REASONS

LOG_SHORTER = "shorter"
RECORDS_DELETED = "records_deleted"

EVENTS = Counter(
    "ringback_events_total",
    "Events read and answered, by topic, type of the event, and whether they were applied or went to the dead letter "
    "topic.",
    ["topic", "type", "result"],
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "ringback_dead_letters_total", "Records written to the dead letter topic, by error code.", ["code"],
    registry=REGISTRY,
)  # fmt: skip
EVENT_TO_EFFECT = Histogram(
    "ringback_event_to_effect_seconds",
    "From the timestamp of an event's record to the commit of its effect, by topic.",
    ["topic"],
    buckets=LATENESS_BUCKETS,
    registry=REGISTRY,
)
REQUEST_TO_ANSWER = Histogram(
    "ringback_request_to_answer_seconds",
    "From the timestamp of a placement request's record to the commit of its answer.",
    buckets=SHORT_BUCKETS,
    registry=REGISTRY,
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
CONSUMER_LAG = Gauge(
    "ringback_consumer_lag",
    "Records of a topic that this worker has not applied yet, by topic and partition; markers of transactions that end "
    "a topic are none.",
    ["topic", "partition"],
    registry=REGISTRY,
)
LOG_GAPS = Counter(
    "ringback_log_gaps_total",
    "Logs of contact topics that lost records; kind: shorter at their end, or records_deleted before they were read.",
    ["topic", "kind"],
    registry=REGISTRY,
)
CONFIGURATION_RECORDS = Gauge(
    "ringback_configuration_records", "Configuration records that stand, by topic.", ["topic"], registry=REGISTRY
)
CONFIGURATION_OFFSET = Gauge(
    "ringback_configuration_offset",
    "The next offset of a configuration topic: workers with the same one know the same version of it.",
    ["topic"],
    registry=REGISTRY,
)
HELD_BACK_SECONDS = Gauge(
    "ringback_configuration_held_back_seconds",
    "How long an open transaction of somebody else has held back the records of a configuration topic; 0 if none does.",
    ["topic"],
    registry=REGISTRY,
)
DNC_ENTRIES_HELD = Gauge("ringback_dnc_entries", "Do Not Call entries that this worker has loaded.", registry=REGISTRY)
DNC_READ = Counter(
    "ringback_dnc_records_read_total", "Records read from the topic of Do Not Call entries.", registry=REGISTRY
)

# A series that begins with its first event hides that event from every rate, so every known series begins at 0.
for _topic, _types in TYPES.items():
    for _type in _types:
        EVENTS.labels(_topic, _type, Result.APPLIED)
        EVENTS.labels(_topic, _type, Result.DEAD_LETTER)
    if _topic != TopicName.PLACEMENT_REQUESTED:
        EVENT_TO_EFFECT.labels(_topic)
EVENTS.labels(TopicName.CALLBACK_SCHEDULED, UNREAD, Result.DEAD_LETTER)
for _topic in CONTACT_TOPICS_IN:
    for _gap in (LOG_SHORTER, RECORDS_DELETED):
        LOG_GAPS.labels(_topic, _gap)
for _error in ErrorCode:
    DEAD_LETTERS.labels(_error)
for _allowed in ("true", "false"):
    PLACEMENTS.labels(_allowed)
for _reason in PLACEMENT_REASONS:
    REFUSALS.labels(_reason)
