"""One change of configuration, as it is tried and then made: a record, its removal, or a recycle of a campaign. Pure.

Source: docs/contract.md, sections "Configuration" and "campaign-recycle".
"""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from streams.console.why.what_if import Changes, recycled
from streams.simulator.lines import AT_MIN, Line
from topics.catalog import CONFIGURATION_TOPICS
from topics.codec import BadEvent, decode_cells, value_key
from topics.events import CampaignRecycle
from topics.names import TopicName

CHANGED_TOPICS = tuple(
    topic for topic in CONFIGURATION_TOPICS
    if topic not in (TopicName.CAMPAIGN_RECYCLE, TopicName.CONTACT_LIST_CLEARED)
)  # fmt: skip
"""Topics whose records say what holds, by their keys. The others tell what happens once."""


KINDS = {
    TopicName.CAMPAIGNS: "campaign",
    TopicName.RULE_SETS: "rule set",
    TopicName.CALLABLE_TIME_SETS: "callable time set",
    TopicName.DNC_ENTRIES: "Do Not Call list",
    TopicName.HOLDS: "hold",
    TopicName.CAMPAIGN_RECYCLE: "recycle of",
}
"""What a record of each topic is, in words."""


class NotUsable(ValueError):
    """What was given is no change that a worker would take; the text says why, without values."""


class Change(Struct, frozen=True, kw_only=True):
    """What is to be different. value: JSON as it will stand on the topic, None to remove the record.

    at: from when on; None of a record: from the beginning, in the place of every record of its key.
    """

    topic: TopicName
    key: str
    value: str | None
    at: datetime | None = None

    @property
    def is_recycle(self) -> bool:
        """Whether it is a recycle of the campaign that is its key."""
        return self.topic == TopicName.CAMPAIGN_RECYCLE

    @property
    def kind(self) -> str:
        """What it is about, in words."""
        return KINDS[self.topic]

    def changes(self) -> Changes:
        """As the simulator takes it."""
        value = None if self.value is None else self.value.encode()
        line = Line(self.topic, self.at or AT_MIN, self.key.encode(), value)
        return Changes(replaced=() if self.at else (line,), later=(line,) if self.at else ())

    @property
    def name(self) -> str:
        """The key, for an audit and for pages: of a Do Not Call entry the list alone, since the rest is a number."""
        return self.key.rpartition("|")[0] if self.topic == TopicName.DNC_ENTRIES else self.key


def recycle(campaign_id: str, at: datetime) -> Change:
    """A recycle of a campaign. Raises NotUsable without a campaign."""
    if not campaign_id:
        raise NotUsable("Say which campaign is recycled.")
    line = recycled(campaign_id, at)
    return Change(topic=TopicName.CAMPAIGN_RECYCLE, key=campaign_id, value=(line.value or b"").decode(), at=at)


def record(topic: str, text: str, at: datetime | None) -> Change:
    """A record of configuration from its JSON. Raises NotUsable where a worker would refuse it."""
    if topic not in CHANGED_TOPICS:
        raise NotUsable("That is no topic of configuration.")
    value = text.strip().encode()
    try:
        read, cells = decode_cells(topic, value)
        key = value_key(topic, read)
    except BadEvent as bad:
        raise NotUsable(f"A worker would refuse it: {bad.message} (at {bad.path}).") from None
    if cells is not None:
        raise NotUsable(f"A worker would refuse it: {cells.message} (at {cells.path}).")
    return Change(topic=TopicName(topic), key=key, value=value.decode(), at=at)


def removal(topic: str, key: str, at: datetime | None) -> Change:
    """That a record is not there any more. Raises NotUsable without a key."""
    if topic not in CHANGED_TOPICS or not key:
        raise NotUsable("Say which record is removed.")
    return Change(topic=TopicName(topic), key=key, value=None, at=at)


def made_now(change: Change, name: str, now: datetime) -> Change:
    """The change as it is made: a recycle happens now, and has an id of its own, made of the name of its run."""
    if not change.is_recycle:
        return change
    event = CampaignRecycle(event_id=f"a-{name}", occurred_at=now.astimezone(UTC), campaign_id=change.key)
    return Change(topic=change.topic, key=change.key, value=msgspec.json.encode(event).decode(), at=now)


def as_line(change: Change) -> str:
    """The change as a line that `ringback replay --with` reads."""
    at = {} if change.at is None else {"at": change.at}
    parts = {"topic": change.topic, **at, "key": change.key, "value": msgspec.Raw((change.value or "null").encode())}
    return msgspec.json.encode(parts).decode()
