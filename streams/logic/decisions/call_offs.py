"""Rules that call callbacks off: those that are outstanding, and those that are heard of only afterwards.

A call-off compares itself with the instant at which a callback was arranged, so it makes no difference which of the two
arrives first. Source: docs/rules.md, section 9; docs/decisions/0044-ladders-and-call-offs.md.
"""

from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.limits import CALL_OFFS_KEPT, CLOCK_AHEAD_MAX
from streams.logic.contact.state import CallOff
from streams.logic.decisions.step import Step
from topics.facts import CancelledFacts
from topics.names import TopicName
from topics.records import Cause, Transition


def call_off(step: Step, call_off: CallOff) -> None:
    """Cancel every outstanding callback that a rule calls off, and remember it for those that are still to come."""
    known = step.contact.call_offs
    if not call_off.origins or any(_covers(other, call_off) for other in known):
        return
    for callback in tuple(step.outstanding.values()):
        if _is_called_off(callback, call_off):
            cancel_by_rule(step, callback, call_off.rule_set_id, call_off.rule_id, call_off.cause)
    # Of two of one instant the one that came later stands last.
    latest = sorted((*known, call_off), key=lambda other: other.occurred_at)[-CALL_OFFS_KEPT:]
    step.contact = replace(step.contact, call_offs=tuple(latest))


def cancel_if_called_off(step: Step, callback: Callback) -> bool:
    """End the callback as cancelled if a rule has called it off before it was heard of. True if it did."""
    for call_off in step.contact.call_offs:
        if _is_called_off(callback, call_off):
            cancel_by_rule(step, callback, call_off.rule_set_id, call_off.rule_id, call_off.cause)
            return True
    return False


def cancel_by_rule(step: Step, callback: Callback, rule_set_id: str, rule_id: str, cause: Cause) -> None:
    """End an outstanding callback since a rule says so. cause: the wrap-up for which the rule was run."""
    facts = CancelledFacts(cancelled_by=TopicName.WRAP_UP, rule_set_id=rule_set_id, rule_id=rule_id)
    step.move(callback, Transition.CANCELLED, facts=facts, cause=cause)


def _covers(other: CallOff, call_off: CallOff) -> bool:
    """Whether another call-off of the same wrap-up has done all that this one would do."""
    same = other.cause == call_off.cause and other.campaign_id in (None, call_off.campaign_id)
    return same and set(call_off.origins).issubset(other.origins)


def _is_called_off(callback: Callback, call_off: CallOff) -> bool:
    return (
        callback.origin in call_off.origins
        and call_off.campaign_id in (None, callback.campaign_id)
        and callback.scheduled_at < call_off.occurred_at
        and not _arranged_in_that_call(callback, call_off)
    )


def _arranged_in_that_call(callback: Callback, call_off: CallOff) -> bool:
    """Whether the callback was arranged in the very call after which the others are called off.

    Platforms give the call of a callback the conversation id of the call in which it was arranged: what was arranged
    before this call began was arranged in an earlier one. By the clock of a sender, which may be behind ours.
    """
    if callback.conversation_id != call_off.conversation_id:
        return False
    began_at = call_off.call_began_at
    return began_at is None or callback.scheduled_at >= began_at - CLOCK_AHEAD_MAX
