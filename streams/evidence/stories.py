"""Each callback in one sentence: why it was or was not dialed, in the words of the console."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from streams.console.view.model import CallbackRow, Standing, Story, Told
from streams.console.why.labels import masked
from streams.console.why.reading import instant, text, texts
from streams.console.why.sentence import sentence_by
from streams.evidence.chosen import CallbackId
from streams.evidence.dated import Dated
from streams.evidence.entries import Entry, in_order
from streams.evidence.records import Kept
from topics.names import TopicName
from topics.records import Transition

_NOTHING = "Nothing says what became of it: no record of its life is there"
_REFUSED = "No record of its life is there: an event about it became a dead letter, and had no effect"
_STANDINGS: Mapping[str, Standing] = {
    **{one.value: one for one in Standing},
    Transition.RESCHEDULED: Standing.SCHEDULED,
    Transition.CHANGED: Standing.SCHEDULED,
}


class Callback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A callback of the period. words: why it was or was not dialed, as of the latest record. records: of its story.

    is_number_unknown: no record names its number.
    """

    contact_list_id: str
    contact_id: str
    callback_id: str
    words: str
    records: tuple[str, ...]
    is_number_unknown: bool = False


class _Member(NamedTuple):
    place: str
    told: Told


def callbacks_of(
    records: Sequence[Kept], entries: Sequence[Entry], as_of: datetime, unknown: frozenset[CallbackId]
) -> tuple[Callback, ...]:
    """The callbacks that have an entry in the period, by contact and id. as_of: up to when anything is known."""
    told = in_order(records)
    wanted = {one.callback for one in entries if one.in_period and one.callback is not None}
    members: dict[tuple[str, str, str], list[_Member]] = {one: [] for one in wanted}
    listed = [one.told for one in told if one.kept.topic == TopicName.DNC_ENTRIES and one.told.value is not None]
    for one in told:
        of = one.told
        if of.contact_list_id is None or of.contact_id is None or of.callback_id is None:
            continue
        key = of.contact_list_id, of.contact_id, of.callback_id
        if key in members:
            members[key].append(_Member(one.kept.place, of))
    return tuple(_callback(key, members[key], listed, as_of, unknown) for key in sorted(members))


def _callback(
    key: tuple[str, str, str],
    members: Sequence[_Member],
    listed: Sequence[Told],
    as_of: datetime,
    unknown: frozenset[CallbackId],
) -> Callback:
    contact_list_id, contact_id, callback_id = key
    return Callback(
        contact_list_id=contact_list_id,
        contact_id=contact_id,
        callback_id=callback_id,
        words=_sentence(key, [one.told for one in members], listed, as_of),
        records=tuple(one.place for one in members),
        is_number_unknown=(f"{contact_list_id}|{contact_id}", callback_id) in unknown,
    )


def _sentence(key: tuple[str, str, str], told: Sequence[Told], listed: Sequence[Told], as_of: datetime) -> str:
    life = [one for one in told if one.topic == TopicName.CALLBACK_LIFECYCLE and one.value is not None]
    if not life:
        return _REFUSED if any(one.topic == TopicName.DEAD_LETTER for one in told) else _NOTHING
    story = Story(row=_row(key, life[-1]), told=(*told, *listed))
    return masked(sentence_by(story, Dated.of(as_of)))


def _row(key: tuple[str, str, str], latest: Told) -> CallbackRow:
    value = latest.value or {}
    return CallbackRow(
        contact_list_id=key[0],
        contact_id=key[1],
        callback_id=key[2],
        campaign_id=text(value, "campaign_id") or "?",
        standing=_STANDINGS.get(text(value, "transition") or "", Standing.SCHEDULED),
        due_at=instant(value, "due_at"),
        changed_at=latest.at,
        reasons=texts(value, "reasons"),
    )
