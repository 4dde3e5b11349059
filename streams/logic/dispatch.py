"""Handing a callback to the dialer: one lifecycle record, one command, and the timer that waits for the outcome.

Source: docs/rules.md, sections 2 and 7, section 8 rows 6, 10 and 17.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from streams.logic.effects import Dial
from streams.logic.exchange import LatenessCause
from streams.logic.ids import command_id
from streams.logic.limits import OUTCOME_TIMEOUT_S, OWNER_EXPIRY_S
from streams.logic.presentations import presented_at
from streams.logic.state import Callback, Status, Timer, TimerKind
from streams.logic.step import Step
from topics.commands import Checks, DialCommand
from topics.configuration import Campaign
from topics.events import Owner
from topics.records import Transition


def present(
    step: Step,
    callback: Callback,
    campaign: Campaign | None,
    facts: Mapping[str, Any],
    *,
    wanted_at: datetime | None = None,
    held_by: LatenessCause | None = None,
) -> None:
    """Show the callback to an agent first. campaign: None if it is gone, which placement will find out.

    wanted_at: when it should have gone out, its due time if None. held_by: what a waiting callback waited for.
    """
    timers = [_outcome_timer(step.now, campaign)]
    if callback.owner is Owner.ONLY:
        # Before the other one, since the first of two timers for the same instant is taken.
        timers.insert(0, _owner_timer(step.now, campaign))
    timer = min(timers, key=lambda timer: timer.at)
    callback = _hand_over(step, callback, campaign, Status.PRESENTED, timer)
    command = _command(step, callback, campaign, Checks.AT_PLACEMENT)
    _record(step, callback, Transition.PRESENTED, command, facts)
    step.effects.append(Dial(True, command, wanted_at or callback.due_at, held_by, callback.first_due_at is not None))


def dial(
    step: Step,
    callback: Callback,
    campaign: Campaign,
    facts: Mapping[str, Any],
    *,
    held_by: LatenessCause | None = None,
) -> None:
    """Let the system place the call, with call analysis; it has passed the checks. held_by: as for `present`."""
    callback = _hand_over(step, callback, campaign, Status.DIALING, _outcome_timer(step.now, campaign))
    command = _command(step, callback, campaign, Checks.PASSED)
    _record(step, callback, Transition.DIALING, command, facts)
    step.effects.append(Dial(False, command, callback.due_at, held_by, callback.first_due_at is not None))


def expires_at(callback: Callback, campaign: Campaign | None) -> datetime | None:
    """When the callback is too late to go out; None if its campaign sets no limit."""
    if campaign is None or campaign.expire_after_s is None:
        return None
    return callback.due_at + timedelta(seconds=campaign.expire_after_s)


def _outcome_timer(now: datetime, campaign: Campaign | None) -> Timer:
    seconds = (campaign and campaign.outcome_timeout_s) or OUTCOME_TIMEOUT_S
    return Timer(now + timedelta(seconds=seconds), TimerKind.OUTCOME)


def _owner_timer(now: datetime, campaign: Campaign | None) -> Timer:
    seconds = (campaign and campaign.owner_expires_after_s) or OWNER_EXPIRY_S
    return Timer(now + timedelta(seconds=seconds), TimerKind.OWNER)


def _hand_over(step: Step, callback: Callback, campaign: Campaign | None, status: Status, timer: Timer) -> Callback:
    limit = expires_at(callback, campaign)
    presented = replace(
        callback,
        status=status,
        timer=timer,
        presentation=callback.presentation + 1,
        presented=presented_at(callback, step.now),
        # A second presentation may come after the limit for the first one, and is not to be dropped for that.
        expires_at=limit if limit is not None and limit > step.now else None,
    )
    step.keep(presented)
    return presented


def _record(
    step: Step, callback: Callback, transition: Transition, command: DialCommand, facts: Mapping[str, Any]
) -> None:
    known = {
        "command_id": command.command_id,
        "presentation": command.presentation,
        "first_due_at": callback.first_due_at,
        **facts,
    }
    step.record(callback, transition, facts=known)


def _command(step: Step, callback: Callback, campaign: Campaign | None, checks: Checks) -> DialCommand:
    contact = step.contact
    return DialCommand(
        command_id=command_id(contact.contact_list_id, contact.contact_id, callback.callback_id, callback.presentation),
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
    )
