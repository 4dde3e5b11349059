"""What is remembered about one contact: the row of the contacts table.

Frozen values: a decision makes a new contact and leaves the old one as it was, so an undone step needs no undoing.
Source: docs/rules.md, section 8 rows 4 and 5; docs/decisions/0002-one-row-per-contact.md.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Raw, Struct, field

from streams.logic.contact.upgrades import ROW_VERSION
from topics.commands import Origin
from topics.events import ContactNumber, Owner, Source
from topics.facts import Because, HeldBy
from topics.records import Cause


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
    was before it moved to an open slot, None if it did not. Of one that is completed or was not dialed, ended_at,
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
    gets it whatever its campaign is, None if that depends on the campaign.
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

    @property
    def is_handed_out(self) -> bool:
        """Whether an agent or a dialer has its command."""
        return self.status in (Status.PRESENTED, Status.DIALING)

    @property
    def moved_at(self) -> datetime | None:
        """`occurred_at` of the latest reschedule that was applied; None if there was none."""
        # In version 1 a reschedule could be among `moved` that was older than the scheduling, and so not applied.
        return self.changed_at if self.moved and self.changed_at != self.scheduled_at else None


class Cancel(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A cancel for a callback that is not known yet."""

    occurred_at: datetime
    cause: Cause
    actor: str | None = None
    reason: str | None = None


class Ownership(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Whom a campaign's record of this contact belongs to since an agent scheduled a callback.

    occurred_at: of the event that scheduled it, the latest of its kind.
    """

    occurred_at: datetime
    callback_id: str
    owner: Owner = Owner.ANYONE
    agent_id: str | None = None
    queue_id: str | None = None


class WrappedUp(Struct, frozen=True, array_like=True, gc=False):
    """The code that a call ended with, and when."""

    at: datetime
    code: str


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A contact or number was marked uncallable: when, by which event, and by a rule or by the mapping of a code."""

    at: datetime
    event_id: str
    rule_set_id: str | None = None
    rule_id: str | None = None
    wrap_up_code: str | None = None


class Listed(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The contact's record on its list, without the attributes: those change apart from it.

    recorded_at: when the record was written to Kafka; None if it was stored by a version that did not keep it.
    """

    callable: bool = False
    time_zone: str | None = None
    numbers: tuple[ContactNumber, ...] = ()
    recorded_at: datetime | None = None
    region: str | None = None


class Answer(Struct, frozen=True, array_like=True, gc=False):
    """The answer to a placement request.

    meaning: of the request, see `meanings`. acted: the actions of pre-call rules have been carried out.
    decided_at, value: when the latest answer was given, and the answer, encoded.
    """

    meaning: str
    acted: bool
    decided_at: datetime
    value: Raw


class Rung(Struct, frozen=True, array_like=True, gc=False):
    """How many steps of a rule's ladder a campaign has taken for the contact, by consecutive attempts."""

    campaign_id: str
    rule_set_id: str
    rule_id: str
    taken: int


class CallOff(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rule called off what had been arranged before a wrap-up. campaign_id: None for all campaigns.

    occurred_at, conversation_id: of the wrap-up; what was arranged in that conversation stays. call_began_at: of the
    call of a callback, since when; what was arranged earlier in that conversation does not stay.
    """

    occurred_at: datetime
    conversation_id: str
    origins: tuple[Origin, ...]
    cause: Cause
    rule_set_id: str
    rule_id: str
    campaign_id: str | None = None
    call_began_at: datetime | None = None


class Flight(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A call that may be under way: a placement that was allowed, or a command for analysis."""

    campaign_id: str
    since: datetime
    until: datetime
    callback_id: str | None = None
    request_id: str | None = None


class Contact(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One contact on one list.

    listed: None while no record of it has come, or after its tombstone. callbacks: outstanding, by acceptance.
    changed_attributes: what rules made of attributes, laid over every record until the tombstone.
    ended, seen, conversations, cancels: what is remembered, the oldest first. seen: event ids with the meaning of the
    event. conversations: see `deduplication`. attempts: of the last 31 days, by number and by the quarter of an
    hour, counted from 1970, that they fell into. The totals and `last_...` are older: attempts and right party contacts
    by campaign, the others by number. owners: by campaign. marked, marked_numbers: uncallable by a rule, a mapping or a
    system code. answers: to placement requests, by request. heard_at: when an event or a timer last touched it, None
    while there is nothing to forget. unreadable: its latest record cannot be read, so nobody knows what it
    says; `listed` is what the one before it said. rungs, call_offs, flights: see there.
    """

    version: int
    contact_list_id: str
    contact_id: str
    listed: Listed | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    changed_attributes: dict[str, str] = field(default_factory=dict)
    callbacks: tuple[Callback, ...] = ()
    ended: tuple[Callback, ...] = ()
    owners: dict[str, Ownership] = field(default_factory=dict)
    marked: Mark | None = None
    marked_numbers: dict[str, Mark] = field(default_factory=dict)
    attempts: dict[str, dict[int, int]] = field(default_factory=dict)
    attempts_total: int = 0
    attempts_by_number: dict[str, int] = field(default_factory=dict)
    last_attempts: dict[str, datetime] = field(default_factory=dict)
    last_attempts_by_number: dict[str, datetime] = field(default_factory=dict)
    last_wrap_ups: dict[str, WrappedUp] = field(default_factory=dict)
    last_right_party: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    cancels: dict[str, Cancel] = field(default_factory=dict)
    conversations: dict[str, int] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    heard_at: datetime | None = None
    unreadable: bool = False
    rungs: tuple[Rung, ...] = ()
    call_offs: tuple[CallOff, ...] = ()
    flights: tuple[Flight, ...] = ()


def new_contact(contact_list_id: str, contact_id: str) -> Contact:
    """A contact of which nothing is known yet."""
    return Contact(version=ROW_VERSION, contact_list_id=contact_list_id, contact_id=contact_id)
