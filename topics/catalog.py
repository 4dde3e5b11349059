"""Every topic as data: its direction, key, value types, partitions and retention.

Manifests, topic creation and the worker read this; a topic's numbers are written nowhere else.
Source: docs/contract.md, section "Topics".
"""

from msgspec import Struct

from topics.audit import ConsoleAudit
from topics.callback_events import CALLBACK_EVENTS, ContactErased
from topics.commands import DialCommand
from topics.configuration import CallableTimeSet, Campaign, DncEntry, Hold
from topics.events import CampaignRecycle, ContactListCleared, ContactRecord, PlacementRequested, WrapUp
from topics.names import TopicName
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided
from topics.rules import RuleSet
from topics.topic import DAY_MS, DEAD_LETTER_BYTES_MAX, FOREVER_MS, Cleanup, Direction, Scope, Topic

__all__ = [
    "CATALOG",
    "CONFIGURATION_TOPICS",
    "CONTACT_TOPICS_IN",
    "DEAD_LETTER_TOPIC",
    "NEEDED_TOPICS",
    "STATE_TOPIC",
    "Cleanup",
    "Direction",
    "Scope",
    "Topic",
]

EVENTS_KEPT = "Events are accepted for 35 days; a week more allows to replay and to look into them."


def _compacted(tombstones_days: int, lag_days: int | None = None) -> dict[str, str]:
    """Settings of a compacted topic: how long a tombstone can be read, and how soon it must have erased the record."""
    extra = {"delete.retention.ms": str(tombstones_days * DAY_MS)}
    return extra if lag_days is None else extra | {"max.compaction.lag.ms": str(lag_days * DAY_MS)}


def _read_at_start(name: TopicName, key: str, value: type[Struct]) -> Topic:
    """A topic of configuration of which every worker needs the last record of each key, and needs all of them."""
    return Topic(
        name=name,
        direction=Direction.IN,
        scope=Scope.CAMPAIGN,
        key=key,
        values=(value,),
        partitions=1,
        cleanup=Cleanup.COMPACT,
        reason="The last record counts, and every worker reads all of it at start.",
        extra=_compacted(tombstones_days=7),
    )


CONTACT_KEY = "contact_list_id|contact_id"

_IN_PER_CONTACT = (
    Topic(
        name=TopicName.WRAP_UP,
        direction=Direction.IN,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(WrapUp,),
        retention_ms=42 * DAY_MS,
        reason=EVENTS_KEPT,
    ),
    Topic(
        name=TopicName.CALLBACK_SCHEDULED,
        direction=Direction.IN,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(*CALLBACK_EVENTS, ContactErased),
        retention_ms=42 * DAY_MS,
        reason=EVENTS_KEPT,
    ),
    Topic(
        name=TopicName.PLACEMENT_REQUESTED,
        direction=Direction.IN,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(PlacementRequested,),
        retention_ms=7 * DAY_MS,
        reason="Somebody waits for the answer; a week outlives any outage in which one could still matter.",
    ),
    Topic(
        name=TopicName.CONTACTS,
        direction=Direction.IN,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(ContactRecord,),
        cleanup=Cleanup.COMPACT,
        reason="The last record counts. A worker down for a month still sees each removal; erasure takes a week.",
        extra=_compacted(tombstones_days=35, lag_days=7),
    ),
)

_CONFIGURATION = (
    _read_at_start(TopicName.CAMPAIGNS, "campaign_id", Campaign),
    _read_at_start(TopicName.RULE_SETS, "rule_set_id", RuleSet),
    _read_at_start(TopicName.CALLABLE_TIME_SETS, "callable_time_set_id", CallableTimeSet),
    Topic(
        name=TopicName.DNC_ENTRIES,
        direction=Direction.IN,
        scope=Scope.CAMPAIGN,
        key="dnc_list_id|phone_number",
        values=(DncEntry,),
        partitions=1,
        cleanup=Cleanup.COMPACT,
        reason="The last record counts; one partition gives all writers one order. Erasure takes a week.",
        extra=_compacted(tombstones_days=7, lag_days=7),
    ),
    Topic(
        name=TopicName.CAMPAIGN_RECYCLE,
        direction=Direction.IN,
        scope=Scope.CAMPAIGN,
        key="campaign_id",
        values=(CampaignRecycle,),
        partitions=1,
        retention_ms=FOREVER_MS,
        reason="Which recycle is accepted depends on the ones before it, so a worker reads every one there was.",
    ),
    Topic(
        name=TopicName.CONTACT_LIST_CLEARED,
        direction=Direction.IN,
        scope=Scope.CAMPAIGN,
        key="contact_list_id",
        values=(ContactListCleared,),
        partitions=1,
        retention_ms=FOREVER_MS,
        reason="A callback scheduled before a clear may arrive after it, so a worker reads every clear there was.",
    ),
    _read_at_start(TopicName.HOLDS, "hold_id", Hold),
)

