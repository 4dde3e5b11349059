"""The list: one entry for each call made and not made, with one sentence, what it rests on, and what was in force."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from streams.console.view.ingest.dead_letters import whole, without_prefix
from streams.console.view.model import Told
from streams.console.why.entries import Entry as Words
from streams.console.why.entries import entry_of
from streams.console.why.labels import masked
from streams.console.why.reading import inner, text, texts
from streams.console.why.timeline import text_of
from streams.evidence.chosen import cause_of
from streams.evidence.dated import Dated
from streams.evidence.effects import Effect, effect_of
from streams.evidence.in_force import InForce, Versions
from streams.evidence.records import Kept, place_of, told_of
from topics.names import TopicName
from topics.records import Transition

_TOLD = (
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.PLACEMENT_DECIDED,
    TopicName.CALLBACK_LIFECYCLE,
    TopicName.DIAL_PREVIEW,
    TopicName.DIAL_ANALYSIS,
    TopicName.DEAD_LETTER,
    TopicName.DNC_ENTRIES,
)
"""Topics whose records are entries; of an instant, what others follow from comes first."""

_RANK = {topic: rank for rank, topic in enumerate(_TOLD)}
_COMMANDS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)
_DECISIONS = (TopicName.CALLBACK_LIFECYCLE, TopicName.PLACEMENT_DECIDED)
_WITH_FORCE = (*_DECISIONS, TopicName.WRAP_UP)
_ORIGINAL = "__connect.errors."
_ERROR, _MESSAGE = "ringback.error", f"{_ORIGINAL}exception.message"
_NO_FACTS: Mapping[str, Any] = {}


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry.

    at: when it was decided, or occurred. words: one sentence, instants in UTC, numbers by their last
    four digits. record: the place of the record that says it; rests_on: of those that led to it, or came with it.
    facts: on which the decision rested. in_period: whether it lies in the period; others belong to the same callbacks.
    """

    at: datetime
    effect: Effect
    words: str
    record: str
    in_period: bool
    contact_list_id: str | None = None
    contact_id: str | None = None
    callback_id: str | None = None
    campaign_id: str | None = None
    reasons: tuple[str, ...] = ()
    facts: Mapping[str, Any] = _NO_FACTS
    rests_on: tuple[str, ...] = ()
    in_force: tuple[InForce, ...] = ()

    @property
    def callback(self) -> tuple[str, str, str] | None:
        """The callback by its ids; None of a call that is none."""
        if self.contact_list_id is None or self.contact_id is None or self.callback_id is None:
            return None
        return self.contact_list_id, self.contact_id, self.callback_id


class _Told(NamedTuple):
    kept: Kept
    told: Told


def in_order(records: Iterable[Kept]) -> list[_Told]:
    """The records that are entries, in the order in which it happened: one order, however they were found."""
    told = [_Told(one, told_of(one)) for one in records if one.topic in _RANK]
    return sorted(told, key=lambda one: (one.told.at, _RANK[one.kept.topic], one.kept.partition, one.kept.offset))


def entries_of(records: Sequence[Kept], versions: Versions, begin: datetime, end: datetime) -> tuple[Entry, ...]:
    """All entries. begin, end: the period, its end not included."""
    told = in_order(records)
    among = tuple(one.told for one in told)
    links = _Links(told)
    repeats = _repeats(told)
    found = []
    for one in told:
        if one.kept.place in links.attached:
            continue
        in_period = begin <= one.told.at < end
        found.append(_entry(one, among, versions, links, in_period=in_period, is_repeat=one.kept.place in repeats))
    mine = {one.callback for one in found if one.in_period}
    return tuple(one for one in found if one.in_period or (one.callback is not None and one.callback in mine))


