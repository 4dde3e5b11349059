"""The rules that are run for a wrap-up, and the callback that they schedule: which of several, when, in whose place.

Source: docs/rules.md, sections 1, 5 and 9; docs/decisions/0044-ladders-and-call-offs.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from streams.logic.contact.callback import Callback
from streams.logic.contact.ids import rule_callback_id
from streams.logic.contact.occasion import Occasion, TooMuchWork
from streams.logic.decisions.actions import Trigger, carry_out
from streams.logic.decisions.admission import admit, is_id_taken, is_refused
from streams.logic.decisions.call_offs import cancel_by_rule
from streams.logic.decisions.ladders import RuleKey, climb, key_of, ladder_of
from streams.logic.decisions.step import Step
from streams.logic.hours.callable_time import next_open
from streams.logic.hours.local_clock import clock_of, next_local_time
from streams.logic.rules.rules import CompiledRule, CompiledRuleSet
from topics.check_facts import NotDoneFacts
from topics.codec import BadEvent, ErrorCode
from topics.commands import Origin
from topics.configuration import Campaign
from topics.events import WrapUp
from topics.facts import LadderEndedFacts, ScheduledByRuleFacts, WantedFacts
from topics.records import Reason
from topics.rules import IfOutstanding, ScheduleCallback


class EndedCall(Struct, frozen=True, gc=False):
    """The call that a wrap-up, its first, has ended.

    right_party: it reached whom it was meant for. began_at: of the call of a callback, when its presentation began.
    """

    wrap_up: WrapUp
    campaign: Campaign
    is_attempt: bool
    right_party: bool
    began_at: datetime | None


def follow_rules(step: Step, call: EndedCall, rule_sets: Sequence[CompiledRuleSet]) -> None:
    """Carry out the actions of every rule that matches; all are asked about the contact as the wrap-up left it.

    rule_sets: none if no rules are run for the code. Raises BadEvent if they need too much work.
    """
    event = call.wrap_up
    rules = _matching(step, event, rule_sets) if rule_sets else []
    steps = climb(step, event.campaign_id, rules, is_attempt=call.is_attempt, right_party=call.right_party)
    if not rules:
        return
    trigger = Trigger(
        event.event_id, event.occurred_at, event.phone_number, call.campaign, event.conversation_id, call.began_at
    )
    not_done = carry_out(step, rules, trigger)
    if wanted := list(_wanted(rules, steps)):
        _schedule_first(step, call, wanted, not_done)


def _matching(step: Step, event: WrapUp, rule_sets: Sequence[CompiledRuleSet]) -> list[CompiledRule]:
    occasion = Occasion(step.contact, event.phone_number, event.occurred_at, event)
    try:
        return [rule for rule_set in rule_sets for rule in rule_set.wrap_up(occasion)]
    except TooMuchWork:
        what = "The rules of the campaign need more work than one event may take"
        raise BadEvent(ErrorCode.TOO_MUCH_WORK, "$.campaign_id", what) from None


def _wanted(rules: Sequence[CompiledRule], steps: Mapping[RuleKey, int]) -> Iterator[WantedFacts]:
    """The callbacks that the rules want, in their order. A rule has one ladder: a further one says nothing."""
    for rule in rules:
        ladder = ladder_of(rule)
        for action in rule.actions:
            if isinstance(action, ScheduleCallback) and (action is ladder or not action.offsets_minutes):
                yield _wanted_by(rule, action, steps.get(key_of(rule)))


def _wanted_by(rule: CompiledRule, action: ScheduleCallback, at_step: int | None) -> WantedFacts:
    """What one action wants. at_step: where the rule's ladder is; None if it has none, or that is not remembered."""
    offset, offsets = action.offset_minutes, action.offsets_minutes or ()
    taken = at_step if at_step is not None and at_step <= len(offsets) else None
    return WantedFacts(
        rule_set_id=rule.rule_set_id,
        rule_id=rule.rule_id,
        offset_minutes=offset if taken is None else offsets[taken - 1],
        step=taken,
        steps=len(offsets) or None,
        at_local_time=action.at_local_time,
        if_outstanding=None if action.if_outstanding is IfOutstanding.ADD else action.if_outstanding,
    )


