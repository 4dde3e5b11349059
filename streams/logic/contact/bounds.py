"""Every bound of what configuration records may ask for, each with its reason. One that is over a bound does not fit.

They are counted, never timed: the same records are refused on every machine, and in the simulator.
Source: docs/contract.md, section "Bounds"; docs/decisions/0028-bounds-and-refused-records.md.
"""

from collections import Counter
from collections.abc import Iterable

from topics.codec import BadEvent, ErrorCode, Value
from topics.configuration import CallableTimeSet, Campaign
from topics.rules import (
    Action,
    CallAnalysisCondition,
    CancelCallbacks,
    Condition,
    Operator,
    PhoneColumnCondition,
    RuleSet,
    ScheduleCallback,
    TimeAndDateCondition,
    WrapUpCodeCondition,
)
from topics.topic import MESSAGE_BYTES_MAX

RECORD_BYTES_MAX = MESSAGE_BYTES_MAX
"""As much as a topic takes. What comes compressed may be a hundred times as large, and is decoded at a stretch."""

RULES_MAX = 5_000
"""Of a rule set. In the field there are tens, some hundreds where a program writes them."""

CONDITIONS_MAX = 10_000
"""Of a rule set, and of a campaign's filter: two for each of the most rules."""

ACTIONS_MAX = 10_000
"""Of a rule set, the same."""

LADDER_STEPS_MAX = 100
"""Of one rule: more attempts in a row than any law lets anybody make."""

VALUES_MAX = 50_000
"""Codes, columns, days and items of lists that the conditions name: room for every ZIP code there is."""

RULE_WORK_MAX = RULES_MAX + CONDITIONS_MAX + ACTIONS_MAX
"""Points of rule work that one event may take: the largest rule set asked once, with every rule matching. A point is a
rule asked, a condition of it, an action carried out, or 256 characters searched; it takes a microsecond at most."""

RULE_SETS_MAX = 1_000
"""That a campaign names. Each is looked up for every event."""

DNC_LISTS_MAX = 1_000
"""That a campaign names. A number is looked up on each of them, in each of its spellings: some milliseconds."""

CODES_MAX = 10_000
"""Wrap-up codes that a campaign names, with a mapping or as attempts: they are looked through for every wrap-up."""

FLAGS_MAX = 100
"""Of one code's mapping, which has three kinds of them; of those whom a recycle or a rule cancels; of what is paced."""

ZONES_MAX = 1_000
"""Entries of a callable time set. The time zone database has some 600 names."""

SLOTS_MAX = 700
"""Of one time zone, a hundred a day: each is looked at when the next open slot is searched. Of one region, the same."""

REGIONS_MAX = 1_000
"""Entries of a callable time set. The codes of countries and of the parts of North America are some 320."""

EXCEPTIONS_MAX = 10_000
"""Of a callable time set: ten years of holidays of a hundred states, ten a year."""

DATE_SLOTS_MAX = 100
"""Of one date of a zone or region, or of all: as many as a weekday has."""


def check_size(value: bytes) -> None:
    """Raise BadEvent for a record that is too large to be looked at."""
    if len(value) > RECORD_BYTES_MAX:
        raise BadEvent(ErrorCode.INVALID, "$", f"The record has {len(value)} bytes, {RECORD_BYTES_MAX} are the most")


def check_bounds(value: Value) -> None:
    """Raise BadEvent for what asks for more than it may; says where, how many there are, and how many may be."""
    match value:
        case RuleSet(rules=rules):
            _limit("$.rules", "rules", len(rules), RULES_MAX)
            _check_conditions("$.rules[...].conditions", [one for rule in rules for one in rule.conditions])
            _limit("$.rules[...].actions", "actions", sum(len(rule.actions) for rule in rules), ACTIONS_MAX)
            _check_actions([action for rule in rules for action in rule.actions])
        case Campaign():
            _check_campaign(value)
        case CallableTimeSet():
            _check_times(value)


def _check_times(times: CallableTimeSet) -> None:
    _limit("$.times", "entries", len(times.times), ZONES_MAX)
    _limit("$.regions", "entries", len(times.regions), REGIONS_MAX)
    _limit("$.exceptions", "entries", len(times.exceptions), EXCEPTIONS_MAX)
    zones: Counter[str] = Counter()
    for time in times.times:
        zones[time.time_zone] += len(time.slots)
    regions: Counter[str] = Counter()
    for of in times.regions:
        regions[of.region] += len(of.slots)
    dates: Counter[tuple[object, ...]] = Counter()
    for one in times.exceptions:
        dates[one.date, one.region, one.time_zone] += len(one.slots)
    _limit("$.times[...].slots", "slots of one time zone", max(zones.values(), default=0), SLOTS_MAX)
    _limit("$.regions[...].slots", "slots of one region", max(regions.values(), default=0), SLOTS_MAX)
    _limit("$.exceptions[...].slots", "slots of one date", max(dates.values(), default=0), DATE_SLOTS_MAX)


def _check_campaign(campaign: Campaign) -> None:
    mappings = campaign.wrap_up_mappings or {}
    _limit("$.rule_set_ids", "rule sets", len(campaign.rule_set_ids), RULE_SETS_MAX)
    _limit("$.dnc_list_ids", "lists", len(campaign.dnc_list_ids), DNC_LISTS_MAX)
    _limit("$.attempt_codes", "codes", len(campaign.attempt_codes), CODES_MAX)
    _limit("$.not_attempt_codes", "codes", len(campaign.not_attempt_codes), CODES_MAX)
    _limit("$.wrap_up_mappings", "codes", len(mappings), CODES_MAX)
    _limit("$.wrap_up_mappings[...]", "flags of one code", max(map(len, mappings.values()), default=0), FLAGS_MAX)
    _limit("$.recycle_cancels", "entries", len(campaign.recycle_cancels), FLAGS_MAX)
    _limit("$.paced", "entries", len(campaign.paced), FLAGS_MAX)
    _check_conditions("$.contact_filter", campaign.contact_filter or ())


def _check_actions(actions: Iterable[Action]) -> None:
    steps = origins = 0
    for action in actions:
        match action:
            case ScheduleCallback(offsets_minutes=tuple(offsets)):
                steps = max(steps, len(offsets))
            case CancelCallbacks(origins=listed):
                origins = max(origins, len(listed))
    _limit("$.rules[...].actions[...].offsets_minutes", "steps of one ladder", steps, LADDER_STEPS_MAX)
    _limit("$.rules[...].actions[...].origins", "origins", origins, FLAGS_MAX)


def _check_conditions(path: str, conditions: Iterable[Condition]) -> None:
    values = [_values_of(condition) for condition in conditions]
    _limit(path, "conditions", len(values), CONDITIONS_MAX)
    _limit(path, "values in conditions", sum(values), VALUES_MAX)


def _values_of(condition: Condition) -> int:
    match condition:
        case WrapUpCodeCondition(codes=listed) | PhoneColumnCondition(columns=listed):
            return len(listed)
        case CallAnalysisCondition(results=results):
            return len(results)
        case TimeAndDateCondition(days=days, dates=dates):
            return len(days or ()) + len(dates or ())
        case _:
            several = condition.operator in (Operator.IN, Operator.BETWEEN)
            return condition.value.count(",") + 1 if several else 1


def _limit(path: str, what: str, count: int, most: int) -> None:
    if count > most:
        raise BadEvent(ErrorCode.INVALID, path, f"There are {count} {what}, {most} are the most")
