"""Time zones: by their names, and those that a contact's number may be in.

Source: docs/rules.md, section 3; docs/contract.md, section "Values".
"""

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers

from streams.logic.numbers import spellings
from streams.logic.state import Contact

UNKNOWN = "Etc/Unknown"
"""What the numbering plans say of a number that they place nowhere."""

NAME_PARTS_MAX = 4
"""No zone's name has more. The database is searched a package deeper for each part, until the stack is at its end."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones that a number may be in, by name. of: whose they are, `number`, `contact` or `derived`."""

    of: str
    names: tuple[str, ...]


@lru_cache(maxsize=4096)
def zone_info(name: str) -> ZoneInfo | None:
    """The time zone of a name, None if no database has it. Anything may come as a name."""
    if name.count("/") >= NAME_PARTS_MAX:
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def zones_of(contact: Contact, phone_number: str) -> Zones:
    """The number's own zones, else the contact's, else those that the number itself tells; all of them count."""
    listed = contact.listed
    same = spellings(phone_number)
    entries = [number for number in (listed.numbers if listed else ()) if number.phone_number in same]
    own = tuple(sorted({number.time_zone for number in entries if number.time_zone is not None}))
    if own:
        return Zones("number", own)
    if listed is not None and listed.time_zone is not None:
        return Zones("contact", (listed.time_zone,))
    return Zones("derived", _derived(phone_number))


@lru_cache(maxsize=65_536)
def _derived(phone_number: str) -> tuple[str, ...]:
    # The tables take a moment to load, and many campaigns have a zone for every contact.
    from phonenumbers import timezone

    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(sorted(name for name in names if name != UNKNOWN))
