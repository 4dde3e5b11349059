"""What a campaign is set up with: its switches, limits, callable times and Do Not Call entries.

Each record replaces the one before it under the same key; a tombstone removes it.
Source: docs/contract.md, section "In, per campaign and lists".
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from topics.commands import Origin
from topics.fields import (
    ContactListId,
    Count,
    FilledId,
    Id,
    Instant,
    LocalDate,
    OptionalId,
    PhoneNumber,
    Region,
    Seconds,
    TimeOfDay,
    Weekday,
    blank_as_absent,
    in_utc,
)
from topics.rules import Condition

OwnerExpirySeconds = Annotated[int, Meta(ge=3600, le=168 * 3600)]
"""1 to 168 hours, the span that the field allows an agent to sit on a callback."""

DialRate = Annotated[float, Meta(ge=0.0001, le=1_000_000)]
"""Commands per second. The lower bound, nine a day, keeps the gap between two commands a sane length of time."""

AnswerSeconds = Annotated[int, Meta(ge=1, le=24 * 3600)]
"""Up to a day: an answer that is older says nothing of the checks as they are."""

DelaySeconds = Annotated[int, Meta(ge=1, le=30 * 24 * 3600)]
"""Up to 30 days: nothing is promised further ahead."""

Times = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""How often at most; 0 is never."""

ResetPeriod = Annotated[str, Meta(pattern=r"\A(never|today|days_([2-9]|[12][0-9]|30))\Z")]
"""`never`, `today`, or `days_2` to `days_30`."""


class DialingMode(StrEnum):
    """How a campaign dials its contact list."""

    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREDICTIVE = "predictive"
    AGENTLESS = "agentless"
    EXTERNAL = "external"


class CampaignStatus(StrEnum):
    """Whether a campaign dials. Every status but `on` counts as off."""

    ON = "on"
    STOPPING = "stopping"
    OFF = "off"
    COMPLETE = "complete"
    FORCED_OFF = "forced_off"


class OwnerExpiry(StrEnum):
    """What becomes of a callback whose owner let it lie: it ends, or anyone may have it."""

    END = "end"
    QUEUE = "queue"


class OnReturned(StrEnum):
    """What becomes of a callback that its dialer did not dial: it ends, or it is due again."""

    END = "end"
    AGAIN = "again"


class OnMissed(StrEnum):
    """What becomes of a callback whose window is over: it ends, or it gets the same window on another day."""

    END = "end"
    NEXT_DAY = "next_day"


class Paced(StrEnum):
    """Callbacks that a campaign's rate governs: those that have waited, those that were moved, all that fall due."""

    RELEASED = "released"
    MOVED = "moved"
    DUE = "due"


class WrapUpFlag(StrEnum):
    """What a wrap-up code means for the contact and the number it was given for."""

    CONTACT_UNCALLABLE = "contact_uncallable"
    NUMBER_UNCALLABLE = "number_uncallable"
    RIGHT_PARTY_CONTACT = "right_party_contact"


class AttemptLimits(Struct, frozen=True, kw_only=True):
    """How often a contact and a number may be attempted in the reset period. None: no limit."""

    max_attempts_per_contact: Count | None = None
    max_attempts_per_number: Count | None = None
    reset_period: ResetPeriod
    time_zone: FilledId

    @property
    def days(self) -> int | None:
        """Local dates that count, today included; None when attempts are never forgotten."""
        if self.reset_period == "never":
            return None
        return 1 if self.reset_period == "today" else int(self.reset_period.removeprefix("days_"))


NONE_LEFT = AttemptLimits(
    max_attempts_per_contact=0, max_attempts_per_number=0, reset_period="never", time_zone="Etc/UTC"
)
"""What limits that cannot be read count as: contact and number have reached them. No record can say so."""


