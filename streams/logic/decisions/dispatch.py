"""Handing a callback to the dialer: one lifecycle record, one command, and the timer that waits for the outcome.

Source: docs/rules.md, sections 2 and 7, section 8 rows 6, 10 and 17.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from streams.logic.contact.callback import Callback, MovedFor, Status, Timer, TimerKind
from streams.logic.contact.effects import Dial
from streams.logic.contact.ids import command_id
from streams.logic.contact.limits import OUTCOME_TIMEOUT_S, OWNER_EXPIRY_S
from streams.logic.contact.presentations import presented_at
from streams.logic.contact.state import Contact
from streams.logic.decisions.step import Step
from streams.logic.hours.numbers import entries_of
from streams.logic.hours.zones import zone_info, zones_of
from topics.callback_events import Owner
from topics.check_facts import CheckFacts, NotDoneFacts
from topics.commands import Checks, DialCommand
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.facts import Because, DialingFacts, HeldBy, PresentedFacts
from topics.records import Transition


class Grounds(Struct, frozen=True, kw_only=True, gc=False):
    """What a callback that is due rests on, as far as it is known on its way out. See the facts that are made of it."""

    dialing_mode: DialingMode | None = None
    campaign_status: CampaignStatus | None = None
    held_by: HeldBy | None = None
    agent_id: str | None = None
    presented_at: datetime | None = None
    because: Because | None = None
    owned_since: str | None = None
    rule_set_id: str | None = None
    rule_id: str | None = None
    checks: CheckFacts | None = None


def grounds_of(campaign: Campaign | None, held_by: HeldBy | None = None) -> Grounds:
    """What a callback that is due rests on to begin with. held_by: what a waiting one waited for."""
    if campaign is None:
        return Grounds(held_by=held_by)
    return Grounds(dialing_mode=campaign.dialing_mode, campaign_status=campaign.status, held_by=held_by)


def present(
    step: Step,
    callback: Callback,
    campaign: Campaign | None,
    grounds: Grounds,
    *,
    wanted_at: datetime | None = None,
) -> None:
    """Show the callback to an agent first. campaign: None if it is gone, which placement will find out.

    wanted_at: when it should have gone out, its due time if None.
    """
    timers = [_outcome_timer(step.now, campaign)]
    if callback.owner is Owner.ONLY:
        # Before the other one, since the first of two timers for the same instant is taken.
        timers.insert(0, _owner_timer(step.now, campaign))
    timer = min(timers, key=lambda timer: timer.at)
    callback = _handed_over(step, callback, campaign, timer)
    command = _command(step, callback, campaign, Checks.AT_PLACEMENT)
    facts = PresentedFacts(
        command_id=command.command_id,
        presentation=command.presentation,
        first_due_at=callback.first_due_at,
        dialing_mode=grounds.dialing_mode,
        campaign_status=grounds.campaign_status,
        held_by=grounds.held_by,
        agent_id=grounds.agent_id,
        presented_at=grounds.presented_at,
        because=grounds.because,
        owned_since=grounds.owned_since,
        rule_set_id=grounds.rule_set_id,
        rule_id=grounds.rule_id,
        checks=grounds.checks,
    )
    step.move(callback, Transition.PRESENTED, facts=facts)
    wanted_at = wanted_at or callback.due_at
    step.effects.append(Dial(True, command, wanted_at, grounds.held_by, _moved_for(callback), callback.trace))


def dial(
    step: Step,
    callback: Callback,
    campaign: Campaign,
    grounds: Grounds,
    not_done: tuple[NotDoneFacts, ...] | None,
) -> None:
    """Let the system place the call, with call analysis; it has passed the checks. not_done: actions of their rules."""
    callback = _unless_silent(_handed_over(step, callback, campaign, _outcome_timer(step.now, campaign)), campaign)
    command = _command(step, callback, campaign, Checks.PASSED)
    facts = DialingFacts(
        command_id=command.command_id,
        presentation=command.presentation,
        first_due_at=callback.first_due_at,
        dialing_mode=grounds.dialing_mode,
        campaign_status=grounds.campaign_status,
        held_by=grounds.held_by,
        checks=grounds.checks,
        not_done=not_done,
    )
    step.move(callback, Transition.DIALING, facts=facts)
    moved_for = _moved_for(callback)
    step.effects.append(Dial(False, command, callback.due_at, grounds.held_by, moved_for, callback.trace))


def _moved_for(callback: Callback) -> MovedFor | None:
    # Version 2 stored no reason, and knew one alone.
    return None if callback.first_due_at is None else callback.moved_for or MovedFor.ZONE


def latest_command_id(contact: Contact, callback: Callback) -> str:
    """The id of the command of the callback's latest presentation, of which there is one."""
    return command_id(contact.contact_list_id, contact.contact_id, callback.callback_id, callback.presentation)


