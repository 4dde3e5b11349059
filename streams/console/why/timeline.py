"""The timeline of a callback: one line for each record, in words, with its facts as labelled values.

Nothing is hidden: each line names topic, partition and offset, and has every field of its record. Its instant is
shown by the clock of the contact, by that of the viewer, and in UTC.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams.console.view.model import Story, Told
from streams.console.why.entries import Entry, entry_of
from streams.console.why.labels import Fact, facts_of, masked
from streams.console.why.moments import Moments, in_zone
from streams.console.why.others import record_in_words
from streams.console.why.reading import Json
from streams.console.why.transitions import transition_in_words
from streams.logic.hours.zones import zone_info
from topics.names import TopicName

_SHOWN_APART = frozenset({"facts", "occurred_at"})


class Line(Struct, frozen=True, kw_only=True):
    """One record in words. at: its own instant, in UTC; at_contact: None if the contact's zone is not known.

    facts: what it rests on, of a transition and an answer; fields: everything else that is in the record.
    told: the record, with its topic, partition and offset.
    """

    at: datetime
    at_contact: str | None
    at_viewer: str
    at_utc: str
    text: str
    facts: tuple[Fact, ...] = ()
    fields: tuple[Fact, ...] = ()
    told: Told


def lines(story: Story, viewer: ZoneInfo | None, *, numbers: bool = False) -> tuple[Line, ...]:
    """The timeline of a story, in its order. numbers: whether whole phone numbers are shown, not their last digits.

    viewer: None for somebody whose zone is not known, who is shown UTC.
    """
    contact = zone_info(story.time_zone) if story.time_zone else None
    return tuple(_line(told, story, contact, viewer, numbers) for told in story.told)


def _line(told: Told, story: Story, contact: ZoneInfo | None, viewer: ZoneInfo | None, numbers: bool) -> Line:
    moments = Moments.seen(told.at, viewer)
    entry = entry_of(told, moments, story.told)
    words = text_of(told, entry)
    fields = {name: value for name, value in entry.value.items() if name not in _SHOWN_APART and value is not None}
    if told.topic not in _WITH_FACTS:
        fields = {name: value for name, value in entry.value.items() if name != "occurred_at" and value is not None}
    return Line(
        at=told.at,
        at_contact=in_zone(told.at, contact) if contact else None,
        at_viewer=in_zone(told.at, moments.zone),
        at_utc=in_zone(told.at, UTC),
        text=words if numbers else masked(words),
        facts=_facts(entry.facts, moments, numbers) if told.topic in _WITH_FACTS else (),
        fields=_facts(fields, moments, numbers),
        told=told,
    )


def _facts(facts: Json, moments: Moments, numbers: bool) -> tuple[Fact, ...]:
    return facts_of(facts, moments, numbers=numbers) if facts else ()


_WITH_FACTS = frozenset({TopicName.CALLBACK_LIFECYCLE, TopicName.PLACEMENT_DECIDED})


def text_of(told: Told, entry: Entry) -> str:
    """A record in words, without its instant."""
    if told.topic == TopicName.CALLBACK_LIFECYCLE and told.value is not None:
        return transition_in_words(entry)
    return record_in_words(told.topic, entry, removed=told.value is None)
