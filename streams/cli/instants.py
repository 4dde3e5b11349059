"""Instants and lengths of time as options take them: RFC 3339, or from now on, as in `+2h`."""

import re
from datetime import UTC, datetime, timedelta

import click

from streams.base.clock import SystemClock

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SPAN = re.compile(r"([+-]?)(\d{1,9})([smhd])")


def span_of(text: str) -> timedelta | None:
    """A length such as `90m`, `-2h` or `1d`; None for another text."""
    found = SPAN.fullmatch(text.strip())
    if found is None:
        return None
    seconds = int(found[2]) * UNITS[found[3]]
    return timedelta(seconds=-seconds if found[1] == "-" else seconds)


class Span(click.ParamType):
    """A length of time."""

    name = "SPAN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """From the text; an error of usage for another one."""
        if isinstance(value, timedelta):
            return value
        span = span_of(str(value))
        return span if span is not None else self.fail("should be such as 90m, -2h or 1d", param, ctx)


class Instant(click.ParamType):
    """An instant with a zone, or a length of time from now on."""

    name = "INSTANT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """From the text; an error of usage for another one."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            if text[:1] in ("+", "-") and (span := span_of(text)) is not None:
                return (SystemClock().now() + span).replace(microsecond=0)
            at = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            return self.fail("should be such as 2027-03-12T16:00:00Z, or +2h from now on", param, ctx)
        if at.utcoffset() is None:
            return self.fail("needs a zone, as in 2027-03-12T16:00:00-05:00", param, ctx)
        return at.astimezone(UTC)


INSTANT, LENGTH = Instant(), Span()