def expires_at(callback: Callback, campaign: Campaign | None) -> datetime | None:
    """When the callback is too late to go out; None if its campaign sets no limit."""
    if campaign is None or campaign.expire_after_s is None:
        return None
    return late_from(callback) + timedelta(seconds=campaign.expire_after_s)


def late_from(callback: Callback) -> datetime:
    """From when on its lateness counts: since it was due, or since it was due before a gap moved it first."""
    moved = callback.first_due_at is not None
    return callback.late_from if moved and callback.late_from is not None else callback.due_at


def owner_expired_at(callback: Callback, campaign: Campaign | None) -> datetime:
    """When the time of the owner who had the callback last was over."""
    return _owner_timer(callback.presented[-1], campaign).at


def _outcome_timer(now: datetime, campaign: Campaign | None) -> Timer:
    seconds = (campaign and campaign.outcome_timeout_s) or OUTCOME_TIMEOUT_S
    return Timer(now + timedelta(seconds=seconds), TimerKind.OUTCOME)


def _unless_silent(callback: Callback, campaign: Campaign) -> Callback:
    """One that the system dials, whose outcome is waited for no longer than its dialer may be silent."""
    seconds, limit = campaign.silent_after_expiry_s, callback.expires_at
    if seconds is None or limit is None or callback.timer is None:
        return callback
    silent_at = limit + timedelta(seconds=seconds)
    return callback if callback.timer.at <= silent_at else replace(callback, timer=Timer(silent_at, TimerKind.OUTCOME))


def silent_from(callback: Callback, campaign: Campaign | None) -> datetime | None:
    """When the command expires that the system dials, if the campaign says how long its dialer may be silent then."""
    limited = campaign is not None and campaign.silent_after_expiry_s is not None
    return callback.expires_at if limited and callback.status is Status.DIALING else None


def _owner_timer(now: datetime, campaign: Campaign | None) -> Timer:
    seconds = (campaign and campaign.owner_expires_after_s) or OWNER_EXPIRY_S
    return Timer(now + timedelta(seconds=seconds), TimerKind.OWNER)


def _handed_over(step: Step, callback: Callback, campaign: Campaign | None, timer: Timer) -> Callback:
    assert not step.configuration.holds.stops(callback.campaign_id), "who makes a command asks `held_back` first"
    limits = (expires_at(callback, campaign), callback.window_end_at)
    return replace(
        callback,
        timer=timer,
        presentation=callback.presentation + 1,
        presented=presented_at(callback, step.now),
        # A second presentation may come after the limit for the first one, and is not to be dropped for that.
        expires_at=min((limit for limit in limits if limit is not None and limit > step.now), default=None),
        commanded_at=step.now,
        # One that came back at this very instant is another than the one that begins.
        given_back=tuple(at for at in callback.given_back if at != step.now),
    )


def _command(step: Step, callback: Callback, campaign: Campaign | None, checks: Checks) -> DialCommand:
    contact = step.contact
    return DialCommand(
        command_id=latest_command_id(contact, callback),
        callback_id=callback.callback_id,
        origin=callback.origin,
        campaign_id=callback.campaign_id,
        contact_list_id=contact.contact_list_id,
        contact_id=contact.contact_id,
        phone_number=callback.phone_number,
        due_at=callback.due_at,
        presentation=callback.presentation,
        owner=callback.owner,
        agent_id=callback.agent_id,
        queue_id=callback.queue_id or (campaign.queue_id if campaign else None),
        checks=checks,
        expires_at=callback.expires_at,
        source=callback.source,
        conversation_id=callback.conversation_id,
        notes=callback.notes,
        attributes=contact.attributes,
        phone_column=callback.phone_column or _column_of(contact, callback.phone_number),
        time_zone=_time_zone_of(contact, callback.phone_number),
    )


def _column_of(contact: Contact, phone_number: str) -> str | None:
    """The first column of the record that has the number as it is dialed, else in any spelling."""
    entries = entries_of(contact, phone_number)
    exact = (entry.column for entry in entries if entry.phone_number == phone_number)
    return next(exact, entries[0].column if entries else None)


def _time_zone_of(contact: Contact, phone_number: str) -> str | None:
    """The zone that the number is in; None if it may be in several, or nobody knows it."""
    names = zones_of(contact, phone_number).names
    return names[0] if len(names) == 1 and zone_info(names[0]) is not None else None
