"""What passes between the core and whoever runs it: records in, records and rows out. No Kafka, no clock."""

import traceback
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from topics.cloud_events import CloudEvent
from topics.codec import BadEvent, ErrorCode
from topics.records import CallbackLifecycle, Cause, PlacementDecided

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Damage:
    """What the client could not decode of a record, and left out.

    code, what: for the dead letter; no value of the record is in them. first_offset: of several records that are lost
    together, and of which the one at hand, with the last offset, stands for all; None for one record. value_bytes,
    value_sha256: length and digest of a value of which the beginning alone is there; None where they are not known.
    """

    code: ErrorCode
    what: str
    first_offset: int | None = None
    value_bytes: int | None = None
    value_sha256: str | None = None

    def as_bad_event(self) -> BadEvent:
        """The refusal of the record."""
        return BadEvent(self.code, "$", self.what)


class Arrived(Struct, frozen=True, gc=False):
    """One record as it came in. `topic` is without prefix. damage: of one that could not be decoded whole."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()
    damage: Damage | None = None

    @property
    def place(self) -> Cause:
        """Where the record stands."""
        return Cause(topic=self.topic, partition=self.partition, offset=self.offset)


class Record(Struct, frozen=True, gc=False):
    """One record to write. Only dead letters carry a timestamp.

    headers: those that are its own, none of a row. event: what its other headers are made of, when it is written to
    Kafka; None for a row. partition: None is that of its producer.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None
    event: CloudEvent | None = None
    partition: int | None = None


class LatenessCause(StrEnum):
    """Why a command went out later than its callback fell due. Source: docs/rules.md, section 8 row 27."""

    CAMPAIGN_OFF = "campaign_off"
    UNREADABLE = "unreadable"
    RATE = "rate"
    ZONE = "zone"
    GAP = "gap"
    HOLD = "hold"
    OUTAGE = "outage"
    ACQUISITION = "acquisition"
    BACKLOG = "backlog"
    NONE = "none"


class Result(StrEnum):
    """The result of an event that was read; a repeated event counts as applied."""

    APPLIED = "applied"
    DEAD_LETTER = "dead_letter"


class Fired(Struct, frozen=True, gc=False):
    """One command, for the metrics: its topic, when it was wanted, what held it up, and its id.

    traceparent: the trace context that it carries, None if it carries none.
    """

    topic: str
    due_at: datetime
    cause: LatenessCause
    command_id: str
    traceparent: str | None = None


class BugKind(StrEnum):
    """What met a bug. configuration: a record of it, or the effect of a clear or a recycle on a contact."""

    EVENT = "event"
    TIMER = "timer"
    RELEASE = "release"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Bug:
    """An internal error, its effects undone. what: mostly the class of an exception. where: its traceback.

    callback_id: whose timer or release it was; None for the timer that ends a contact's memory. cause: the record.
    """

    kind: BugKind
    what: str
    where: str = ""
    callback_id: str | None = None
    cause: Cause | None = None

    @classmethod
    def of(cls, kind: BugKind, error: Exception, callback_id: str | None = None, cause: Cause | None = None) -> "Bug":
        """An exception without its message, which may quote a phone number."""
        lines = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__)).format()
        return cls(kind, type(error).__name__, "".join(lines), callback_id, cause)


class Outcome(Struct, gc=False):
    """What one step writes, all of it or nothing.

    records: in the order of production. writes: rows of the contacts table that changed, None for a removed one.
    fired: one entry per command. bugs: internal errors, to be logged and counted. counts: events by topic, type and
    result. dead: dead letters by error code; examples: where the first record of each stood. placements: what was
    decided on requests that came for the first time. transitions: those that `records` tell of, for metrics and log.
    """

    records: list[Record] = []
    writes: dict[bytes, bytes | None] = {}
    fired: list[Fired] = []
    bugs: list[Bug] = []
    counts: dict[tuple[str, str, Result], int] = {}
    dead: dict[str, int] = {}
    examples: dict[str, Cause] = {}
    placements: list[PlacementDecided[object]] = []
    transitions: list[CallbackLifecycle[object]] = []

    @classmethod
    def undone(cls, kind: BugKind, error: Exception, callback_id: str | None = None) -> "Outcome":
        """Of a step that met a bug: nothing is written."""
        return cls(bugs=[Bug.of(kind, error, callback_id)])

    def __bool__(self) -> bool:
        """Whether there is anything to write or to count."""
        return bool(self.records or self.writes or self.bugs)

    def count(self, topic: str, type_: str, result: Result) -> None:
        """One event of this topic and type came to this result."""
        self.counts[topic, type_, result] = self.counts.get((topic, type_, result), 0) + 1

    def merge(self, later: "Outcome") -> None:
        """Add a later step of the same transaction; its rows replace earlier ones."""
        self.records += later.records
        self.writes.update(later.writes)
        self.fired += later.fired
        self.placements += later.placements
        self.transitions += later.transitions
        self.bugs += later.bugs
        for key, number in later.counts.items():
            self.counts[key] = self.counts.get(key, 0) + number
        if later.dead:
            for error, number in later.dead.items():
                self.dead[error] = self.dead.get(error, 0) + number
            self.examples = later.examples | self.examples
