"""Zones for the histories, by hand: of the few numbers and names that occur in them."""

import phonenumbers
from phonenumbers import timezone

from tests.oracle.conditions import OTHERWISE

AREAS = {"+1212": "America/New_York", "+1310": "America/Los_Angeles"}
ONE_CLOCK = [
    {"America/New_York", "America/Detroit", "US/Eastern"},
    {"America/Los_Angeles", "US/Pacific"},
    {"Australia/Lord_Howe", "Australia/LHI"},
]
"""Names of a country that keep one clock in all the time that histories last, and 400 days after it."""


def derived(number: str) -> list[str]:
    """The zone of a landline's area; of a toll-free number all that the library has for the plan."""
    if number[:5] in AREAS:
        return [AREAS[number[:5]]]
    found = timezone.time_zones_for_number(phonenumbers.parse(number))
    return [name for name in found if name != "Etc/Unknown"]


def one_clock(name: str, other: str) -> bool:
    return any({name, other} <= names for names in ONE_CLOCK)


REGIONS = {"+1212": {"US-NY"}, "+1310": {"US-CA"}}


def derived_regions(number: str) -> set[str]:
    """The states of a landline's area; a toll-free number is in none, and neither is one that no plan knows."""
    return REGIONS.get(OTHERWISE.get(number, number)[:5], set())
