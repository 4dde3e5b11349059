"""What is remembered about one callback of a contact, outstanding or ended.

Frozen values: a decision makes a new one and leaves the old one as it was.
Source: docs/rules.md, sections 6 and 9, section 8 rows 4 and 5.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from streams.logic.contact.trace_context import TraceContext
from topics.callback_events import Owner, Source
from topics.commands import Origin
from topics.facts import Because, HeldBy


class Status(StrEnum):
    """Where a callback stands. The first five are outstanding, every other one is an end.

    A callback leaves `due` in the step in which it enters it, so no row has that.
    """

    SCHEDULED = "scheduled"
    DUE = "due"
    WAITING = "waiting"
    PRESENTED = "presented"
    DIALING = "dialing"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OWNER_EXPIRED = "owner_expired"
    NOT_DIALED = "not_dialed"


class TimerKind(StrEnum):
    """What is to happen when a callback's timer fires."""

    DUE = "due"
    TOO_LATE = "too_late"
    OWNER = "owner"
    OUTCOME = "outcome"
    WINDOW = "window"


class MovedFor(StrEnum):
    """Why a callback was moved last, by the system: to an open slot, or until a gap or a call in flight is over."""

    ZONE = "zone"
    GAP = "gap"


class Timer(Struct, frozen=True, array_like=True, gc=False):
    """The one standing timer of a callback. It lives in the callback, so to move it is to write the callback."""

    at: datetime
    kind: TimerKind


class Move(Struct, frozen=True, array_like=True, gc=False):
    """A reschedule: when it occurred, for when it was, the id of its event, and the end of its window if it has one."""

    occurred_at: datetime
    due_at: datetime
    event_id: str
    window_end_at: datetime | None = None


class Fields(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What of a callback can be changed besides its time."""

    phone_number: str
    agent_id: str | None = None
    owner: Owner = Owner.ANYONE
    queue_id: str | None = None
    notes: str | None = None


class Callback(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A call that was promised to the contact.

    scheduled_at: `occurred_at` of the event that scheduled it. changed_at: the same of the latest reschedule that was
    applied to it, see `moved_at`. set_by: id of the event that set its timer. presented: instants of its latest
    presentations, and of placements that were allowed while it was in nobody's hands; moved: `occurred_at` of the
    latest reschedules. left_open_by: id of the latest wrap-up or return that named it and left it as it was. closed_at:
    `occurred_at` of the latest wrap-up that named it; every presentation up to it is closed. first_due_at: what due_at
    was before the system moved it, None if it did not. Of one that is completed or was not dialed, ended_at,
    ended_by: `occurred_at` and id of its wrap-up or return; later: the latest reschedule that came after the end, which
    holds if an older one reopens it; cancelled_at: `occurred_at` of a cancel that came after the end, so that nothing
    reopens it; as_ended: what it was at its end, if it was changed after that. held_unreadable: it waits because
    something cannot be read, and not because its campaign is off. expires_at: of its latest command. commanded_at: when
    that was written; None if it was by version 2. given_back: those of `presented` whose command a return gave back;
    empty if a wrap-up ended it undialed. presented_anew: those that a change led to, as the callback is still the same
    call. returns: how often it was due again because nothing was dialed. window_start_at, window_end_at: within which
    it is promised; missed: how many windows it has missed. changes: by field, `occurred_at` of the latest change that
    carries it. phone_column: of the number, as the wrap-up had it. moved_for: why it moved. late_from: of one that
    moved for a gap, the due time from which its lateness counts. These two mean nothing without a first_due_at.
    waits_for: of one that waits, a hold or the rate, if it waits for that; to_agent: of one that waits, why an agent
    gets it whatever its campaign is, None if that depends on the campaign. trace: of the event that set its time last,
    if that had one; an ended callback has none.
    """

    callback_id: str
    campaign_id: str
    origin: Origin
    phone_number: str
    due_at: datetime
    scheduled_at: datetime
    changed_at: datetime
    set_by: str
    status: Status = Status.SCHEDULED
    timer: Timer | None = None
    owner: Owner = Owner.ANYONE
    agent_id: str | None = None
    queue_id: str | None = None
    source: Source | None = None
    conversation_id: str | None = None
    notes: str | None = None
    presentation: int = 0
    presented: tuple[datetime, ...] = ()
    moved: tuple[datetime, ...] = ()
    left_open_by: str | None = None
    closed_at: datetime | None = None
    first_due_at: datetime | None = None
    ended_at: datetime | None = None
    later: Move | None = None
    cancelled_at: datetime | None = None
    ended_by: str | None = None
    held_unreadable: bool = False
    expires_at: datetime | None = None
    commanded_at: datetime | None = None
    given_back: tuple[datetime, ...] = ()
    returns: int = 0
    window_start_at: datetime | None = None
    window_end_at: datetime | None = None
    missed: int = 0
    changes: dict[str, datetime] = field(default_factory=dict)
    phone_column: str | None = None
    moved_for: MovedFor | None = None
    presented_anew: tuple[datetime, ...] = ()
    as_ended: Fields | None = None
    late_from: datetime | None = None
    waits_for: HeldBy | None = None
    to_agent: Because | None = None
    trace: TraceContext | None = None

    @property
    def is_handed_out(self) -> bool:
        """Whether an agent or a dialer has its command."""
        return self.status in (Status.PRESENTED, Status.DIALING)

    @property
    def moved_at(self) -> datetime | None:
        """`occurred_at` of the latest reschedule that was applied; None if there was none."""
        # In version 1 a reschedule could be among `moved` that was older than the scheduling, and so not applied.
        return self.changed_at if self.moved and self.changed_at != self.scheduled_at else None