def _schedule_first(
    step: Step, call: EndedCall, wanted: Sequence[WantedFacts], not_done: tuple[NotDoneFacts, ...] | None
) -> None:
    """Do what the first rule wants whose ladder has not ended, and report the others."""
    first = next((one for one in wanted if one.offset_minutes is not None), None)
    if first is None or first.offset_minutes is None:
        _note_ended_ladder(step, call, wanted, not_done)
        return
    event = call.wrap_up
    facts = ScheduledByRuleFacts(
        rule_set_id=first.rule_set_id,
        rule_id=first.rule_id,
        offset_minutes=first.offset_minutes,
        wrap_up_code=event.wrap_up_code,
        call_analysis=event.call_analysis,
        not_scheduled=tuple(one for one in wanted if one is not first) or None,
        right_party_contact=call.right_party,
        not_done=not_done,
        step=first.step,
        steps=first.steps,
        at_local_time=first.at_local_time,
        if_outstanding=first.if_outstanding,
    )
    _schedule(step, call, facts)


def _note_ended_ladder(
    step: Step, call: EndedCall, wanted: Sequence[WantedFacts], not_done: tuple[NotDoneFacts, ...] | None
) -> None:
    """No rule wants a callback any more: that of the first one is refused."""
    event, (first, *others) = call.wrap_up, wanted
    facts = LadderEndedFacts(
        rule_set_id=first.rule_set_id,
        rule_id=first.rule_id,
        wrap_up_code=event.wrap_up_code,
        call_analysis=event.call_analysis,
        not_scheduled=tuple(others) or None,
        right_party_contact=call.right_party,
        not_done=not_done,
        steps=first.steps,
    )
    callback_id = _callback_id(step, event)
    reason = Reason.CALLBACK_ID_TAKEN if is_id_taken(step, callback_id) else Reason.LADDER_ENDED
    step.reject_unknown(callback_id, event.campaign_id, (reason,), facts)


def _schedule(step: Step, call: EndedCall, facts: ScheduledByRuleFacts) -> None:
    event = call.wrap_up
    callback = Callback(
        callback_id=_callback_id(step, event),
        campaign_id=event.campaign_id,
        origin=Origin.RULE,
        phone_number=event.phone_number,
        due_at=_due_at(step, call, facts),
        scheduled_at=event.occurred_at,
        changed_at=event.occurred_at,
        set_by=event.event_id,
        conversation_id=event.conversation_id,
        phone_column=event.phone_column,
    )
    if facts.if_outstanding is not None and not is_refused(step, callback):
        outstanding = [
            other
            for other in step.outstanding.values()
            if other.origin is Origin.RULE and other.campaign_id == event.campaign_id
        ]
        # What a later wrap-up has arranged is not replaced by one that is heard of late.
        if any(_stays(other, facts.if_outstanding, event) for other in outstanding):
            step.reject(callback, (Reason.CALLBACK_OUTSTANDING,), facts)
            return
        for other in outstanding:
            cancel_by_rule(step, other, facts.rule_set_id, facts.rule_id, step.cause)
    admit(step, callback, facts)


def _stays(other: Callback, if_outstanding: IfOutstanding, event: WrapUp) -> bool:
    return if_outstanding is IfOutstanding.KEEP or other.scheduled_at > event.occurred_at


def _callback_id(step: Step, event: WrapUp) -> str:
    return rule_callback_id(step.contact.contact_list_id, step.contact.contact_id, event.event_id)


def _due_at(step: Step, call: EndedCall, facts: ScheduledByRuleFacts) -> datetime:
    """When the callback is due: after so long, and then at the time of day that the rule has, where it may be called.

    Elapsed minutes, in UTC: a change of daylight saving time does not stretch them.
    """
    event = call.wrap_up
    due_at = event.occurred_at + timedelta(minutes=facts.offset_minutes)
    if facts.at_local_time is None:
        return due_at
    clock = clock_of(step.contact, event.phone_number, due_at)
    due_at = next_local_time(clock, facts.at_local_time, due_at)
    times = step.configuration.times.get(call.campaign.callable_time_set_id or "")
    opens_at = None if times is None else next_open(times, step.contact, event.phone_number, due_at)
    return opens_at or due_at
