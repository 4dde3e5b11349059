"""An archive: records of the topics, byte for byte, as lines of JSON between a head and an end. Pure: lines in and out.

The head says whose records they are, the end how many there are, what was read of each partition, and the digest of
all bytes before it, so that an archive that was cut off or changed is noticed. Source: docs/evidence.md, "Archives".
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from streams.evidence.records import Kept, Span

VERSION = 1


class Head(Struct, frozen=True, kw_only=True, rename={"begin": "from"}):
    """The first line.

    ringback_archive: the version of the format. made_at, made_by: when, and by what program.
    is_recomputed: decisions in it were recomputed from an export; no such archive is a file of anybody.

    begin, until: what it was limited to, None for all: events and decisions since, and nothing from then on.
    """

    ringback_archive: int
    made_at: datetime | None = None
    made_by: str | None = None
    app: str
    prefix: str
    cluster_id: str | None = None
    begin: datetime | None = None
    until: datetime | None = None
    is_recomputed: bool = False


class End(Struct, frozen=True, kw_only=True):
    """The last line. sha256: of all bytes before it."""

    records: int
    read: tuple[Span, ...]
    sha256: str


class BadArchive(Exception):
    """A file is no archive, or not all of one. The message says why, and in which line."""


_encode = msgspec.json.Encoder().encode
_heads = msgspec.json.Decoder(Head)
_ends = msgspec.json.Decoder(End)
_records = msgspec.json.Decoder(Kept)
_HEAD, _END = b'{"ringback_archive":', b'{"records":'


def is_archive(first_line: bytes) -> bool:
    """Whether a file that begins with this line is an archive."""
    return first_line.startswith(_HEAD)


class Lines:
    """Makes the lines of an archive, each with its end."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def head(self, head: Head) -> bytes:
        """The first line."""
        return self._line(_encode(head))

    def record(self, record: Kept) -> bytes:
        """The line of one record."""
        self.count += 1
        return self._line(_encode(record))

    def end(self, read: Iterable[Span]) -> bytes:
        """The last line."""
        return _encode(End(records=self.count, read=tuple(read), sha256=self._digest.hexdigest())) + b"\n"

    def _line(self, line: bytes) -> bytes:
        line += b"\n"
        self._digest.update(line)
        return line


class Read:
    """Reads an archive, line by line. head, end: as soon as they were read. sha256: of all bytes, when all were."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.head: Head | None = None
        self.end: End | None = None
        self.sha256 = ""

    def records(self, lines: Iterable[bytes]) -> Iterator[Kept]:
        """Every record. Raises BadArchive, at the end for one that is cut off."""
        before, whole, count, number = hashlib.sha256(), hashlib.sha256(), 0, 0
        for number, line in enumerate(lines, start=1):
            whole.update(line)
            if self.end is not None:
                raise BadArchive(f"{self._name}:{number}: something follows the end of the archive")
            if number == 1:
                self.head = self._head(line)
            elif line.startswith(_END):
                self.end = self._end(line, number, count, before.hexdigest())
            else:
                count += 1
                yield self._record(line, number)
            before.update(line)
        if self.end is None:
            raise BadArchive(f"{self._name}: it is cut off after line {number}: its end is missing")
        self.sha256 = whole.hexdigest()

    def _head(self, line: bytes) -> Head:
        try:
            head = _heads.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadArchive(f"{self._name}:1: it is no archive of `ringback export --archive`") from None
        if head.ringback_archive != VERSION:
            raise BadArchive(f"{self._name}:1: its format is {head.ringback_archive}; this program reads {VERSION}")
        return head

    def _record(self, line: bytes, number: int) -> Kept:
        try:
            if line.endswith(b"\n"):
                return _records.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        raise BadArchive(f"{self._name}:{number}: it is cut off or changed: this line is no record")

    def _end(self, line: bytes, number: int, count: int, sha256: str) -> End:
        try:
            end = _ends.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadArchive(f"{self._name}:{number}: it is cut off or changed: its end cannot be read") from None
        if (end.records, end.sha256) != (count, sha256):
            raise BadArchive(f"{self._name}: it was changed: its digest is another one")
        return end
