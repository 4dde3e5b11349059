"""What waits and why: its campaign is off, something cannot be read, a hold stops it, or the campaign's rate is kept.

Source: docs/rules.md, sections 2, 3 and 9, section 8 rows 13, 15 and 17; docs/decisions/0022-what-cannot-be-read.md and
docs/decisions/0047-holds-and-paces.md.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.pacing import governs_due, is_paced_when_due
from streams.logic.contact.callback import Callback, Timer, TimerKind
from streams.logic.decisions.dispatch import Grounds, expires_at, grounds_of
from streams.logic.decisions.lifecycle import UNREADABLE_CONFIGURATION
from streams.logic.decisions.step import Step
from topics.commands import Origin
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.facts import Because, HeldBy, WaitingFacts
from topics.records import Reason, Transition

UNREADABLE = (Reason.CONTACT_UNREADABLE, *UNREADABLE_CONFIGURATION)
"""Reasons that keep no preview back: its placement is refused, until the record has been repaired."""

SHOWN_ANEW = frozenset({Because.OWNER_EXPIRED, Because.CHANGED})
"""Why a callback that had been presented is presented once more: it was in time, so it cannot be too late now."""


def waited_for(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons for which a call of the system's waits instead of ending, whatever else has failed."""
    return tuple(reason for reason in reasons if reason in UNREADABLE_CONFIGURATION)


def hold(
    step: Step, callback: Callback, campaign: Campaign | None, reasons: tuple[Reason, ...], grounds: Grounds
) -> None:
    """Let a callback that is due wait. campaign: None if it is the campaign that cannot be read."""
    unreadable = bool(waited_for(reasons))
    timer = None if unreadable else waiting_timer(step, callback, campaign)
    waiting = replace(callback, timer=timer, held_unreadable=unreadable)
    step.move(waiting, Transition.WAITING, reasons=reasons, facts=_facts(grounds))


def held_back(step: Step, callback: Callback, campaign: Campaign | None, grounds: Grounds) -> bool:
    """Whether a hold stops the callback; it waits then. Ask this before every command.

    callback: as it would go out, one that does not wait yet. campaign: None if it is not known. grounds: `because` says
    why an agent would get it, None if that depends on the campaign.
    """
    holds = step.configuration.holds.on(callback.campaign_id)
    if not holds:
        return False
    stopped = still_waiting(step, replace(callback, to_agent=grounds.because), campaign)
    facts = replace(_facts(grounds), holds=holds)
    step.move(stopped, Transition.WAITING, reasons=(Reason.ON_HOLD,), facts=facts)
    return True


def must_wait(step: Step, callback: Callback, campaign: Campaign | None, *, paced: bool) -> bool:
    """Let a callback that falls due wait for a hold, or for the rate if its campaign lets it out at all.

    paced: the rate does not let it out yet. Returns whether it waits.
    """
    if not paced and not step.configuration.holds.stops(callback.campaign_id):
        return False
    owner = step.contact.owners.get(callback.campaign_id)
    grounds = grounds_of(campaign)
    if callback.origin is Origin.AGENT:
        grounds = replace(grounds, because=Because.AGENT_SCHEDULED)
    elif owner is not None:
        grounds = replace(grounds, because=Because.AGENT_OWNED, owned_since=owner.callback_id)
    if held_back(step, callback, campaign, grounds):
        return True
    if grounds.because is None and not _dials(campaign):
        return False
    waiting = replace(callback, to_agent=grounds.because, waits_for=HeldBy.RATE)
    waiting = still_waiting(step, waiting, campaign)
    step.move(waiting, Transition.WAITING, reasons=(Reason.RATE,), facts=_facts(grounds))
    return True


def stays_for_agent(step: Step, callback: Callback, campaign: Campaign | None) -> bool:
    """A waiting callback has come to belong to an agent: whether it goes on waiting, for a hold or for the rate."""
    if not step.configuration.holds.stops(callback.campaign_id):
        if campaign is None or not is_paced_when_due(campaign):
            return False
        if not governs_due(campaign, moved=callback.first_due_at is not None):
            return False
    step.keep(still_waiting(step, replace(callback, to_agent=Because.AGENT_OWNED), campaign))
    return True


