"""A period as two options say it: days of a time zone, or instants; and the phone number that goes with it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from streams.base.zone_data import load_tables, use_package_zones
from streams.evidence.number import NUMBER_SHAPE
from streams.logic.hours.zones import zone_info
from topics.fields import legible_number


def period_of(begin: str, end: str, zone: str | None) -> tuple[datetime, datetime]:
    """From and up to when, in UTC, the end not included: a day that is named as the end is in it, to its midnight.

    Raises click.UsageError.
    """
    use_package_zones()
    load_tables()
    of = None if zone is None else zone_info(zone)
    if zone is not None and of is None:
        raise click.UsageError(f"--zone {zone} is no time zone, such as America/New_York")
    first = _instant(begin, of, "--from", timedelta(0))
    last = _instant(end, of, "--to", timedelta(days=1))
    if last <= first:
        raise click.UsageError("--to should be after --from")
    return first, last


def _instant(text: str, zone: ZoneInfo | None, option: str, after: timedelta) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _of_instant(text, option)
    try:
        return datetime.combine(day + after, time(), zone or UTC).astimezone(UTC)
    except OverflowError:
        raise click.UsageError(f"{option} is too far away") from None


def _of_instant(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise click.UsageError(f"{option} should be a day such as 2026-11-01, or an instant such as 2026-11-01T05:00:00Z")


def e164(text: str) -> str:
    """The phone number that a text stands for without doubt. Raises click.UsageError."""
    number = text if NUMBER_SHAPE.fullmatch(text) else legible_number(text)
    if number is None:
        raise click.UsageError("--number should have its country code, such as +12125550101")
    return number
