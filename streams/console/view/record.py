"""One record as it was read, the number by which the view knows it, and instants as whole numbers. Pure."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from streams.tables import CONTACTS
from topics.names import TopicName

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
US_MIN = (datetime(1, 1, 2, tzinfo=UTC) - EPOCH) // MICROSECOND
US_MAX = (datetime(9999, 12, 30, tzinfo=UTC) - EPOCH) // MICROSECOND

TOPICS = (
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.CONTACTS,
    TopicName.CAMPAIGNS,
    TopicName.RULE_SETS,
    TopicName.CALLABLE_TIME_SETS,
    TopicName.DNC_ENTRIES,
    TopicName.CAMPAIGN_RECYCLE,
    TopicName.CONTACT_LIST_CLEARED,
    TopicName.HOLDS,
    TopicName.DIAL_PREVIEW,
    TopicName.DIAL_ANALYSIS,
    TopicName.PLACEMENT_DECIDED,
    TopicName.CALLBACK_LIFECYCLE,
    TopicName.OUTSTANDING_CALLBACKS,
    TopicName.DEAD_LETTER,
    CONTACTS.changelog,
)
"""What the view reads. The place in this list is part of the numbers in the database: add at the end."""

NUMBER_OF = {topic: number for number, topic in enumerate(TOPICS)}
_TOPIC_BITS, _PARTITION_BITS = 58, 44
OFFSETS = 1 << _PARTITION_BITS
_PARTITIONS = 1 << (_TOPIC_BITS - _PARTITION_BITS)

Headers = tuple[tuple[str, bytes | None], ...]


class Record(NamedTuple):
    """One record of a topic, by its name without prefix. is_damaged: the client could not decode all of it."""

    topic: TopicName
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    is_damaged: bool = False

    @property
    def number(self) -> int:
        """Its place, as one number."""
        return number_of(self.topic, self.partition, self.offset)


class Place(NamedTuple):
    """Where a record stands."""

    topic: TopicName
    partition: int
    offset: int


def number_of(topic: TopicName, partition: int, offset: int) -> int:
    """A place as one number of 63 bits; those of one partition follow each other."""
    return (NUMBER_OF[topic] << _TOPIC_BITS) | (partition % _PARTITIONS << _PARTITION_BITS) | offset


def place_of(number: int) -> Place:
    """The place that a number stands for."""
    partition = (number >> _PARTITION_BITS) % _PARTITIONS
    return Place(TOPICS[number >> _TOPIC_BITS], partition, number % OFFSETS)


def us(at: datetime) -> int:
    """An aware instant as microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def of_ms(timestamp_ms: int) -> int:
    """The timestamp of a record in microseconds, as near as the calendar comes to it: a producer may set any."""
    return min(max(timestamp_ms * 1000, US_MIN), US_MAX)


def instant(at_us: int) -> datetime:
    """The instant in UTC."""
    return EPOCH + timedelta(microseconds=min(max(at_us, US_MIN), US_MAX))


def instant_or_none(at_us: int | None) -> datetime | None:
    """The same, of what may not be there."""
    return None if at_us is None else instant(at_us)