def still_waiting(step: Step, callback: Callback, campaign: Campaign | None) -> Callback:
    """A waiting callback after its campaign, or what that names, or a hold has changed.

    campaign: None if it cannot be read, or if it is not known.
    """
    configuration, to_agent = step.configuration, callback.to_agent is not None
    waits_for = _waits_for(configuration, callback)
    if not to_agent and (campaign is None or _is_held_up(configuration, campaign)):
        # It is not ended while nobody can read what it waits for, however late it becomes.
        return replace(callback, timer=None, held_unreadable=True, waits_for=waits_for)
    timer = waiting_timer(step, callback, campaign)
    # One that is let out now keeps its cause, which `held_by` is to name.
    unreadable = callback.held_unreadable and lets_out(configuration, callback.campaign_id, to_agent=to_agent)
    return replace(callback, timer=timer, held_unreadable=unreadable, waits_for=waits_for)


def waiting_timer(step: Step, callback: Callback, campaign: Campaign | None) -> Timer | None:
    """When a waiting callback is too late, or its window is over; None if it has none, and no campaign sets a limit.

    A window does not end while nobody can read what its campaign makes of that.
    """
    unread = campaign is None and callback.campaign_id in step.configuration.unreadable.campaigns
    window_end_at = None if unread else callback.window_end_at
    ends = ((window_end_at, TimerKind.WINDOW), (too_late_at(callback, campaign), TimerKind.TOO_LATE))
    # Of two at one instant the first is taken.
    timers = [Timer(at, kind) for at, kind in ends if at is not None]
    first = min(timers, key=lambda timer: timer.at, default=None)
    return None if first is None else Timer(max(first.at, step.now), first.kind)


def too_late_at(callback: Callback, campaign: Campaign | None) -> datetime | None:
    """When a callback that is due is too late to go out; None if it cannot be."""
    return None if callback.to_agent in SHOWN_ANEW else expires_at(callback, campaign)


def lets_out(configuration: Configuration, campaign_id: str, *, to_agent: bool) -> bool:
    """Whether waiting callbacks of a campaign may go out: no hold stops it, and an agent gets them or it may dial.

    It dials as previews, or if it is on and all that the checks need can be read. to_agent: of callbacks that an agent
    gets whatever the campaign is, and be it not known.
    """
    if configuration.holds.stops(campaign_id):
        return False
    campaign = configuration.campaigns.get(campaign_id)
    if to_agent or campaign is None:
        return to_agent
    if campaign.dialing_mode is DialingMode.PREVIEW:
        return True
    return campaign.status is CampaignStatus.ON and not configuration.unreadable.hold_up(campaign)


def _waits_for(configuration: Configuration, callback: Callback) -> HeldBy | None:
    """What else than its campaign a callback waits for; what it has waited for, if it is let out now."""
    if configuration.holds.stops(callback.campaign_id):
        return HeldBy.HOLD
    to_agent = callback.to_agent is not None
    return callback.waits_for if lets_out(configuration, callback.campaign_id, to_agent=to_agent) else None


def _dials(campaign: Campaign | None) -> bool:
    """Whether a campaign does not let its callbacks wait by itself."""
    if campaign is None:
        return False
    return campaign.dialing_mode is DialingMode.PREVIEW or campaign.status is CampaignStatus.ON


def _is_held_up(configuration: Configuration, campaign: Campaign) -> bool:
    return campaign.dialing_mode is not DialingMode.PREVIEW and configuration.unreadable.hold_up(campaign)


def _facts(grounds: Grounds) -> WaitingFacts:
    return WaitingFacts(
        dialing_mode=grounds.dialing_mode,
        campaign_status=grounds.campaign_status,
        held_by=grounds.held_by,
        agent_id=grounds.agent_id,
        presented_at=grounds.presented_at,
        because=grounds.because,
        owned_since=grounds.owned_since,
        checks=grounds.checks,
    )
