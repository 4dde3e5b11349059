"""The callbacks of one partition that wait for their campaigns, and when the next of them may go out.

Derived from the rows of the table and never stored. It reads no clock and decides nothing about a callback.
Source: docs/rules.md, section 8 row 15.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.logic.contact.rows import Waiting
from streams.logic.partition.due_index import DueIndex
from topics.facts import HeldBy


@dataclass(frozen=True, slots=True)
class Release:
    """A waiting callback that may go out at `at`. held_by: what it waited for last."""

    at: datetime
    due_at: datetime
    callback_id: str
    key: bytes
    campaign_id: str
    held_by: HeldBy


@dataclass(frozen=True, slots=True)
class _OpenCampaign:
    opened_at: datetime
    gap: timedelta


def _order(release: Release) -> tuple[datetime, datetime, str, bytes]:
    return release.at, release.due_at, release.callback_id, release.key


class WaitingRoom:
    """One queue per campaign, by due time, callback id and key; it moves while the campaign is open."""

    def __init__(self) -> None:
        self._queues: dict[str, DueIndex[tuple[bytes, str]]] = {}
        self._open: dict[str, _OpenCampaign] = {}
        self._started_at: datetime | None = None
        self._released_at: dict[str, datetime] = {}
        self._backed_off: dict[tuple[bytes, str], datetime] = {}
        self._unreadable: set[tuple[bytes, str]] = set()

    def start(self, now: datetime) -> None:
        """The partition is ours from now. Each rate is counted from here.

        The former owner may have released a callback of each campaign just now, and the time of that is not stored.
        """
        self._started_at = now

    def add(
        self, campaign_id: str, key: bytes, callback_id: str, due_at: datetime, *, unreadable: bool = False
    ) -> None:
        """The callback waits for its campaign, or because something of it is unreadable."""
        if unreadable:
            self._unreadable.add((key, callback_id))
        self._queues.setdefault(campaign_id, DueIndex()).put((key, callback_id), due_at, callback_id)

    def remove(self, campaign_id: str, key: bytes, callback_id: str) -> None:
        """The callback does not wait any more."""
        queue = self._queues[campaign_id]
        queue.drop((key, callback_id))
        self._backed_off.pop((key, callback_id), None)
        self._unreadable.discard((key, callback_id))
        if not queue:
            del self._queues[campaign_id]
            self._open.pop(campaign_id, None)

    def update(self, key: bytes, waited: set[Waiting], waits: set[Waiting]) -> None:
        """The callbacks of a contact that waited until now, and those that do from now on; from `waiting_in`."""
        for campaign_id, callback_id, _, _ in waited - waits:
            self.remove(campaign_id, key, callback_id)
        for campaign_id, callback_id, due_at, unreadable in waits - waited:
            self.add(campaign_id, key, callback_id, due_at, unreadable=unreadable)

    def campaign_ids(self) -> list[str]:
        """The campaigns that somebody waits for."""
        return list(self._queues)

    def keys(self, campaign_id: str) -> set[bytes]:
        """The contacts that wait for a campaign."""
        return {key for key, _ in self._queues.get(campaign_id, ())}

    def open(self, campaign_id: str, now: datetime, gap: timedelta) -> None:
        """Release the campaign's callbacks from now, or from when it was opened before, one every `gap`."""
        if campaign_id in self._queues:
            known = self._open.get(campaign_id)
            self._open[campaign_id] = _OpenCampaign(known.opened_at if known else now, gap)

    def close(self, campaign_id: str) -> None:
        """Release none of the campaign's callbacks."""
        self._open.pop(campaign_id, None)

    def first(self) -> Release | None:
        """The next release over all open campaigns."""
        releases = [release for campaign_id in self._open if (release := self._first_of(campaign_id))]
        return min(releases, key=_order, default=None)

    def passed(self, release: Release, now: datetime) -> None:
        """A release was carried out: the campaign's next one is a gap away."""
        self._released_at[release.campaign_id] = now

    def back_off(self, release: Release, until: datetime) -> None:
        """A release failed: the callback goes to the end of the queue, and is released at `until` at the earliest."""
        entry = (release.key, release.callback_id)
        self._backed_off[entry] = until
        self._queues[release.campaign_id].put(entry, until, release.callback_id)

    @property
    def backed_off_count(self) -> int:
        """How many wait because their release failed."""
        return len(self._backed_off)

    def _first_of(self, campaign_id: str) -> Release | None:
        entry = self._queues[campaign_id].first()
        if entry is None:
            return None
        due_at, callback_id, (key, _) = entry
        campaign = self._open[campaign_id]
        unreadable = (key, callback_id) in self._unreadable
        at, held_by = campaign.opened_at, HeldBy.UNREADABLE if unreadable else HeldBy.CAMPAIGN_OFF
        released_at = self._released_at.get(campaign_id, self._started_at)
        if released_at is not None and released_at + campaign.gap > at:
            at, held_by = released_at + campaign.gap, HeldBy.RATE
        at = max(at, self._backed_off.get((key, callback_id), at))
        return Release(at, due_at, callback_id, key, campaign_id, held_by)
