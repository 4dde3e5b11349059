"""What the checks of a call rest on: a struct for each of them, and one for all that an answer has.

They are written into `facts` of answers, and into `checks` of lifecycle records, for people: what is in them may
change. A fact that is None is left out, unless it has no default.
Source: docs/contract.md, section "placement-decided".
"""

from datetime import date
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from topics.configuration import CampaignStatus, DialingMode
from topics.fields import Id, Instant, PhoneNumber
from topics.records import CallbackState


class ZoneOf(StrEnum):
    """The source of the time zones of a number."""

    NUMBER = "number"
    CONTACT = "contact"
    DERIVED = "derived"


class RuleOutcome(StrEnum):
    """What became of a pre-call rule, or of a rule set."""

    MATCHED = "matched"
    CANNOT_BE_EVALUATED = "cannot_be_evaluated"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    TOO_MUCH_WORK = "too_much_work"


class FilterOutcome(StrEnum):
    """What became of a campaign's filter."""

    PASSED = "passed"
    FILTERED = "filtered"
    CANNOT_BE_EVALUATED = "cannot_be_evaluated"
    TOO_MUCH_WORK = "too_much_work"


class NotDoneBecause(StrEnum):
    """Why the action of a rule could not be carried out."""

    NOT_A_DECIMAL = "not_a_decimal"
    NO_ROOM = "no_room"
    NO_DNC_LIST = "no_dnc_list"


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What all of them have in common: nothing can be changed, and what has its default is not written."""


class Marked(Facts, frozen=True, kw_only=True):
    """What marked a contact or a number uncallable: a rule, or the mapping of a wrap-up code."""

    event_id: Id
    at: Instant
    rule_set_id: Id | None = None
    rule_id: Id | None = None
    wrap_up_code: Id | None = None


class ContactFacts(Facts, frozen=True, kw_only=True):
    """The contact's record: that its list was cleared after it was written, else whether it may be called."""

    recorded_at: Instant | None = None
    list_cleared_at: Instant | None = None
    callable: bool | None = None
    marked_by: Marked | None = None
    right_party_contact_at: Instant | None = None


class NumberFacts(Facts, frozen=True, kw_only=True):
    """The number as the contact's record has it."""

    callable: bool
    on_record: bool
    marked_by: Marked | None = None


class CampaignFacts(Facts, frozen=True, kw_only=True):
    """The campaign as it was at the time."""

    dialing_mode: DialingMode
    campaign_status: CampaignStatus


class DncFacts(Facts, frozen=True, kw_only=True):
    """The entry that blocks, else the lists that were looked through. expires_at: None of an entry that never does."""

    dnc_list_ids: tuple[Id, ...] | None = None
    dnc_list_id: Id | None = None
    expires_at: Instant | UnsetType | None = UNSET
    phone_number: PhoneNumber | None = None


class ZoneFacts(Facts, frozen=True, kw_only=True):
    """The wall clock of one zone. local_time: None for a zone that nobody knows."""

    time_zone: str
    local_time: str | None
    open: bool
    judged_by: tuple[str, ...] | None = None
    exception: date | None = None


class RegionFacts(Facts, frozen=True, kw_only=True):
    """A region of the number, as far as the set names it. by: whose it is. exception: the date whose slots count."""

    region: str
    by: ZoneOf
    open: bool
    exception: date | None = None


class CallableTimeFacts(Facts, frozen=True, kw_only=True):
    """The zones of the number, and which are open. Those of a set that is not there were not looked at."""

    callable_time_set_id: Id
    zone_of: ZoneOf | None = None
    zones: tuple[ZoneFacts, ...] | None = None
    regions: tuple[RegionFacts, ...] | None = None


class CountFacts(Facts, frozen=True, kw_only=True):
    """How many attempts were counted, of how many."""

    count: int
    limit: int


class AttemptFacts(Facts, frozen=True, kw_only=True):
    """The attempts within the reset period, where a limit is set and its zone is known."""

    reset_period: str
    time_zone: str
    contact: CountFacts | None = None
    number: CountFacts | None = None


class RuleFacts(Facts, frozen=True, kw_only=True):
    """A pre-call rule that matched or could not be evaluated; without `rule_id`, a rule set that could not be asked."""

    rule_set_id: Id
    rule_id: Id | None = None
    outcome: RuleOutcome


class FilterFacts(Facts, frozen=True, kw_only=True):
    """What the campaign's filter said of the contact."""

    outcome: FilterOutcome


class PassFacts(Facts, frozen=True, kw_only=True):
    """The campaign's pass. started_at: None if it began with the campaign. last_attempt_at: None if there is none."""

    started_at: Instant | None
    last_attempt_at: Instant | None


class OutstandingFacts(Facts, frozen=True, kw_only=True):
    """A callback that is outstanding for the contact."""

    callback_id: Id
    campaign_id: Id


class GapFacts(Facts, frozen=True, kw_only=True):
    """The last call of the contact, and from when on the next one fits."""

    min_gap_s: int
    last_call_at: Instant | None = None
    fits_at: Instant | None = None


class InCallFacts(Facts, frozen=True, kw_only=True):
    """A call of the contact that is in flight: since when, up to when at the latest, and what it is for."""

    campaign_id: Id
    since: Instant
    until: Instant
    callback_id: Id | None = None
    request_id: Id | None = None


class HoldFacts(Facts, frozen=True, kw_only=True):
    """A hold that stops the call. campaign_id: None of one that stops everything."""

    hold_id: Id
    campaign_id: Id | None = None
    reason: str | None = None
    actor: str | None = None
    unreadable: bool = False


class CheckFacts(Facts, frozen=True, kw_only=True):
    """What each check that was run rests on, passed or failed; in the order in which they are run."""

    contact: ContactFacts | None = None
    number: NumberFacts
    campaign: CampaignFacts | None = None
    dnc: DncFacts | None = None
    callable_time: CallableTimeFacts | None = None
    attempts: AttemptFacts | None = None
    pre_call_rules: tuple[RuleFacts, ...] | None = None
    contact_filter: FilterFacts | None = None
    pass_: PassFacts | None = field(default=None, name="pass")
    outstanding_callbacks: tuple[OutstandingFacts, ...] | None = None
    gap: GapFacts | None = None
    in_call: tuple[InCallFacts, ...] | None = None
    holds: tuple[HoldFacts, ...] | None = None


class CallbackFacts(Facts, frozen=True, kw_only=True):
    """The callback that is about to be placed, if it is outstanding.

    command_id: of its latest command, if the request names another.
    """

    state: CallbackState
    due_at: Instant
    window_end_at: Instant | None = None
    command_id: Id | None = None


class RuleNamed(Facts, frozen=True, kw_only=True):
    """A rule by its names."""

    rule_set_id: Id
    rule_id: Id


class NotDoneFacts(RuleNamed, frozen=True, kw_only=True):
    """An action of a rule that could not be carried out."""

    action: str
    why: NotDoneBecause


class PlacementFacts(CheckFacts, frozen=True, kw_only=True):
    """What an answer rests on: the checks, and what else was known of the call."""

    callback: CallbackFacts | None = None
    switch_to_preview: RuleNamed | None = None
    decided_before_at: Instant | None = None
