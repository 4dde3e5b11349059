"""How far an event's own clock may be off.

Source: docs/rules.md, section 8 row 2.
"""

from datetime import datetime

from streams.logic.limits import CLOCK_AHEAD_MAX, EVENT_AGE_MAX
from topics.codec import BadEvent, ErrorCode


def check_clock(occurred_at: datetime, now: datetime, path: str = "$.occurred_at") -> None:
    """Raise BadEvent for an instant in the future or too long ago; both limits themselves are in order.

    path: of the instant within the event.
    """
    if occurred_at - now > CLOCK_AHEAD_MAX:
        raise BadEvent(ErrorCode.IN_THE_FUTURE, path, "More than 5 minutes ahead of the clock")
    if now - occurred_at > EVENT_AGE_MAX:
        raise BadEvent(ErrorCode.TOO_OLD, path, "More than 35 days ago")
