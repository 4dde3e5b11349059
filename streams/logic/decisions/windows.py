"""Windows: a callback that is promised from one instant to another, and what becomes of it when it was missed.

Source: docs/rules.md, section 9; docs/decisions/0043-windows.md.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Status
from streams.logic.contact.limits import MISSED_MAX, MOVE_AHEAD_MAX
from streams.logic.decisions.admission import due_timer
from streams.logic.decisions.dispatch import Grounds
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import hold, too_late_at
from streams.logic.hours.callable_time import next_open
from streams.logic.hours.local_clock import clock_of, days_later
from topics.configuration import Campaign, OnMissed
from topics.facts import ExpiredFacts
from topics.records import Reason, Transition
from topics.rescheduled_facts import WindowMissedFacts

DAY = timedelta(days=1)


class Window(NamedTuple):
    """A window on another day. due_at: when the callback is due in it, from `start` on."""

    start: datetime
    end: datetime
    due_at: datetime


def is_over(callback: Callback, now: datetime) -> bool:
    """Whether the callback has a window, and that has ended; its end is no longer in it."""
    return callback.window_end_at is not None and callback.window_end_at <= now


def is_missed(callback: Callback, campaign: Campaign | None, now: datetime) -> bool:
    """Whether a callback in nobody's hands has missed its window.

    One that became too late before its window ended has not: of the two the earlier decides, and the window at a tie.
    """
    limit = too_late_at(callback, campaign)
    end = callback.window_end_at
    return end is not None and end <= now and (limit is None or end <= limit)


def miss(step: Step, callback: Callback, campaign: Campaign | None) -> None:
    """The window is over: the callback ends, or has the same window on another day, as its campaign says.

    It waits while its campaign cannot be read: nobody knows what that says.
    """
    if campaign is None and callback.campaign_id in step.configuration.unreadable.campaigns:
        _wait(step, callback)
        return
    assert callback.window_end_at is not None, "without a window none is missed"
    missed = replace(callback, missed=callback.missed + 1)
    if campaign is None or not _has_another(callback, campaign):
        _expire(step, missed)
        return
    window = _next_window(step, callback, campaign)
    if window is None:
        _expire(step, missed, no_open_slot_within_days=MOVE_AHEAD_MAX.days)
        return
    moved = replace(
        missed,
        due_at=window.due_at,
        timer=due_timer(window.due_at, window.end),
        window_start_at=window.start,
        window_end_at=window.end,
        first_due_at=None,
        moved_for=None,
    )
    facts = WindowMissedFacts(
        previous_due_at=callback.due_at,
        previous_window_end_at=callback.window_end_at,
        window_end_at=window.end,
        missed=missed.missed,
    )
    step.move(moved, Transition.RESCHEDULED, reasons=(Reason.WINDOW_OVER,), facts=facts)


def _expire(step: Step, missed: Callback, *, no_open_slot_within_days: int | None = None) -> None:
    """It ends. no_open_slot_within_days: if it would have another window, and so many days have none that is open."""
    facts = ExpiredFacts(
        window_end_at=missed.window_end_at, missed=missed.missed, no_open_slot_within_days=no_open_slot_within_days
    )
    step.move(missed, Transition.EXPIRED, reasons=(Reason.WINDOW_OVER,), facts=facts)


def _wait(step: Step, callback: Callback) -> None:
    """Wait until the campaign can be read; whatever it waited for before, no agent gets it any more as it is."""
    if callback.status is Status.WAITING:
        step.keep(replace(callback, timer=None, held_unreadable=True, waits_for=None, to_agent=None))
    else:
        hold(step, callback, None, (Reason.CAMPAIGN_UNREADABLE,), Grounds())


def _has_another(callback: Callback, campaign: Campaign) -> bool:
    """Whether the campaign gives a callback that missed its window the same one on another day."""
    allowed = MISSED_MAX if campaign.missed_max is None else campaign.missed_max
    return campaign.on_missed is OnMissed.NEXT_DAY and callback.missed < allowed


def _next_window(step: Step, callback: Callback, campaign: Campaign) -> Window | None:
    """The same window on the next day that is open; None if no day is open within 8 days."""
    start, end = callback.window_start_at or callback.due_at, callback.window_end_at
    assert end is not None, "without a window none is missed"
    days = max(1, (step.now - start).days)  # After an outage, those of the past are not looked at one by one.
    while (window := _days_later(step, callback, start, end, days)).start <= step.now + MOVE_AHEAD_MAX:
        opens_at = _opens_at(step, callback, campaign, window) if window.start >= step.now else None
        if opens_at is not None and opens_at < window.end:
            return window._replace(due_at=opens_at)
        days += 1
    return None


def _days_later(step: Step, callback: Callback, start: datetime, end: datetime, days: int) -> Window:
    """Both ends so many days later by the wall clock of the contact."""
    clock = clock_of(step.contact, callback.phone_number, start + days * DAY)
    later = days_later(clock, start, days)
    return Window(later, days_later(clock, end, days), due_at=later)


def _opens_at(step: Step, callback: Callback, campaign: Campaign, window: Window) -> datetime | None:
    """The first instant from the start of a window on at which the number may be called, by its hours alone.

    Where the hours are not known, or cannot be read, a day is as good as another: the checks permit nothing then.
    """
    times = step.configuration.times.get(campaign.callable_time_set_id or "")
    if times is None:
        return window.start
    return next_open(times, step.contact, callback.phone_number, window.start)
