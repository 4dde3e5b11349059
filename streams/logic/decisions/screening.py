"""The way out of a callback that is due, through the checks: dialed, presented, blocked, waiting, or moved to a slot.

Source: docs/rules.md, section 3 and section 8 rows 13, 19 and 20.
"""

from msgspec.structs import replace

from streams.logic.checks.checks import check
from streams.logic.checks.verdict import Call, Verdict
from streams.logic.contact.limits import MOVE_AHEAD_MAX
from streams.logic.contact.state import Callback, MovedFor
from streams.logic.decisions.actions import Trigger, carry_out
from streams.logic.decisions.admission import due_timer
from streams.logic.decisions.dispatch import Grounds, dial, present
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import UNREADABLE, hold, waited_for
from streams.logic.hours.callable_time import next_open
from topics.configuration import Campaign
from topics.facts import Because, BlockedFacts, MovedToSlotFacts
from topics.records import Reason, Transition


def send_to_analysis(step: Step, callback: Callback, campaign: Campaign, grounds: Grounds) -> None:
    """Let the system place the call if every check allows it, or an agent if a pre-call rule says so.

    It waits as long as the checks need something that cannot be read.
    """
    verdict = _verdict(step, callback)
    if (rule := verdict.to_preview) is not None:
        because = Because.SWITCH_TO_PREVIEW
        grounds = replace(grounds, because=because, rule_set_id=rule.rule_set_id, rule_id=rule.rule_id)
        send_to_preview(step, callback, campaign, grounds)
        return
    grounds = replace(grounds, checks=verdict.facts)
    if reasons := waited_for(verdict.reasons):
        hold(step, callback, campaign, reasons, grounds)
        return
    if not verdict.allowed:
        _refuse(step, callback, campaign, verdict)
        return
    trigger = Trigger(callback.set_by, step.now, callback.phone_number, campaign)
    not_done = carry_out(step, verdict.matched, trigger)
    dial(step, callback, campaign, grounds, not_done)


def send_to_preview(step: Step, callback: Callback, campaign: Campaign | None, grounds: Grounds) -> None:
    """Show the callback to an agent; only a campaign that screens its previews has it checked before.

    The actions of pre-call rules wait for the placement, and so does what cannot be read.
    """
    if campaign is not None and campaign.screen_previews:
        verdict = _verdict(step, callback)
        if _not_placement(verdict):
            _refuse(step, callback, campaign, verdict)
            return
        grounds = replace(grounds, checks=verdict.facts)
    present(step, callback, campaign, grounds)


def _verdict(step: Step, callback: Callback) -> Verdict:
    call = Call(step.contact, callback.campaign_id, callback.phone_number)
    return check(call, step.configuration, step.now)


def _not_placement(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that do not wait for the placement."""
    return tuple(reason for reason in verdict.reasons if reason not in UNREADABLE)


def _refuse(step: Step, callback: Callback, campaign: Campaign, verdict: Verdict) -> None:
    no_slot_within = None
    if campaign.reschedule_zone_blocked and _not_placement(verdict) == (Reason.OUTSIDE_CALLABLE_TIME,):
        times = step.configuration.times[campaign.callable_time_set_id or ""]
        opens_at = next_open(times, step.contact, callback.phone_number, step.now)
        if opens_at is not None:
            moved = replace(
                callback,
                due_at=opens_at,
                timer=due_timer(opens_at, callback.window_end_at),
                first_due_at=callback.first_due_at or callback.due_at,
                moved_for=MovedFor.ZONE,
            )
            moves = MovedToSlotFacts(callback.due_at, moved.first_due_at or callback.due_at, checks=verdict.facts)
            step.move(moved, Transition.RESCHEDULED, reasons=verdict.reasons, facts=moves)
            return
        no_slot_within = MOVE_AHEAD_MAX.days
    facts = BlockedFacts(checks=verdict.facts, no_open_slot_within_days=no_slot_within)
    step.move(callback, Transition.BLOCKED, reasons=verdict.reasons, facts=facts)
