"""The zones derived from a number: a guess of the number library, checked with the zones of the number's country.

Source: docs/rules.md, section 3; docs/decisions/0021-zones-of-a-country.md.
"""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from streams.logic.hours.countries import present_name, zones_in
from streams.logic.hours.zone_areas import AREAS, MIXED, SEVERAL_CLOCKS

UNKNOWN = "Etc/Unknown"
"""The guess for a number without a place. No database has it, so it refuses."""

NORTH_AMERICA = 1
OF_ONE_REGION = frozenset(
    {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE},
)
"""Kinds of numbers that are given out region by region. Others, toll-free ones say, belong to all that share a code."""


@lru_cache(maxsize=65_536)
def derived_zones(phone_number: str) -> tuple[str, ...]:
    """The zones that a number in E.164 form may be in, by their present names, sorted; empty if no plan places it."""
    # The tables take a moment to load, and many campaigns have a zone for every contact.
    from phonenumbers import timezone

    try:
        number = phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException:
        return ()
    guess = tuple(present_name(name) for name in timezone.time_zones_for_number(number) if name != UNKNOWN)
    region, code = phonenumbers.region_code_for_number(number), number.country_code or 0
    if not guess or region is None or not zones_in(region):
        return tuple(sorted(set(guess)))
    kind = phonenumbers.number_type(number)
    if kind in OF_ONE_REGION:
        return _in_region(number, region, guess, phonenumbers.is_number_type_geographical(kind, code))
    if code == NORTH_AMERICA:
        return tuple(sorted(set(guess)))
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    shared = (zones_in(one) for one in regions if phonenumbers.is_valid_number_for_region(number, one))
    others = {name for zones in shared for name in zones if name in guess}
    return tuple(sorted(others.union(_in_region(number, region, guess, False))))


def _in_region(number: PhoneNumber, region: str, guess: tuple[str, ...], is_placed: bool) -> tuple[str, ...]:
    """The zones of the guess that the region has; all of the region if there are none, or the guess names no place."""
    code = str(number.country_code)
    prefix, area = _area(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:], is_placed)
    own = zones_in(region)
    if area is not None and set(area) <= set(own):
        return area
    within = set(guess) & set(own)
    tells_no_place = not is_placed or prefix == code
    if not within or (tells_no_place and region in SEVERAL_CLOCKS):
        return tuple(sorted(own))
    return tuple(sorted(within))


def _area(digits: str, is_placed: bool) -> tuple[str, tuple[str, ...] | None]:
    """The longest prefix that the library has of a placed number, and the zones that the tables have in its place."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    if not is_placed:
        return "", None
    prefixes = [digits[:length] for length in range(len(digits), 0, -1)]
    known = next((prefix for prefix in prefixes if prefix in TIMEZONE_DATA), "")
    for prefix in prefixes:
        if prefix in AREAS:
            return known, AREAS[prefix]
        if prefix in MIXED and len(prefix) >= len(known):
            return known, MIXED[prefix]
    return known, None
