"""What happens to a callback when time passes: it falls due, waits, is released, or comes to an end unanswered.

Source: docs/rules.md, sections 2 and 9, section 8 rows 10 to 12 and 15 to 17.
"""

from typing import assert_never

from msgspec.structs import replace

from streams.logic.contact.inputs import ConfigurationChanged
from streams.logic.contact.state import Callback, Ownership, Status, TimerKind
from streams.logic.decisions.bulk_cancel import cancel_if_void
from streams.logic.decisions.dispatch import Grounds, present
from streams.logic.decisions.lifecycle import InputKind
from streams.logic.decisions.releases import cause_of_release, send_by_rule, show_anew
from streams.logic.decisions.screening import send_to_analysis, send_to_preview
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import (
    SHOWN_ANEW,
    held_back,
    hold,
    lets_out,
    must_wait,
    stays_for_agent,
    still_waiting,
    too_late_at,
)
from topics.commands import Origin
from topics.configuration import Campaign, CampaignStatus, DialingMode, OwnerExpiry
from topics.events import Owner
from topics.facts import Because, BlockedFacts, DueFacts, ExpiredFacts, HeldBy, OwnerExpiredFacts
from topics.records import Cause, Reason, Transition

_KINDS = {
    TimerKind.DUE: InputKind.DUE,
    TimerKind.TOO_LATE: InputKind.TOO_LATE,
    TimerKind.OWNER: InputKind.OWNER,
    TimerKind.OUTCOME: InputKind.OUTCOME,
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
        case TimerKind.TOO_LATE:
            _review_waiting(step, callback)
        case TimerKind.OWNER:
            _expire_owner(step, callback)
        case TimerKind.OUTCOME:
            _expire_without_outcome(step, callback)
        case TimerKind.WINDOW:
            raise NotImplementedError
        case _:
            assert_never(timer.kind)


def release(step: Step, callback: Callback, held_by: HeldBy) -> None:
    """A waiting callback goes out, if its campaign still lets it."""
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    to_agent = callback.to_agent is not None
    if callback.status is not Status.WAITING or _is_orphan(step, callback, campaign):
        return
    if not lets_out(step.configuration, callback.campaign_id, to_agent=to_agent):
        return
    step.cause = cause_of_release(step, callback)
    if _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
        return
    grounds = _grounds(campaign, held_by)
    owner = step.contact.owners.get(callback.campaign_id)
    if callback.to_agent in SHOWN_ANEW:
        show_anew(step, callback, campaign, grounds)
    elif callback.origin is Origin.AGENT:
        send_to_preview(step, callback, campaign, replace(grounds, because=Because.AGENT_SCHEDULED))
    elif owner is not None:
        _send_to_owner(step, callback, campaign, owner, grounds)
    elif campaign is not None:
        send_by_rule(step, callback, campaign, grounds)


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
    ]
    if owner is None:
        return
    for callback in sorted(waiting, key=lambda callback: (callback.due_at, callback.callback_id)):
        if stays_for_agent(step, callback, campaign):
            continue
        held_by = callback.waits_for or (HeldBy.UNREADABLE if callback.held_unreadable else HeldBy.CAMPAIGN_OFF)
        _send_to_owner(step, callback, campaign, owner, _grounds(campaign, held_by))


def _fall_due(step: Step, callback: Callback, paced: bool) -> None:
    callback = step.move(callback, Transition.DUE, facts=DueFacts())
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    if _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
    elif _is_orphan(step, callback, campaign):
        _block_without_campaign(step, callback)
    elif must_wait(step, callback, campaign, paced=paced):
        return
    elif callback.origin is Origin.AGENT:
        send_to_preview(step, callback, campaign, replace(_grounds(campaign), because=Because.AGENT_SCHEDULED))
    else:
        _fall_due_by_rule(step, callback, campaign)


def _is_orphan(step: Step, callback: Callback, campaign: Campaign | None) -> bool:
    """Whether it is a rule's and its campaign is gone: nobody may dial it, and no agent asked for it."""
    return campaign is None and callback.origin is Origin.RULE and not _campaign_is_unreadable(step, callback)


def _campaign_is_unreadable(step: Step, callback: Callback) -> bool:
    return callback.campaign_id in step.configuration.unreadable.campaigns


