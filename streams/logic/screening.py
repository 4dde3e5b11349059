"""The way out of a callback that is due, through the checks: dialed, presented, blocked, waiting, or moved to a slot.

Source: docs/rules.md, section 3 and section 8 rows 13, 19 and 20.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from streams.logic.actions import Trigger, carry_out
from streams.logic.admission import due_timer
from streams.logic.callable_time import next_open
from streams.logic.checks import Call, Verdict, check
from streams.logic.dispatch import dial, present
from streams.logic.exchange import LatenessCause
from streams.logic.held import UNREADABLE, hold, waited_for
from streams.logic.limits import MOVE_AHEAD_MAX
from streams.logic.state import Callback, Status
from streams.logic.step import Step
from topics.configuration import Campaign
from topics.records import Reason, Transition

Facts = Mapping[str, Any]


def send_to_analysis(
    step: Step, callback: Callback, campaign: Campaign, facts: Facts, *, held_by: LatenessCause | None = None
) -> None:
    """Let the system place the call if every check allows it, or an agent if a pre-call rule wants that.

    It waits as long as the checks need something that cannot be read.
    """
    verdict = _verdict(step, callback)
    if (rule := verdict.to_preview) is not None:
        because = {"because": "switch_to_preview", "rule_set_id": rule.rule_set_id, "rule_id": rule.rule_id}
        send_to_preview(step, callback, campaign, {**facts, **because}, held_by=held_by)
        return
    if reasons := waited_for(verdict.reasons):
        hold(step, callback, campaign, reasons, {**facts, "checks": verdict.facts})
        return
    if not verdict.allowed:
        _refuse(step, callback, campaign, verdict)
        return
    trigger = Trigger(callback.set_by, step.now, callback.phone_number, campaign)
    not_done = carry_out(step, verdict.matched, trigger)
    dial(step, callback, campaign, {**facts, "checks": verdict.facts, "not_done": not_done or None}, held_by=held_by)


def send_to_preview(
    step: Step, callback: Callback, campaign: Campaign | None, facts: Facts, *, held_by: LatenessCause | None = None
) -> None:
    """Show the callback to an agent; only a campaign that screens its previews has it checked before.

    The actions of pre-call rules wait for the placement, and so does what cannot be read.
    """
    if campaign is not None and campaign.screen_previews:
        verdict = _verdict(step, callback)
        if _not_placement(verdict):
            _refuse(step, callback, campaign, verdict)
            return
        facts = {**facts, "checks": verdict.facts}
    present(step, callback, campaign, facts, held_by=held_by)


def _verdict(step: Step, callback: Callback) -> Verdict:
    call = Call(step.contact, callback.campaign_id, callback.phone_number)
    return check(call, step.configuration, step.now)


def _not_placement(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that do not wait for the placement."""
    return tuple(reason for reason in verdict.reasons if reason not in UNREADABLE)


def _refuse(step: Step, callback: Callback, campaign: Campaign, verdict: Verdict) -> None:
    facts: dict[str, Any] = {"checks": verdict.facts}
    if campaign.reschedule_zone_blocked and _not_placement(verdict) == (Reason.OUTSIDE_CALLABLE_TIME,):
        times = step.configuration.times[campaign.callable_time_set_id or ""]
        opens_at = next_open(times, step.contact, callback.phone_number, step.now)
        if opens_at is not None:
            moved = replace(
                callback,
                status=Status.SCHEDULED,
                due_at=opens_at,
                timer=due_timer(opens_at),
                first_due_at=callback.first_due_at or callback.due_at,
            )
            moves = {"previous_due_at": callback.due_at, "first_due_at": moved.first_due_at}
            step.record(moved, Transition.RESCHEDULED, reasons=verdict.reasons, facts={**moves, **facts})
            step.keep(moved)
            return
        facts["no_open_slot_within_days"] = MOVE_AHEAD_MAX.days
    step.record(callback, Transition.BLOCKED, reasons=verdict.reasons, facts=facts)
    step.end(callback, Status.BLOCKED)
