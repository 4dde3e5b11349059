"""Two checks between the calls to one contact: the gap after the last call, and one call at a time.

Both look at the contact, over all campaigns; a number of it is never called without it, so its gap is the same one.
Source: docs/rules.md, section 9.
"""

from datetime import datetime, timedelta

from streams.logic.checks.verdict import Call
from streams.logic.contact.state import Contact, Flight
from topics.check_facts import GapFacts, InCallFacts
from topics.configuration import Campaign


def look_at_gap(min_gap_s: int, contact: Contact) -> GapFacts:
    """The last call of the contact, and when the next one fits; neither where it was never called."""
    last = max(contact.last_attempts.values(), default=None)
    if last is None:
        return GapFacts(min_gap_s=min_gap_s)
    return GapFacts(min_gap_s=min_gap_s, last_call_at=last, fits_at=last + timedelta(seconds=min_gap_s))


def look_for_calls(call: Call, now: datetime) -> tuple[InCallFacts, ...]:
    """The other calls of the contact that are in flight now."""
    return tuple(
        InCallFacts(
            campaign_id=flight.campaign_id,
            since=flight.since,
            until=flight.until,
            callback_id=flight.callback_id,
            request_id=flight.request_id,
        )
        for flight in call.contact.flights
        if now < flight.until and not is_same_call(flight, call.callback_id, call.request_id)
    )


def is_same_call(flight: Flight, callback_id: str | None, request_id: str | None) -> bool:
    """Whether a flight is the call for this callback, or by this request."""
    of_callback = callback_id is not None and flight.callback_id == callback_id
    return of_callback or (request_id is not None and flight.request_id == request_id)


def fits_at(campaign: Campaign, call: Call, now: datetime) -> datetime:
    """The first instant from now on at which neither of the two checks fails, as far as is known now."""
    at = now
    if campaign.min_gap_s is not None:
        at = max(at, look_at_gap(campaign.min_gap_s, call.contact).fits_at or at)
    if campaign.one_call_at_a_time_s is not None:
        at = max([at, *(other.until for other in look_for_calls(call, now))])
    return at