def _fall_due_by_rule(step: Step, callback: Callback, campaign: Campaign | None) -> None:
    """campaign: None if its record cannot be read, and with it the mode."""
    grounds = _grounds(campaign)
    owner = step.contact.owners.get(callback.campaign_id)
    if owner is not None:
        _send_to_owner(step, callback, campaign, owner, grounds)
    elif campaign is None:
        hold(step, callback, None, (Reason.CAMPAIGN_UNREADABLE,), grounds)
    elif campaign.dialing_mode is DialingMode.PREVIEW:
        send_to_preview(step, callback, campaign, replace(grounds, because=Because.PREVIEW_CAMPAIGN))
    elif campaign.status is CampaignStatus.ON:
        send_to_analysis(step, callback, campaign, grounds)
    else:
        hold(step, callback, campaign, (Reason.CAMPAIGN_OFF,), grounds)


def _send_to_owner(
    step: Step,
    callback: Callback,
    campaign: Campaign | None,
    owner: Ownership,
    grounds: Grounds,
) -> None:
    """The record belongs to an agent since that agent's callback was accepted, and does not go back."""
    kept = replace(callback, owner=owner.owner, agent_id=owner.agent_id, queue_id=owner.queue_id)
    grounds = replace(grounds, because=Because.AGENT_OWNED, owned_since=owner.callback_id)
    send_to_preview(step, kept, campaign, grounds)


def _review_waiting(step: Step, callback: Callback) -> None:
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    if _is_orphan(step, callback, campaign):
        step.cause = step.configuration.campaign_cause(callback.campaign_id)
        _block_without_campaign(step, callback)
        return
    if _timer_is_due(step, callback) and _is_too_late(step, callback, campaign):
        _expire_too_late(step, callback, campaign)
        return
    waiting = still_waiting(step, callback, campaign)
    if waiting != callback:
        step.keep(waiting)


def _timer_is_due(step: Step, callback: Callback) -> bool:
    return callback.timer is not None and callback.timer.at <= step.now


def _block_without_campaign(step: Step, callback: Callback) -> None:
    step.move(callback, Transition.BLOCKED, reasons=(Reason.CAMPAIGN_UNKNOWN,), facts=BlockedFacts())


def _is_too_late(step: Step, callback: Callback, campaign: Campaign | None) -> bool:
    limit = too_late_at(callback, campaign)
    return limit is not None and limit <= step.now


def _grounds(campaign: Campaign | None, held_by: HeldBy | None = None) -> Grounds:
    """What a callback that is due rests on to begin with. held_by: what a waiting one waited for."""
    if campaign is None:
        return Grounds(held_by=held_by)
    return Grounds(dialing_mode=campaign.dialing_mode, campaign_status=campaign.status, held_by=held_by)


def _expire_too_late(step: Step, callback: Callback, campaign: Campaign | None) -> None:
    facts = ExpiredFacts(expire_after_s=campaign.expire_after_s if campaign else None)
    step.move(callback, Transition.EXPIRED, reasons=(Reason.TOO_LATE,), facts=facts)


def _expire_owner(step: Step, callback: Callback) -> None:
    campaign = step.configuration.campaigns.get(callback.campaign_id)
    agent_id, presented_at = callback.agent_id, callback.presented[-1]
    if campaign is None or campaign.owner_expiry is OwnerExpiry.END:
        facts = OwnerExpiredFacts(agent_id=agent_id, presented_at=presented_at)
        step.move(callback, Transition.OWNER_EXPIRED, facts=facts)
        return
    anyone = replace(callback, owner=Owner.ANYONE, agent_id=None)
    wanted_at = callback.timer.at if callback.timer else step.now
    grounds = Grounds(agent_id=agent_id, presented_at=presented_at, because=Because.OWNER_EXPIRED)
    if held_back(step, anyone, campaign, grounds):
        return
    present(step, anyone, campaign, grounds, wanted_at=wanted_at)


def _expire_without_outcome(step: Step, callback: Callback) -> None:
    facts = ExpiredFacts(presented_at=callback.presented[-1])
    step.move(callback, Transition.EXPIRED, reasons=(Reason.NO_OUTCOME,), facts=facts)
