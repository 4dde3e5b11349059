"""The rows of the contacts table as bytes: contacts, and the rows that a partition keeps for itself.

Source: docs/rules.md, section 8 row 4; docs/decisions/0002-one-row-per-contact.md and
docs/decisions/0003-configuration-offsets-in-a-meta-row.md.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.logic.inputs import Applied, ConfigurationChanged, ContactUnreadable, Released, TimerFired, Told
from streams.logic.limits import ENDING_ROW_BYTES_MAX, MEMORY, ROW_BYTES_MAX, STATE_ROW_BYTES_MAX
from streams.logic.state import Contact, Status, Timer
from streams.logic.upgrades import ROW_VERSION, current, outlined
from topics.codec import BadEvent, ErrorCode
from topics.configuration import DncEntry
from topics.events import PlacementRequested

META_KEY = b"ringback.partition"
"""Key of the partition's own row. Every contact key has a `|`."""

APPENDED_KEY = b"ringback.appended."
"""Keys of the entries that it wrote to a Do Not Call list and has not read back begin so, and have no `|` either."""


class Outline(Struct, frozen=True, gc=False):
    """An outstanding callback as far as a partition has to know it to wake up in time."""

    callback_id: str
    campaign_id: str
    due_at: datetime
    status: Status = Status.SCHEDULED
    timer: Timer | None = None
    held_unreadable: bool = False


class RowOutline(Struct, frozen=True, gc=False):
    """The part of a row that a restart reads: the rest is skipped, not decoded."""

    version: int
    callbacks: tuple[Outline, ...] = ()
    heard_at: datetime | None = None


class Meta(Struct, frozen=True, kw_only=True):
    """What a partition has done with the configuration, as offsets by topic.

    applied: clears and recycles that have gone through all its contacts. reported: of partition 0, the records whose
    faults have been reported. recorded_since: from when on it keeps when contacts' records were written; the records
    that were there count as written then. unsure: campaigns that cannot be read, with what was applied before: of the
    clears and recycles that come meanwhile nobody can tell whether they cancel its callbacks; `OTHERS` among them
    stands for those that the row has no room for. topics: the ids of the topics that these offsets are of; a topic that
    is not in it had not told its id.
    """

    version: int = ROW_VERSION
    applied: dict[str, int] = msgspec.field(default_factory=dict)
    reported: dict[str, int] = msgspec.field(default_factory=dict)
    recorded_since: datetime | None = None
    unsure: dict[str, Applied] = msgspec.field(default_factory=dict)
    topics: dict[str, str] = msgspec.field(default_factory=dict)


class AppendedRow(Struct, frozen=True, kw_only=True):
    """An entry that the partition wrote. A program that does not know it takes it for a contact without callbacks."""

    version: int = ROW_VERSION
    appended: DncEntry


OTHERS = ""
"""In `unsure` of a partition's row, all campaigns for which there was no room, with the least that any of them has."""

UNSURE_BYTES_MAX = 2 * ROW_BYTES_MAX
"""Room for the campaigns that are kept by name: several hundred with the longest names, thousands with usual ones."""

_APPLIED_BYTES = 64

Waiting = tuple[str, str, datetime, bool]
"""Of a callback that waits: its campaign, id and due time, and whether something unreadable is what it waits for."""

_encoder = msgspec.json.Encoder()
_contacts = msgspec.json.Decoder(Contact)
_outlines = msgspec.json.Decoder(RowOutline)
_metas = msgspec.json.Decoder(Meta)
_appended = msgspec.json.Decoder(AppendedRow)


def decode_contact(row: bytes, since: datetime | None = None) -> Contact:
    """The contact of a row. Raises UnknownRowVersion for one that a newer version wrote.

    since: when its record counts as written if version 1 stored it, which did not keep that; None leaves it open.
    """
    contact = _contacts.decode(current(row))
    if since is None or contact.listed is None or contact.listed.recorded_at is not None:
        return contact
    return replace(contact, listed=replace(contact.listed, recorded_at=since))


def decode_outline(row: bytes) -> RowOutline:
    """The part of a row a restart needs. Raises UnknownRowVersion for one that a newer version wrote."""
    return _outlines.decode(outlined(row))


def outline_of(contact: Contact) -> RowOutline:
    """The same part, of a contact at hand."""
    return RowOutline(
        contact.version,
        tuple(
            Outline(
                callback.callback_id,
                callback.campaign_id,
                callback.due_at,
                callback.status,
                callback.timer,
                callback.held_unreadable,
            )
            for callback in contact.callbacks
        ),
        contact.heard_at,
    )


def room_for(told: Told, before: Contact | None, after: Contact) -> int:
    """How many bytes a contact's row may take after it was told this.

    An accepted callback must go out and come to its end in a row that is full, so what time brings always fits: it
    adds an instant or two to each callback. What an event brings together with the end of a callback has some room too,
    and so has a request, for which somebody waits. That a record cannot be read has to be remembered in any case.
    """
    if isinstance(told, TimerFired | Released | ConfigurationChanged | ContactUnreadable):
        return STATE_ROW_BYTES_MAX
    if isinstance(told, PlacementRequested):
        return ENDING_ROW_BYTES_MAX
    outstanding = {callback.callback_id for callback in after.callbacks}
    if before is not None and any(callback.callback_id not in outstanding for callback in before.callbacks):
        return ENDING_ROW_BYTES_MAX
    return ROW_BYTES_MAX


