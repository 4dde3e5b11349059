"""How the conditions of rules compare: text, decimals and instants, each with the operators that make sense for it.

A comparison is prepared once from the operator and the rule's value. It yields None where it cannot be evaluated, and
it never raises, whatever the value or the text. Source: docs/rules.md, section 5 and section 8 row 26.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from topics.fields import Instant
from topics.rules import Operator, ValueType

Comparison = Callable[[str, datetime], bool | None]
"""Of a text with the prepared value, at the moment that stands for now."""

Weight = Callable[[str], int]
"""Points of rule work (see `bounds`) for a comparison with a text, beyond the one that every condition has."""

SEARCHED_PER_UNIT = 256
"""Characters that are searched through in a microsecond, at worst."""
NAIVE_MAX, NAIVE_PER_UNIT = 2_500, 8_192
"""In a text up to so long it is searched in the simple way, which may look at each pair of characters of the two."""
PERIODS_PER_UNIT = 4
"""Periods that are counted back from now, for each text again."""

_T = TypeVar("_T", str, Decimal, datetime)

_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_PERIOD = re.compile(r"P(?=.)(?:([0-9]{1,5})D)?(?:T(?=.)(?:([0-9]{1,6})H)?(?:([0-9]{1,8})M)?)?", re.ASCII)

_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUALS: lambda found, wanted: bool(found == wanted),
    Operator.LESS_THAN: lambda found, wanted: bool(found < wanted),
    Operator.LESS_THAN_EQUALS: lambda found, wanted: bool(found <= wanted),
    Operator.GREATER_THAN: lambda found, wanted: bool(found > wanted),
    Operator.GREATER_THAN_EQUALS: lambda found, wanted: bool(found >= wanted),
}
_TEXT: dict[Operator, Callable[[str, str], bool]] = {
    **_ORDER,
    Operator.CONTAINS: lambda found, wanted: wanted in found,
    Operator.BEGINS_WITH: lambda found, wanted: found.startswith(wanted),
    Operator.ENDS_WITH: lambda found, wanted: found.endswith(wanted),
}
_TIME = {**_ORDER, Operator.BEFORE: _ORDER[Operator.LESS_THAN], Operator.AFTER: _ORDER[Operator.GREATER_THAN]}


def never(found: str, now: datetime) -> bool | None:
    """The comparison that cannot be evaluated."""
    return None


def compile_comparison(operator: Operator, value: str, value_type: ValueType) -> Comparison:
    """Prepare the comparison of an attribute with a value, both read as the type."""
    match value_type:
        case ValueType.STRING:
            return compile_text(operator, value)
        case ValueType.NUMERIC:
            return _compile(operator, value, parse_decimal, _ORDER)
        case ValueType.DATETIME:
            return _compile(operator, value, parse_instant, _TIME)
        case ValueType.PERIOD:
            return _compile_period(operator, value)


def weight_of(operator: Operator, value: str, value_type: ValueType) -> Weight:
    """What a comparison costs; of a number or an instant never more than a few dozen characters are looked at."""
    if value_type is ValueType.STRING:
        naive = min(len(value), NAIVE_MAX) if operator is Operator.CONTAINS else 0
        return lambda found: len(found) // SEARCHED_PER_UNIT + min(len(found), NAIVE_MAX) * naive // NAIVE_PER_UNIT
    periods = value.count(",") // PERIODS_PER_UNIT if value_type is ValueType.PERIOD else 0
    return lambda found: periods


def compile_text(operator: Operator, value: str) -> Comparison:
    """Prepare the comparison of a text, case-sensitive and by code points."""
    return _compile(operator, value, lambda text: text, _TEXT)


def compile_time(operator: Operator, value: str) -> Comparison:
    """Prepare the comparison of an instant with an instant or with a period before now."""
    return compile_comparison(operator, value, time_type(value))


def time_type(value: str) -> ValueType:
    """How the value that an instant is compared with is written: as a period before now, or as an instant."""
    return ValueType.PERIOD if _PERIOD.fullmatch(value.split(",")[0].strip()) else ValueType.DATETIME


def earlier_than_all(operator: Operator) -> bool | None:
    """What a comparison of instants yields for something that never happened: it lies before every instant."""
    if operator in (Operator.BEFORE, Operator.LESS_THAN, Operator.LESS_THAN_EQUALS):
        return True
    return False if operator in _TIME or operator in (Operator.IN, Operator.BETWEEN) else None


def parse_decimal(text: str) -> Decimal | None:
    """A plain decimal; None for anything else, exponents included."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def parse_instant(text: str) -> datetime | None:
    """An instant with its zone, in UTC; None for anything else."""
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None


def parse_period(text: str) -> timedelta | None:
    """`PnDTnHnM`; None for anything else."""
    parts = _PERIOD.fullmatch(text)
    if parts is None:
        return None
    days, hours, minutes = (int(part or 0) for part in parts.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _items(value: str) -> list[str]:
    """The items of a list; an empty one, as after a trailing comma, is none."""
    return [text for part in value.split(",") if (text := part.strip())]


def _compile(
    operator: Operator,
    value: str,
    parse: Callable[[str], _T | None],
    operators: dict[Operator, Callable[[Any, Any], bool]],
) -> Comparison:
    listed = operator in (Operator.IN, Operator.BETWEEN)
    parsed = [parse(text) for text in (_items(value) if listed else [value])]
    wanted = [one for one in parsed if one is not None]
    if len(wanted) < len(parsed):
        return never
    test = _test(operator, wanted, operators)
    if test is None:
        return never

    def compare(found: str, now: datetime) -> bool | None:
        read = parse(found)
        return None if read is None else test(read)

    return compare


def _test(
    operator: Operator, wanted: list[Any], operators: dict[Operator, Callable[[Any, Any], bool]]
) -> Callable[[Any], bool] | None:
    if operator is Operator.IN:
        among = frozenset(wanted)
        return lambda found: found in among
    if operator is Operator.BETWEEN:
        if len(wanted) != 2:
            return None
        low, high = wanted
        return lambda found: bool(low <= found <= high)
    known = operators.get(operator)
    return None if known is None else lambda found: known(found, wanted[0])


def _compile_period(operator: Operator, value: str) -> Comparison:
    listed = operator in (Operator.IN, Operator.BETWEEN)
    periods = [parse_period(text) for text in (_items(value) if listed else [value])]
    known = [period for period in periods if period is not None]
    if len(known) < len(periods):
        return never
    # The longest period reaches back furthest, so it is the lower bound, whichever way round they are written.
    longest_first = sorted(known, reverse=True)

    def compare(found: str, now: datetime) -> bool | None:
        at = parse_instant(found)
        try:
            test = _test(operator, [now - period for period in longest_first], _TIME)
        except OverflowError:
            return None
        return None if at is None or test is None else test(at)

    return compare