def _entry(
    one: _Told, among: tuple[Told, ...], versions: Versions, links: "_Links", *, in_period: bool, is_repeat: bool
) -> Entry:
    told, value = one.told, one.told.value or {}
    contact = f"{told.contact_list_id}|{told.contact_id}" if told.contact_list_id and told.contact_id else None
    campaign_id = text(value, "campaign_id")
    campaign = versions.at(TopicName.CAMPAIGNS, campaign_id, told.at)[1] if campaign_id else None
    return Entry(
        at=told.at,
        effect=effect_of(told, None if campaign is None else campaign.value, is_repeat=is_repeat),
        words=masked(_words(told, entry_of(told, Dated.of(told.at), among), is_repeat=is_repeat)),
        record=one.kept.place,
        in_period=in_period,
        contact_list_id=told.contact_list_id,
        contact_id=told.contact_id,
        callback_id=told.callback_id,
        campaign_id=campaign_id,
        reasons=texts(value, "reasons"),
        facts=inner(value, "facts") if told.topic in _DECISIONS else _NO_FACTS,
        rests_on=links.of(one),
        in_force=versions.of_decision(value, contact, told.at) if told.topic in _WITH_FORCE else (),
    )


def _words(told: Told, entry: Words, *, is_repeat: bool) -> str:
    words = text_of(told, entry)
    if told.topic == TopicName.DEAD_LETTER:
        return f"{words}, and had no effect: {told.headers.get(_MESSAGE) or told.headers.get(_ERROR, '?')}"
    if is_repeat:
        return f"{words} (said before)"
    return words


class _Links:
    """Which records belong to one entry. attached: places of those that have none of their own."""

    def __init__(self, told: Sequence[_Told]) -> None:
        self._places = {one.kept.place for one in told}
        self._commands: dict[str, list[str]] = {}
        self._requests: dict[tuple[str, str], list[str]] = {}
        for one in told:
            value = one.told.value or {}
            if one.kept.topic in _COMMANDS and (command_id := text(value, "command_id")):
                self._commands.setdefault(command_id, []).append(one.kept.place)
            if one.kept.topic == TopicName.PLACEMENT_REQUESTED and (request_id := text(value, "request_id")):
                self._requests.setdefault((one.kept.key_text, request_id), []).append(one.kept.place)
        wrap_ups = {one.kept.place for one in told if one.kept.topic == TopicName.WRAP_UP}
        # A wrap-up is an entry of its own, since it says that a call was made; so is what no record refers to.
        self.attached = {place for one in told for place in self.of(one)} - wrap_ups

    def of(self, one: _Told) -> tuple[str, ...]:
        """The records that led to this one, or came with it, as far as they are there."""
        value = one.told.value or {}
        found: list[str] = []
        if one.kept.topic == TopicName.CALLBACK_LIFECYCLE:
            cause = cause_of(value)
            found += [cause] if cause in self._places and cause is not None else []
            found += self._commands.get(text(inner(value, "facts"), "command_id") or "", []) if _is_out(value) else []
        elif one.kept.topic == TopicName.DEAD_LETTER:
            found += [place for place in (_original(one.told),) if place in self._places]
        elif one.kept.topic == TopicName.PLACEMENT_DECIDED:
            found += self._requests.get((one.kept.key_text, text(value, "request_id") or ""), [])
        return tuple(dict.fromkeys(found))


def _original(letter: Told) -> str:
    """Where the event stood that a dead letter is about."""
    topic, partition, offset = (letter.headers.get(f"{_ORIGINAL}{name}") for name in ("topic", "partition", "offset"))
    return place_of(without_prefix(topic or ""), whole(partition), whole(offset))


def _is_out(value: Mapping[str, Any]) -> bool:
    return text(value, "transition") in (Transition.PRESENTED, Transition.DIALING)


def _repeats(told: Sequence[_Told]) -> set[str]:
    """Places of what had been said before: a further code of one call, an event or an answer that came again."""
    seen: set[tuple[object, ...]] = set()
    presented: Counter[object] = Counter()
    found = set()
    for one in told:
        callback = one.kept.key_text, one.told.callback_id
        if one.kept.topic == TopicName.CALLBACK_LIFECYCLE and _is_out(one.told.value or {}):
            presented[callback] += 1
        what = _said(one, presented[callback])
        if what is None:
            continue
        if what in seen:
            found.add(one.kept.place)
        seen.add(what)
    return found


def _said(one: _Told, presentation: int) -> tuple[object, ...] | None:
    """What makes two records say the same. presentation: how often its callback had been handed out by then."""
    value, key = one.told.value or {}, one.kept.key_text
    if one.kept.topic == TopicName.WRAP_UP:
        return key, text(value, "conversation_id"), one.told.callback_id, presentation
    if one.kept.topic == TopicName.PLACEMENT_DECIDED:
        return key, text(value, "request_id"), one.kept.value
    return None
