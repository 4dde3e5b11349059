"""Finds the records about one number, whatever holds them: four passes, of which each wants what the last one named.

What is kept in memory is the answer; everything else goes by. Source: docs/evidence.md, section "What is read".
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from streams.console.view.ingest.reading import mapping
from streams.console.why.reading import text, texts
from streams.evidence.chosen import CallbackId, choose
from streams.evidence.number import Number, decoded
from streams.evidence.records import Kept, Span, Want, in_log_order
from topics.names import TopicName

NAMING = (
    TopicName.CONTACTS,
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.PLACEMENT_DECIDED,
    TopicName.DIAL_PREVIEW,
    TopicName.DIAL_ANALYSIS,
    TopicName.DEAD_LETTER,
)
"""Topics whose records name numbers."""

OF_CONTACTS = (*NAMING, TopicName.CALLBACK_LIFECYCLE)

OF_CAMPAIGNS = (
    TopicName.CAMPAIGNS,
    TopicName.DNC_ENTRIES,
    TopicName.HOLDS,
    TopicName.CAMPAIGN_RECYCLE,
    TopicName.CONTACT_LIST_CLEARED,
)
OF_SETS = (TopicName.RULE_SETS, TopicName.CALLABLE_TIME_SETS)

TOPICS = (*OF_CONTACTS, *OF_CAMPAIGNS, *OF_SETS)
"""All that are looked at."""

NAMES_OTHERS = "it names phone numbers of others"


class Source(Protocol):
    """Where records are looked for: the topics of a Kafka, or archives."""

    async def scan(self, topics: Sequence[TopicName], want: Want, keys: Collection[bytes] | None = None) -> list[Kept]:
        """The wanted records of some topics. keys: of no use to the caller are contacts of other keys."""

    def spans(self) -> Sequence[Span]:
        """How much of each partition was looked at so far."""


class Gathered(NamedTuple):
    """records: all that are about the number, and the configuration they rest on, in the order of the logs.

    unknown, others: see `chosen.Chosen`.
    """

    records: list[Kept]
    spans: list[Span]
    unknown: frozenset[CallbackId]
    others: int


class Conflict(Exception):
    """Two archives say different things of one place in a log. The message names the place."""


async def gather(source: Source, number: Number) -> Gathered:
    """All records about a number. Raises Conflict."""
    finder = _Finder(number)
    dead = await source.scan(NAMING, finder.want)
    keys = finder.keys
    mine = await source.scan(OF_CONTACTS, lambda _, key, __: key in keys, keys) if keys else []
    chosen = choose(_once([*dead, *mine]), number)
    wanted = _Wanted(number, chosen.records)
    campaigns = _once(await source.scan(OF_CAMPAIGNS, wanted.want))
    sets = _once(await source.scan(OF_SETS, _of_sets(campaigns)))
    records = [_without_others(one, number) for one in (*chosen.records, *campaigns, *sets)]
    spans = sorted(source.spans(), key=lambda one: (one.topic, one.partition, one.read_from, one.archive))
    return Gathered(in_log_order(records), spans, chosen.unknown, chosen.others)


class _Finder:
    """Finds the contacts that have the number, and the dead letters that name it."""

    def __init__(self, number: Number) -> None:
        self._number = number
        self.keys: set[bytes] = set()

    def want(self, topic: str, key: bytes | None, value: bytes | None) -> bool:
        if key is None or not self._number.is_named_by(topic, value):
            return False
        if topic == TopicName.DEAD_LETTER:
            return True
        # Of a record under the key of another contact, that contact has no part.
        if value is not None and _key_in(decoded(value)) == key:
            self.keys.add(key)
        return False


def _key_in(value: Any) -> bytes | None:
    if not isinstance(value, dict):
        return None
    list_id, contact_id = text(value, "contact_list_id"), text(value, "contact_id")
    return f"{list_id}|{contact_id}".encode() if list_id and contact_id else None


class _Wanted:
    """The configuration that records rest on, but for what campaigns name."""

    def __init__(self, number: Number, records: Sequence[Kept]) -> None:
        self._number = number
        values = [mapping(one.value) for one in records]
        self._campaigns = {found.encode() for value in values if (found := text(value, "campaign_id"))}
        self._lists = {found.encode() for value in values if (found := text(value, "contact_list_id"))}
        self._holds: set[bytes] = set()

    def want(self, topic: str, key: bytes | None, value: bytes | None) -> bool:
        if key is None:
            return False
        match topic:
            case TopicName.DNC_ENTRIES:
                return self._number.is_in_key(key)
            case TopicName.HOLDS:
                return self._wants_hold(key, value)
            case TopicName.CONTACT_LIST_CLEARED:
                return key in self._lists
            case _:
                return key in self._campaigns

    def _wants_hold(self, key: bytes, value: bytes | None) -> bool:
        """A hold of one of the campaigns, or of everything, as one that cannot be read; and what lets go of it."""
        if value is not None:
            campaign_id = text(mapping(value), "campaign_id")
            if campaign_id is None or not campaign_id.strip() or campaign_id.encode() in self._campaigns:
                self._holds.add(key)
        return key in self._holds


def _of_sets(campaigns: Sequence[Kept]) -> Want:
    values = [mapping(one.value) for one in campaigns if one.topic == TopicName.CAMPAIGNS]
    rule_sets = {one.encode() for value in values for one in texts(value, "rule_set_ids")}
    times = {found.encode() for value in values if (found := text(value, "callable_time_set_id"))}
    return lambda topic, key, _: key in (rule_sets if topic == TopicName.RULE_SETS else times)


def _once(records: Sequence[Kept]) -> list[Kept]:
    """Each record once: archives may overlap. Raises Conflict."""
    found: dict[str, Kept] = {}
    for one in records:
        other = found.setdefault(one.place, one)
        if other != one:
            raise Conflict(f"the archives differ at {one.place}: they are not of the same log")
    return list(found.values())


def _without_others(one: Kept, number: Number) -> Kept:
    """A record of no contact, or a dead letter, without its value where that names numbers of others."""
    is_of_contact = one.topic in OF_CONTACTS and one.topic != TopicName.DEAD_LETTER
    if is_of_contact:
        return one
    if one.key is not None and number.others_in(one.key):
        one = replace(one, key=None)
    return one if one.value is None or not number.others_in(one.value) else one.without_value(NAMES_OTHERS)
