"""Docs, rules.md, section 5: how conditions compare. Scenarios show what operators do; this, what never happens."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.logic.rules.comparisons import (
    compile_comparison,
    compile_time,
    earlier_than_all,
    parse_decimal,
    parse_instant,
    parse_period,
)
from topics.rules import Operator, ValueType

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
ODD = ["1e999999", "P99999D", "PT99999999M", "P1D,P2D", "1,2", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", ","]
ANYTHING = st.text(max_size=40) | st.sampled_from(ODD)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4)


@given(st.sampled_from(Operator), st.sampled_from(ValueType), ANYTHING, ANYTHING)
def test_nothing_that_is_compared_raises(operator, value_type, value, found) -> None:
    assert compile_comparison(operator, value, value_type)(found, NOW) in (True, False, None)
    assert compile_time(operator, value)(found, NOW) in (True, False, None)


@given(DECIMALS, DECIMALS)
def test_decimals_compare_as_numbers(one: Decimal, other: Decimal) -> None:
    def compare(operator: Operator) -> bool | None:
        return compile_comparison(operator, format(other, "f"), ValueType.NUMERIC)(format(one, "f"), NOW)

    assert compare(Operator.EQUALS) is (one == other)
    assert compare(Operator.LESS_THAN) is (one < other)
    assert compare(Operator.GREATER_THAN_EQUALS) is (one >= other)


@given(DECIMALS, DECIMALS, DECIMALS)
def test_between_includes_its_bounds(found: Decimal, low: Decimal, high: Decimal) -> None:
    value = f"{low:f}, {high:f}"
    between = compile_comparison(Operator.BETWEEN, value, ValueType.NUMERIC)
    assert between(format(found, "f"), NOW) is (low <= found <= high)


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1e3", "0x1", "1_000", "NaN", "1.", ".5", "--1", "٣", "9" * 31])
def test_what_is_no_plain_decimal_is_not_read(text: str) -> None:
    assert parse_decimal(text) is None


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P1D", timedelta(days=1)),
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P2DT3H4M", timedelta(days=2, hours=3, minutes=4)),
        ("PT90M", timedelta(minutes=90)),
        *((text, None) for text in ("", "P", "PT", "P1DT", "1D", "P-1D", "PT1S", "P1W", "P1.5D", "p1d")),
    ],
)
def test_a_period_is_days_hours_and_minutes(text: str, period: timedelta | None) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23T15:00:00", "2026-02-30T00:00:00Z", "1795446000", ""])
def test_an_instant_has_a_zone(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize("operator", Operator)
def test_what_never_happened_lies_before_every_instant(operator: Operator) -> None:
    """It compares like the earliest instant there is, wherever a comparison of instants makes sense."""
    value = "2026-11-23T00:00:00Z,2026-11-24T00:00:00Z" if operator is Operator.BETWEEN else "2026-11-23T00:00:00Z"
    ages_ago = compile_time(operator, value)("0001-01-01T00:00:00Z", NOW)
    assert earlier_than_all(operator) is ages_ago
