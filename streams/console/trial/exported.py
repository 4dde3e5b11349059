"""Records of the topics in as lines that the simulator reads, sorted by their instants, masked where that is asked for.

Lines stand in a temporary SQLite file until all are there, so that as many can be sorted as the disk holds.
Source: docs/contract.md, section "The simulator's lines".
"""

import hmac
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from streams.logic.contact.exchange import Headers
from streams.simulator.lines import AT_MAX, MalformedLine, parse_line
from topics.catalog import CONFIGURATION_TOPICS, CONTACT_TOPICS_IN
from topics.fields import legible_number
from topics.names import TopicName

TOPICS = (
    *CONFIGURATION_TOPICS,
    TopicName.CONTACTS,
    *(topic for topic in CONTACT_TOPICS_IN if topic != TopicName.CONTACTS),
)
"""What is exported. Of one instant, what others rest on comes first."""

SETTINGS = frozenset({*CONFIGURATION_TOPICS, TopicName.CONTACTS})
"""Topics that say what holds, not what happened: they are exported from their beginning."""

_RANK = {topic: rank for rank, topic in enumerate(TOPICS)}
_NUMBER_FIELD = "phone_number"
_DIGITS_MASKED = 4
_MASKED_FROM = 7
"""Characters: a shorter text tells nobody's number."""


_MS_MAX = int(AT_MAX.timestamp() * 1000)
"""A record of this timestamp or a later one has none that a line can say; it counts as written with the one before."""


_EVERY = "CREATE VIEW kept AS SELECT * FROM lines"
_OF_WANTED = """
CREATE VIEW kept AS SELECT * FROM lines WHERE contact IS NULL OR contact IN (SELECT contact FROM wanted)
"""


class _OfCampaign(msgspec.Struct):
    campaign_id: str | None = None


_campaign = msgspec.json.Decoder(_OfCampaign)


