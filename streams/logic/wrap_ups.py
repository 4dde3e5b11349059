"""What a wrap-up leads to: an attempt, merged attributes, the end of the callback it names, and the rules.

Source: docs/rules.md, sections 1 and 5, section 8 rows 9, 11, 21 and 23.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from streams.logic.admission import admit, reject, reject_unknown
from streams.logic.ids import rule_callback_id
from streams.logic.limits import ATTEMPTS_KEPT
from streams.logic.memory import WRAPPED_UP, conversation_has, note_conversation
from streams.logic.presentations import stays_open
from streams.logic.rules import CompiledRule, CompiledRuleSet
from streams.logic.state import Attempt, Callback, Contact, Status
from streams.logic.step import Step
from streams.logic.system_codes import is_attempt, runs_rules
from topics.codec import BadEvent, ErrorCode
from topics.commands import Origin
from topics.configuration import Campaign, DialingMode
from topics.events import WrapUp
from topics.records import Reason, Transition
from topics.rules import ScheduleCallback


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A callback that a matching rule wants."""

    rule: CompiledRule
    offset_minutes: int

    def facts(self) -> Mapping[str, Any]:
        return {
            "rule_set_id": self.rule.rule_set_id,
            "rule_id": self.rule.rule_id,
            "offset_minutes": self.offset_minutes,
        }


def wrap_up(step: Step, event: WrapUp) -> None:
    """Take in a wrap-up. Raises BadEvent when the campaign or one of its rule sets is not known (yet)."""
    if conversation_has(step.contact, event.conversation_id, WRAPPED_UP):
        return  # A later code for the same conversation.
    campaign, rule_sets = _rules_of(step, event)
    step.contact = note_conversation(step.contact, event.conversation_id, WRAPPED_UP)
    if is_attempt(event.wrap_up_code):
        step.contact = _with_attempt(step, event)
    if event.attributes:
        step.contact = replace(step.contact, attributes={**step.contact.attributes, **event.attributes})
    if event.callback_id is not None:
        _end_named_callback(step, event, event.callback_id)
    if runs_rules(event.wrap_up_code, in_preview_mode=campaign.dialing_mode is DialingMode.PREVIEW):
        _schedule_by_rule(step, event, rule_sets)


def _rules_of(step: Step, event: WrapUp) -> tuple[Campaign, Sequence[CompiledRuleSet]]:
    campaign = step.configuration.campaigns.get(event.campaign_id)
    if campaign is None:
        raise BadEvent(ErrorCode.CAMPAIGN_UNKNOWN, "$.campaign_id", "The campaign is not configured")
    known = step.configuration.rule_sets
    if any(rule_set_id not in known for rule_set_id in campaign.rule_set_ids):
        raise BadEvent(ErrorCode.RULE_SET_UNKNOWN, "$.campaign_id", "A rule set of the campaign is not configured")
    return campaign, [known[rule_set_id] for rule_set_id in campaign.rule_set_ids]


def _with_attempt(step: Step, event: WrapUp) -> Contact:
    contact = step.contact
    kept = [attempt for attempt in contact.attempts if step.now - attempt.at <= ATTEMPTS_KEPT]
    attempt = Attempt(event.occurred_at, event.campaign_id, event.phone_number, event.phone_column)
    number, by_number = event.phone_number, contact.attempts_by_number
    last = contact.last_attempts.get(event.campaign_id, event.occurred_at)
    return replace(
        contact,
        attempts=(*kept, attempt),
        attempts_total=contact.attempts_total + 1,
        attempts_by_number={**by_number, number: by_number.get(number, 0) + 1},
        last_attempts={**contact.last_attempts, event.campaign_id: max(last, event.occurred_at)},
    )


def _end_named_callback(step: Step, event: WrapUp, callback_id: str) -> None:
    """Complete the callback that the wrap-up names, or say that there is none; the rest of the wrap-up stands."""
    facts = {"wrap_up_code": event.wrap_up_code, "conversation_id": event.conversation_id}
    refused = {"event_type": "wrap_up", "refused": "callback_id", **facts}
    if (callback := step.outstanding.get(callback_id)) is not None:
        if stays_open(callback, event.occurred_at):
            step.keep(replace(callback, left_open_by=event.event_id))
        else:
            step.record(callback, Transition.COMPLETED, facts={**facts, "agent_id": event.agent_id})
            step.end(callback, Status.COMPLETED, ended_at=event.occurred_at)
    elif (callback := step.ended.get(callback_id)) is not None:
        reject(step, callback, (Reason.CALLBACK_ENDED,), refused)
    else:
        reject_unknown(step, callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), refused)


def _schedule_by_rule(step: Step, event: WrapUp, rule_sets: Sequence[CompiledRuleSet]) -> None:
    wanted = list(_wanted(rule_sets, event))
    if not wanted:
        return
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
    }
    admit(step, callback, facts)


def _wanted(rule_sets: Sequence[CompiledRuleSet], event: WrapUp) -> Iterator[_Wanted]:
    for rule_set in rule_sets:
        for rule in rule_set.matching(event):
            for action in rule.actions:
                # Every other action is one of `rules.NOT_BUILT_ACTIONS`.
                if isinstance(action, ScheduleCallback):
                    yield _Wanted(rule, action.offset_minutes)
