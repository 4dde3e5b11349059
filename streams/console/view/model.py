"""What the view answers: callbacks, their story, filters and pages. Values only: no SQL, no I/O.

Instants are aware and in UTC. Phone numbers appear here by their last four digits alone; whole ones stand in the values
of `Told`, and whoever shows them masks them (`streams/console/access`).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from topics.commands import Origin
from topics.names import TopicName


class Standing(StrEnum):
    """Where a callback stands: one of the outstanding states, or how it ended."""

    SCHEDULED = "scheduled"
    DUE = "due"
    WAITING = "waiting"
    PRESENTED = "presented"
    DIALING = "dialing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    OWNER_EXPIRED = "owner_expired"
    NOT_DIALED = "not_dialed"
    REJECTED = "rejected"


OUTSTANDING = (Standing.SCHEDULED, Standing.DUE, Standing.WAITING, Standing.PRESENTED, Standing.DIALING)
"""A callback that stands so has not ended."""


class CallbackKey(Struct, frozen=True, order=True):
    """What identifies a callback."""

    contact_list_id: str
    contact_id: str
    callback_id: str


class CallbackRow(Struct, frozen=True, kw_only=True):
    """A callback as a line of a list.

    due_at: None if it was rejected before it had one. reasons: of its latest transition that has any. changed_at: of
    its latest transition. last_four: the last four digits of its number, "" if that is not known. agent_id, queue_id,
    owner: as its events said last.
    """

    callback_id: str
    contact_list_id: str
    contact_id: str
    campaign_id: str
    standing: Standing
    due_at: datetime | None
    changed_at: datetime
    scheduled_at: datetime | None = None
    origin: Origin | None = None
    reasons: tuple[str, ...] = ()
    agent_id: str | None = None
    queue_id: str | None = None
    owner: str | None = None
    last_four: str = ""

    @property
    def key(self) -> CallbackKey:
        """What identifies it."""
        return CallbackKey(self.contact_list_id, self.contact_id, self.callback_id)

    @property
    def is_outstanding(self) -> bool:
        """Whether it has not ended."""
        return self.standing in OUTSTANDING


class Filter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which callbacks are meant: all that meet every condition that is given.

    text: of the one box: words, each of which is the beginning of a callback, contact, campaign, agent or queue id,
    the last four digits of a number, or a reason. standings, reasons, origins: one of them. due_from: from then on;
    due_until: before then. outstanding: has not ended. overdue: is outstanding and was due before `now` of the query.
    """

    text: str = ""
    campaign_id: str | None = None
    contact_list_id: str | None = None
    contact_id: str | None = None
    agent_id: str | None = None
    queue_id: str | None = None
    standings: tuple[Standing, ...] = ()
    reasons: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    due_from: datetime | None = None
    due_until: datetime | None = None
    outstanding: bool = False
    overdue: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it means every callback there is."""
        return self == Filter()


class Order(StrEnum):
    """How callbacks are listed."""

    DUE = "due"
    CHANGED = "changed"


class Page(Struct, frozen=True, kw_only=True):
    """A part of a list. after: where the next page begins, None after the last.

    total: of all pages, None if they were not counted. total_is_at_least: counting ended there.
    """

    rows: tuple[CallbackRow, ...]
    after: str | None = None
    total: int | None = None
    total_is_at_least: bool = False


class Told(Struct, frozen=True, kw_only=True):
    """One record about a contact or a callback, as it stands on a topic. at: its own instant, else the record's.

    value: decoded; None of a tombstone, {} where it is no JSON object. headers: as text. key: as text; "" where it is
    that of the contact. raw: the value as it stands there, byte for byte.
    """

    topic: TopicName
    partition: int
    offset: int
    at: datetime
    written_at: datetime
    contact_list_id: str | None = None
    contact_id: str | None = None
    callback_id: str | None = None
    value: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = {}
    key: str = ""
    raw: bytes | None = None


class Story(Struct, frozen=True, kw_only=True):
    """All that is known of one callback, in the order in which it happened, and its contact's record as it is now."""

    row: CallbackRow
    told: tuple[Told, ...]
    contact: Mapping[str, Any] | None = None
    time_zone: str | None = None


class Quarter(Struct, frozen=True, kw_only=True):
    """A quarter of an hour of the day ahead: how many outstanding callbacks are due in it, by campaign."""

    begins_at: datetime
    due: int
    by_campaign: Mapping[str, int] = {}


class Now(Struct, frozen=True, kw_only=True):
    """How things stand. by: outstanding callbacks by standing, campaign and origin. Counts of callbacks."""

    at: datetime
    outstanding: int
    by: tuple[tuple[Standing, str, str, int], ...] = ()
    overdue: int = 0
    oldest_overdue_at: datetime | None = None
    ended_last_hour: Mapping[str, int] = {}
    late_last_hour: int = 0
    commands_last_hour: int = 0


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that was refused. number: of the view, for addresses. code, message: why.

    topic, partition, offset: where it stood. right_partition: where its key belongs, None if
    that cannot be said. replayed_at: when somebody sent it anew, from anywhere.
    """

    number: int
    code: str
    message: str
    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    right_partition: int | None = None
    replayed_at: datetime | None = None


class DeadLetterGroup(Struct, frozen=True, kw_only=True):
    """Dead letters of one cause. sent_to: how many were sent to each partition, belonging: how many belong there."""

    code: str
    topic: str
    message: str
    count: int
    first_at: datetime
    latest_at: datetime
    sent_to: Mapping[int, int] = {}
    belonging: Mapping[int, int] = {}
    replayed: int = 0


class Reading(Struct, frozen=True, kw_only=True):
    """How far the view has read one partition of a topic. position: of the next record; end: as it was asked last."""

    topic: TopicName
    partition: int
    position: int
    end: int
