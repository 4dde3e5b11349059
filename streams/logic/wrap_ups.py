"""What a wrap-up leads to: an attempt, merged attributes, the end of the callback it names, marks, and the rules.

A conversation may have several calls: its own, and those of the callbacks that were arranged in it. The first wrap-up
of each counts. Source: docs/rules.md, sections 1 and 5, section 8 rows 9, 11, 21, 23 and 26.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from streams.logic.actions import Trigger, carry_out, mark_contact, mark_number
from streams.logic.admission import admit, reject, reject_unknown
from streams.logic.attempts import with_attempt
from streams.logic.ids import rule_callback_id
from streams.logic.memory import WRAPPED_UP, conversation_has, note_wrapped_up, wrapped_up_at
from streams.logic.occasion import Occasion, TooMuchWork
from streams.logic.presentations import closed, is_first, stays_open
from streams.logic.rules import CompiledRule, CompiledRuleSet
from streams.logic.state import Callback, Contact, Mark, Status, WrappedUp
from streams.logic.step import Step
from streams.logic.system_codes import is_attempt, marks_number, runs_rules
from topics.codec import BadEvent, ErrorCode
from topics.commands import Origin
from topics.configuration import Campaign, DialingMode, WrapUpFlag
from topics.events import WrapUp
from topics.records import Reason, Transition
from topics.rules import ScheduleCallback

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A callback that a matching rule wants."""

    rule: CompiledRule
    offset_minutes: int

    def facts(self) -> Facts:
        return {
            "rule_set_id": self.rule.rule_set_id,
            "rule_id": self.rule.rule_id,
            "offset_minutes": self.offset_minutes,
        }


def wrap_up(step: Step, event: WrapUp) -> None:
    """Take in a wrap-up.

    Raises BadEvent when the campaign or one of its rule sets is not known or cannot be read, and when its rules need
    too much work.
    """
    named = _named(step, event)
    of_presentation = named is not None and is_first(named, event.occurred_at)
    had_its_own = conversation_has(step.contact, event.conversation_id, WRAPPED_UP)
    if not of_presentation and (had_its_own or _comes_again(named, event)):
        _leave_alone(step, event, named)
        return
    campaign, rule_sets = _rules_of(step, event)
    step.contact = _with_wrap_up(step.contact, event)
    if not (of_presentation and _was_arranged_in(named, event)):
        step.contact = note_wrapped_up(step.contact, event.conversation_id, event.occurred_at)
    if is_attempt(event.wrap_up_code, campaign):
        step.contact = with_attempt(step.contact, event.called_at, event.campaign_id, event.phone_number, step.now)
    facts = _map(step, event, campaign)
    if event.callback_id is not None:
        _end_named_callback(step, event, event.callback_id, facts)
    if runs_rules(event.wrap_up_code, in_preview_mode=campaign.dialing_mode is DialingMode.PREVIEW):
        _run_rules(step, event, campaign, rule_sets, facts)


def _named(step: Step, event: WrapUp) -> Callback | None:
    """The callback that the wrap-up names, outstanding or ended; None if it names none that is known."""
    callback_id = event.callback_id or ""
    return step.outstanding.get(callback_id) or step.ended.get(callback_id)


def _was_arranged_in(named: Callback | None, event: WrapUp) -> bool:
    """Whether the callback was arranged in the wrap-up's conversation: its calls are not the conversation's own."""
    return named is not None and named.conversation_id == event.conversation_id


def _comes_again(named: Callback | None, event: WrapUp) -> bool:
    """Whether a wrap-up names a callback of its conversation that has had one, and whose presentations are closed."""
    return named is not None and _was_arranged_in(named, event) and bool(named.closed_at or named.ended_at)


def _leave_alone(step: Step, event: WrapUp, named: Callback | None) -> None:
    """A later code for a call that has had its wrap-up changes nothing; one that was overtaken is said to be left."""
    counted = [wrapped_up_at(step.contact, event.conversation_id)]
    if named is not None and _was_arranged_in(named, event):
        counted += [named.closed_at, named.ended_at]
    first_at = max((at for at in counted if at is not None), default=event.occurred_at)
    if first_at <= event.occurred_at:
        return
    facts = {**_facts_of(event), "event_type": "wrap_up", "first_at": first_at}
    if named is not None:
        reject(step, named, (Reason.LATER_CODE_FIRST,), facts)
    else:
        reject_unknown(step, event.callback_id, event.campaign_id, (Reason.LATER_CODE_FIRST,), facts)


def _facts_of(event: WrapUp) -> dict[str, Any]:
    return {"wrap_up_code": event.wrap_up_code, "conversation_id": event.conversation_id}


def _rules_of(step: Step, event: WrapUp) -> tuple[Campaign, Sequence[CompiledRuleSet]]:
    campaign = step.configuration.campaigns.get(event.campaign_id)
    if campaign is None:
        if event.campaign_id in step.configuration.unreadable.campaigns:
            raise BadEvent(ErrorCode.CAMPAIGN_UNREADABLE, "$.campaign_id", "The campaign's record cannot be read")
        raise BadEvent(ErrorCode.CAMPAIGN_UNKNOWN, "$.campaign_id", "The campaign is not configured")
    known = step.configuration.rule_sets
    if not step.configuration.unreadable.rule_sets.keys().isdisjoint(campaign.rule_set_ids):
        raise BadEvent(ErrorCode.RULE_SET_UNREADABLE, "$.campaign_id", "A rule set of the campaign cannot be read")
    if any(rule_set_id not in known for rule_set_id in campaign.rule_set_ids):
        raise BadEvent(ErrorCode.RULE_SET_UNKNOWN, "$.campaign_id", "A rule set of the campaign is not configured")
    return campaign, [known[rule_set_id] for rule_set_id in campaign.rule_set_ids]


