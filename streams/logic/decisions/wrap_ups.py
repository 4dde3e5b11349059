"""What a wrap-up leads to: an attempt, merged attributes, the end of the callback it names, marks, and the rules.

A conversation may have several calls: its own, and those of the callbacks that were arranged in it. The first wrap-up
of each counts. Source: docs/rules.md, sections 1 and 5, section 8 rows 9, 11, 21, 23 and 26.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from streams.logic.checks.attempts import with_attempt
from streams.logic.contact.callback import Callback
from streams.logic.contact.deduplication import WRAPPED_UP, conversation_has, note_wrapped_up, wrapped_up_at
from streams.logic.contact.presentations import closed, is_first, latest_without_wrap_up, stays_open
from streams.logic.contact.state import Contact, Mark, WrappedUp
from streams.logic.contact.system_codes import is_attempt, marks_number, runs_rules
from streams.logic.decisions.actions import mark_contact, mark_number
from streams.logic.decisions.flights import end_by_wrap_up
from streams.logic.decisions.returns import end_undialed
from streams.logic.decisions.rule_callbacks import EndedCall, follow_rules
from streams.logic.decisions.step import Step
from streams.logic.rules.rules import CompiledRuleSet
from topics.codec import BadEvent, ErrorCode
from topics.configuration import Campaign, DialingMode, WrapUpFlag
from topics.events import WrapUp
from topics.facts import CompletedFacts
from topics.records import Reason, Transition
from topics.rejection_facts import EventType, WrapUpOvertakenFacts, WrapUpRejectedFacts


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
    attempt = is_attempt(event.wrap_up_code, campaign)
    if attempt:
        step.contact = with_attempt(step.contact, event.called_at, event.campaign_id, event.phone_number, step.now)
    right_party = apply_mapping(step, event, campaign)
    call_began_at = latest_without_wrap_up(named, event.occurred_at) if named is not None and of_presentation else None
    if event.callback_id is not None:
        _end_named_callback(step, event, event.callback_id, right_party, dialed=attempt)
    in_preview_mode = campaign.dialing_mode is DialingMode.PREVIEW
    asked = rule_sets if runs_rules(event.wrap_up_code, in_preview_mode=in_preview_mode) else ()
    follow_rules(step, EndedCall(event, campaign, attempt, right_party, call_began_at), asked)
    end_by_wrap_up(step, event)


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
    facts = WrapUpOvertakenFacts(
        wrap_up_code=event.wrap_up_code,
        conversation_id=event.conversation_id,
        event_type=EventType.WRAP_UP,
        first_at=first_at,
    )
    if named is not None:
        step.reject(named, (Reason.LATER_CODE_FIRST,), facts)
    else:
        step.reject_unknown(event.callback_id, event.campaign_id, (Reason.LATER_CODE_FIRST,), facts)


def campaign_of(step: Step, event: WrapUp) -> Campaign:
    """The campaign of a wrap-up. Raises BadEvent when it is not known or cannot be read."""
    campaign = step.configuration.campaigns.get(event.campaign_id)
    if campaign is None:
        if event.campaign_id in step.configuration.unreadable.campaigns:
            raise BadEvent(ErrorCode.CAMPAIGN_UNREADABLE, "$.campaign_id", "The campaign's record cannot be read")
        raise BadEvent(ErrorCode.CAMPAIGN_UNKNOWN, "$.campaign_id", "The campaign is not configured")
    return campaign


def _rules_of(step: Step, event: WrapUp) -> tuple[Campaign, Sequence[CompiledRuleSet]]:
    campaign = campaign_of(step, event)
    known, unreadable = step.configuration.rule_sets, step.configuration.unreadable.rule_sets
    if unreadable and not unreadable.keys().isdisjoint(campaign.rule_set_ids):
        raise BadEvent(ErrorCode.RULE_SET_UNREADABLE, "$.campaign_id", "A rule set of the campaign cannot be read")
    try:
        return campaign, [known[rule_set_id] for rule_set_id in campaign.rule_set_ids]
    except KeyError:
        what = "A rule set of the campaign is not configured"
        raise BadEvent(ErrorCode.RULE_SET_UNKNOWN, "$.campaign_id", what) from None


def _with_wrap_up(contact: Contact, event: WrapUp) -> Contact:
    contact = with_last_wrap_up(contact, event)
    if event.attributes:
        contact = replace(contact, attributes={**contact.attributes, **event.attributes})
    return contact


def with_last_wrap_up(contact: Contact, event: WrapUp) -> Contact:
    """The contact with this as the last wrap-up of its number, unless one that occurred later is known."""
    last = contact.last_wrap_ups.get(event.phone_number)
    if last is None or last.at <= event.occurred_at:
        latest = WrappedUp(event.occurred_at, event.wrap_up_code)
        # The last to come stands last: of two at one instant it is the later.
        others = {number: one for number, one in contact.last_wrap_ups.items() if number != event.phone_number}
        contact = replace(contact, last_wrap_ups={**others, event.phone_number: latest})
    return contact


def apply_mapping(step: Step, event: WrapUp, campaign: Campaign) -> bool:
    """Do what the campaign's mapping of the code says; returns whether it says that the right party was reached."""
    flags = (campaign.wrap_up_mappings or {}).get(event.wrap_up_code, ())
    mark = Mark(at=event.occurred_at, event_id=event.event_id, wrap_up_code=event.wrap_up_code)
    if WrapUpFlag.CONTACT_UNCALLABLE in flags:
        mark_contact(step, mark)
    if WrapUpFlag.NUMBER_UNCALLABLE in flags or marks_number(event.wrap_up_code):
        mark_number(step, event.phone_number, mark)
    if WrapUpFlag.RIGHT_PARTY_CONTACT not in flags:
        return False
    known = step.contact.last_right_party
    latest = max(known.get(event.campaign_id, event.occurred_at), event.occurred_at)
    step.contact = replace(step.contact, last_right_party={**known, event.campaign_id: latest})
    return True


def _end_named_callback(step: Step, event: WrapUp, callback_id: str, right_party: bool, *, dialed: bool) -> None:
    """Complete the callback that the wrap-up names, or say that there is none; the rest of the wrap-up stands.

    dialed: whether the code says that a call was placed; if not, the callback is not completed, it is given back.
    """
    code, conversation = event.wrap_up_code, event.conversation_id
    refused = WrapUpRejectedFacts(EventType.WRAP_UP, "callback_id", wrap_up_code=code, conversation_id=conversation)
    if (callback := step.outstanding.get(callback_id)) is not None:
        if stays_open(callback, event.occurred_at):
            closed_at = closed(callback, event.occurred_at, step.now)
            step.keep(replace(callback, left_open_by=event.event_id, closed_at=closed_at))
        elif not dialed:
            end_undialed(step, callback, event)
        else:
            ended = replace(callback, ended_at=event.occurred_at, ended_by=event.event_id)
            facts = CompletedFacts(code, conversation, agent_id=event.agent_id, right_party_contact=right_party)
            step.move(ended, Transition.COMPLETED, facts=facts)
    elif (callback := step.ended.get(callback_id)) is not None:
        step.reject(callback, (Reason.CALLBACK_ENDED,), refused)
        step.note_ended(replace(callback, closed_at=closed(callback, event.occurred_at, step.now)))
    else:
        step.reject_unknown(callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), refused)
