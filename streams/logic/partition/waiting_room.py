"""The callbacks of one partition that wait for their campaigns, and when the next of them may go out.

Derived from the rows of the table and never stored. It reads no clock and decides nothing about a callback.
Source: docs/rules.md, section 8 row 15 and section 9.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from streams.logic.contact.rows import Lane, Waiting
from streams.logic.partition.due_index import DueIndex
from streams.logic.partition.retries import Retried
from topics.facts import HeldBy


class Release(Struct, frozen=True, gc=False):
    """A waiting callback that may go out at `at`. held_by: what it waited for last. governed: the rate counts it."""

    at: datetime
    due_at: datetime
    callback_id: str
    key: bytes
    lane: Lane
    held_by: HeldBy
    governed: bool


class Pace(Struct, frozen=True, gc=False):
    """How far apart the commands of a lane are. governed: whether they keep to the campaign's rate, and count."""

    gap: timedelta
    governed: bool


class _OpenLane(Struct, frozen=True, gc=False):
    opened_at: datetime
    pace: Pace


def _order(release: Release) -> tuple[datetime, datetime, str, bytes]:
    return release.at, release.due_at, release.callback_id, release.key


class WaitingRoom:
    """One queue per lane, by due time, callback id and key; it moves while the lane is open.

    All governed lanes of a campaign keep to one rate, together with whatever else `passed` counts.
    """

    def __init__(self) -> None:
        self._queues: dict[Lane, DueIndex[tuple[bytes, str]]] = {}
        self._open: dict[Lane, _OpenLane] = {}
        self._new: set[Lane] = set()
        self._started_at: datetime | None = None
        self._passed_at: dict[str, datetime] = {}
        self._backed_off: dict[tuple[bytes, str], Retried] = {}
        self._held_by: dict[tuple[bytes, str], HeldBy] = {}

    def start(self, now: datetime) -> None:
        """The partition is ours from now. Each rate is counted from here.

        The former owner may have released a callback of each campaign just now, and the time of that is not stored.
        """
        self._started_at = now

    def update(self, key: bytes, waited: set[Waiting], waits: set[Waiting]) -> None:
        """The callbacks of a contact that waited until now, and those that do from now on; from `waiting_in`."""
        for waiting in waited - waits:
            self._remove(waiting.lane, key, waiting.callback_id)
        for waiting in waits - waited:
            self._add(waiting, key)

    def new_lanes(self) -> set[Lane]:
        """The lanes that somebody waits in since this was asked last, and nobody before; they are not open."""
        new = self._new
        if new:
            self._new = set()
        return new

    def lanes(self) -> list[Lane]:
        """The lanes in which somebody waits."""
        return list(self._queues)

    def campaign_ids(self) -> list[str]:
        """The campaigns that somebody waits for."""
        return list(dict.fromkeys(lane.campaign_id for lane in self._queues))

    def keys(self, campaign_ids: set[str]) -> set[bytes]:
        """The contacts that wait for these campaigns."""
        return {key for lane, queue in self._queues.items() if lane.campaign_id in campaign_ids for key, _ in queue}

    def open(self, lane: Lane, now: datetime, pace: Pace) -> None:
        """Release the callbacks of a lane from now, or from when it was opened before, at this pace."""
        if lane in self._queues:
            known = self._open.get(lane)
            self._open[lane] = _OpenLane(known.opened_at if known else now, pace)

    def close(self, lane: Lane) -> None:
        """Release none of the callbacks of a lane."""
        self._open.pop(lane, None)

    def first(self) -> Release | None:
        """The next release over all open lanes."""
        releases = [release for lane in self._open if (release := self._first_of(lane))]
        return min(releases, key=_order, default=None)

    def is_full(self, campaign_id: str, gap: timedelta, now: datetime) -> bool:
        """Whether one more callback that the rate governs has to wait: for a gap, or for those that wait for it."""
        passed_at = self._passed_at.get(campaign_id, self._started_at)
        if passed_at is not None and passed_at + gap > now:
            return True
        lanes = (Lane(campaign_id, to_agent, moved) for to_agent in (False, True) for moved in (False, True))
        return any(lane in self._open and self._open[lane].pace.governed for lane in lanes)

    def passed(self, campaign_id: str, now: datetime) -> None:
        """A command that the rate governs went out: the campaign's next one is a gap away."""
        self._passed_at[campaign_id] = now

    def back_off(self, release: Release, until: datetime) -> None:
        """A release failed: the callback goes to the end of the queue, and is released at `until` at the earliest."""
        entry = (release.key, release.callback_id)
        known = self._backed_off.get(entry)
        self._backed_off[entry] = Retried(release.callback_id, known.since if known else release.at, until)
        self._queues[release.lane].put(entry, until, release.callback_id)

    @property
    def backed_off_count(self) -> int:
        """How many wait because their release failed."""
        return len(self._backed_off)

    def backed_off(self) -> list[Retried]:
        """Each of them, in no order. Other threads may ask it at any time."""
        return list(self._backed_off.values())

    def _add(self, waiting: Waiting, key: bytes) -> None:
        entry = (key, waiting.callback_id)
        if waiting.held_by is not HeldBy.CAMPAIGN_OFF:
            self._held_by[entry] = waiting.held_by
        if waiting.lane not in self._queues:
            self._queues[waiting.lane] = DueIndex()
            self._new.add(waiting.lane)
        self._queues[waiting.lane].put(entry, waiting.due_at, waiting.callback_id)

    def _remove(self, lane: Lane, key: bytes, callback_id: str) -> None:
        queue, entry = self._queues[lane], (key, callback_id)
        queue.drop(entry)
        self._backed_off.pop(entry, None)
        self._held_by.pop(entry, None)
        if not queue:
            del self._queues[lane]
            self._open.pop(lane, None)
            self._new.discard(lane)

    def _first_of(self, lane: Lane) -> Release | None:
        entry = self._queues[lane].first()
        if entry is None:
            return None
        due_at, callback_id, (key, _) = entry
        known = self._open[lane]
        at, held_by = known.opened_at, self._held_by.get((key, callback_id), HeldBy.CAMPAIGN_OFF)
        passed_at = self._passed_at.get(lane.campaign_id, self._started_at)
        if known.pace.governed and passed_at is not None and passed_at + known.pace.gap > at:
            at, held_by = passed_at + known.pace.gap, HeldBy.RATE
        if (retried := self._backed_off.get((key, callback_id))) is not None:
            at = max(at, retried.next_try)
        return Release(at, due_at, callback_id, key, lane, held_by, known.pace.governed)
