"""Which presentation a wrap-up belongs to, and whether the callback was moved during it: "call me tomorrow".

A presentation is a command, or a placement that was allowed while the callback was in nobody's hands. A wrap-up closes
every presentation that began before it. Wrap-up and reschedule are on two topics and come in either order; both orders
must end in the same state. Source: docs/rules.md, section 8 row 9; docs/decisions/0009-crossed-events-end-the-same.md
and docs/decisions/0023-one-wrap-up-for-each-presentation.md.
"""

from datetime import datetime

from streams.logic.contact.limits import PRESENTATIONS_KEPT
from streams.logic.contact.state import Callback, Status


def presented_at(callback: Callback, now: datetime) -> tuple[datetime, ...]:
    """The latest presentations of the callback, one that begins now the last of them."""
    return (*callback.presented[1 - PRESENTATIONS_KEPT :], now)


def began_at(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """When the presentation began that a wrap-up at this instant belongs to: the latest open one before it.

    None if there is none: nobody asked for that call, or the presentation has had its wrap-up.
    """
    return max((at for at in callback.presented if at <= wrapped_up_at and _is_open(callback, at)), default=None)


def is_first(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up at this instant is the first of a presentation; of an ended callback, too."""
    began = began_at(callback, wrapped_up_at)
    return began is not None and (callback.ended_at is None or began > callback.ended_at)


def stays_open(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up at this instant leaves the callback open, as it was moved during the call."""
    began = _call_began_at(callback, wrapped_up_at)
    return began is not None and any(began < moved_at <= wrapped_up_at for moved_at in callback.moved)


def may_reopen(callback: Callback, moved_at: datetime) -> bool:
    """Whether a reschedule at this instant reopens an ended callback: it was moved during the call that ended it."""
    if callback.ended_at is None or not may_be_reopened(callback):
        return False
    began = _call_began_at(callback, callback.ended_at)
    return began is not None and began < moved_at <= callback.ended_at


def may_be_reopened(callback: Callback) -> bool:
    """Whether there can still be a reschedule that reopens an ended callback."""
    return callback.status is Status.COMPLETED and callback.cancelled_at is None


def closed(callback: Callback, wrapped_up_at: datetime, now: datetime) -> datetime:
    """Up to when the presentations of a callback are closed, after a wrap-up at this instant.

    By a clock that runs ahead it does not close one that is still to come.
    """
    at = min(wrapped_up_at, now)
    return max(at, callback.closed_at or at)


def _call_began_at(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """The same as `began_at`, but that a presentation that a change led to goes on with the open one before it.

    The change may have been heard of after a reschedule in that call, or before it.
    """
    began = began_at(callback, wrapped_up_at)
    while began is not None and began in callback.presented_anew:
        before = [at for at in callback.presented if at < began and _is_open(callback, at)]
        if not before:
            break
        began = max(before)
    return began


def _is_open(callback: Callback, presented_at: datetime) -> bool:
    return callback.closed_at is None or presented_at > callback.closed_at
