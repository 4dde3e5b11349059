"""The way out of a callback that is due, through the checks: dialed, presented, blocked, waiting, or moved.

Source: docs/rules.md, section 3 and section 8 rows 13, 19 and 20.
"""

from msgspec.structs import replace

from streams.logic.checks.checks import check
from streams.logic.checks.verdict import Verdict
from streams.logic.contact.callback import Callback
from streams.logic.decisions.actions import Trigger, carry_out
from streams.logic.decisions.dispatch import Grounds, dial, present
from streams.logic.decisions.flights import begin
from streams.logic.decisions.moves import call_for, move_or_block
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import UNREADABLE, hold, waited_for
from topics.configuration import Campaign
from topics.facts import Because
from topics.records import Reason


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
        move_or_block(step, callback, campaign, verdict, _not_placement(verdict))
        return
    trigger = Trigger(callback.set_by, step.now, callback.phone_number, campaign)
    not_done = carry_out(step, verdict.matched, trigger)
    dial(step, callback, campaign, grounds, not_done)
    begin(step, campaign, callback.callback_id)


def send_to_preview(step: Step, callback: Callback, campaign: Campaign | None, grounds: Grounds) -> None:
    """Show the callback to an agent; only a campaign that screens its previews has it checked before.

    The actions of pre-call rules wait for the placement, and so does what cannot be read.
    """
    if campaign is not None and campaign.screen_previews:
        verdict = _verdict(step, callback)
        if failed := _not_placement(verdict):
            move_or_block(step, callback, campaign, verdict, failed)
            return
        grounds = replace(grounds, checks=verdict.facts)
    present(step, callback, campaign, grounds)


def _verdict(step: Step, callback: Callback) -> Verdict:
    return check(call_for(step, callback), step.configuration, step.now)


def _not_placement(verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons that do not wait for the placement."""
    return tuple(reason for reason in verdict.reasons if reason not in UNREADABLE)
