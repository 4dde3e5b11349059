"""Which numbers are written as a numbering plan has them, and how else their subscribers' may be written."""

import random
import re
import subprocess
import sys

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata, PhoneNumberFormat

from streams.logic.hours import numbers
from streams.logic.hours.numbers import IN_NO_PLAN, NO_SPELLING, is_canonical, is_valid_number, spellings, why_unmatched

REGIONS = sorted(SUPPORTED_REGIONS)
TYPES = sorted(phonenumbers.PhoneNumberType.values())
E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def library_takes(text):
    """The number that the library reads in a text, as it writes it; None for none."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return e164(number) if phonenumbers.is_valid_number(number) else None


def examples(region):
    """A number of each type that the region has, and a few with their last digits changed."""
    found = [phonenumbers.example_number_for_type(region, one) for one in TYPES]
    known = {e164(one) for one in found if one is not None}
    chance = random.Random(region)
    changed = {text[:-3] + f"{chance.randrange(1000):03}" for text in known for _ in range(3)}
    return sorted(text for text in known | changed if library_takes(text) == text)


def code_and_trunk(region):
    table = PhoneMetadata.metadata_for_region(region)
    assert table is not None
    return f"+{table.country_code}", table.national_prefix


@pytest.mark.parametrize("region", REGIONS)
def test_a_trunk_prefix_after_the_country_code_is_no_number_and_spells_one(region) -> None:
    """The sweep over all numbering plans; the library takes most of these texts for valid."""
    code, trunk = code_and_trunk(region)
    for text in examples(region):
        assert is_valid_number(text) and spellings(text)[0] == text
        if trunk is None:
            continue
        trunked = code + trunk + text.removeprefix(code)
        if len(trunked) <= 16 and library_takes(trunked) != trunked:
            assert not is_valid_number(trunked)
            assert trunked in spellings(text) and text in spellings(trunked)


@pytest.mark.parametrize("region", REGIONS)
def test_each_spelling_has_the_same_spellings_and_names_no_other_subscriber(region) -> None:
    for text in examples(region):
        every = spellings(text)
        assert len(set(every)) == len(every) and all(map(E164.fullmatch, every))
        for other in every:
            assert spellings(other)[0] == other and set(spellings(other)) == set(every)
            assert is_valid_number(other) is (library_takes(other) == other)
        canonical = [other for other in every if is_canonical(other)]
        assert canonical == [text] or code_and_trunk(region)[0] in ("+54", "+55")


def test_the_short_way_to_spellings_says_the_same_as_the_long_one() -> None:
    for text in (text for region in REGIONS for text in examples(region)):
        plan = numbers._plan_of(text)
        assert plan is not None and spellings(text) == numbers._spellings(plan, text)


def test_any_text_at_all_is_in_one_set_of_spellings_only() -> None:
    chance = random.Random(6)
    codes = [*COUNTRY_CODE_TO_REGION_CODE, 52, 54, 55, 57, 84, 229] * 8
    for code in codes:
        digits = "".join(str(chance.randrange(10)) for _ in range(chance.randrange(5, 14)))
        text = f"+{code}{digits}"[:16]
        for other in spellings(text):
            assert set(spellings(other)) == set(spellings(text))


def test_the_library_takes_a_trunk_prefix_for_valid_in_most_regions() -> None:
    """The reason for all of this; if the library changes its mind, the decision can be looked at again."""
    taken = set()
    for region in REGIONS:
        code, trunk = code_and_trunk(region)
        texts = [] if trunk is None else [code + trunk + text.removeprefix(code) for text in examples(region)]
        if any(library_takes(text) not in (None, text) for text in texts):
            taken.add(region)
    assert len(taken) > 130 and taken >= {"US", "GB", "DE", "FR", "BR", "RU", "IN", "AU", "JP", "CA"}


@pytest.mark.parametrize(
    ("number", "others"),
    [
        ("+442079460123", "+4402079460123"),
        ("+12125550101", "+112125550101"),
        ("+79161234567", "+789161234567"),
        ("+36201234567", "+3606201234567"),
        ("+37060012345", "+370060012345 +370860012345"),
        ("+390212345678", ""),
        ("+80012345678", ""),
        ("+525512345678", "+5215512345678 +52015512345678 +520445512345678 +520455512345678"),
        ("+2290190011234", "+22990011234"),
        ("+576012345678", "+5712345678 +57012345678 +5706012345678"),
        ("+573211234567", "+5703211234567"),
        ("+84703123456", "+840703123456 +841203123456 +8401203123456"),
        ("+3780549886377", "+378886377"),
        ("+5511961234567", "+551161234567 +5501161234567 +55011961234567 +55901161234567 +559011961234567"),
        ("+551131234567", "+5501131234567 +55901131234567"),
        ("+541134567890", "+5491134567890 +5401134567890 +54091134567890 +54111534567890 +54901134567890 "
         "+540111534567890 +540901134567890 +549111534567890"),
    ],
)  # fmt: skip
def test_a_number_has_these_spellings(number, others) -> None:
    assert is_valid_number(number)
    assert set(spellings(number)) == {number, *others.split()}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+54221154567890", "+5492214567890"),
        ("+54220215456789", "+5492202456789"),
        ("+54111523456789", "+541123456789"),
    ],
)
def test_in_argentina_15_stands_after_an_area_code_of_two_to_four_digits(written, number) -> None:
    assert number in spellings(written) and not is_valid_number(written)


def test_a_brazilian_fixed_line_has_no_ninth_digit() -> None:
    assert not {"+5511931234567", "+551131234567"} <= {*spellings("+551131234567")}


def test_two_canonical_numbers_are_one_subscriber_only_where_the_table_says_so() -> None:
    assert is_valid_number("+541123456789") and "+541123456789" in spellings("+5491123456789")
    assert is_valid_number("+551171234567") and "+551171234567" in spellings("+5511971234567")
    assert "+5511961234567" not in spellings("+5511971234567")


@pytest.mark.parametrize("text", ["+99912345678", "+10", "+1", "+999999999999999", "+15550000000", "", "no"])
def test_a_text_that_is_in_no_plan_has_only_itself(text) -> None:
    assert spellings(text) == (text,) and not is_valid_number(text)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("+442079460123", None),
        ("+4402079460123", None),
        ("+5215512345678", None),
        ("+22990011234", None),
        ("+15550000000", IN_NO_PLAN),
        ("+99912345678", IN_NO_PLAN),
        ("+21", IN_NO_PLAN),
        # With a code that selects a carrier, which the library drops.
        ("+550151131234567", NO_SPELLING),
    ],
)
def test_an_entry_that_no_number_can_match_is_told_with_the_reason(entry, why) -> None:
    assert why_unmatched(entry) == why


def test_numbers_are_ready_within_a_moment() -> None:
    """No numbering plan is read before its country is asked about."""
    program = (
        "import sys, streams.logic.hours.numbers as numbers\n"
        "assert not any(name.startswith('phonenumbers.data.region_') for name in sys.modules)\n"
        "numbers.spellings('+442079460123')\n"
        "assert 'phonenumbers.data.region_DE' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
