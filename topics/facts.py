"""What the transitions of a callback rest on: a struct for each way in which one can come about.

They are written into `facts` of lifecycle records, for people: what is in them may change. A fact that is None or False
is left out. Source: docs/contract.md, section "callback-lifecycle".
"""

from enum import StrEnum

from topics.callback_events import Owner, Source
from topics.check_facts import CheckFacts, Facts, HoldFacts, NotDoneFacts, RuleNamed
from topics.configuration import CampaignStatus, DialingMode
from topics.events import CallAnalysis
from topics.fields import Id, Instant
from topics.names import TopicName
from topics.rules import IfOutstanding


class HeldBy(StrEnum):
    """What a callback that waited has waited for last."""

    CAMPAIGN_OFF = "campaign_off"
    UNREADABLE = "unreadable"
    RATE = "rate"
    HOLD = "hold"


class Because(StrEnum):
    """Why a callback is shown to an agent first."""

    AGENT_SCHEDULED = "agent_scheduled"
    AGENT_OWNED = "agent_owned"
    PREVIEW_CAMPAIGN = "preview_campaign"
    SWITCH_TO_PREVIEW = "switch_to_preview"
    OWNER_EXPIRED = "owner_expired"
    CHANGED = "changed"


class LifecycleFacts(Facts, frozen=True, kw_only=True):
    """What a transition rests on. left_open_by: the wrap-up or return that named the callback before and left it open.

    A field for keywords only comes after those that are not: it is written last, behind the fields of the struct that
    adds to this one. So those are declared without `kw_only`.
    """

    left_open_by: Id | None = None


class WantedFacts(RuleNamed, frozen=True, kw_only=True):
    """A callback of a matching rule. It is not scheduled where another rule came first.

    step, steps: of a ladder, which step this is, and how many there are. at_local_time: as the rule has it. A ladder
    that has ended has neither offset nor step.
    """

    offset_minutes: int | None = None
    step: int | None = None
    steps: int | None = None
    at_local_time: str | None = None
    if_outstanding: IfOutstanding | None = None


class ScheduledByAgentFacts(LifecycleFacts, frozen=True):
    """An agent scheduled the callback."""

    source: Source
    owner: Owner
    agent_id: Id | None = None
    queue_id: Id | None = None
    conversation_id: Id | None = None
    window_end_at: Instant | None = None


class ScheduledByRuleFacts(LifecycleFacts, frozen=True):
    """A rule scheduled the callback. not_scheduled: what the other rules wanted."""

    rule_set_id: Id
    rule_id: Id
    offset_minutes: int
    wrap_up_code: Id
    call_analysis: CallAnalysis | None = None
    not_scheduled: tuple[WantedFacts, ...] | None = None
    right_party_contact: bool = False
    not_done: tuple[NotDoneFacts, ...] | None = None
    step: int | None = None
    steps: int | None = None
    at_local_time: str | None = None
    if_outstanding: IfOutstanding | None = None


class LadderEndedFacts(LifecycleFacts, frozen=True):
    """A rule scheduled none, since its ladder has ended, as have those of the other rules that wanted one."""

    rule_set_id: Id
    rule_id: Id
    wrap_up_code: Id
    call_analysis: CallAnalysis | None = None
    not_scheduled: tuple[WantedFacts, ...] | None = None
    right_party_contact: bool = False
    not_done: tuple[NotDoneFacts, ...] | None = None
    steps: int | None = None


class ChangedFields(Facts, frozen=True, kw_only=True):
    """What a change is about. phone_number: its last two digits."""

    phone_number: str | None = None
    agent_id: Id | None = None
    owner: Owner | None = None
    queue_id: Id | None = None
    notes: str | None = None


class ChangedFacts(LifecycleFacts, frozen=True):
    """Somebody changed the callback: the fields that are different now, as they were and as they are.

    superseded: fields of the event that a later change carries, which stay as that has them.
    """

    before: ChangedFields
    after: ChangedFields
    superseded: tuple[str, ...] | None = None
    actor: str | None = None
    reason: str | None = None


class DueFacts(LifecycleFacts, frozen=True):
    """The callback fell due."""


class WaitingFacts(LifecycleFacts, frozen=True):
    """The callback waits. Without mode and status: the campaign cannot be read.

    agent_id to owned_since: of one that an agent will get, as with `PresentedFacts`. holds: what stops it.
    """

    dialing_mode: DialingMode | None = None
    campaign_status: CampaignStatus | None = None
    held_by: HeldBy | None = None
    agent_id: Id | None = None
    presented_at: Instant | None = None
    because: Because | None = None
    owned_since: Id | None = None
    checks: CheckFacts | None = None
    holds: tuple[HoldFacts, ...] | None = None


class CommandedFacts(LifecycleFacts, frozen=True):
    """A command was written. first_due_at: of a callback that was moved to a slot. held_by: of one that has waited."""

    command_id: Id
    presentation: int
    first_due_at: Instant | None = None
    dialing_mode: DialingMode | None = None
    campaign_status: CampaignStatus | None = None
    held_by: HeldBy | None = None


class PresentedFacts(CommandedFacts, frozen=True):
    """An agent sees the callback first, and why: see `Because`. checks: of a campaign that screens its previews."""

    agent_id: Id | None = None
    presented_at: Instant | None = None
    because: Because | None = None
    owned_since: Id | None = None
    rule_set_id: Id | None = None
    rule_id: Id | None = None
    checks: CheckFacts | None = None


class DialingFacts(CommandedFacts, frozen=True):
    """The system dials."""

    checks: CheckFacts | None = None
    not_done: tuple[NotDoneFacts, ...] | None = None


class BlockedFacts(LifecycleFacts, frozen=True):
    """A check failed. Without `checks`, the campaign is gone."""

    checks: CheckFacts | None = None
    no_open_slot_within_days: int | None = None


class CompletedFacts(LifecycleFacts, frozen=True):
    """The wrap-up of its call came."""

    wrap_up_code: Id
    conversation_id: Id
    agent_id: Id | None = None
    right_party_contact: bool = False


class CancelledFacts(LifecycleFacts, frozen=True):
    """Somebody called the callback off, or a clear, a recycle or the rule of a wrap-up did."""

    actor: str | None = None
    reason: str | None = None
    cancelled_by: TopicName | None = None
    rule_set_id: Id | None = None
    rule_id: Id | None = None


class NotDialedFacts(LifecycleFacts, frozen=True):
    """The dialer did not dial, and the callback ends. returns: how often it came back before and went out again."""

    command_id: Id | None = None
    wrap_up_code: Id | None = None
    conversation_id: Id | None = None
    agent_id: Id | None = None
    returns: int | None = None


class ExpiredFacts(LifecycleFacts, frozen=True):
    """The callback was too late to go out, or nobody said how its call ended, or its window is over.

    expires_at: of the command that the system dials, if the campaign says how long its dialer may be silent after it.
    """

    expire_after_s: int | None = None
    presented_at: Instant | None = None
    window_end_at: Instant | None = None
    missed: int | None = None
    no_open_slot_within_days: int | None = None
    expires_at: Instant | None = None


class OwnerExpiredFacts(LifecycleFacts, frozen=True):
    """The owner's time is over. window_end_at: of a window that is over too, so that it does not go to the queue."""

    agent_id: Id | None = None
    presented_at: Instant | None = None
    window_end_at: Instant | None = None
