"""The contact's wall clock: which one it is, and when it shows a time.

Source: docs/rules.md, section 9; docs/decisions/0043-windows.md.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from streams.logic.contact.state import Contact
from streams.logic.hours.open_slots import SECOND, stretches
from streams.logic.hours.zones import zone_info, zones_of

DAY = timedelta(days=1)

DAYS_SEARCHED = 4
"""From the day before, which a clock that goes back just after midnight shows once more. A clock may leave out a time,
and even a day, and shows it again the day after."""


def clock_of(contact: Contact, phone_number: str, at: datetime) -> ZoneInfo:
    """The clock by which the contact lives; UTC if nobody knows a zone.

    Of several zones that the number may be in it is the westernmost at that instant, by name if they agree: it shows a
    time last of all, so nobody is called before that time.
    """
    known = [(name, zone) for name in zones_of(contact, phone_number).names if (zone := zone_info(name)) is not None]
    if not known:
        utc = zone_info("UTC")
        assert utc is not None, "every time zone database has it"
        return utc
    return min(known, key=lambda one: (at.astimezone(one[1]).utcoffset() or timedelta(), one[0]))[1]


def next_local_time(clock: ZoneInfo, time_of_day: str, after: datetime) -> datetime:
    """The first instant from `after` on at which the clock shows a time, `HH:MM` or `HH:MM:SS`; 24:00 is midnight.

    Where the clock leaves that time out, the first instant after the gap; of a time that comes twice each one counts.
    """
    hours, minutes, *seconds = (int(part) for part in time_of_day.split(":"))
    wanted, day = time(hours % 24, minutes, sum(seconds)), after.astimezone(clock).date()
    for days, fold in product(range(-1, DAYS_SEARCHED), (0, 1)):
        found = instant_of(clock, datetime.combine(day + days * DAY, wanted).replace(fold=fold))
        if found >= after:
            return found
    raise AssertionError("no clock leaves out a time for so many days")


def instant_of(clock: ZoneInfo, local: datetime) -> datetime:
    """The instant at which the clock shows a local time; the first instant after the gap if it leaves that out.

    local: without a zone. Of a time that comes twice the first, or with fold the second.
    """
    at = local.replace(tzinfo=clock).astimezone(UTC)
    if at.astimezone(clock).replace(tzinfo=None) == local:
        return at
    before, after = sorted(local.replace(tzinfo=clock, fold=fold).astimezone(UTC) for fold in (0, 1))
    *_, (change, _, _) = stretches(clock, before, after + SECOND)
    return change


def days_later(clock: ZoneInfo, at: datetime, days: int) -> datetime:
    """The instant at which the clock shows, so many days later, what it shows at an instant."""
    return instant_of(clock, at.astimezone(clock).replace(tzinfo=None, fold=0) + days * DAY)
