"""Which presentation a wrap-up belongs to, and whether the callback was moved during it: "call me tomorrow".

Wrap-up and reschedule are on two topics and come in either order; both orders must end in the same state.
Source: docs/rules.md, section 8 row 9; docs/decisions/0009-crossed-events-end-the-same.md.
"""

from datetime import datetime

from streams.logic.state import Callback, Status


def stays_open(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up at this instant leaves the callback open, as it was moved during the call."""
    began_at = _began_at(callback, wrapped_up_at)
    return began_at is not None and any(began_at < moved_at <= wrapped_up_at for moved_at in callback.moved)


def may_reopen(callback: Callback, moved_at: datetime) -> bool:
    """Whether a reschedule at this instant reopens an ended callback: it was moved during the call that ended it."""
    if callback.ended_at is None or not may_be_reopened(callback) or moved_at < callback.scheduled_at:
        return False
    began_at = _began_at(callback, callback.ended_at)
    return began_at is not None and began_at < moved_at <= callback.ended_at


def may_be_reopened(callback: Callback) -> bool:
    """Whether there can still be a reschedule that reopens an ended callback."""
    return callback.status is Status.COMPLETED and callback.cancelled_at is None


def _began_at(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """When the presentation began that a wrap-up belongs to; None if the callback was never presented."""
    begun = [at for at in callback.presented if at <= wrapped_up_at]
    if begun:
        return max(begun)
    # The agent's clock is behind ours. A call cannot have ended before it was presented, so it is the first one.
    return callback.presented[0] if callback.presented else None
