"""The rows that a partition keeps for itself: how far it is, what it wrote and has not read back, who was erased.

Source: docs/decisions/0003-configuration-offsets-in-a-meta-row.md and docs/decisions/0031-appends-are-kept.md.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.logic.contact.erasures import Erasure, digest_of
from streams.logic.contact.inputs import Applied
from streams.logic.contact.upgrades import ROW_VERSION, current
from topics.configuration import DncEntry

META_KEY = b"ringback.partition"
"""Key of the partition's own row. Every contact key has a `|`."""

APPENDED_KEY = b"ringback.appended."
"""Keys of the entries that it wrote to a Do Not Call list and has not read back begin so, and have no `|` either."""

ERASED_KEY = b"ringback.erased."
"""Keys of what it remembers of contacts that were erased begin so."""


class Meta(Struct, frozen=True, kw_only=True):
    """What a partition has done with the configuration, as offsets by topic.

    applied: clears and recycles that have gone through all its contacts. reported: of partition 0, the records whose
    bad records have been reported. recorded_since: from when on it keeps when contacts' records were written; the
    records that were there count as written then. unsure: campaigns that cannot be read, with what was applied before:
    of the clears and recycles that come meanwhile it is not known whether they cancel its callbacks
    (`unreadable_campaigns.py`). topics: the ids of the topics that these offsets are of; a topic that is not in it had
    no known id.
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


class ErasedRow(Struct, frozen=True, kw_only=True):
    """A contact that was erased. A program that does not know it takes it for a contact without callbacks."""

    version: int = ROW_VERSION
    erased: Erasure


_encoder = msgspec.json.Encoder()
_metas = msgspec.json.Decoder(Meta)
_appended = msgspec.json.Decoder(AppendedRow)
_erased = msgspec.json.Decoder(ErasedRow)


def is_contact(key: bytes) -> bool:
    """Whether a row is a contact's, and not one that the partition keeps for itself."""
    return b"|" in key


def encode_meta(meta: Meta) -> bytes:
    """The partition's own row."""
    return _encoder.encode(meta)


def decode_meta(row: bytes | None) -> Meta:
    """The partition's own row; a partition that has none yet has done nothing."""
    return Meta() if row is None else _metas.decode(current(row))


def recreated(meta: Meta, ids: Mapping[str, str]) -> set[str]:
    """The topics of which the row holds offsets that are not of the topic that is there now."""
    return {topic for topic, known in meta.topics.items() if ids.get(topic, known) != known}


def for_topics(meta: Meta, ids: Mapping[str, str], *, cleared: str, recycled: str) -> Meta:
    """The row as it counts for the topics that are there: nothing of a recreated one has been applied yet.

    ids: by topic; one whose id is not known is taken for the one it was. cleared, recycled: what `unsure` is about.
    """
    gone = recreated(meta, ids)
    topics = {**meta.topics, **ids}
    if not gone:
        return meta if topics == meta.topics else replace(meta, topics=topics)
    return replace(
        meta,
        applied={topic: offset for topic, offset in meta.applied.items() if topic not in gone},
        reported={topic: offset for topic, offset in meta.reported.items() if topic not in gone},
        unsure={
            name: Applied(-1 if cleared in gone else since.cleared, -1 if recycled in gone else since.recycled)
            for name, since in meta.unsure.items()
        },
        topics=topics,
    )


def appended_key(entry: DncEntry) -> bytes:
    """The key of the row that keeps an entry until it has been read back."""
    return APPENDED_KEY + f"{quote(entry.dnc_list_id, safe='')}.{entry.phone_number}".encode()


def encode_appended(entry: DncEntry) -> bytes:
    """That row."""
    return _encoder.encode(AppendedRow(appended=entry))


def decode_appended(row: bytes) -> DncEntry:
    """The entry of that row. Raises UnknownRowVersion for one that a newer version wrote."""
    return _appended.decode(current(row)).appended


def erased_key(key: bytes) -> bytes:
    """The key of the row that remembers the erasure of the contact with this key."""
    return ERASED_KEY + digest_of(key).encode()


def encode_erased(erasure: Erasure) -> bytes:
    """That row."""
    return _encoder.encode(ErasedRow(erased=erasure))


def decode_erased(row: bytes) -> Erasure:
    """The erasure of that row. Raises UnknownRowVersion for one that a newer version wrote."""
    return _erased.decode(current(row)).erased
