"""What we report: answers to placement requests, the life of each callback, and what is outstanding.

These records alone show why a contact was, or was not, dialed.
Source: docs/contract.md, section "Out".
"""

from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

from topics.commands import Origin
from topics.fields import ContactListId, Id, Instant, PhoneNumber, in_utc


class Transition(StrEnum):
    """What happened to a callback. `rejected` is about the event in `cause` and changes no callback.

    `changed` leaves it in its state.
    """

    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    DUE = "due"
    WAITING = "waiting"
    PRESENTED = "presented"
    DIALING = "dialing"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OWNER_EXPIRED = "owner_expired"
    REJECTED = "rejected"
    NOT_DIALED = "not_dialed"
    CHANGED = "changed"


class CallbackState(StrEnum):
    """Where a callback stands while it is outstanding."""

    SCHEDULED = "scheduled"
    DUE = "due"
    WAITING = "waiting"
    PRESENTED = "presented"
    DIALING = "dialing"


class Reason(StrEnum):
    """Why a call was not allowed, an event was rejected or a callback expired: one bounded set of words."""

    # Checks of a placement; also why a callback ended as blocked.
    DNC = "dnc"
    OUTSIDE_CALLABLE_TIME = "outside_callable_time"
    ZONE_NOT_CALLABLE = "zone_not_callable"
    CONTACT_UNCALLABLE = "contact_uncallable"
    NUMBER_UNCALLABLE = "number_uncallable"
    CONTACT_ATTEMPT_LIMIT = "contact_attempt_limit"
    NUMBER_ATTEMPT_LIMIT = "number_attempt_limit"
    PRE_CALL_RULE = "pre_call_rule"
    CONTACT_FILTERED = "contact_filtered"
    CALLBACK_OUTSTANDING = "callback_outstanding"
    ALREADY_CALLED_THIS_PASS = "already_called_this_pass"
    CAMPAIGN_OFF = "campaign_off"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    CONTACT_UNKNOWN = "contact_unknown"
    # These three are reasons of rejections too, and so is `superseded`.
    CALLBACK_UNKNOWN = "callback_unknown"
    CALLBACK_ENDED = "callback_ended"
    INVALID_NUMBER = "invalid_number"
    TIME_ZONE_UNKNOWN = "time_zone_unknown"
    CALLABLE_TIME_SET_UNKNOWN = "callable_time_set_unknown"
    RULE_SET_UNKNOWN = "rule_set_unknown"
    CONTACT_UNREADABLE = "contact_unreadable"
    CAMPAIGN_UNREADABLE = "campaign_unreadable"
    RULE_SET_UNREADABLE = "rule_set_unreadable"
    CALLABLE_TIME_SET_UNREADABLE = "callable_time_set_unreadable"
    REGION_UNKNOWN = "region_unknown"
    TOO_SOON = "too_soon"
    IN_CALL = "in_call"
    ON_HOLD = "on_hold"
    WINDOW_OVER = "window_over"
    SUPERSEDED = "superseded"

    # Rejections of an event.
    TOO_FAR_AHEAD = "too_far_ahead"
    DUE_BEFORE_SCHEDULED = "due_before_scheduled"
    SECOND_FOR_CONVERSATION = "second_for_conversation"
    CALLBACK_ID_TAKEN = "callback_id_taken"
    RECYCLED_TOO_SOON = "recycled_too_soon"
    LATER_CODE_FIRST = "later_code_first"
    LADDER_ENDED = "ladder_ended"

    # Expiry.
    TOO_LATE = "too_late"
    NO_OUTCOME = "no_outcome"

    # Waiting for the campaign's rate.
    RATE = "rate"

    # The contact was erased.
    ERASED = "erased"

    # A callback that was not dialed; `returned`: it is due again.
    RETURNED = "returned"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    NO_AGENT = "no_agent"
    FAILED = "failed"
    SHED = "shed"


PLACEMENT_REASONS = tuple(Reason)[: tuple(Reason).index(Reason.TOO_FAR_AHEAD)]
"""Why a call may be refused, in the order in which an answer names them."""


FactsT = TypeVar("FactsT", covariant=True)
"""What `facts` is. The engine writes the structs of `topics.check_facts` and `topics.facts`. Whoever decodes a record
has the JSON object: facts may be cut, and another version may have others. `msgspec.convert(facts, DialingFacts)` gives
the struct where they are whole.
"""


class PlacementDecided(Struct, Generic[FactsT], frozen=True, kw_only=True):
    """The answer to a placement request. `reasons` names every check that failed, `facts` what each was decided on.

    `valid_until`: up to when a call that is allowed may be placed on this answer; None for one that is refused.
    `reply_to`: as in the request that is answered.
    """

    request_id: Id
    occurred_at: Instant
    allowed: bool
    reasons: tuple[Reason, ...] = ()
    callback_id: Id | None = None
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber
    facts: FactsT
    valid_until: Instant | None = None
    reply_to: Id | None = None

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "valid_until")


class Cause(Struct, frozen=True, kw_only=True):
    """The event behind a transition. A timer's record names the event that set the timer, with no topic and offset."""

    event_id: Id | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


class CallbackLifecycle(Struct, Generic[FactsT], frozen=True, kw_only=True):
    """One transition of one callback, or the rejection of one event.

    Only in a rejection may `callback_id`, `due_at`, `contact_list_id`, `contact_id` and `origin` be None.
    """

    callback_id: Id | None = None
    transition: Transition
    occurred_at: Instant
    reasons: tuple[Reason, ...] = ()
    facts: FactsT
    due_at: Instant | None = None
    campaign_id: Id
    contact_list_id: ContactListId | None = None
    contact_id: Id | None = None
    origin: Origin | None = None
    cause: Cause

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at", "due_at")


class OutstandingCallback(Struct, frozen=True, kw_only=True):
    """One callback that is scheduled and has not ended."""

    callback_id: Id
    campaign_id: Id
    origin: Origin
    due_at: Instant
    state: CallbackState

    def __post_init__(self) -> None:
        in_utc(self, "due_at")


class OutstandingCallbacks(Struct, frozen=True, kw_only=True):
    """The outstanding callbacks of a contact, by `due_at`, then id. When none is left, a tombstone stands instead."""

    contact_list_id: ContactListId
    contact_id: Id
    callbacks: tuple[OutstandingCallback, ...]
