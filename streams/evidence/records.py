"""One record as it stands in a log, byte for byte, and how much of each log was looked at."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from streams.console.view.ingest.reading import about, mapping
from streams.console.view.model import Told
from streams.console.view.record import instant, of_ms
from streams.console.why.reading import as_instant
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.codec import BadEvent, split_contact_key
from topics.names import TopicName
from topics.topic import Cleanup

Headers = tuple[tuple[str, bytes | None], ...]
Want = Callable[[str, bytes | None, bytes | None], bool]
"""Whether a record is wanted, by its topic without prefix, its key and its value."""

_REFUSED_AT = "ce_time"
"""A dead letter has the timestamp of its original; this header says when it was written."""


class Withheld(Struct, frozen=True, kw_only=True):
    """Of a value that is left out: its digest, its length in bytes, and why."""

    sha256: str
    bytes: int
    why: str


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record. topic: without prefix. timestamp_ms: since 1970, as its producer set it. In JSON, bytes are base64.

    damage: what the client could not decode of it. withheld: of a value that is left out, since it names others.
    """

    topic: TopicName
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()
    damage: str | None = None
    withheld: Withheld | None = None

    @property
    def place(self) -> str:
        """Where it stands: "callback-lifecycle/3/4711"."""
        return place_of(self.topic, self.partition, self.offset)

    @property
    def sha256(self) -> str | None:
        """The digest of its value, in hexadecimal digits; None of a tombstone."""
        if self.withheld is not None:
            return self.withheld.sha256
        return None if self.value is None else hashlib.sha256(self.value).hexdigest()

    @property
    def key_text(self) -> str:
        """Its key, as far as it is text."""
        return "" if self.key is None else self.key.decode(errors="replace")

    @property
    def written_at(self) -> datetime:
        """Its timestamp."""
        return instant(of_ms(self.timestamp_ms))

    def without_value(self, why: str) -> "Kept":
        """The same without its value, which the digest still stands for."""
        assert self.value is not None and self.sha256 is not None, "a tombstone has nothing to leave out"
        return replace(self, value=None, withheld=Withheld(sha256=self.sha256, bytes=len(self.value), why=why))


class Span(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of one partition was looked at.

    begin, end: the first offset that there was, and the one after the last. read_from, read_to: the part that was
    read, read_to not included. first, last: offsets of the first and the last record that were met in it, with their
    timestamps; None if there was none. records: how many. damaged: of them, those that could not be decoded whole.
    archive: the number of the archive that says so, from 1; 0 of topics.
    """

    topic: TopicName
    partition: int
    begin: int
    end: int
    read_from: int
    read_to: int
    first: int | None = None
    last: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None
    records: int = 0
    damaged: int = 0
    archive: int = 0

    @property
    def is_compacted(self) -> bool:
        """Whether the topic keeps the latest record of each key alone."""
        return CATALOG[self.topic].cleanup is Cleanup.COMPACT

    @property
    def last_at(self) -> datetime | None:
        """Timestamp of the last record that was met."""
        return None if self.last_ms is None else instant(of_ms(self.last_ms))

    @property
    def missing(self) -> int:
        """Offsets in what was read that have no record: of records that are gone, and of the ends of transactions."""
        return self.read_to - self.read_from - self.records

    def grown(self, offset: int, timestamp_ms: int) -> "Span":
        """After one more record at its end, of a log that is being made."""
        is_first = self.first is None
        return replace(
            self,
            end=offset + 1,
            read_to=offset + 1,
            first=offset if is_first else self.first,
            first_ms=timestamp_ms if is_first else self.first_ms,
            last=offset,
            last_ms=timestamp_ms,
            records=self.records + 1,
        )


def place_of(topic: str, partition: int, offset: int) -> str:
    """Where a record stands, in one text."""
    return f"{topic}/{partition}/{offset}"


def told_of(kept: Kept) -> Told:
    """The record as the words are made of it. Its instant is when it was decided, else its timestamp."""
    said = about(kept.value)
    key = _contact_of(kept)
    return Told(
        topic=kept.topic,
        partition=kept.partition,
        offset=kept.offset,
        at=_at(kept, said.occurred_at),
        written_at=kept.written_at,
        contact_list_id=said.contact_list_id or (key[0] if key else None),
        contact_id=said.contact_id or (key[1] if key else None),
        callback_id=said.callback_id,
        value=None if kept.value is None and kept.withheld is None else mapping(kept.value),
        headers={name: (text or b"").decode(errors="replace") for name, text in kept.headers},
        key=kept.key_text if kept.topic in CONFIGURATION_TOPICS else "",
        raw=kept.value,
    )


def _at(kept: Kept, occurred_at: datetime | None) -> datetime:
    if kept.topic == TopicName.DEAD_LETTER:
        headers = {name: text for name, text in kept.headers if text is not None}
        return as_instant(headers.get(_REFUSED_AT, b"").decode(errors="replace")) or kept.written_at
    if occurred_at is None or kept.topic in CONFIGURATION_TOPICS:
        return kept.written_at
    return as_instant(occurred_at) or kept.written_at


def _contact_of(kept: Kept) -> tuple[str, str] | None:
    if kept.topic in CONFIGURATION_TOPICS:
        return None
    try:
        return split_contact_key(kept.key_text)
    except BadEvent:
        return None


def in_log_order(records: Iterable[Kept]) -> list[Kept]:
    """Records by topic, partition and offset: the same list in whatever order they were found."""
    return sorted(records, key=lambda one: (one.topic, one.partition, one.offset))
