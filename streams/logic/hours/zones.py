"""Time zones: by their names, and those that a contact's number may be in.

Source: docs/rules.md, section 3; docs/contract.md, section "Values".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.logic.contact.state import Contact
from streams.logic.hours.derived_zones import UNKNOWN, derived_zones
from streams.logic.hours.numbers import entries_of
from topics.check_facts import ZoneOf

NAME_PARTS_MAX = 4
"""No zone's name has more. The database is searched a package deeper for each part, until the stack is at its end."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones that a number may be in, by name. of: whose they are."""

    of: ZoneOf
    names: tuple[str, ...]


_given: dict[str, ZoneInfo] = {}


def use_zones(by_name: Mapping[str, ZoneInfo]) -> None:
    """Take these zones and no others from now on; without any, each is read when it is first asked for."""
    _given.clear()
    _given.update(by_name)
    zone_info.cache_clear()


@lru_cache(maxsize=4096)
def zone_info(name: str) -> ZoneInfo | None:
    """The time zone of a name, None if no database has it. Anything may come as a name."""
    if _given:
        return _given.get(name)
    if name.count("/") >= NAME_PARTS_MAX:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def zones_of(contact: Contact, phone_number: str) -> Zones:
    """The number's own zones, else the contact's, else those derived from the number; all of them count.

    An entry of the number that names no zone adds what the number would have without its own; where nothing tells
    that, a zone that nobody knows stands for it.
    """
    listed = contact.listed
    entries = entries_of(contact, phone_number)
    own = {number.time_zone for number in entries if number.time_zone is not None}
    if own and all(number.time_zone is not None for number in entries):
        return Zones(ZoneOf.NUMBER, tuple(sorted(own)))
    if listed is not None and listed.time_zone is not None:
        others = Zones(ZoneOf.CONTACT, (listed.time_zone,))
    else:
        others = Zones(ZoneOf.DERIVED, derived_zones(phone_number))
    return Zones(ZoneOf.NUMBER, tuple(sorted(own.union(others.names or (UNKNOWN,))))) if own else others
