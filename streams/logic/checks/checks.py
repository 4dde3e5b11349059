"""Whether a call may be placed: every check of the campaign, and what each of them was decided on.

One function for all who ask: agents, the campaign for its own next record, and the system before it has a callback
dialed. It changes nothing, and it does not stop at the first check that fails. A missing fact fails.
Source: docs/rules.md, sections 3 and 9, section 8 rows 20 to 23.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

from msgspec.structs import asdict

from streams.logic.checks.attempts import check_limits
from streams.logic.checks.gaps import look_at_gap, look_for_calls
from streams.logic.checks.verdict import Call, Verdict, has_action, in_order
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.listed import cleared_at
from streams.logic.configuration.passes import called_this_pass, pass_started_at
from streams.logic.contact.occasion import Occasion, TooMuchWork
from streams.logic.contact.state import Mark
from streams.logic.hours.callable_time import check_time
from streams.logic.hours.numbers import entries_of, is_valid_number, spellings
from streams.logic.hours.open_slots import Clock
from streams.logic.rules.rules import CompiledRule
from topics.check_facts import (
    AttemptFacts,
    CallableTimeFacts,
    CampaignFacts,
    CheckFacts,
    ContactFacts,
    DncFacts,
    FilterFacts,
    FilterOutcome,
    GapFacts,
    InCallFacts,
    Marked,
    NumberFacts,
    OutstandingFacts,
    PassFacts,
    RuleFacts,
    RuleOutcome,
)
from topics.configuration import Campaign, CampaignStatus
from topics.records import Reason
from topics.rules import DoNotDial


@dataclass(slots=True)
class _Findings:
    failed: set[Reason] = field(default_factory=set)
    matched: list[CompiledRule] = field(default_factory=list)
    clocks: tuple[Clock, ...] = ()

    def fail_if(self, failed: bool, reason: Reason) -> None:
        if failed:
            self.failed.add(reason)

    def verdict(self, facts: CheckFacts) -> Verdict:
        return Verdict(in_order(self.failed), facts, tuple(self.matched), self.clocks)


def check(call: Call, configuration: Configuration, now: datetime) -> Verdict:
    """Run every check of the campaign on a call that would be placed now."""
    found = _Findings()
    contact, number = _check_contact(found, call, configuration), _check_number(found, call)
    holds = configuration.holds.on(call.campaign_id) or None
    found.fail_if(holds is not None, Reason.ON_HOLD)
    campaign = configuration.campaigns.get(call.campaign_id)
    if campaign is None:
        unreadable = call.campaign_id in configuration.unreadable.campaigns
        found.fail_if(True, Reason.CAMPAIGN_UNREADABLE if unreadable else Reason.CAMPAIGN_UNKNOWN)
        return found.verdict(CheckFacts(contact=contact, number=number, holds=holds))
    occasion = Occasion(call.contact, call.phone_number, now)
    facts = CheckFacts(
        contact=contact,
        number=number,
        campaign=CampaignFacts(dialing_mode=campaign.dialing_mode, campaign_status=campaign.status),
        dnc=_check_dnc(found, call, campaign, configuration, now),
        callable_time=_check_time(found, call, campaign, configuration, now),
        attempts=_check_attempts(found, call, campaign, now),
        pre_call_rules=_check_rules(found, campaign, configuration, occasion),
        contact_filter=_check_filter(found, campaign, configuration, occasion),
        pass_=_check_pass(found, call, campaign, configuration) if call.of_campaign else None,
        outstanding_callbacks=_check_outstanding(found, call, campaign) if call.of_campaign else None,
        gap=_check_gap(found, call, campaign.min_gap_s, now) if campaign.min_gap_s else None,
        in_call=_check_in_call(found, call, now) if campaign.one_call_at_a_time_s else None,
        holds=holds,
    )
    return found.verdict(facts)


def _check_contact(found: _Findings, call: Call, configuration: Configuration) -> ContactFacts | None:
    contact = call.contact
    found.fail_if(contact.unreadable, Reason.CONTACT_UNREADABLE)
    if contact.listed is None:
        found.fail_if(not contact.unreadable, Reason.CONTACT_UNKNOWN)
        return None
    if (at := cleared_at(contact, configuration)) is not None:
        found.fail_if(True, Reason.CONTACT_UNKNOWN)
        return ContactFacts(recorded_at=contact.listed.recorded_at, list_cleared_at=at)
    found.fail_if(not contact.listed.callable or contact.marked is not None, Reason.CONTACT_UNCALLABLE)
    return ContactFacts(
        callable=contact.listed.callable,
        marked_by=_marked(contact.marked),
        right_party_contact_at=contact.last_right_party.get(call.campaign_id),
    )


def _check_number(found: _Findings, call: Call) -> NumberFacts:
    found.fail_if(not is_valid_number(call.phone_number), Reason.INVALID_NUMBER)
    same, entries = spellings(call.phone_number), entries_of(call.contact, call.phone_number)
    marks = [mark for number, mark in call.contact.marked_numbers.items() if number in same]
    mark = min(marks, key=lambda one: one.at, default=None)
    # One that is not on the record counts as callable; the facts say so.
    on_record_and_callable = all([number.callable for number in entries])
    found.fail_if(not on_record_and_callable or mark is not None, Reason.NUMBER_UNCALLABLE)
    return NumberFacts(callable=on_record_and_callable, on_record=bool(entries), marked_by=_marked(mark))


def _check_dnc(
    found: _Findings, call: Call, campaign: Campaign, configuration: Configuration, now: datetime
) -> DncFacts | None:
    if not campaign.dnc_list_ids:
        return None
    for dnc_list_id, text in product(campaign.dnc_list_ids, spellings(call.phone_number)):
        entry = configuration.dnc.find(dnc_list_id, text)
        if entry is not None and (entry.expires_at is None or now < entry.expires_at):
            found.fail_if(True, Reason.DNC)
            spelled = text if text != call.phone_number else None
            return DncFacts(dnc_list_id=dnc_list_id, expires_at=entry.expires_at, phone_number=spelled)
    return DncFacts(dnc_list_ids=campaign.dnc_list_ids)


def _check_time(
    found: _Findings, call: Call, campaign: Campaign, configuration: Configuration, now: datetime
) -> CallableTimeFacts | None:
    if campaign.callable_time_set_id is None:
        return None
    times = configuration.times.get(campaign.callable_time_set_id)
    if times is None:
        unreadable = campaign.callable_time_set_id in configuration.unreadable.times
        found.fail_if(True, Reason.CALLABLE_TIME_SET_UNREADABLE if unreadable else Reason.CALLABLE_TIME_SET_UNKNOWN)
        return CallableTimeFacts(callable_time_set_id=campaign.callable_time_set_id)
    reasons, facts, found.clocks = check_time(times, call.contact, call.phone_number, now)
    found.failed.update(reasons)
    return facts


def _check_attempts(found: _Findings, call: Call, campaign: Campaign, now: datetime) -> AttemptFacts | None:
    if campaign.attempt_limits is None:
        return None
    reasons, facts = check_limits(campaign.attempt_limits, call.contact, call.phone_number, now)
    found.failed.update(reasons)
    return facts


def _check_rules(
    found: _Findings, campaign: Campaign, configuration: Configuration, occasion: Occasion
) -> tuple[RuleFacts, ...] | None:
    noted: list[RuleFacts] = []
    for rule_set_id in campaign.rule_set_ids:
        rule_set = configuration.rule_sets.get(rule_set_id)
        if rule_set is None:
            unreadable = rule_set_id in configuration.unreadable.rule_sets
            found.fail_if(True, Reason.RULE_SET_UNREADABLE if unreadable else Reason.RULE_SET_UNKNOWN)
            outcome = RuleOutcome.UNREADABLE if unreadable else RuleOutcome.UNKNOWN
            noted.append(RuleFacts(rule_set_id=rule_set_id, outcome=outcome))
            continue
        try:
            for rule, matched in rule_set.pre_call(occasion):
                if matched:
                    found.matched.append(rule)
                found.fail_if(not matched or has_action(rule, DoNotDial), Reason.PRE_CALL_RULE)
                outcome = RuleOutcome.MATCHED if matched else RuleOutcome.CANNOT_BE_EVALUATED
                noted.append(RuleFacts(rule_set_id=rule_set_id, rule_id=rule.rule_id, outcome=outcome))
        except TooMuchWork:
            found.fail_if(True, Reason.PRE_CALL_RULE)
            noted.append(RuleFacts(rule_set_id=rule_set_id, outcome=RuleOutcome.TOO_MUCH_WORK))
    return tuple(noted) or None


def _check_filter(
    found: _Findings, campaign: Campaign, configuration: Configuration, occasion: Occasion
) -> FilterFacts | None:
    passes = configuration.filters.get(campaign.campaign_id)
    if passes is None:
        return None
    try:
        passed = passes(occasion)
        outcome = (
            FilterOutcome.CANNOT_BE_EVALUATED
            if passed is None
            else FilterOutcome.PASSED
            if passed
            else FilterOutcome.FILTERED
        )
    except TooMuchWork:
        passed, outcome = None, FilterOutcome.TOO_MUCH_WORK
    found.fail_if(not passed, Reason.CONTACT_FILTERED)
    return FilterFacts(outcome=outcome)


def _check_pass(found: _Findings, call: Call, campaign: Campaign, configuration: Configuration) -> PassFacts:
    """What holds for the campaign's own next record only: for a callback of its own the system waits instead."""
    found.fail_if(campaign.status is not CampaignStatus.ON, Reason.CAMPAIGN_OFF)
    started_at = pass_started_at(configuration, call.campaign_id)
    found.fail_if(called_this_pass(call.contact, call.campaign_id, started_at), Reason.ALREADY_CALLED_THIS_PASS)
    return PassFacts(started_at=started_at, last_attempt_at=call.contact.last_attempts.get(call.campaign_id))


def _check_outstanding(found: _Findings, call: Call, campaign: Campaign) -> tuple[OutstandingFacts, ...] | None:
    """The same, of a campaign that calls no contact with an outstanding callback."""
    if not campaign.suppress_contacts_with_callback:
        return None
    found.fail_if(bool(call.contact.callbacks), Reason.CALLBACK_OUTSTANDING)
    return tuple(
        OutstandingFacts(callback_id=callback.callback_id, campaign_id=callback.campaign_id)
        for callback in call.contact.callbacks
    )


def _check_gap(found: _Findings, call: Call, min_gap_s: int, now: datetime) -> GapFacts:
    facts = look_at_gap(min_gap_s, call.contact)
    found.fail_if(facts.fits_at is not None and now < facts.fits_at, Reason.TOO_SOON)
    return facts


def _check_in_call(found: _Findings, call: Call, now: datetime) -> tuple[InCallFacts, ...]:
    others = look_for_calls(call, now)
    found.fail_if(bool(others), Reason.IN_CALL)
    return others


def _marked(mark: Mark | None) -> Marked | None:
    return None if mark is None else Marked(**asdict(mark))
