"""What happens to a callback when time passes: it falls due, waits, is released, or comes to an end unanswered.

Source: docs/rules.md, sections 2 and 9, section 8 rows 10 to 12 and 15 to 17.
"""

from typing import assert_never

from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Status, TimerKind
from streams.logic.contact.inputs import ConfigurationChanged
from streams.logic.contact.rows import held_by
from streams.logic.decisions.bulk_cancel import cancel_if_void
from streams.logic.decisions.dispatch import Grounds, grounds_of, present, silent_from
from streams.logic.decisions.field_changes import passed_to_queue
from streams.logic.decisions.lifecycle import InputKind
from streams.logic.decisions.moves import timer_of
from streams.logic.decisions.releases import cause_of_release, let_out, send_to_owner
from streams.logic.decisions.screening import send_to_analysis, send_to_preview
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import (
    held_back,
    hold,
    lets_out,
    must_wait,
    stays_for_agent,
    still_waiting,
    too_late_at,
)
from streams.logic.decisions.windows import is_missed, is_over, miss
from topics.commands import Origin
from topics.configuration import Campaign, CampaignStatus, DialingMode, OwnerExpiry
from topics.facts import Because, BlockedFacts, DueFacts, ExpiredFacts, HeldBy, OwnerExpiredFacts
from topics.records import Cause, Reason, Transition

_KINDS = {
    TimerKind.DUE: InputKind.DUE,
    TimerKind.TOO_LATE: InputKind.TOO_LATE,
    TimerKind.OWNER: InputKind.OWNER,
    TimerKind.OUTCOME: InputKind.OUTCOME,
    TimerKind.WINDOW: InputKind.WINDOW,
}


def fire_timer(step: Step, callback: Callback, *, paced: bool = False) -> None:
    """The callback's timer is due. Every record that follows names the event that set it. paced: see `TimerFired`."""
    timer = callback.timer
    if timer is None or not _timer_is_due(step, callback):
        return  # The callback moved after this firing was asked for.
    step.kind = _KINDS[timer.kind]
    step.cause = Cause(event_id=callback.set_by, partition=step.cause.partition)
    match timer.kind:
        case TimerKind.DUE:
            _fall_due(step, callback, paced)
        case TimerKind.TOO_LATE if callback.status is Status.SCHEDULED:
            _review_moved(step, callback)
        case TimerKind.TOO_LATE:
            _review_waiting(step, callback)
        case TimerKind.OWNER:
            _expire_owner(step, callback)
        case TimerKind.OUTCOME:
            _expire_without_outcome(step, callback)
        case TimerKind.WINDOW:
            _end_window(step, callback)
        case _:
            assert_never(timer.kind)


def release(step: Step, callback: Callback, last_held_by: HeldBy) -> None:
    """A waiting callback goes out, if its campaign still lets it. last_held_by: what it waited for."""
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    to_agent = callback.to_agent is not None
    if callback.status is not Status.WAITING or _is_orphan(step, callback, campaign):
        return
    if not lets_out(step.configuration, callback.campaign_id, to_agent=to_agent):
        return
    step.cause = cause_of_release(step, callback)
    if is_missed(callback, campaign, step.now):
        miss(step, callback, campaign)
        return
    if _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
        return
    let_out(step, callback, campaign, grounds_of(campaign, last_held_by))


def review(step: Step, changed: ConfigurationChanged) -> None:
    """Apply the present configuration to every outstanding callback of the contact."""
    for callback in tuple(step.outstanding.values()):
        applied = changed.since.get(callback.campaign_id, changed.applied)
        if not cancel_if_void(step, callback, applied) and callback.status is Status.WAITING:
            _review_waiting(step, callback)


def present_waiting(step: Step, campaign_id: str) -> None:
    """The contact has come to belong to an agent in this campaign: what waits for the campaign is that agent's now."""
    campaign, owner = step.configuration.campaigns.get(campaign_id), step.contact.owners.get(campaign_id)
    waiting = [
        callback
        for callback in step.outstanding.values()
        if callback.campaign_id == campaign_id and callback.status is Status.WAITING
        if callback.origin is Origin.RULE and callback.to_agent is None
        if not is_over(callback, step.now)  # It is missed, as soon as its campaign can be read.
    ]
    if owner is None:
        return
    for callback in sorted(waiting, key=lambda callback: (callback.due_at, callback.callback_id)):
        if stays_for_agent(step, callback, campaign):
            continue
        send_to_owner(step, callback, campaign, owner, grounds_of(campaign, held_by(callback)))


def _fall_due(step: Step, callback: Callback, paced: bool) -> None:
    callback = step.move(callback, Transition.DUE, facts=DueFacts())
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    if is_missed(callback, campaign, step.now):
        miss(step, callback, campaign)
    elif _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
    elif _is_orphan(step, callback, campaign):
        _block_without_campaign(step, callback)
    elif must_wait(step, callback, campaign, paced=paced):
        return
    elif callback.origin is Origin.AGENT:
        send_to_preview(step, callback, campaign, replace(grounds_of(campaign), because=Because.AGENT_SCHEDULED))
    else:
        _fall_due_by_rule(step, callback, campaign)


