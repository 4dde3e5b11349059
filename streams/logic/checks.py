"""Whether a call may be placed: every check of the campaign, and what each of them was decided on.

One function for all who ask: agents, the campaign for its own next record, and the system before it has a callback
dialed. It changes nothing, and it does not stop at the first check that fails. A missing fact fails.
Source: docs/rules.md, section 3 and section 8 rows 20 to 23.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

from streams.logic.attempts import check_limits
from streams.logic.callable_time import check_time
from streams.logic.configuration import Configuration
from streams.logic.contacts import cleared_at
from streams.logic.numbers import entries_of, is_valid_number, spellings
from streams.logic.occasion import Occasion, TooMuchWork
from streams.logic.open_slots import Clock
from streams.logic.passes import called_this_pass, pass_started_at
from streams.logic.rules import CompiledRule
from streams.logic.state import Contact, Mark
from topics.configuration import Campaign, CampaignStatus
from topics.records import Reason
from topics.rules import DoNotDial, SwitchToPreview

TOO_MUCH_WORK = "too_much_work"
"""The outcome of rules, or of a filter, that would have needed more work than one event may take."""

_RANK = {reason: rank for rank, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Call:
    """A call that somebody is about to place. of_campaign: it is the campaign's own next record, not a callback."""

    contact: Contact
    campaign_id: str
    phone_number: str
    of_campaign: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks found. reasons: one for each that failed. facts: by check. matched: pre-call rules, in order.

    clocks: those of callable time, which all have an open slot if no check failed.
    """

    reasons: tuple[Reason, ...]
    facts: Mapping[str, Any]
    matched: tuple[CompiledRule, ...] = ()
    clocks: tuple[Clock, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether no check failed."""
        return not self.reasons

    @property
    def to_preview(self) -> CompiledRule | None:
        """The first rule that wants an agent to see this call first."""
        return next((rule for rule in self.matched if _has(rule, SwitchToPreview)), None)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the order of the contract."""
    return tuple(sorted(reasons, key=_RANK.__getitem__))


@dataclass(slots=True)
class _Findings:
    failed: set[Reason] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    matched: list[CompiledRule] = field(default_factory=list)
    clocks: tuple[Clock, ...] = ()

    def fail_if(self, failed: bool, reason: Reason) -> None:
        if failed:
            self.failed.add(reason)

    def verdict(self) -> Verdict:
        return Verdict(in_order(self.failed), self.facts, tuple(self.matched), self.clocks)


def check(call: Call, configuration: Configuration, now: datetime) -> Verdict:
    """Run every check of the campaign on a call that would be placed now."""
    found = _Findings()
    _check_contact(found, call, configuration)
    _check_number(found, call)
    campaign = configuration.campaigns.get(call.campaign_id)
    if campaign is None:
        unreadable = call.campaign_id in configuration.unreadable.campaigns
        found.fail_if(True, Reason.CAMPAIGN_UNREADABLE if unreadable else Reason.CAMPAIGN_UNKNOWN)
        return found.verdict()
    found.facts["campaign"] = {"dialing_mode": campaign.dialing_mode, "campaign_status": campaign.status}
    _check_dnc(found, call, campaign, configuration, now)
    _check_time(found, call, campaign, configuration, now)
    _check_attempts(found, call, campaign, now)
    occasion = Occasion(call.contact, call.phone_number, now)
    _check_rules(found, campaign, configuration, occasion)
    _check_filter(found, campaign, configuration, occasion)
    if call.of_campaign:
        _check_campaign(found, call, campaign, configuration)
    return found.verdict()


def _check_contact(found: _Findings, call: Call, configuration: Configuration) -> None:
    contact = call.contact
    found.fail_if(contact.unreadable, Reason.CONTACT_UNREADABLE)
    if contact.listed is None:
        found.fail_if(not contact.unreadable, Reason.CONTACT_UNKNOWN)
        return
    if (at := cleared_at(contact, configuration)) is not None:
        found.fail_if(True, Reason.CONTACT_UNKNOWN)
        found.facts["contact"] = {"recorded_at": contact.listed.recorded_at, "list_cleared_at": at}
        return
    found.fail_if(not contact.listed.callable or contact.marked is not None, Reason.CONTACT_UNCALLABLE)
    right_party_at = contact.last_right_party.get(call.campaign_id)
    found.facts["contact"] = {
        "callable": contact.listed.callable,
        **_marked_by(contact.marked),
        **({"right_party_contact_at": right_party_at} if right_party_at else {}),
    }


def _check_number(found: _Findings, call: Call) -> None:
    found.fail_if(not is_valid_number(call.phone_number), Reason.INVALID_NUMBER)
    same, entries = spellings(call.phone_number), entries_of(call.contact, call.phone_number)
    marks = [mark for number, mark in call.contact.marked_numbers.items() if number in same]
    mark = min(marks, key=lambda one: one.at, default=None)
    # One that is not on the record counts as callable; the facts say so.
    on_record_and_callable = all([number.callable for number in entries])
    found.fail_if(not on_record_and_callable or mark is not None, Reason.NUMBER_UNCALLABLE)
    found.facts["number"] = {"callable": on_record_and_callable, "on_record": bool(entries), **_marked_by(mark)}


def _check_dnc(found: _Findings, call: Call, campaign: Campaign, configuration: Configuration, now: datetime) -> None:
    if not campaign.dnc_list_ids:
        return
    found.facts["dnc"] = {"dnc_list_ids": campaign.dnc_list_ids}
    for dnc_list_id, text in product(campaign.dnc_list_ids, spellings(call.phone_number)):
        entry = configuration.dnc.find(dnc_list_id, text)
        if entry is not None and (entry.expires_at is None or now < entry.expires_at):
            found.fail_if(True, Reason.DNC)
            found.facts["dnc"] = {
                "dnc_list_id": dnc_list_id,
                "expires_at": entry.expires_at,
                **({"phone_number": text} if text != call.phone_number else {}),
            }
            return


def _check_time(found: _Findings, call: Call, campaign: Campaign, configuration: Configuration, now: datetime) -> None:
    if campaign.callable_time_set_id is None:
        return
    times = configuration.times.get(campaign.callable_time_set_id)
    if times is None:
        unreadable = campaign.callable_time_set_id in configuration.unreadable.times
        found.fail_if(True, Reason.CALLABLE_TIME_SET_UNREADABLE if unreadable else Reason.CALLABLE_TIME_SET_UNKNOWN)
        found.facts["callable_time"] = {"callable_time_set_id": campaign.callable_time_set_id}
        return
    reasons, found.facts["callable_time"], found.clocks = check_time(times, call.contact, call.phone_number, now)
    found.failed.update(reasons)


def _check_attempts(found: _Findings, call: Call, campaign: Campaign, now: datetime) -> None:
    if campaign.attempt_limits is None:
        return
    limits = campaign.attempt_limits
    reasons, found.facts["attempts"] = check_limits(limits, call.contact, call.phone_number, now)
    found.failed.update(reasons)


def _check_rules(found: _Findings, campaign: Campaign, configuration: Configuration, occasion: Occasion) -> None:
    noted: list[dict[str, Any]] = []
    for rule_set_id in campaign.rule_set_ids:
        rule_set = configuration.rule_sets.get(rule_set_id)
        if rule_set is None:
            unreadable = rule_set_id in configuration.unreadable.rule_sets
            found.fail_if(True, Reason.RULE_SET_UNREADABLE if unreadable else Reason.RULE_SET_UNKNOWN)
            noted.append({"rule_set_id": rule_set_id, "outcome": "unreadable" if unreadable else "unknown"})
            continue
        try:
            for rule, matched in rule_set.pre_call(occasion):
                if matched:
                    found.matched.append(rule)
                found.fail_if(not matched or _has(rule, DoNotDial), Reason.PRE_CALL_RULE)
                outcome = "matched" if matched else "cannot_be_evaluated"
                noted.append({"rule_set_id": rule_set_id, "rule_id": rule.rule_id, "outcome": outcome})
        except TooMuchWork:
            found.fail_if(True, Reason.PRE_CALL_RULE)
            noted.append({"rule_set_id": rule_set_id, "outcome": TOO_MUCH_WORK})
    if noted:
        found.facts["pre_call_rules"] = noted


def _check_filter(found: _Findings, campaign: Campaign, configuration: Configuration, occasion: Occasion) -> None:
    passes = configuration.filters.get(campaign.campaign_id)
    if passes is None:
        return
    try:
        passed = passes(occasion)
        outcome = "cannot_be_evaluated" if passed is None else "passed" if passed else "filtered"
    except TooMuchWork:
        passed, outcome = None, TOO_MUCH_WORK
    found.fail_if(not passed, Reason.CONTACT_FILTERED)
    found.facts["contact_filter"] = {"outcome": outcome}


def _check_campaign(found: _Findings, call: Call, campaign: Campaign, configuration: Configuration) -> None:
    """What holds for the campaign's own next record only: for a callback of its own the system waits instead."""
    found.fail_if(campaign.status is not CampaignStatus.ON, Reason.CAMPAIGN_OFF)
    started_at = pass_started_at(configuration, call.campaign_id)
    found.fail_if(called_this_pass(call.contact, call.campaign_id, started_at), Reason.ALREADY_CALLED_THIS_PASS)
    found.facts["pass"] = {
        "started_at": started_at,
        "last_attempt_at": call.contact.last_attempts.get(call.campaign_id),
    }
    if campaign.suppress_contacts_with_callback:
        found.fail_if(bool(call.contact.callbacks), Reason.CALLBACK_OUTSTANDING)
        found.facts["outstanding_callbacks"] = [
            {"callback_id": callback.callback_id, "campaign_id": callback.campaign_id}
            for callback in call.contact.callbacks
        ]


def _has(rule: CompiledRule, action: type) -> bool:
    return any(isinstance(one, action) for one in rule.actions)


def _marked_by(mark: Mark | None) -> Mapping[str, Any]:
    if mark is None:
        return {}
    named = ("event_id", "at", "rule_set_id", "rule_id", "wrap_up_code")
    return {"marked_by": {name: value for name in named if (value := getattr(mark, name)) is not None}}
