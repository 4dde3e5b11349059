"""Which presentation a wrap-up belongs to, and whether the callback was moved during it: "call me tomorrow".

A presentation is a command, or a placement that was allowed while the callback was in nobody's hands. A wrap-up closes
every presentation that began before it, a return the one whose command it names. Wrap-up and reschedule are on two
topics and come in either order; both orders must end in the same state. Source: docs/rules.md, section 8 row 9 and
section 9; docs/decisions/0009-crossed-events-end-the-same.md, docs/decisions/0023-one-wrap-up-for-each-presentation.md
and docs/decisions/0041-what-was-not-dialed.md.
"""

from datetime import datetime

from streams.logic.contact.callback import Callback, Status
from streams.logic.contact.limits import PRESENTATIONS_KEPT


def presented_at(callback: Callback, now: datetime) -> tuple[datetime, ...]:
    """The latest presentations of the callback, one that begins now the last of them."""
    return (*callback.presented[1 - PRESENTATIONS_KEPT :], now)


def given_back(callback: Callback, began: datetime) -> tuple[datetime, ...]:
    """The latest presentations whose command came back, the one that began then the last of them."""
    return (*callback.given_back[1 - PRESENTATIONS_KEPT :], began)


def open_command_at(callback: Callback) -> datetime | None:
    """When the latest command was written, if its presentation is open; else None.

    That of an older command is over since the latest was written.
    """
    if not callback.presentation or not callback.presented:
        return None
    # Version 2 stored no instant of its own for it.
    commanded_at = callback.commanded_at or callback.presented[-1]
    return commanded_at if _is_open(callback, commanded_at) else None


def began_at(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """When the presentation began that a wrap-up at this instant belongs to: the latest open one before it.

    None if there is none: nobody asked for that call, or the presentation has had its wrap-up or its return.
    """
    return max((at for at in callback.presented if at <= wrapped_up_at and _is_open(callback, at)), default=None)


def is_first(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up at this instant is the first of a presentation; of an ended callback, too.

    That is so even if its command was given back: nothing orders the two, and a call that was placed is an attempt.
    """
    began = latest_without_wrap_up(callback, wrapped_up_at)
    over_at = None if ended_by_return(callback) else callback.ended_at
    return began is not None and (over_at is None or began > over_at)


def is_superseded(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up comes too late to say that nothing was dialed.

    The command of the presentation it belongs to has been given back, or the callback has gone out anew since.
    """
    began = latest_without_wrap_up(callback, wrapped_up_at)
    if began is None:
        return False
    commanded_at = open_command_at(callback) if callback.is_handed_out else None
    return began in callback.given_back or (commanded_at is not None and began < commanded_at)


def stays_open(callback: Callback, wrapped_up_at: datetime) -> bool:
    """Whether a wrap-up at this instant leaves the callback open, as it was moved during the call."""
    began = _call_began_at(callback, wrapped_up_at)
    return began is not None and was_moved(callback, began, wrapped_up_at)


def was_moved(callback: Callback, began: datetime, over_at: datetime) -> bool:
    """Whether the callback was moved during a call: after that began, and no later than it was over."""
    return any(began < moved_at <= over_at for moved_at in callback.moved)


def may_reopen(callback: Callback, moved_at: datetime) -> bool:
    """Whether a reschedule at this instant reopens an ended callback: it was moved during the call that ended it."""
    if callback.ended_at is None or not may_be_reopened(callback):
        return False
    if ended_by_return(callback):
        began: datetime | None = call_began(callback, callback.given_back[-1])
    else:
        began = _call_began_at(callback, callback.ended_at)
    return began is not None and began < moved_at <= callback.ended_at


def may_be_reopened(callback: Callback) -> bool:
    """Whether there can still be a reschedule that reopens an ended callback."""
    return callback.status in (Status.COMPLETED, Status.NOT_DIALED) and callback.cancelled_at is None


def ended_by_return(callback: Callback) -> bool:
    """Whether a return ended the callback, and no wrap-up that says the same."""
    return callback.status is Status.NOT_DIALED and bool(callback.given_back)


def closed(callback: Callback, wrapped_up_at: datetime, now: datetime) -> datetime:
    """Up to when the presentations of a callback are closed, after a wrap-up at this instant.

    By a clock that runs ahead it does not close one that is still to come.
    """
    at = min(wrapped_up_at, now)
    return max(at, callback.closed_at or at)


def closed_once_reopened(callback: Callback, now: datetime) -> datetime | None:
    """The same of an ended callback that is reopened: a return has closed its presentation, and no other."""
    if callback.ended_at is None or ended_by_return(callback):
        return callback.closed_at
    return closed(callback, callback.ended_at, now)


def call_began(callback: Callback, presented_at: datetime) -> datetime:
    """When the call began that a presentation belongs to: one that a change led to goes on with the open one before it.

    The change may have been heard of after a reschedule in that call, or before it.
    """
    began = presented_at
    while began in callback.presented_anew:
        before = [at for at in callback.presented if at < began and _is_open(callback, at)]
        if not before:
            break
        began = max(before)
    return began


def _call_began_at(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """The same of the presentation that a wrap-up at this instant belongs to; None if it belongs to none."""
    began = began_at(callback, wrapped_up_at)
    return None if began is None else call_began(callback, began)


def latest_without_wrap_up(callback: Callback, wrapped_up_at: datetime) -> datetime | None:
    """When the latest presentation before a wrap-up began that has had none, its command given back or not."""
    return max((at for at in callback.presented if at <= wrapped_up_at and _has_no_wrap_up(callback, at)), default=None)


def _is_open(callback: Callback, presented_at: datetime) -> bool:
    return presented_at not in callback.given_back and _has_no_wrap_up(callback, presented_at)


def _has_no_wrap_up(callback: Callback, presented_at: datetime) -> bool:
    return callback.closed_at is None or presented_at > callback.closed_at
