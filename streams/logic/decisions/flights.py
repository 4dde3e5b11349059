"""The calls of a contact that are in flight: when one begins, and what ends it.

A call is in flight from an allowed placement or a command for analysis on, if the campaign that places it wants one
call at a time. It ends with a wrap-up, with a return, or by itself.
Source: docs/rules.md, section 9; docs/decisions/0045-gaps-and-calls-in-flight.md.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from streams.logic.checks.gaps import is_same_call
from streams.logic.contact.callback import Callback
from streams.logic.contact.limits import CLOCK_AHEAD_MAX
from streams.logic.contact.state import Answer, Flight
from streams.logic.decisions.moves import let_go
from streams.logic.decisions.step import Step
from topics.configuration import Campaign
from topics.events import WrapUp

FLIGHTS_MAX = 16
"""That a contact remembers. There is one at a time, but for settings that change and campaigns that differ."""


def begin(step: Step, campaign: Campaign | None, callback_id: str | None, request_id: str | None = None) -> None:
    """A call begins now; it takes the place of what was in flight for this callback or by this request."""
    if campaign is None or campaign.one_call_at_a_time_s is None:
        return
    flight = Flight(
        campaign_id=campaign.campaign_id,
        since=step.now,
        until=step.now + timedelta(seconds=campaign.one_call_at_a_time_s),
        callback_id=callback_id,
        request_id=request_id,
    )
    others = [
        one for one in step.contact.flights if step.now < one.until and not is_same_call(one, callback_id, request_id)
    ]
    step.contact = replace(step.contact, flights=(*others[1 - FLIGHTS_MAX :], flight))


def begin_again(step: Step, campaign: Campaign | None, request_id: str, before: Answer) -> None:
    """An answer is given once more. Whoever waits for it may only now begin the call that it allowed.

    A call that has ended meanwhile stays so, and an answer that refused one begins none.
    """
    for flight in step.contact.flights:
        if flight.request_id == request_id and flight.since >= before.decided_at and step.now < flight.until:
            begin(step, campaign, flight.callback_id, request_id)


def end_by_wrap_up(step: Step, event: WrapUp) -> None:
    """A wrap-up that counts ends the calls of its campaign that began before it, and that of a callback it ended.

    By a clock that is behind it may have occurred a little before the beginning. An earlier one is of an earlier call.
    """
    if not step.contact.flights:
        return
    latest = event.occurred_at + CLOCK_AHEAD_MAX
    ended = _has_ended(step, event.callback_id)
    _end(
        step,
        lambda flight: (
            (flight.campaign_id == event.campaign_id and flight.since <= latest)
            or (ended and flight.callback_id == event.callback_id)
        ),
    )


def end_by_return(step: Step, callback: Callback, began: datetime) -> None:
    """The command that was written then came back: its call is over, or was never placed.

    A call of a later presentation goes on: one ahead of the time to which the callback was moved meanwhile.
    """
    later = min((at for at in callback.presented if at > began), default=None)
    if step.contact.flights:
        _end(
            step,
            lambda flight: flight.callback_id == callback.callback_id and (later is None or flight.since < later),
        )


def _has_ended(step: Step, callback_id: str | None) -> bool:
    """Whether the callback was outstanding before this step, and is not any more."""
    before = any(callback.callback_id == callback_id for callback in step.before.callbacks)
    return before and callback_id not in step.outstanding


def _end(step: Step, ends: Callable[[Flight], bool]) -> None:
    under_way = [flight for flight in step.contact.flights if step.now < flight.until]
    kept = tuple(flight for flight in under_way if not ends(flight))
    step.contact = replace(step.contact, flights=kept)
    if len(kept) < len(under_way):
        let_go(step)
