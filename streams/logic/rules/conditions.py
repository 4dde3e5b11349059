"""The conditions of rules and filters, prepared once for each version of them.

A condition holds, does not hold, or cannot be evaluated (None). What follows from None is for its user to say.
Source: docs/rules.md, section 5 and section 8 row 26; docs/decisions/0013-conditions-have-three-outcomes.md.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar, assert_never

from streams.logic.contact.occasion import Occasion
from streams.logic.hours.numbers import entries_of, spellings
from streams.logic.hours.open_slots import second_of_day
from streams.logic.hours.zones import zone_info
from streams.logic.rules.comparisons import (
    compile_comparison,
    compile_text,
    compile_time,
    earlier_than_all,
    time_type,
    weight_of,
)
from topics.rules import (
    CallAnalysisCondition,
    Condition,
    ContactAttributeCondition,
    ContactProperty,
    ContactPropertyCondition,
    PhoneColumnCondition,
    PhoneNumberCondition,
    PropertyScope,
    TimeAndDateCondition,
    WrapUpCodeCondition,
)

Value = TypeVar("Value")
Test = Callable[[Occasion], bool | None]

DAY = timedelta(days=1)
LOOKED_THROUGH_PER_UNIT = 8
"""Numbers of a contact that are looked through in a microsecond; most contacts have less than a handful."""


def compile_condition(condition: Condition) -> Test:
    """Prepare a condition. Inverted, it holds where it did not; what cannot be evaluated stays so."""
    test = _compile(condition)
    if not condition.inverted:
        return test

    def inverted(occasion: Occasion) -> bool | None:
        held = test(occasion)
        return None if held is None else not held

    return inverted


def all_hold(tests: Iterable[Test], occasion: Occasion) -> bool | None:
    """Whether all hold: one that does not decides, else one that cannot be evaluated does."""
    outcome: bool | None = True
    for test in tests:
        held = test(occasion)
        if held is False:
            return False
        if held is None:
            outcome = None
    return outcome


def _compile(condition: Condition) -> Test:
    match condition:
        case WrapUpCodeCondition():
            return _on_code(condition)
        case CallAnalysisCondition():
            return _on_analysis(condition)
        case ContactAttributeCondition():
            return _on_attribute(condition)
        case PhoneNumberCondition():
            compare = compile_text(condition.operator, condition.value)
            return lambda occasion: compare(occasion.phone_number, occasion.at)
        case PhoneColumnCondition():
            return _on_column(condition)
        case ContactPropertyCondition():
            return _on_property(condition)
        case TimeAndDateCondition():
            return _on_time(condition)
        case _:
            assert_never(condition)


def _on_code(condition: WrapUpCodeCondition) -> Test:
    codes = frozenset(condition.codes)
    return lambda occasion: None if occasion.wrap_up is None else occasion.wrap_up.wrap_up_code in codes


def _on_analysis(condition: CallAnalysisCondition) -> Test:
    results = frozenset(condition.results)
    return lambda occasion: None if occasion.wrap_up is None else occasion.wrap_up.call_analysis in results


def _on_attribute(condition: ContactAttributeCondition) -> Test:
    compare = compile_comparison(condition.operator, condition.value, condition.value_type)
    weight = weight_of(condition.operator, condition.value, condition.value_type)

    def test(occasion: Occasion) -> bool | None:
        found = occasion.contact.attributes.get(condition.attribute)
        if found is None:
            return None
        occasion.work.spend(weight(found))
        return compare(found, occasion.at)

    return test


def _on_column(condition: PhoneColumnCondition) -> Test:
    wanted = frozenset(condition.columns)

    def test(occasion: Occasion) -> bool | None:
        names = _columns_of(occasion)
        return bool(names & wanted) if names else None

    return test


def _columns_of(occasion: Occasion) -> set[str]:
    """The columns that the number at hand stands in, and their types."""
    column = occasion.wrap_up.phone_column if occasion.wrap_up else None
    listed = occasion.contact.listed
    occasion.work.spend(len(listed.numbers if listed else ()) // LOOKED_THROUGH_PER_UNIT)
    if column is not None:
        return {column, *(entry.type for entry in (listed.numbers if listed else ()) if entry.column == column)}
    here = entries_of(occasion.contact, occasion.phone_number)
    return {name for entry in here for name in (entry.column, entry.type)}


def _on_property(condition: ContactPropertyCondition) -> Test:
    by_time = condition.property is ContactProperty.LAST_ATTEMPT
    return _on_last_attempt(condition) if by_time else _on_last_wrap_up(condition)


def _on_last_attempt(condition: ContactPropertyCondition) -> Test:
    compare = compile_time(condition.operator, condition.value)
    of_number = condition.scope is PropertyScope.NUMBER
    if_never = earlier_than_all(condition.operator)
    weight = weight_of(condition.operator, condition.value, time_type(condition.value))("")

    def test(occasion: Occasion) -> bool | None:
        occasion.work.spend(weight)
        last = _last_attempt(occasion, of_number=of_number)
        # A value that does not parse cannot be evaluated, whoever is asked about.
        if last is None:
            return None if compare(occasion.at.isoformat(), occasion.at) is None else if_never
        return compare(last.isoformat(), occasion.at)

    return test


def _last_attempt(occasion: Occasion, *, of_number: bool) -> datetime | None:
    by_number = occasion.contact.last_attempts_by_number
    return max(_values(by_number, occasion, of_number=of_number), default=None)


def _values(by_number: Mapping[str, Value], occasion: Occasion, *, of_number: bool) -> list[Value]:
    """What is known of all numbers or, however it was spelled, of the one at hand; the last to come stands last."""
    occasion.work.spend(len(by_number) // LOOKED_THROUGH_PER_UNIT)
    if not of_number:
        return list(by_number.values())
    same = spellings(occasion.phone_number)
    return [value for number, value in by_number.items() if number in same]


def _on_last_wrap_up(condition: ContactPropertyCondition) -> Test:
    compare = compile_text(condition.operator, condition.value)
    of_number = condition.scope is PropertyScope.NUMBER

    def test(occasion: Occasion) -> bool | None:
        found = _values(occasion.contact.last_wrap_ups, occasion, of_number=of_number)
        last = max(reversed(found), key=lambda one: one.at, default=None)
        return compare("" if last is None else last.code, occasion.at)

    return test


def _on_time(condition: TimeAndDateCondition) -> Test:
    zone = zone_info(condition.time_zone)
    if zone is None:
        return lambda occasion: None
    begins, ends = _second_of(condition.from_ or "00:00"), _second_of(condition.to or "24:00")
    days = None if condition.days is None else frozenset(condition.days)
    dates = None if condition.dates is None else frozenset(condition.dates)

    def test(occasion: Occasion) -> bool | None:
        local = occasion.at.astimezone(zone)
        second = second_of_day(local)
        began = local.date()
        if begins >= ends and second < ends:
            # Past midnight: the span belongs to the day on which it began.
            began -= DAY
        elif not (begins <= second and (second < ends or begins >= ends)):
            return False
        return (days is None or began.isoweekday() in days) and (dates is None or began in dates)

    return test


def _second_of(text: str) -> int:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
