"""Calls in flight and the gap after the last one. Docs: 9.5."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oracle.conditions import Json

BEHIND = timedelta(minutes=5)


@dataclass
class Flight:
    """A call. callback: its id, None for the campaign's own; request: that allowed it, None for the system's."""

    campaign_id: str
    since: datetime
    until: datetime
    callback: str | None = None
    request: str | None = None


class Flights:
    """Those of one contact, and whether one has ended since somebody asked."""

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        self.has_ended = False

    def _own(self, one: Flight, callback: str | None, request: str | None) -> bool:
        of_callback = callback is not None and one.callback == callback
        return of_callback or (request is not None and one.request == request)

    def others(self, callback: str | None, request: str | None, now: datetime) -> list[Flight]:
        return [one for one in self.flights if now < one.until and not self._own(one, callback, request)]

    def is_in_flight(self, request: str, now: datetime) -> bool:
        return any(one.request == request and now < one.until for one in self.flights)

    def begin(self, campaign: Json, callback: str | None, request: str | None, now: datetime) -> None:
        seconds = campaign.get("one_call_at_a_time_s")
        if seconds:
            others = [one for one in self.flights if now < one.until and not self._own(one, callback, request)]
            until = now + timedelta(seconds=seconds)
            self.flights = [*others, Flight(campaign["campaign_id"], now, until, callback, request)][-16:]

    def _end(self, over: list[Flight], now: datetime) -> None:
        self.has_ended = self.has_ended or any(now < one.until for one in over)
        self.flights = [one for one in self.flights if one not in over]

    def wrapped_up(self, campaign_id: str, when: datetime, now: datetime) -> None:
        self._end([one for one in self.flights if one.campaign_id == campaign_id and when >= one.since - BEHIND], now)

    def ended(self, callback: str, now: datetime, before: datetime | None = None) -> None:
        """The call for a callback is over. before: only of a presentation that began before it."""
        self._end(
            [one for one in self.flights if one.callback == callback and not (before and one.since >= before)], now
        )


def fits_at(campaign: Json, attempts: list[datetime], others: list[Flight], now: datetime) -> tuple[datetime, set[str]]:
    """When gap and calls are over, and which of them are not now."""
    failed, fits = set(), now
    if campaign.get("min_gap_s") and attempts:
        over = max(attempts) + timedelta(seconds=campaign["min_gap_s"])
        if now < over:
            failed.add("too_soon")
            fits = max(fits, over)
    if campaign.get("one_call_at_a_time_s") and others:
        failed.add("in_call")
        fits = max(fits, *(one.until for one in others))
    return fits, failed
