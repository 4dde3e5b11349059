"""The document: what was asked, what was read, each call made and not made, and the records that say so.

`made_of` derives all that is said from the records, so whoever has the document can derive it again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from streams.evidence.coverage import Coverage, Limits, cannot_show, coverage_of
from streams.evidence.effects import Effect
from streams.evidence.entries import Entry, entries_of
from streams.evidence.gathering import OF_CONTACTS, Gathered
from streams.evidence.in_force import State, Versions
from streams.evidence.records import Kept, Span
from streams.evidence.stories import Callback, callbacks_of
from topics.names import TopicName

KIND = "ringback-evidence"
VERSION = 1

LOOKED_BACK = timedelta(days=70)
"""Before the period: an event is accepted for 35 days, and a callback lies at most 31 days ahead of its event."""


class Asked(Struct, frozen=True, kw_only=True, rename={"begin": "from", "end": "to"}):
    """What was asked for. begin, end: the period, its end not included. since: of events, None for all."""

    phone_number: str
    spellings: tuple[str, ...]
    begin: datetime
    end: datetime
    since: datetime | None


class ArchiveNamed(Struct, frozen=True, kw_only=True):
    """An archive that was read: its name, the digest of its bytes, and when and by what it was made."""

    name: str
    sha256: str
    made_at: datetime | None = None
    made_by: str | None = None


class Made(Struct, frozen=True, kw_only=True):
    """How it was made. at: when. by: the program and its version. cluster_id: what the cluster calls itself.

    source: `topics`, `archive`, or `lines`, of which decisions were recomputed.
    """

    at: datetime
    by: str
    app: str
    prefix: str
    cluster_id: str | None
    source: str
    archives: tuple[ArchiveNamed, ...] = ()


class Summary(Struct, frozen=True, kw_only=True):
    """Entries of the period: how many of each effect, and of those of calls not made, how many have each reason."""

    effects: Mapping[str, int]
    reasons: Mapping[str, int]
    contacts: tuple[str, ...]
    other_callbacks: int


class Said(Struct, frozen=True, kw_only=True):
    """All that is derived from the records."""

    summary: Summary
    cannot_show: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    callbacks: tuple[Callback, ...]
    entries: tuple[Entry, ...]


class Document(Struct, frozen=True, kw_only=True):
    """The whole of it. unknown: callbacks whose number no record names, by contact key and id."""

    kind: str
    version: int
    asked: Asked
    made: Made
    limits: Limits
    said: Said
    unknown: tuple[tuple[str, str], ...]
    other_callbacks: int
    read: tuple[Span, ...]
    records: tuple[Kept, ...]


def document_of(asked: Asked, made: Made, limits: Limits, gathered: Gathered) -> Document:
    """The document about what was gathered; of the records that are needed, and no others."""
    unknown = tuple(sorted(gathered.unknown))
    said = made_of(asked, limits, gathered.records, gathered.spans, unknown, gathered.others)
    needed = _needed(said, gathered.records)
    return Document(
        kind=KIND,
        version=VERSION,
        asked=asked,
        made=made,
        limits=limits,
        said=said,
        unknown=unknown,
        other_callbacks=gathered.others,
        read=tuple(gathered.spans),
        records=tuple(one for one in gathered.records if one.place in needed),
    )


def made_of(
    asked: Asked,
    limits: Limits,
    records: Sequence[Kept],
    spans: Sequence[Span],
    unknown: Sequence[tuple[str, str]],
    others: int,
) -> Said:
    """All that the records say. Pure: the same records, in any order, give the same."""
    versions = Versions(records, spans)
    entries = entries_of(records, versions, asked.begin, asked.end)
    coverage = coverage_of(spans, asked.begin)
    callbacks = callbacks_of(records, entries, limits.as_of, frozenset(unknown))
    gaps = cannot_show(coverage, spans, limits, (asked.begin, asked.end))
    return Said(
        summary=_summary(entries, others),
        cannot_show=(*gaps, *_not_known(entries), *_of_callbacks(callbacks)),
        coverage=coverage,
        callbacks=callbacks,
        entries=entries,
    )


def encoded(document: Document) -> bytes:
    """The document as JSON, the same bytes for the same document."""
    return msgspec.json.encode(document)


def decoded(data: bytes) -> Document:
    """A document of JSON. Raises msgspec.DecodeError and msgspec.ValidationError for what is none."""
    return msgspec.json.decode(data, type=Document)


def _needed(said: Said, records: Sequence[Kept]) -> frozenset[str]:
    """Places of the records that the entries name, and of the whole story of each callback."""
    places = {one.record for one in said.entries}
    places |= {place for one in said.entries for place in one.rests_on}
    places |= {known.record for one in said.entries for known in one.in_force if known.record is not None}
    places |= {place for one in said.callbacks for place in one.records}
    # Entries that are left out for the period may be what makes another one a repeat.
    places |= {one.place for one in records if one.topic in OF_CONTACTS and one.topic != TopicName.CONTACTS}
    of_number = (TopicName.DNC_ENTRIES, TopicName.CONTACT_LIST_CLEARED, TopicName.CAMPAIGN_RECYCLE)
    places |= {one.place for one in records if one.topic in of_number}
    return frozenset(places)


def _summary(entries: Sequence[Entry], others: int) -> Summary:
    of_period = [one for one in entries if one.in_period]
    effects = Counter(one.effect for one in of_period)
    reasons = Counter(reason for one in of_period if one.effect is Effect.NOT_MADE for reason in one.reasons)
    contacts = {f"{one.contact_list_id}|{one.contact_id}" for one in of_period if one.contact_id is not None}
    return Summary(
        effects={one.value: effects[one] for one in Effect},
        reasons=dict(sorted(reasons.items())),
        contacts=tuple(sorted(contacts)),
        other_callbacks=others,
    )


def _not_known(entries: Sequence[Entry]) -> list[str]:
    """Of records that were in force then and may be gone, and of those that do not say what the facts say."""
    gone = {(one.topic, one.key): one for entry in entries for one in entry.in_force if one.state is State.NOT_KNOWN}
    found = [
        f"{known.topic}: which record of {known.key} was in force is not known for some entries, since none is left "
        "of then. The facts of the decisions themselves are there."
        for known in gone.values()
    ]
    differing = [(entry.record, known) for entry in entries for known in entry.in_force if known.agrees is False]
    return found + [
        f"{known.topic}: at {place}, the facts of the decision differ from the record of {known.key} that timestamps "
        "put in force: it had not been read yet, or its timestamp is wrong."
        for place, known in differing
    ]


def _of_callbacks(callbacks: Sequence[Callback]) -> list[str]:
    unknown = [one.callback_id for one in callbacks if one.is_number_unknown]
    if not unknown:
        return []
    names = ", ".join(unknown)
    return [f"No record names the number of callback {names}. It is listed since its contact has the number."]