class Exported(NamedTuple):
    """One record of a topic. topic: without prefix. written_ms: its timestamp, in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    written_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Masking:
    """Numbers with other last digits, the same in one export; no notes, and attributes without their values.

    secret: what the digits depend on; another one for each export. kept: attributes that keep their values, since rules
    or filters look at them.
    """

    def __init__(self, secret: bytes, kept: Iterable[str] = ()) -> None:
        self._secret, self._kept = secret, frozenset(kept)

    def masked(self, record: Exported) -> Exported:
        """The record with nothing in it that tells who it is about, but the ids. Raises msgspec.DecodeError."""
        value = None if record.value is None else msgspec.json.encode(self._value(msgspec.json.decode(record.value)))
        return record._replace(key=self._key(record.topic, record.key), value=value, headers=())

    def number(self, text: str) -> str:
        """A number with four other digits at its end: the same ones for every spelling of it with the same digits."""
        if len(text) < _MASKED_FROM or not text[-_DIGITS_MASKED:].isdigit():
            return "" if len(text) >= _MASKED_FROM else text
        digest = hmac.digest(self._secret, (legible_number(text) or text).encode(), "sha256")
        digits = int.from_bytes(digest[:8], "big") % 10**_DIGITS_MASKED
        return f"{text[:-_DIGITS_MASKED]}{digits:0{_DIGITS_MASKED}}"

    def _key(self, topic: str, key: bytes | None) -> bytes | None:
        if topic != TopicName.DNC_ENTRIES or key is None:
            return key
        name, bar, number = key.rpartition(b"|")
        return name + bar + self.number(number.decode(errors="replace")).encode()

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        return {name: self._field(name, one) for name, one in value.items() if name != "notes"}

    def _field(self, name: str, value: Any) -> Any:
        if name == _NUMBER_FIELD and isinstance(value, str):
            return self.number(value)
        if name == "attributes" and isinstance(value, Mapping):
            return {attribute: one if attribute in self._kept else "" for attribute, one in value.items()}
        return self._value(value)


def line_of(record: Exported, at: datetime) -> bytes | None:
    """The record as a line, without its end; None if no line can say it: its key is no text, or its value no JSON."""
    value = b"null" if record.value is None else record.value
    headers = _texts(record.headers)
    try:
        parts = [
            b'"topic":%s,"at":%s' % (msgspec.json.encode(record.topic), msgspec.json.encode(at)),
            b'"key":%s' % msgspec.json.encode(record.key.decode()) if record.key is not None else b"",
            b'"value":%s' % (msgspec.json.format(value, indent=-1) if b"\n" in value or b"\r" in value else value),
            b'"headers":%s' % msgspec.json.encode(headers) if headers else b"",
        ]
        line = b"{%s}" % b",".join(part for part in parts if part)
        parse_line(line, "export")
    except (UnicodeDecodeError, msgspec.DecodeError, MalformedLine, RecursionError):
        return None
    return line


def _texts(headers: Headers) -> dict[str, str]:
    """Headers that are text; the others tell a worker nothing."""
    found = {}
    for name, value in headers:
        try:
            found[name] = (value or b"").decode()
        except UnicodeDecodeError:
            continue
    return found


class Sorted:
    """Lines that are put in as they come from Kafka, and come out by their instants. folder: for the temporary file.

    Within a partition the order is kept, whatever the timestamps are: a line is no earlier than the one before it.
    campaign_ids: come out with every contact that an event of one of these campaigns is about, all of it, and with all
    configuration; None for every contact.
    """

    def __init__(self, folder: Path, masking: Masking | None = None, campaign_ids: Iterable[str] | None = None) -> None:
        self._masking = masking
        self._campaign_ids = None if campaign_ids is None else frozenset(campaign_ids)
        self._file = sqlite3.connect(folder / "export.sqlite", isolation_level=None)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE lines (ms INT, rank INT, partition INT, number INT, contact BLOB, line BLOB)")
        self._file.execute("CREATE TABLE wanted (contact BLOB PRIMARY KEY) WITHOUT ROWID")
        self._file.execute(_EVERY if campaign_ids is None else _OF_WANTED)
        self._latest: dict[tuple[str, int], int] = {}
        self.left_out = 0

    def put(self, records: Iterable[Exported]) -> None:
        """Take in records; of each partition in the order of their offsets."""
        rows, wanted = [], []
        for record in records:
            at_ms, line = self._at(record), self._line(record)
            if line is None:
                self.left_out += 1
                continue
            contact = None if record.topic in CONFIGURATION_TOPICS else record.key or b""
            rows.append((at_ms, _RANK[TopicName(record.topic)], record.partition, record.offset, contact, line))
            if contact is not None and self._is_of_campaigns(record):
                wanted.append((contact,))
        self._file.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._file.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", wanted)

    def lines(self) -> Iterator[bytes]:
        """All lines, sorted."""
        found = self._file.execute("SELECT line FROM kept ORDER BY ms, rank, partition, number")
        return (line for (line,) in found)

    @property
    def count(self) -> int:
        """How many lines come out."""
        (count,) = self._file.execute("SELECT COUNT(*) FROM kept").fetchone()
        return int(count)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _at(self, record: Exported) -> int:
        place = record.topic, record.partition
        latest = self._latest.get(place, 0)
        written_ms = record.written_ms if record.written_ms < _MS_MAX else latest
        self._latest[place] = max(written_ms, latest)
        return self._latest[place]

    def _line(self, record: Exported) -> bytes | None:
        at = datetime.fromtimestamp(self._latest[record.topic, record.partition] / 1000, UTC)
        if self._masking is None:
            return line_of(record, at)
        try:
            return line_of(self._masking.masked(record), at)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _is_of_campaigns(self, record: Exported) -> bool:
        if not self._campaign_ids or record.value is None:
            return False
        try:
            return _campaign.decode(record.value).campaign_id in self._campaign_ids
        except msgspec.DecodeError:
            return False
