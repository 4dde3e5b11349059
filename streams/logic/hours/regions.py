"""The regions that a number may be in, as ISO 3166 names them: by the records, and derived from the number.

Source: docs/rules.md, section 9 row 9.6; docs/decisions/0046-regions-and-exceptions.md.
"""

from collections.abc import Mapping
from functools import lru_cache

import phonenumbers

from streams.logic.contact.state import Contact
from streams.logic.hours.derived_zones import NORTH_AMERICA, OF_ONE_REGION
from streams.logic.hours.numbers import entries_of
from streams.logic.hours.region_areas import AREAS, TERRITORIES
from topics.check_facts import ZoneOf

UNITED_STATES, CANADA = "US", "CA"
REGIONS_MAX = 32
"""Of a number, countries included. More are no place where anybody is, and each is judged by each zone."""

NO_REGION = "001"
"""What the library says of numbers that belong to no country, such as +800."""


def regions_of(contact: Contact, phone_number: str) -> Mapping[str, ZoneOf]:
    """Every region of a number, with the country of each part, by whose it is: the number's, contact's or derived.

    All of them count. `topics.cells.UNREADABLE_REGION` is among them if a record has a region that cannot be read.
    """
    found: dict[str, ZoneOf] = {}
    named = [(entry.region, ZoneOf.NUMBER) for entry in entries_of(contact, phone_number) if entry.region]
    if contact.listed is not None and contact.listed.region is not None:
        named.append((contact.listed.region, ZoneOf.CONTACT))
    named += [(region, ZoneOf.DERIVED) for region in derived_regions(phone_number)]
    for region, of in named:
        for one in with_country(region):
            found.setdefault(one, of)
    return found


@lru_cache(maxsize=65_536)
def derived_regions(phone_number: str) -> tuple[str, ...]:
    """The regions that a number in E.164 form may be in, sorted; empty if no plan says.

    In North America those of the area code, elsewhere the country. A number that is given out in several countries,
    such as a toll-free one, is in all of those that have it; in North America nobody can tell, so it is in none.
    """
    try:
        number = phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException:
        return ()
    country, code = phonenumbers.region_code_for_number(number), number.country_code or 0
    if country is None or country == NO_REGION:
        return ()
    if phonenumbers.number_type(number) in OF_ONE_REGION:
        if country in (UNITED_STATES, CANADA):
            return AREAS.get(phonenumbers.national_significant_number(number)[:3], (country,))
        return (country,)
    if code == NORTH_AMERICA:
        # What all its countries share, the library says of the first.
        return () if country == UNITED_STATES else (country,)
    sharing = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    return tuple(sorted(one for one in sharing if phonenumbers.is_valid_number_for_region(number, one)))


@lru_cache(maxsize=4096)
def with_country(region: str) -> tuple[str, ...]:
    """A region, its other name if it has one, and the country that it is a part of."""
    country, _, part = region.partition("-")
    if region in TERRITORIES:
        return (region, f"{UNITED_STATES}-{region}", UNITED_STATES)
    if country == UNITED_STATES and part in TERRITORIES:
        return (region, part, UNITED_STATES)
    return (region, country) if part else (region,)