def encode_contact(contact: Contact, before: bytes | None, room: int = ROW_BYTES_MAX) -> bytes:
    """The row of a contact. before: its row until now. room: from `room_for`.

    What a contact remembers of its answers gives way when the row grows too large, then what it remembers of ended
    callbacks, each time the older half. If that is not enough, raises
    BadEvent (`too_large`), but only where the row would grow: it must always be possible to call a callback off.
    """
    row = _encoder.encode(contact)
    while len(row) > ROW_BYTES_MAX and (contact.answers or contact.ended):
        contact = _lightened(contact)
        row = _encoder.encode(contact)
    if len(row) > max(room, len(before or b"")):
        raise BadEvent(ErrorCode.TOO_LARGE, "$", "The contact would take more room than it may")
    return row


def _lightened(contact: Contact) -> Contact:
    if contact.answers:
        latest = list(contact.answers.items())[(len(contact.answers) + 1) // 2 :]
        return replace(contact, answers=dict(latest))
    return replace(contact, ended=contact.ended[(len(contact.ended) + 1) // 2 :])


def encode_meta(meta: Meta) -> bytes:
    """The partition's own row."""
    return _encoder.encode(meta)


def decode_meta(row: bytes | None) -> Meta:
    """The partition's own row; a partition that has none yet has done nothing."""
    return Meta() if row is None else _metas.decode(current(row))


def fitting_unsure(unsure: Mapping[str, Applied]) -> tuple[dict[str, Applied], set[str]]:
    """What a partition's row keeps of the campaigns that cannot be read, and for which of them it has no room."""
    kept: dict[str, Applied] = {}
    left = UNSURE_BYTES_MAX
    for name in sorted(unsure):
        left -= len(_encoder.encode(name)) + _APPLIED_BYTES
        if left >= 0:
            kept[name] = unsure[name]
    rest = unsure.keys() - kept.keys()
    if rest:
        cleared, recycled = zip(*((unsure[name].cleared, unsure[name].recycled) for name in rest), strict=True)
        kept[OTHERS] = Applied(cleared=min(cleared), recycled=min(recycled))
    return kept, set(rest)


def made_anew(meta: Meta, ids: Mapping[str, str]) -> set[str]:
    """The topics of which the row holds offsets that are not of the topic that is there now."""
    return {topic for topic, known in meta.topics.items() if ids.get(topic, known) != known}


def for_topics(meta: Meta, ids: Mapping[str, str], *, cleared: str, recycled: str) -> Meta:
    """The row as it counts for the topics that are there: with one that was made anew nothing has been done yet.

    ids: by topic; one whose id is not known is taken for the one it was. cleared, recycled: what `unsure` is about.
    """
    anew = made_anew(meta, ids)
    topics = {**meta.topics, **ids}
    if not anew:
        return meta if topics == meta.topics else replace(meta, topics=topics)
    return replace(
        meta,
        applied={topic: offset for topic, offset in meta.applied.items() if topic not in anew},
        reported={topic: offset for topic, offset in meta.reported.items() if topic not in anew},
        unsure={
            name: Applied(-1 if cleared in anew else since.cleared, -1 if recycled in anew else since.recycled)
            for name, since in meta.unsure.items()
        },
        topics=topics,
    )


def is_contact(key: bytes) -> bool:
    """Whether a row is a contact's, and not one that the partition keeps for itself."""
    return b"|" in key


def appended_key(entry: DncEntry) -> bytes:
    """The key of the row that keeps an entry until it has been read back."""
    return APPENDED_KEY + f"{quote(entry.dnc_list_id, safe='')}.{entry.phone_number}".encode()


def encode_appended(entry: DncEntry) -> bytes:
    """That row."""
    return _encoder.encode(AppendedRow(appended=entry))


def decode_appended(row: bytes) -> DncEntry:
    """The entry of that row. Raises UnknownRowVersion for one that a newer version wrote."""
    return _appended.decode(current(row)).appended


def wake_ups(row: RowOutline | None) -> list[tuple[datetime, str]]:
    """When the contact wants to be woken, and by which callback's timer; an empty id is the end of its memory.

    Nothing if it waits for nothing but events and releases.
    """
    if row is None:
        return []
    if not row.callbacks:
        return [] if row.heard_at is None else [(row.heard_at + MEMORY, "")]
    return [(callback.timer.at, callback.callback_id) for callback in row.callbacks if callback.timer]


def waiting_in(row: RowOutline | None) -> set[Waiting]:
    """Every callback of a row that waits."""
    callbacks = row.callbacks if row else ()
    return {
        (callback.campaign_id, callback.callback_id, callback.due_at, callback.held_unreadable)
        for callback in callbacks
        if callback.status is Status.WAITING
    }
