"""Which records a refusal rests on: for each reason, the topic and the key of what would have to change.

Source: docs/contract.md, sections "In, per contact" and "In, per campaign and lists".
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct

from streams.console.why.labels import masked
from streams.console.why.reading import Json, inner, items, text
from topics.check_facts import RuleOutcome
from topics.names import TopicName
from topics.records import Reason


class Rests(Struct, frozen=True, kw_only=True):
    """A record by its topic and its key. A phone number in a key is shown by its last four digits."""

    topic: TopicName
    key: str


class Refused(NamedTuple):
    """A call that is refused. checks: the facts of the checks. phone_number: that of the callback, whole."""

    checks: Json
    campaign_id: str
    contact_key: str
    phone_number: str


def records_of(reason: Reason, refused: Refused) -> tuple[Rests, ...]:
    """The records that a reason rests on; none if it rests on no record, but on the events of the contact."""
    found = _RECORDS.get(reason)
    return tuple(Rests(topic=topic, key=masked(key)) for topic, key in found(refused)) if found else ()


_Found = list[tuple[TopicName, str]]


def _campaign(refused: Refused) -> _Found:
    return [(TopicName.CAMPAIGNS, refused.campaign_id)]


def _contact(refused: Refused) -> _Found:
    return [(TopicName.CONTACTS, refused.contact_key)]


def _cleared(refused: Refused) -> _Found:
    at = inner(refused.checks, "contact").get("list_cleared_at")
    cleared = (TopicName.CONTACT_LIST_CLEARED, refused.contact_key.partition("|")[0])
    return [cleared] if at else _contact(refused)


def _dnc(refused: Refused) -> _Found:
    facts = inner(refused.checks, "dnc")
    number = text(facts, "phone_number") or refused.phone_number
    return [(TopicName.DNC_ENTRIES, f"{text(facts, 'dnc_list_id') or '?'}|{number}")]


def _times(refused: Refused) -> _Found:
    set_id = text(inner(refused.checks, "callable_time"), "callable_time_set_id")
    return [(TopicName.CALLABLE_TIME_SETS, set_id)] if set_id else []


def _rule_sets(*outcomes: RuleOutcome) -> Callable[[Refused], _Found]:
    def found(refused: Refused) -> _Found:
        ids = [
            text(rule, "rule_set_id") or "?"
            for rule in items(refused.checks, "pre_call_rules")
            if text(rule, "outcome") in outcomes
        ]
        return [(TopicName.RULE_SETS, one) for one in dict.fromkeys(ids)]

    return found


def _holds(refused: Refused) -> _Found:
    return [(TopicName.HOLDS, text(hold, "hold_id") or "?") for hold in items(refused.checks, "holds")]


_RECORDS: Mapping[Reason, Callable[[Refused], _Found]] = {
    Reason.DNC: _dnc,
    Reason.OUTSIDE_CALLABLE_TIME: _times,
    Reason.ZONE_NOT_CALLABLE: _times,
    Reason.CONTACT_UNCALLABLE: _contact,
    Reason.NUMBER_UNCALLABLE: _contact,
    Reason.CONTACT_ATTEMPT_LIMIT: _campaign,
    Reason.NUMBER_ATTEMPT_LIMIT: _campaign,
    Reason.PRE_CALL_RULE: _rule_sets(RuleOutcome.MATCHED, RuleOutcome.CANNOT_BE_EVALUATED, RuleOutcome.TOO_MUCH_WORK),
    Reason.CONTACT_FILTERED: _campaign,
    Reason.CAMPAIGN_OFF: _campaign,
    Reason.CAMPAIGN_UNKNOWN: _campaign,
    Reason.CAMPAIGN_UNREADABLE: _campaign,
    Reason.CONTACT_UNKNOWN: _cleared,
    Reason.CONTACT_UNREADABLE: _contact,
    Reason.INVALID_NUMBER: _contact,
    Reason.TIME_ZONE_UNKNOWN: _contact,
    Reason.REGION_UNKNOWN: _contact,
    Reason.CALLABLE_TIME_SET_UNKNOWN: _times,
    Reason.CALLABLE_TIME_SET_UNREADABLE: _times,
    Reason.RULE_SET_UNKNOWN: _rule_sets(RuleOutcome.UNKNOWN),
    Reason.RULE_SET_UNREADABLE: _rule_sets(RuleOutcome.UNREADABLE),
    Reason.TOO_SOON: _campaign,
    Reason.IN_CALL: _campaign,
    Reason.ON_HOLD: _holds,
    Reason.RATE: _campaign,
    Reason.TOO_LATE: _campaign,
    Reason.WINDOW_OVER: _campaign,
}