def _is_orphan(step: Step, callback: Callback, campaign: Campaign | None) -> bool:
    """Whether it is a rule's and its campaign is gone: nobody may dial it, and no agent asked for it."""
    return campaign is None and callback.origin is Origin.RULE and not _campaign_is_unreadable(step, callback)


def _campaign_is_unreadable(step: Step, callback: Callback) -> bool:
    return callback.campaign_id in step.configuration.unreadable.campaigns


def _fall_due_by_rule(step: Step, callback: Callback, campaign: Campaign | None) -> None:
    """campaign: None if its record cannot be read, and with it the mode."""
    grounds = grounds_of(campaign)
    owner = step.contact.owners.get(callback.campaign_id)
    if owner is not None:
        send_to_owner(step, callback, campaign, owner, grounds)
    elif campaign is None:
        hold(step, callback, None, (Reason.CAMPAIGN_UNREADABLE,), grounds)
    elif campaign.dialing_mode is DialingMode.PREVIEW:
        send_to_preview(step, callback, campaign, replace(grounds, because=Because.PREVIEW_CAMPAIGN))
    elif campaign.status is CampaignStatus.ON:
        send_to_analysis(step, callback, campaign, grounds)
    else:
        hold(step, callback, campaign, (Reason.CAMPAIGN_OFF,), grounds)


def _review_waiting(step: Step, callback: Callback) -> None:
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    if _is_orphan(step, callback, campaign):
        step.cause = step.configuration.campaign_cause(callback.campaign_id)
        _end_without_campaign(step, callback)
        return
    unread = campaign is None and _campaign_is_unreadable(step, callback)
    missed = not unread and is_missed(callback, campaign, step.now)
    if missed and (campaign is None or _timer_is_due(step, callback)):
        if campaign is None and step.kind is InputKind.CONFIGURATION_CHANGED:
            step.cause = step.configuration.campaign_cause(callback.campaign_id)
        miss(step, callback, campaign)
        return
    if _timer_is_due(step, callback) and _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
        return
    waiting = still_waiting(step, callback, campaign)
    if waiting != callback:
        step.keep(waiting)


def _review_moved(step: Step, callback: Callback) -> None:
    """A gap kept it back to its limit, if the campaign still sets that; if not, it waits for its due time."""
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    if _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
    else:
        step.keep(replace(callback, timer=timer_of(step, callback, campaign)))


def _timer_is_due(step: Step, callback: Callback) -> bool:
    return callback.timer is not None and callback.timer.at <= step.now


def _end_without_campaign(step: Step, callback: Callback) -> None:
    if is_over(callback, step.now):
        miss(step, callback, None)
    else:
        _block_without_campaign(step, callback)


def _block_without_campaign(step: Step, callback: Callback) -> None:
    step.move(callback, Transition.BLOCKED, reasons=(Reason.CAMPAIGN_UNKNOWN,), facts=BlockedFacts())


def _is_too_late(step: Step, callback: Callback, campaign: Campaign | None) -> bool:
    limit = too_late_at(callback, campaign)
    return limit is not None and limit <= step.now


def _expire_too_late(step: Step, callback: Callback, campaign: Campaign | None) -> None:
    facts = ExpiredFacts(expire_after_s=campaign.expire_after_s if campaign else None)
    step.move(callback, Transition.EXPIRED, reasons=(Reason.TOO_LATE,), facts=facts)


def _expire_owner(step: Step, callback: Callback) -> None:
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    agent_id, presented_at = callback.agent_id, callback.presented[-1]
    over = is_over(callback, step.now)
    if campaign is None or campaign.owner_expiry is OwnerExpiry.END or over:
        window_end_at = callback.window_end_at if over else None
        facts = OwnerExpiredFacts(agent_id=agent_id, presented_at=presented_at, window_end_at=window_end_at)
        step.move(callback, Transition.OWNER_EXPIRED, facts=facts)
        return
    anyone = passed_to_queue(callback)
    wanted_at = callback.timer.at if callback.timer else step.now
    grounds = Grounds(agent_id=agent_id, presented_at=presented_at, because=Because.OWNER_EXPIRED)
    if held_back(step, anyone, campaign, grounds):
        return
    present(step, anyone, campaign, grounds, wanted_at=wanted_at)


def _end_window(step: Step, callback: Callback) -> None:
    if callback.status is Status.WAITING:
        _review_waiting(step, callback)
    elif is_over(callback, step.now):
        miss(step, callback, step.configuration.campaigns.get(callback.campaign_id))


def _expire_without_outcome(step: Step, callback: Callback) -> None:
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    facts = ExpiredFacts(presented_at=callback.presented[-1], expires_at=silent_from(callback, campaign))
    step.move(callback, Transition.EXPIRED, reasons=(Reason.NO_OUTCOME,), facts=facts)