_OUT = (
    Topic(
        name=TopicName.DIAL_PREVIEW,
        direction=Direction.OUT,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(DialCommand,),
        retention_ms=7 * DAY_MS,
        reason="A week outlives any outage of the dialer, and a presentation without an outcome ends after 7 days.",
    ),
    Topic(
        name=TopicName.DIAL_ANALYSIS,
        direction=Direction.OUT,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(DialCommand,),
        retention_ms=7 * DAY_MS,
        reason="A week outlives any outage of the dialer, and a dialing without an outcome ends after 7 days.",
    ),
    Topic(
        name=TopicName.PLACEMENT_DECIDED,
        direction=Direction.OUT,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(PlacementDecided,),
        retention_ms=90 * DAY_MS,
        reason="The only record of a refused call: kept as long as the lifecycle that it completes.",
    ),
    Topic(
        name=TopicName.CALLBACK_LIFECYCLE,
        direction=Direction.OUT,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(CallbackLifecycle,),
        retention_ms=90 * DAY_MS,
        reason="A quarter: a callback lives 30 days and then some, and complaints come late.",
    ),
    Topic(
        name=TopicName.OUTSTANDING_CALLBACKS,
        direction=Direction.OUT,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(OutstandingCallbacks,),
        cleanup=Cleanup.COMPACT,
        reason="A view: the last record counts. A reader that was away for a week still sees each callback end.",
        extra=_compacted(tombstones_days=7, lag_days=7),
    ),
    Topic(
        name=TopicName.DEAD_LETTER,
        direction=Direction.OUT,
        scope=Scope.OTHER,
        key="the key of the record that was refused",
        values=(),
        retention_ms=30 * DAY_MS,
        reason="A month to repair and replay, which ends before the events themselves are too old to be accepted.",
        # A dead letter keeps its timestamp, whatever that is, and the broker must never refuse it for that.
        extra={"max.message.bytes": str(DEAD_LETTER_BYTES_MAX), "message.timestamp.after.max.ms": str(2**63 - 1)},
    ),
)

_INTERNAL = (
    Topic(
        name=TopicName.CONTACT_STATE,
        direction=Direction.INTERNAL,
        scope=Scope.CONTACT,
        key=CONTACT_KEY,
        values=(),
        cleanup=Cleanup.COMPACT,
        reason="The changelog of the table of contacts: small segments and early cleaning keep a restart short.",
        extra=_compacted(tombstones_days=7, lag_days=7)
        | {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.2"},
    ),
)

_OF_CONSOLE = (
    Topic(
        name=TopicName.CONSOLE_AUDIT,
        direction=Direction.OUT,
        scope=Scope.OTHER,
        key="run",
        values=(ConsoleAudit,),
        partitions=1,
        retention_ms=400 * DAY_MS,
        reason="Who did what is asked for once a year, and a month later still; it is a few records an action.",
        of_console=True,
    ),
)


CATALOG: dict[str, Topic] = {
    topic.name: topic for topic in (*_IN_PER_CONTACT, *_CONFIGURATION, *_OUT, *_INTERNAL, *_OF_CONSOLE)
}
"""Every topic by its name without prefix."""

NEEDED_TOPICS = {name: topic for name, topic in CATALOG.items() if not topic.of_console}
"""Those that there must be: a worker does not start without them, and asks for no right on any other."""

CONTACT_TOPICS_IN = tuple(topic.name for topic in _IN_PER_CONTACT)
"""Read by the owner of the contact's partition."""

CONFIGURATION_TOPICS = tuple(topic.name for topic in _CONFIGURATION)
"""Read from their beginning by every worker."""

STATE_TOPIC = TopicName.CONTACT_STATE
DEAD_LETTER_TOPIC = TopicName.DEAD_LETTER
