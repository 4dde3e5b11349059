"""What waits and why: a callback of the system's whose campaign is off, or that meets something nobody can read.

Source: docs/rules.md, sections 2 and 3, section 8 rows 13, 15 and 17; docs/decisions/0022-what-cannot-be-read.md.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.state import Callback, Timer, TimerKind
from streams.logic.decisions.dispatch import Grounds, expires_at
from streams.logic.decisions.lifecycle import UNREADABLE_CONFIGURATION
from streams.logic.decisions.step import Step
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.facts import WaitingFacts
from topics.records import Reason, Transition

UNREADABLE = (Reason.CONTACT_UNREADABLE, *UNREADABLE_CONFIGURATION)
"""Reasons that keep no preview back: its placement is refused, until the record has been repaired."""


def waited_for(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons for which a call of the system's waits instead of ending, whatever else has failed."""
    return tuple(reason for reason in reasons if reason in UNREADABLE_CONFIGURATION)


def hold(
    step: Step, callback: Callback, campaign: Campaign | None, reasons: tuple[Reason, ...], grounds: Grounds
) -> None:
    """Let a callback that is due wait. campaign: None if it is the campaign that cannot be read."""
    facts = WaitingFacts(
        dialing_mode=grounds.dialing_mode,
        campaign_status=grounds.campaign_status,
        held_by=grounds.held_by,
        checks=grounds.checks,
    )
    unreadable = bool(waited_for(reasons))
    timer = None if unreadable else waiting_timer(step, callback, campaign)
    waiting = replace(callback, timer=timer, held_unreadable=unreadable)
    step.move(waiting, Transition.WAITING, reasons=reasons, facts=facts)


def still_waiting(step: Step, callback: Callback, campaign: Campaign | None) -> Callback:
    """A waiting callback after its campaign, or what that names, has changed. campaign: None if it cannot be read."""
    if campaign is None or _is_held_up(step.configuration, campaign):
        # It is not ended while nobody can read what it waits for, however late it becomes.
        return replace(callback, timer=None, held_unreadable=True)
    timer = waiting_timer(step, callback, campaign)
    # One that is let out now keeps its cause, which `held_by` is to name.
    unreadable = callback.held_unreadable and lets_out(step.configuration, campaign)
    return replace(callback, timer=timer, held_unreadable=unreadable)


def waiting_timer(step: Step, callback: Callback, campaign: Campaign | None) -> Timer | None:
    """When a waiting callback is too late, or its window is over; None if it has none, and no campaign sets a limit."""
    ends = ((callback.window_end_at, TimerKind.WINDOW), (expires_at(callback, campaign), TimerKind.TOO_LATE))
    # Of two at one instant the first is taken.
    timers = [Timer(at, kind) for at, kind in ends if at is not None]
    first = min(timers, key=lambda timer: timer.at, default=None)
    return None if first is None else Timer(max(first.at, step.now), first.kind)


def lets_out(configuration: Configuration, campaign: Campaign) -> bool:
    """Whether a campaign's waiting callbacks may go out: as previews, or if all that the checks need can be read."""
    if campaign.dialing_mode is DialingMode.PREVIEW:
        return True
    return campaign.status is CampaignStatus.ON and not configuration.unreadable.hold_up(campaign)


def _is_held_up(configuration: Configuration, campaign: Campaign) -> bool:
    return campaign.dialing_mode is not DialingMode.PREVIEW and configuration.unreadable.hold_up(campaign)
