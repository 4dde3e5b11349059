"""Which recycles are accepted. The same ones in every replay, whatever is replayed together with them.

Source: docs/rules.md, section 4 and section 8 row 14.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import datetime

from streams.logic.contact.limits import RECYCLE_GAP
from topics.events import CampaignRecycle
from topics.records import Cause


@dataclass(frozen=True, slots=True)
class Marker:
    """A recycle or a clear: everything scheduled before its `occurred_at` may be touched by it."""

    occurred_at: datetime
    offset: int
    cause: Cause


@dataclass(slots=True)
class _Accepted:
    times: list[datetime] = field(default_factory=list)
    event_ids: set[str] = field(default_factory=set)
    latest: Marker | None = None


class Recycles:
    """The accepted recycles of every campaign."""

    def __init__(self) -> None:
        self._campaigns: dict[str, _Accepted] = {}

    def take(self, event: CampaignRecycle, marker: Marker) -> datetime | None:
        """Accept a recycle, or return the `occurred_at` of the accepted one that it is too close to.

        A repeated event changes nothing and is not too close to itself.
        """
        accepted = self._campaigns.setdefault(event.campaign_id, _Accepted())
        if event.event_id in accepted.event_ids:
            return None
        accepted.event_ids.add(event.event_id)
        at = bisect_left(accepted.times, event.occurred_at)
        # Only the neighbours in time can be too close.
        for near in accepted.times[max(0, at - 1) : at + 1]:
            if abs(near - event.occurred_at) < RECYCLE_GAP:
                return near
        insort(accepted.times, event.occurred_at)
        if accepted.latest is None or accepted.latest.occurred_at < marker.occurred_at:
            accepted.latest = marker
        return None

    def latest(self, campaign_id: str) -> Marker | None:
        """The latest accepted recycle by `occurred_at`, None if the campaign is in its first pass."""
        accepted = self._campaigns.get(campaign_id)
        return None if accepted is None else accepted.latest

    def campaign_ids(self) -> list[str]:
        """The campaigns that were ever recycled."""
        return list(self._campaigns)
