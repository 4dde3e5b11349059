"""Which records of the contacts that have a number are about that number, and which are about another of theirs.

Records of the lifecycle name no number. A callback is about the numbers that its events, commands and requests name; a
rule's callback is about that of its wrap-up. Source: docs/rules.md, section 8 row 5; docs/contract.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from streams.console.view.ingest.reading import mapping
from streams.console.why.reading import inner, text, whole
from streams.evidence.number import Number
from streams.evidence.records import Kept, place_of
from streams.logic.contact.ids import rule_callback_id
from topics.names import TopicName

CallbackId = tuple[str, str]
"""A callback by the key of its contact and its own id."""


class Chosen(NamedTuple):
    """What was chosen.

    records: those about the number. unknown: callbacks of which no record names a number; their records are among
    them. others: how many callbacks of the same contacts are about other numbers alone; theirs are not.
    """

    records: list[Kept]
    unknown: frozenset[CallbackId]
    others: int


class _Read(NamedTuple):
    kept: Kept
    value: Mapping[str, Any]

    @property
    def number(self) -> str | None:
        return text(self.value, "phone_number")

    @property
    def callback(self) -> CallbackId | None:
        callback_id = text(self.value, "callback_id")
        return (self.kept.key_text, callback_id) if callback_id else None


def choose(records: Iterable[Kept], number: Number) -> Chosen:
    """The records about a number, of all those of the contacts that have it. Dead letters come as they are."""
    read = [_Read(kept, mapping(kept.value)) for kept in records]
    numbers = _numbers_of(read)
    callbacks = {one.callback for one in read if one.callback is not None}
    about = {one for one in callbacks if any(number.is_same(text) for text in numbers.get(one, ()))}
    unknown = {one for one in callbacks if one not in numbers}
    taken = [one for one in read if _is_about(one, number, about | unknown)]
    places = {one.kept.place for one in taken}
    causeless = [one for one in read if one.kept.place not in places and _is_caused_by(one, places)]
    return Chosen(
        records=[one.kept for one in (*taken, *causeless)],
        unknown=frozenset(unknown),
        others=len(callbacks - about - unknown),
    )


def _numbers_of(read: Iterable[_Read]) -> Mapping[CallbackId, set[str]]:
    """The numbers that records name, by callback."""
    found: dict[CallbackId, set[str]] = defaultdict(set)
    for one in read:
        if one.number is None:
            continue
        if one.callback is not None:
            found[one.callback].add(one.number)
        if one.kept.topic == TopicName.WRAP_UP and (made := _made_by(one)) is not None:
            found[made].add(one.number)
    return found


def _made_by(one: _Read) -> CallbackId | None:
    """The callback that a rule makes of a wrap-up, whether or not one did."""
    ids = [text(one.value, name) for name in ("contact_list_id", "contact_id", "event_id")]
    list_id, contact_id, event_id = ids
    if list_id is None or contact_id is None or event_id is None:
        return None
    return one.kept.key_text, rule_callback_id(list_id, contact_id, event_id)


def _is_about(one: _Read, number: Number, callbacks: set[CallbackId]) -> bool:
    topic = one.kept.topic
    if topic == TopicName.CONTACTS or (one.number is not None and number.is_same(one.number)):
        return True
    if topic == TopicName.DEAD_LETTER:
        return one.number is None
    return one.callback is not None and one.callback in callbacks


def _is_caused_by(one: _Read, places: set[str]) -> bool:
    """Whether a record of the lifecycle that names no callback follows from an event about the number."""
    if one.kept.topic != TopicName.CALLBACK_LIFECYCLE or one.callback is not None:
        return False
    place = cause_of(one.value)
    return place is not None and place in places


def cause_of(value: Mapping[str, Any]) -> str | None:
    """Where the event stands that led to a record of the lifecycle; None if a timer did."""
    cause = inner(value, "cause")
    topic, partition, offset = text(cause, "topic"), whole(cause, "partition"), whole(cause, "offset")
    return None if topic is None or partition is None or offset is None else place_of(topic, partition, offset)
