"""What an adapter is to whoever runs it: two pure steps, with the rows of a partition between them.

`route` says where a raw record belongs, since its own key may be anything; `step` makes events of it, with what is
known under the same key; `expire` says what becomes of a row whose time has come. Times are whole milliseconds of the
epoch where they are kept, and aware datetimes in UTC where they are arguments.
Source: docs/decisions/0068-adapters.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from topics.codec import BadEvent


class Raw(Struct, frozen=True):
    """A record of a raw topic, and where it stands; `topic` is without prefix."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int


class Skip(StrEnum):
    """Why nothing becomes of a record, on purpose."""

    NOT_USED = "not_used"
    UNKNOWN_TYPE = "unknown_type"
    OTHER_MEDIA = "other_media"
    NOT_OUTBOUND = "not_outbound"
    NO_CODE = "no_code"
    REPEATED = "repeated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    NOT_OUTSTANDING = "not_outstanding"


class Spread(StrEnum):
    """To which partitions of the keyed topic a record goes: that of its key, the first, or every one."""

    KEY = "key"
    FIRST = "first"
    ALL = "all"


class Routed(Struct, frozen=True):
    """Where a record goes on the keyed topic, and its value there, without what nobody needs to know."""

    key: str
    value: bytes
    spread: Spread = Spread.KEY


class Out(Struct, frozen=True):
    """One record for a topic of Ringback; a value of None is a tombstone."""

    topic: str
    key: str
    value: bytes | None


class Letter(Struct, frozen=True):
    """A record that goes to the dead letters, and why."""

    raw: Raw
    bad: BadEvent


@dataclass(slots=True)
class Stepped:
    """What becomes of one record. writes: rows that changed, None for a removed one. waiting: halves put by."""

    outs: list[Out] = field(default_factory=list)
    writes: dict[str, bytes | None] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    waiting: int = 0


class Rows(Protocol):
    """The rows of one partition, as they are before the step."""

    def get(self, key: str) -> bytes | None:
        """The row under a key; None if there is none."""

    def under(self, prefix: str) -> Iterable[tuple[str, bytes]]:
        """The rows whose keys begin so, in the order of their keys."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an installation says about its records.

    window_ms: how long one half of an event waits for the other. region: ISO 3166-1 alpha-2, for numbers without a
    country code; None: they are refused. attributes: names that may be passed on. time_zone: of instants without one.
    """

    window_ms: int = 4 * 3600 * 1000
    region: str | None = None
    attributes: frozenset[str] = frozenset()
    time_zone: str = "UTC"


class Adapter(Protocol):
    """Both steps, and what there is to know about rows. It keeps nothing between two calls."""

    name: str

    def route(self, raw: Raw) -> Routed | Skip:
        """Where a raw record belongs. Raises BadEvent for one that cannot be read."""

    def step(self, raw: Raw, rows: Rows, now: datetime) -> Stepped:
        """What becomes of a routed record: `raw` has its place on the raw topic, and the value from `route`.

        Raises BadEvent for one that cannot be mapped; then nothing changes.
        """

    def due_ms(self, key: str, row: bytes) -> int | None:
        """When `expire` is to be asked about a row; None: never."""

    def expire(self, key: str, row: bytes, now_ms: int) -> Stepped:
        """What becomes of a row that is due, once every raw record that was there at `now_ms` has been applied."""
