"""Why a call was refused, in words: each reason with what the checks rested on, as far as the facts have it.

Source: docs/contract.md, section "placement-decided".
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from streams.console.view.model import Told
from streams.console.why.marks import attempts, holds_in_words, uncallable
from streams.console.why.moments import Moments, seconds
from streams.console.why.reading import Json, inner, instant, is_true, items, text, whole
from streams.console.why.words import REASONS, joined, said, some
from topics.check_facts import RuleOutcome
from topics.names import TopicName
from topics.records import Reason


class Grounds(NamedTuple):
    """What a refusal rests on. checks: the facts of the checks. value: the record. told: what else is known."""

    checks: Json
    value: Json
    moments: Moments
    told: tuple[Told, ...] = ()

    @property
    def campaign(self) -> str:
        """The campaign by its id."""
        return f"campaign {text(self.value, 'campaign_id') or '?'}"


def because(reasons: Iterable[str], grounds: Grounds) -> str:
    """All reasons of a record in words, in their order; empty if it has none."""
    said = [reason_in_words(reason, grounds) for reason in reasons]
    return "; ".join(said) if any("," in one for one in said) else joined(said)


def reason_in_words(reason: str, grounds: Grounds) -> str:
    """One reason with what it rests on; of one that is not known, the word itself."""
    if reason not in REASONS:
        return reason.replace("_", " ")
    known = Reason(reason)
    words = _WITH_FACTS[known](grounds) if known in _WITH_FACTS else None
    return words or REASONS[known]


def _dnc(grounds: Grounds) -> str | None:
    facts = inner(grounds.checks, "dnc")
    list_id = text(facts, "dnc_list_id")
    if list_id is None:
        return None
    since = _listed_since(grounds, list_id)
    parts = [f"on Do Not Call list {list_id}"]
    if since is not None:
        parts[0] += f" since {grounds.moments.bare(since)}"
    until = instant(facts, "expires_at")
    if until is not None:
        parts.append(f"until {grounds.moments.bare(until)}")
    elif "expires_at" in facts:
        parts.append("for good")
    return ", ".join(parts)


def _listed_since(grounds: Grounds, list_id: str) -> datetime | None:
    """When the entry came, if the story has it."""
    decided_at = instant(grounds.value, "occurred_at")
    entries = [
        told.at
        for told in grounds.told
        if told.topic == TopicName.DNC_ENTRIES and told.value and text(told.value, "dnc_list_id") == list_id
        if decided_at is None or told.at <= decided_at
    ]
    return max(entries, default=None)


def _closed(grounds: Grounds) -> str | None:
    facts = inner(grounds.checks, "callable_time")
    set_id = text(facts, "callable_time_set_id")
    if set_id is None:
        return None
    zones = [
        f"{_clock(zone)} in {text(zone, 'time_zone') or '?'}{_on_exception(zone)}"
        for zone in items(facts, "zones")
        if not is_true(zone, "open")
    ]
    regions = [
        f"region {text(region, 'region') or '?'} is closed{_on_exception(region)}"
        for region in items(facts, "regions")
        if not is_true(region, "open")
    ]
    where = some([*zones, *regions])
    return f"outside callable time set {set_id}{f' ({where})' if where else ''}"


def _clock(zone: Json) -> str:
    local = text(zone, "local_time")
    return "closed" if local is None else f"it was {local.partition('T')[2][:5] or local}"


def _on_exception(facts: Json) -> str:
    day = text(facts, "exception")
    return f", which has hours of its own on {day}" if day else ""


def _zones(words: str, *, known: bool) -> Callable[[Grounds], str | None]:
    """The zones of the number that are to blame. known: whether they are in the database of time zones."""

    def say(grounds: Grounds) -> str | None:
        facts = inner(grounds.checks, "callable_time")
        zones = [zone for zone in items(facts, "zones") if not is_true(zone, "open")]
        to_blame = [zone for zone in zones if (text(zone, "local_time") is not None) is known]
        names = [name for zone in to_blame if (name := text(zone, "time_zone"))]
        return words.format(some(names), text(facts, "callable_time_set_id")) if names else None

    return say


def _time_set(words: str) -> Callable[[Grounds], str | None]:
    def say(grounds: Grounds) -> str | None:
        set_id = text(inner(grounds.checks, "callable_time"), "callable_time_set_id")
        return f"{words} callable time set {set_id}" if set_id else None

    return say


def _contact_unknown(grounds: Grounds) -> str | None:
    cleared_at = instant(inner(grounds.checks, "contact"), "list_cleared_at")
    if cleared_at is None:
        return None
    return f"the contact's list was cleared {grounds.moments.at(cleared_at)}, after its record was written"


def _rules(grounds: Grounds) -> str | None:
    """Which rules forbid it: facts name those that matched, whatever their actions are."""
    said_of = [
        f"rule {text(rule, 'rule_id')} of rule set {text(rule, 'rule_set_id') or '?'} {_outcome(rule)}"
        if text(rule, "rule_id")
        else f"rule set {text(rule, 'rule_set_id') or '?'} {_outcome(rule)}"
        for rule in items(grounds.checks, "pre_call_rules")
        if text(rule, "outcome") not in (RuleOutcome.UNKNOWN, RuleOutcome.UNREADABLE)
    ]
    return f"a pre-call rule forbids it ({joined(said_of)})" if said_of else None


def _outcome(rule: Json) -> str:
    return said(RuleOutcome, text(rule, "outcome") or "?")


def _rule_sets(outcome: RuleOutcome, words: str) -> Callable[[Grounds], str | None]:
    def say(grounds: Grounds) -> str | None:
        ids = [
            rule_set_id
            for rule in items(grounds.checks, "pre_call_rules")
            if text(rule, "outcome") == outcome and (rule_set_id := text(rule, "rule_set_id"))
        ]
        return f"{words} rule set {joined(ids)}" if ids else None

    return say


def _filter(grounds: Grounds) -> str | None:
    outcome = text(inner(grounds.checks, "contact_filter"), "outcome")
    if outcome in (None, "filtered"):
        return f"the filter of {grounds.campaign} excludes the contact" if outcome else None
    why = {"cannot_be_evaluated": "cannot be evaluated", "too_much_work": "needs too much work"}.get(outcome, outcome)
    return f"the filter of {grounds.campaign} {why}"


def _outstanding(grounds: Grounds) -> str | None:
    ids = [found for one in items(grounds.checks, "outstanding_callbacks") if (found := text(one, "callback_id"))]
    return f"the contact has callback {joined(ids)} outstanding" if ids else None


def _this_pass(grounds: Grounds) -> str | None:
    last = instant(inner(grounds.checks, "pass"), "last_attempt_at")
    return f"the contact has been called in this pass, {grounds.moments.at(last)}" if last else None


def _campaign(words: str) -> Callable[[Grounds], str]:
    return lambda grounds: words.format(grounds.campaign)


def _gap(grounds: Grounds) -> str | None:
    facts = inner(grounds.checks, "gap")
    gap, last = whole(facts, "min_gap_s"), instant(facts, "last_call_at")
    if gap is None or last is None:
        return None
    return f"less than {seconds(gap)} after the contact's last call {grounds.moments.at(last)}"


def _in_call(grounds: Grounds) -> str | None:
    calls = items(grounds.checks, "in_call")
    if not calls:
        return None
    since, campaign_id = instant(calls[0], "since"), text(calls[0], "campaign_id")
    begun = f" since {grounds.moments.bare(since)}" if since else ""
    return f"another call of the contact is in flight{begun}{f' (campaign {campaign_id})' if campaign_id else ''}"


def _on_hold(grounds: Grounds) -> str | None:
    holds = items(grounds.checks, "holds")
    return f"on hold by {holds_in_words(holds)}" if holds else None


def _uncallable(whose: str) -> Callable[[Grounds], str | None]:
    return lambda grounds: uncallable(whose, inner(grounds.checks, whose), grounds.moments)


def _attempts(whose: str) -> Callable[[Grounds], str | None]:
    return lambda grounds: attempts(whose, inner(grounds.checks, "attempts"))


_WITH_FACTS: Mapping[Reason, Callable[[Grounds], str | None]] = {
    Reason.DNC: _dnc,
    Reason.OUTSIDE_CALLABLE_TIME: _closed,
    Reason.ZONE_NOT_CALLABLE: _zones("its time zone ({}) is not in callable time set {}", known=True),
    Reason.TIME_ZONE_UNKNOWN: _zones("no time zone of the name {} is known", known=False),
    Reason.CONTACT_UNCALLABLE: _uncallable("contact"),
    Reason.NUMBER_UNCALLABLE: _uncallable("number"),
    Reason.CONTACT_ATTEMPT_LIMIT: _attempts("contact"),
    Reason.NUMBER_ATTEMPT_LIMIT: _attempts("number"),
    Reason.PRE_CALL_RULE: _rules,
    Reason.CONTACT_FILTERED: _filter,
    Reason.CALLBACK_OUTSTANDING: _outstanding,
    Reason.ALREADY_CALLED_THIS_PASS: _this_pass,
    Reason.CAMPAIGN_OFF: _campaign("{} is off"),
    Reason.CAMPAIGN_UNKNOWN: _campaign("there is no record of {}"),
    Reason.CAMPAIGN_UNREADABLE: _campaign("the record of {} cannot be read"),
    Reason.CONTACT_UNKNOWN: _contact_unknown,
    Reason.CALLABLE_TIME_SET_UNKNOWN: _time_set("there is no record of"),
    Reason.CALLABLE_TIME_SET_UNREADABLE: _time_set("the record cannot be read of"),
    Reason.RULE_SET_UNKNOWN: _rule_sets(RuleOutcome.UNKNOWN, "there is no record of"),
    Reason.RULE_SET_UNREADABLE: _rule_sets(RuleOutcome.UNREADABLE, "the record cannot be read of"),
    Reason.TOO_SOON: _gap,
    Reason.IN_CALL: _in_call,
    Reason.ON_HOLD: _on_hold,
}
"""Of the reasons that have facts of their own; each says nothing where those are not there."""
