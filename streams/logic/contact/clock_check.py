"""How far an event's own clock may be off, and when Kafka says that a record was written.

Source: docs/rules.md, section 8 row 2.
"""

from datetime import UTC, datetime, timedelta

from streams.logic.contact.limits import CLOCK_AHEAD_MAX, EVENT_AGE_MAX
from topics.codec import BadEvent, ErrorCode

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def written_at(timestamp_ms: int) -> datetime | None:
    """The instant of a record's timestamp, 1970 for none; None if no calendar has it, as of microseconds, say."""
    try:
        return EPOCH + timedelta(milliseconds=max(0, timestamp_ms))
    except OverflowError:
        return None


def check_clock(occurred_at: datetime, now: datetime, path: str = "$.occurred_at") -> None:
    """Raise BadEvent for an instant in the future or too long ago; both limits themselves are in order.

    path: of the instant within the event.
    """
    check_not_ahead(occurred_at, now, path)
    if now - occurred_at > EVENT_AGE_MAX:
        raise BadEvent(ErrorCode.TOO_OLD, path, "More than 35 days ago")


def check_not_ahead(occurred_at: datetime, now: datetime, path: str = "$.occurred_at") -> None:
    """Raise BadEvent for an instant in the future; for what may be as old as it likes."""
    if occurred_at - now > CLOCK_AHEAD_MAX:
        raise BadEvent(ErrorCode.IN_THE_FUTURE, path, "More than 5 minutes ahead of the clock")
