"""Instants and lengths of time in words: as short as they can be said on the day on which they are read."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

WEEK_REACH = 6
"""Days up to which the name of a weekday means one day only."""

_UNITS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


class Moments(NamedTuple):
    """How instants are said at one moment, by the clock of a zone. now: aware."""

    now: datetime
    zone: tzinfo

    @classmethod
    def seen(cls, now: datetime, viewer: ZoneInfo | None) -> "Moments":
        """For somebody in this zone; in UTC if it is not known."""
        return cls(now, viewer or UTC)

    def bare(self, at: datetime) -> str:
        """As it stands behind `since`, `until` or `from`: "16:00", "tomorrow 16:00", "Friday", "3 March 16:00"."""
        day, clock = self._day(at), self._clock(at)
        if day is None:
            return clock
        return day if clock == "00:00" else f"{day} {clock}"

    def at(self, at: datetime) -> str:
        """As it stands behind a verb: "at 16:00", "tomorrow at 16:00", "on Friday at 16:00"."""
        day, clock = self._day(at), self._clock(at)
        if day is None:
            return f"at {clock}"
        return f"{day} at {clock}" if day in ("tomorrow", "yesterday") else f"on {day} at {clock}"

    def _clock(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%H:%M")

    def _day(self, at: datetime) -> str | None:
        """The day in words; None if it is today."""
        local, today = at.astimezone(self.zone).date(), self.now.astimezone(self.zone).date()
        days = (local - today).days
        if days == 0:
            return None
        if abs(days) == 1:
            return "tomorrow" if days > 0 else "yesterday"
        if 0 < days <= WEEK_REACH:
            return DAYS[local.weekday()]
        date = f"{local.day} {MONTHS[local.month - 1]}"
        return date if local.year == today.year else f"{date} {local.year}"


def length(span: timedelta) -> str:
    """A length of time by its two largest units: "40 ms", "5 s", "2 h 5 min", "3 days"."""
    if abs(span) < timedelta(seconds=1):
        return f"{abs(span) // timedelta(milliseconds=1)} ms"
    left, parts = int(abs(span).total_seconds()), []
    for size, one, many in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
        elif parts:
            break
    return " ".join(parts[:2])


def seconds(count: int) -> str:
    """The same of so many seconds."""
    try:
        return length(timedelta(seconds=count))
    except OverflowError:
        return f"{count} s"


def in_zone(at: datetime, zone: tzinfo) -> str:
    """An instant in full by the clock of a zone, to the millisecond: "2027-03-12 16:00:00.040 CET"."""
    local = at.astimezone(zone)
    return f"{local.replace(tzinfo=None).isoformat(' ', 'milliseconds')} {local.tzname()}"
