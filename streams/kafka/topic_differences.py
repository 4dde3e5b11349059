"""What differs between the topics of the catalog and those of a broker; no broker is asked here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from streams.logic.partition.fitting import CATALOG_LIMITS, SizeLimits
from streams.tables import CONTACTS
from topics.catalog import CATALOG, NEEDED_TOPICS, Direction, Topic
from topics.names import TopicName

MISSING = "is missing"
MAX_BYTES = "max.message.bytes"
KAFKA_LIMIT = 1048588
"""Kafka's own default of it."""

WHOLE, CUT = 512 * 1024, 32 * 1024
NEEDED: dict[str, int] = {
    # A row, and what is made of it, is written whole or not at all: twice what a row may have.
    **dict.fromkeys(
        (CONTACTS.changelog, TopicName.OUTSTANDING_CALLBACKS, TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS), WHOLE
    ),
    # What does not fit is cut; ids, reasons and coordinates never are.
    **dict.fromkeys(
        (TopicName.PLACEMENT_DECIDED, TopicName.CALLBACK_LIFECYCLE, TopicName.DEAD_LETTER, TopicName.DNC_ENTRIES), CUT
    ),
}
"""The least that a topic must take, in bytes: with less, a worker would meet a record that it cannot write."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the broker and the catalog disagree. fatal: a worker must not start with it."""

    topic: str
    text: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.topic}: {self.text}"


@dataclass(frozen=True, slots=True)
class Checked:
    """partitions: how many the contact topics are to have, None while there is none; and every difference.

    limits: bytes that the broker takes in a batch, by topic without prefix.
    """

    partitions: int | None
    differences: tuple[Difference, ...]
    limits: SizeLimits = field(default_factory=dict)

    @property
    def fatal(self) -> list[Difference]:
        """The differences a worker must not start with."""
        return [difference for difference in self.differences if difference.fatal]


@dataclass(frozen=True, slots=True)
class Actual:
    """A topic as the broker has it. replicas: the least of its partitions; led: every partition can be written."""

    partitions: int
    replicas: int
    led: bool


def compare(
    there: Mapping[str, Actual],
    configs: Mapping[str, Mapping[str, str]],
    prefix: str,
    partitions: int | None,
    replication: int | None,
    catalog: Mapping[str, Topic] = NEEDED_TOPICS,
) -> Checked:
    """Compare topics and their settings, by full name, with the catalog, or with these topics of it.

    partitions: of every contact topic; None takes what most of them have. replication: None accepts any.
    """
    wanted = partitions or _usual_count(there, prefix)
    differences: list[Difference] = []
    for topic in catalog.values():
        name = prefix + topic.name
        if name not in there:
            differences.append(Difference(name, MISSING, fatal=not topic.of_console))
            continue
        differences += _shape(name, topic, there[name], wanted, replication)
        differences += _settings(name, topic, configs[name], replication)
    return Checked(wanted, tuple(differences), _limits(configs, prefix))


def _limits(configs: Mapping[str, Mapping[str, str]], prefix: str) -> dict[str, int]:
    """What each topic takes, as the broker says; what it does not say is taken to be Kafka's own default."""
    stated = {name: configs.get(prefix + name, {}).get(MAX_BYTES) for name in CATALOG_LIMITS}
    return {name: KAFKA_LIMIT if limit is None else int(limit) for name, limit in stated.items()}


def _usual_count(there: Mapping[str, Actual], prefix: str) -> int | None:
    """The partition count that most contact topics have; the greater one when two are as common."""
    names = (prefix + topic.name for topic in CATALOG.values() if topic.partitions is None)
    counts = [there[name].partitions for name in names if name in there]
    return max(counts, key=lambda count: (counts.count(count), count), default=None)


def _shape(
    name: str, topic: Topic, actual: Actual, wanted: int | None, replication: int | None
) -> Iterable[Difference]:
    expected = topic.partition_count(wanted or actual.partitions)
    if actual.partitions != expected and not topic.any_partitions:
        text = f"has {_counted(actual.partitions, 'partition')}, not {expected}"
        yield Difference(name, text, fatal=not topic.of_console)
    if replication is not None and actual.replicas != replication:
        yield Difference(name, f"has {_counted(actual.replicas, 'replica')}, not {replication}", fatal=False)


def _settings(name: str, topic: Topic, config: Mapping[str, str], replication: int | None) -> Iterable[Difference]:
    expected = topic.config() | (durability(replication) if replication else {})
    for key, value in sorted(expected.items()):
        actual = config.get(key)
        if actual is not None and set(actual.split(",")) != set(value.split(",")):
            yield from _setting(name, topic, key, actual, value)


def _setting(name: str, topic: Topic, key: str, actual: str, value: str) -> Iterable[Difference]:
    least = NEEDED.get(topic.name, 0) if key == MAX_BYTES else 0
    if least and int(actual) < least:
        yield Difference(name, f"{key} is {actual}, and a worker needs {least}", fatal=True)
        return
    fatal = topic.direction is Direction.INTERNAL and _forgets(key, actual, value)
    yield Difference(name, f"{key} is {actual}, not {value}", fatal)


def _forgets(key: str, actual: str, value: str) -> bool:
    """Whether a changelog would lose callbacks without a word, or bring removed ones back.

    Rows would be deleted; or removals would be gone before a worker's state on disk is too old to miss them.
    """
    return key == "cleanup.policy" or (key == "delete.retention.ms" and int(actual) < int(value))


def durability(replicas: int) -> dict[str, str]:
    """Settings by which writing stops, rather than losing data, when more than one broker is down."""
    return {"min.insync.replicas": str(max(1, replicas - 1))}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
