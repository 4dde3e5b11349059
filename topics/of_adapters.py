"""The topics of adapters: what another system says, the same by key, and what an adapter remembers.

They are there only where an adapter runs. Source: docs/adapters.md, section "Topics".
"""

from dataclasses import dataclass

from topics.catalog import CATALOG
from topics.names import TopicName
from topics.topic import DAY_MS, DEAD_LETTER_BYTES_MAX, Cleanup, Direction, Scope, Topic

_LARGE = {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)}


@dataclass(frozen=True, slots=True)
class AdapterTopics:
    """raw: what comes from outside, under any key. keyed: the same by what it is about. state: rows of the adapter.

    written: topics of the catalog that it writes.
    """

    raw: Topic
    keyed: Topic
    state: Topic
    written: tuple[TopicName, ...]

    def needed(self) -> dict[str, Topic]:
        """All topics that there must be for it, by their names without prefix."""
        return {name: CATALOG[name] for name in self.written} | self.by_name()

    def by_name(self) -> dict[str, Topic]:
        """All three by their names without prefix."""
        return {topic.name: topic for topic in (self.raw, self.keyed, self.state)}


def _raw(name: TopicName) -> Topic:
    return Topic(
        name=name,
        direction=Direction.IN,
        scope=Scope.OTHER,
        key="any",
        values=(),
        retention_ms=7 * DAY_MS,
        reason="A week outlives any outage of the adapter, and allows to look into what was sent.",
        any_partitions=True,
    )


def _keyed(name: TopicName, key: str) -> Topic:
    return Topic(
        name=name,
        direction=Direction.INTERNAL,
        scope=Scope.OTHER,
        key=key,
        values=(),
        retention_ms=7 * DAY_MS,
        reason="Read once by the adapter that wrote it; kept as long as what it is made of.",
        # A record of the raw topic, and the headers that say where it stood.
        extra=dict(_LARGE),
    )


def _state(name: TopicName, key: str) -> Topic:
    early = {"segment.bytes": str(64 * 1024 * 1024), "min.cleanable.dirty.ratio": "0.2"}
    erased = {"delete.retention.ms": str(7 * DAY_MS), "max.compaction.lag.ms": str(7 * DAY_MS)}
    return Topic(
        name=name,
        direction=Direction.INTERNAL,
        scope=Scope.OTHER,
        key=key,
        values=(),
        cleanup=Cleanup.COMPACT,
        reason="The changelog of what an adapter remembers: the last record of each key is read at each start.",
        extra=_LARGE | erased | early,
    )


_OF_GENESYS, _OF_VICIDIAL = "conversation, contact or setting", "callback"

OF_ADAPTERS: dict[str, AdapterTopics] = {
    "genesys": AdapterTopics(
        raw=_raw(TopicName.GENESYS_EVENTS),
        keyed=_keyed(TopicName.GENESYS_KEYED, _OF_GENESYS),
        state=_state(TopicName.GENESYS_STATE, _OF_GENESYS),
        written=(
            TopicName.WRAP_UP,
            TopicName.CALLBACK_SCHEDULED,
            TopicName.CONTACTS,
            TopicName.CAMPAIGNS,
            TopicName.RULE_SETS,
            TopicName.CALLABLE_TIME_SETS,
            TopicName.DNC_ENTRIES,
            TopicName.DEAD_LETTER,
        ),
    ),
    "vicidial": AdapterTopics(
        raw=_raw(TopicName.VICIDIAL_EVENTS),
        keyed=_keyed(TopicName.VICIDIAL_KEYED, _OF_VICIDIAL),
        state=_state(TopicName.VICIDIAL_STATE, _OF_VICIDIAL),
        written=(TopicName.CALLBACK_SCHEDULED, TopicName.DEAD_LETTER),
    ),
}
"""By the name of the adapter."""

ADAPTER_TOPICS: dict[str, Topic] = {
    name: topic for topics in OF_ADAPTERS.values() for name, topic in topics.by_name().items()
}
"""The topics of all of them by their names without prefix."""