def _with_wrap_up(contact: Contact, event: WrapUp) -> Contact:
    last = contact.last_wrap_ups.get(event.phone_number)
    if last is None or last.at <= event.occurred_at:
        latest = WrappedUp(event.occurred_at, event.wrap_up_code)
        # The last to come stands last: of two at one instant it is the later.
        others = {number: one for number, one in contact.last_wrap_ups.items() if number != event.phone_number}
        contact = replace(contact, last_wrap_ups={**others, event.phone_number: latest})
    if event.attributes:
        contact = replace(contact, attributes={**contact.attributes, **event.attributes})
    return contact


def _map(step: Step, event: WrapUp, campaign: Campaign) -> Facts:
    """Do what the campaign's mapping of the code says; returns what it adds to the facts."""
    flags = (campaign.wrap_up_mappings or {}).get(event.wrap_up_code, ())
    mark = Mark(at=event.occurred_at, event_id=event.event_id, wrap_up_code=event.wrap_up_code)
    if WrapUpFlag.CONTACT_UNCALLABLE in flags:
        mark_contact(step, mark)
    if WrapUpFlag.NUMBER_UNCALLABLE in flags or marks_number(event.wrap_up_code):
        mark_number(step, event.phone_number, mark)
    if WrapUpFlag.RIGHT_PARTY_CONTACT not in flags:
        return {}
    known = step.contact.last_right_party
    latest = max(known.get(event.campaign_id, event.occurred_at), event.occurred_at)
    step.contact = replace(step.contact, last_right_party={**known, event.campaign_id: latest})
    return {"right_party_contact": True}


def _end_named_callback(step: Step, event: WrapUp, callback_id: str, mapped: Facts) -> None:
    """Complete the callback that the wrap-up names, or say that there is none; the rest of the wrap-up stands."""
    facts = _facts_of(event)
    refused = {"event_type": "wrap_up", "refused": "callback_id", **facts}
    if (callback := step.outstanding.get(callback_id)) is not None:
        if stays_open(callback, event.occurred_at):
            closed_at = closed(callback, event.occurred_at, step.now)
            step.keep(replace(callback, left_open_by=event.event_id, closed_at=closed_at))
        else:
            step.record(callback, Transition.COMPLETED, facts={**facts, "agent_id": event.agent_id, **mapped})
            step.end(callback, Status.COMPLETED, ended_at=event.occurred_at, ended_by=event.event_id)
    elif (callback := step.ended.get(callback_id)) is not None:
        reject(step, callback, (Reason.CALLBACK_ENDED,), refused)
        step.note_ended(replace(callback, closed_at=closed(callback, event.occurred_at, step.now)))
    else:
        reject_unknown(step, callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), refused)


def _run_rules(
    step: Step, event: WrapUp, campaign: Campaign, rule_sets: Sequence[CompiledRuleSet], mapped: Facts
) -> None:
    """Carry out the actions of every rule that matches; all are asked about the contact as the wrap-up left it."""
    occasion = Occasion(step.contact, event.phone_number, event.occurred_at, event)
    try:
        rules = [rule for rule_set in rule_sets for rule in rule_set.wrap_up(occasion)]
    except TooMuchWork:
        what = "The rules of the campaign need more work than one event may take"
        raise BadEvent(ErrorCode.TOO_MUCH_WORK, "$.campaign_id", what) from None
    if not rules:
        return
    trigger = Trigger(event.event_id, event.occurred_at, event.phone_number, campaign)
    not_done = carry_out(step, rules, trigger)
    wanted = [
        _Wanted(rule, action.offset_minutes)
        for rule in rules
        for action in rule.actions
        if isinstance(action, ScheduleCallback)
    ]
    if wanted:
        _schedule(step, event, wanted, {**mapped, "not_done": not_done or None})


def _schedule(step: Step, event: WrapUp, wanted: Sequence[_Wanted], noted: Facts) -> None:
    first, *others = wanted
    contact = step.contact
    callback = Callback(
        callback_id=rule_callback_id(contact.contact_list_id, contact.contact_id, event.event_id),
        campaign_id=event.campaign_id,
        origin=Origin.RULE,
        phone_number=event.phone_number,
        # Elapsed minutes, in UTC: a change of daylight saving time does not stretch them.
        due_at=event.occurred_at + timedelta(minutes=first.offset_minutes),
        scheduled_at=event.occurred_at,
        changed_at=event.occurred_at,
        set_by=event.event_id,
        conversation_id=event.conversation_id,
    )
    facts = {
        **first.facts(),
        "wrap_up_code": event.wrap_up_code,
        "call_analysis": event.call_analysis,
        "not_scheduled": [other.facts() for other in others] or None,
        **noted,
    }
    admit(step, callback, facts)