class Campaign(Struct, frozen=True, kw_only=True):
    """A campaign as it is set up now. A list, set or rule set that is not named is a check that is off."""

    campaign_id: Id
    name: str | None = None
    dialing_mode: DialingMode
    status: CampaignStatus
    contact_list_id: ContactListId
    queue_id: OptionalId | None = None
    rule_set_ids: tuple[FilledId, ...] = ()
    dnc_list_ids: tuple[FilledId, ...] = ()
    callable_time_set_id: FilledId | None = None
    attempt_limits: AttemptLimits | None = None
    contact_filter: tuple[Condition, ...] | None = None
    wrap_up_mappings: dict[str, tuple[WrapUpFlag, ...]] | None = None
    suppress_contacts_with_callback: bool = False
    reschedule_zone_blocked: bool = False
    screen_previews: bool = False
    recycle_cancels: tuple[Origin, ...] = ()
    expire_after_s: Seconds | None = None
    outcome_timeout_s: Seconds | None = None
    owner_expires_after_s: OwnerExpirySeconds | None = None
    owner_expiry: OwnerExpiry = OwnerExpiry.END
    dial_rate_per_s: DialRate | None = None
    answer_valid_s: AnswerSeconds | None = None
    attempt_codes: tuple[FilledId, ...] = ()
    not_attempt_codes: tuple[FilledId, ...] = ()
    on_returned: OnReturned = OnReturned.END
    again_after_s: DelaySeconds | None = None
    returns_max: Times | None = None
    silent_after_expiry_s: Seconds | None = None
    on_missed: OnMissed = OnMissed.END
    missed_max: Times | None = None
    min_gap_s: Seconds | None = None
    one_call_at_a_time_s: Seconds | None = None
    paced: tuple[Paced, ...] = (Paced.RELEASED,)

    def __post_init__(self) -> None:
        blank_as_absent(self, "name", "queue_id")


class Slot(Struct, frozen=True, kw_only=True):
    """One weekly window of wall time on one day; `stop` is exclusive."""

    day: Weekday
    start: TimeOfDay
    stop: TimeOfDay


class CallableTime(Struct, frozen=True, kw_only=True):
    """The windows of one time zone."""

    time_zone: FilledId
    slots: tuple[Slot, ...] = ()


class RegionTime(Struct, frozen=True, kw_only=True):
    """The windows of one region, by the wall clocks of whoever is called there."""

    region: Region
    slots: tuple[Slot, ...] = ()


class DaySlot(Struct, frozen=True, kw_only=True):
    """One window of wall time on a date; `stop` is exclusive."""

    start: TimeOfDay
    stop: TimeOfDay


class CallableException(Struct, frozen=True, kw_only=True):
    """What stands in place of a local date's windows, for a region, a time zone, or all. No slots: a holiday."""

    date: LocalDate
    region: Region | None = None
    time_zone: FilledId | None = None
    slots: tuple[DaySlot, ...] = ()


class CallableTimeSet(Struct, frozen=True, kw_only=True):
    """When contacts may be called, by time zone and by region. A zone that is not in it may not be called at all.

    regions_required: nor may a number that is in no region that anybody knows.
    """

    callable_time_set_id: Id
    times: tuple[CallableTime, ...] = ()
    regions: tuple[RegionTime, ...] = ()
    exceptions: tuple[CallableException, ...] = ()
    regions_required: bool = False


class DncEntry(Struct, frozen=True, kw_only=True):
    """A number that is not to be dialed, up to but not including `expires_at` (None: for good)."""

    dnc_list_id: Id
    phone_number: PhoneNumber
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        in_utc(self, "expires_at")


class Hold(Struct, frozen=True, kw_only=True):
    """Nothing is dialed for a campaign, or at all where it names none, until the tombstone of this record."""

    hold_id: Id
    campaign_id: OptionalId | None = None
    reason: str
    actor: str | None = None

    def __post_init__(self) -> None:
        blank_as_absent(self, "campaign_id", "actor")
