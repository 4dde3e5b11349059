"""What the worker's own core will do about a callback as time passes, if nothing else happens until then.

It fires the timers of the contact in the order in which its partition would, on the contact as its row has it now,
and asks the checks at the instant at which the callback is next decided. It decides nothing itself.
Source: docs/rules.md, sections 2, 3 and 9.
"""

from datetime import datetime
from typing import NamedTuple

from streams.logic.checks.checks import check
from streams.logic.checks.gaps import fits_at
from streams.logic.checks.verdict import Call, Verdict
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.pacing import governs_due, is_paced_when_due
from streams.logic.contact.callback import Callback, Status
from streams.logic.contact.inputs import TimerFired
from streams.logic.contact.rows import wake_ups
from streams.logic.contact.state import Contact
from streams.logic.decisions.decide import decide
from streams.logic.hours.callable_time import next_open
from topics.facts import LifecycleFacts
from topics.records import CallbackLifecycle, Cause, Transition

STEPS_MAX = 200
"""Timers that are fired for one forecast: more than a contact has callbacks, each moved several times."""

Records = list[CallbackLifecycle[LifecycleFacts]]


class Ahead(NamedTuple):
    """What lies ahead of a callback. at: when it is decided next; None if no timer of it is set.

    contact: as it will be then. records: of the callback's life, from then on, until it is no longer scheduled.
    """

    at: datetime | None
    contact: Contact
    records: Records


def callback_of(contact: Contact, callback_id: str) -> Callback | None:
    """The outstanding callback of this id."""
    return next((one for one in contact.callbacks if one.callback_id == callback_id), None)


def look_ahead(contact: Contact, callback_id: str, configuration: Configuration, now: datetime) -> Ahead:
    """Let time pass for a contact, from `now` on, until the callback has gone out, waits, or has ended."""
    decided_at, as_decided, records = None, contact, Records()
    for _ in range(STEPS_MAX):
        wanted = min(wake_ups(contact), default=None)
        if wanted is None or callback_of(contact, callback_id) is None or _has_settled(records):
            break
        at = max(wanted[0], now)
        if wanted[1] == callback_id and decided_at is None:
            decided_at, as_decided = at, contact
        after, effects = decide(contact, TimerFired(wanted[1] or None), Cause(), configuration, at)
        records += [one for one in effects if isinstance(one, CallbackLifecycle) and one.callback_id == callback_id]
        if after is None or after is contact:
            break
        contact, now = after, at
    return Ahead(decided_at, as_decided, records)


def _has_settled(records: Records) -> bool:
    """Whether the callback has come to where nothing but an event, a release or another timer takes it further."""
    return bool(records) and records[-1].transition not in (Transition.DUE, Transition.RESCHEDULED)


def verdict_at(contact: Contact, callback: Callback, configuration: Configuration, at: datetime) -> Verdict:
    """What the checks would say of the callback's call."""
    return check(_call(contact, callback), configuration, at)


def opens_at(contact: Contact, callback: Callback, configuration: Configuration, at: datetime) -> datetime | None:
    """The next open slot: the first instant from `at` on that fits the hours of the number and the gap between calls.

    None if no slot opens within 8 days, if its hours are not known, or if there is no record of its campaign.
    """
    campaign = configuration.campaigns.get(callback.campaign_id)
    if campaign is None:
        return None
    fits = fits_at(campaign, _call(contact, callback), at)
    if campaign.callable_time_set_id is None:
        return fits
    times = configuration.times.get(campaign.callable_time_set_id)
    return None if times is None else next_open(times, contact, callback.phone_number, fits)


def is_spread(callback: Callback, configuration: Configuration) -> bool:
    """Whether the rate of its campaign may let the callback wait for its turn when it falls due."""
    campaign = configuration.campaigns.get(callback.campaign_id)
    if campaign is None or callback.status is not Status.SCHEDULED or not is_paced_when_due(campaign):
        return False
    return governs_due(campaign, moved=callback.first_due_at is not None)


def _call(contact: Contact, callback: Callback) -> Call:
    return Call(contact, callback.campaign_id, callback.phone_number, callback_id=callback.callback_id)
