"""What a partition has to do and when: the timers of its contacts, who waits for a campaign, what is retried.

All but the retries follows from the rows, by way of `update`. In memory are the contacts that are near: those whose
first timer is not after `reached`, and those at hand (`shelf.py`). The others are on the shelf. It reads no clock.
Source: docs/decisions/0004-one-index-entry-per-contact.md and docs/decisions/0057-due-index-on-disk.md.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import chain

from streams.logic.contact.rows import Outlined, RowOutline, decode_outline, waiting_in, wake_ups
from streams.logic.partition.census import Census
from streams.logic.partition.due_index import DueIndex, Wanted
from streams.logic.partition.retries import Retried, Retries
from streams.logic.partition.shelf import EVER, REACH, Derived, Reach, Shelf, derived
from streams.logic.partition.waiting_room import WaitingRoom


class Agenda:
    """Of one partition. campaigns: `census` counts each. reach: how far it reads ahead on the shelf."""

    def __init__(self, shelf: Shelf, campaigns: Collection[str] = (), reach: Reach = REACH) -> None:
        self.census = Census(campaigns)
        self.waiting = WaitingRoom()
        self._shelf, self._reach = shelf, reach
        self._index: DueIndex[bytes] = DueIndex()
        self._retries = Retries()
        self._reached = shelf.reached
        self._beyond: Wanted | None = None  # The first timer after `_reached`, if that is known.
        self._beyond_is_known = False
        self._are_totals_known = False

    def start(self) -> None:
        """The shelf is prepared: begin with its totals. Then `load` each contact that is at hand."""
        totals = self._shelf.totals()
        if totals is not None:
            self._are_totals_known = True
            self.census.start(totals)

    def load(self, key: bytes, row: RowOutline) -> None:
        """A contact that is at hand when the partition starts."""
        if not self._are_totals_known:
            self.census.count((), row.callbacks)
        self.census.place((), row.callbacks)
        self.waiting.update(key, set(), waiting_in(row.callbacks))
        self._index.set(key, min(wake_ups(row), default=None))

    def update(self, key: bytes, before: Outlined | None, after: Outlined | None) -> None:
        """A contact as it was until now, and as it is from now on."""
        gone, come = before.callbacks if before else (), after.callbacks if after else ()
        # Most events leave the very same callbacks, and with them the same timers.
        if gone and (gone is come or gone == come):
            self._shelf.note_same(key)
            return
        was_near = is_near = True
        if self._reached is not EVER:
            was, is_now = derived(key, before), derived(key, after)
            self._shelf.note(key, was, is_now)
            was_near, is_near = self._is_near(was), self._is_near(is_now)
            self._changed_beyond(was.first_timer, is_now.first_timer)
        if gone or come:
            self.census.count(gone, come)
            self.census.place(gone if was_near else (), come if is_near else ())
            self.waiting.update(key, waiting_in(gone), waiting_in(come))
        wanted = self._retries.first(key, wake_ups(after))
        self._index.set(key, wanted if is_near else None)

    def timer(self) -> Wanted | None:
        """The timer that is wanted first."""
        first = self._index.first()
        if first is not None and first <= self._reached:
            return first
        if not self._beyond_is_known:
            following = self._shelf.following(self._reached, EVER[0], 1)
            self._beyond = following[0].wanted if following else None
            self._beyond_is_known = True
        return min((one for one in (first, self._beyond) if one is not None), default=None)

    def due(self, now: datetime) -> Wanted | None:
        """The timer that is wanted first, for somebody who would fire it now: those that follow it are read with it."""
        timer = self.timer()
        if timer is not None and self._reached < timer and timer[0] <= now:
            self._read_on(now)
        return timer

    def read_ahead(self, now: datetime) -> bool:
        """Read what is wanted soon, if that is not in memory yet, in one step; returns whether another one is due."""
        if self._reached[0] >= now + self._reach.ahead:
            return False
        return self._read_on(now)

    def is_retried(self, key: bytes) -> bool:
        """Whether a timer of this contact met a bug, so that its timer may stand later than its row says."""
        return key in self._retries

    def failed(self, timer: Wanted, row: bytes, now: datetime) -> None:
        """A timer of the contact with this row met a bug: it is retried later."""
        key = timer[2]
        self._retries.failed(timer, now)
        self._index.set(key, self._retries.first(key, wake_ups(decode_outline(row))))

    @property
    def retried_count(self) -> int:
        """Timers and releases that are retried after a bug."""
        return len(self._retries) + self.waiting.backed_off_count

    def retried(self) -> list[Retried]:
        """Each of them, for any thread."""
        return [*self._retries.standing(), *self.waiting.backed_off()]

    def keys(self) -> Iterator[bytes]:
        """Every contact with a timer, or with a callback that waits; some twice."""
        waiting = self.waiting.keys(set(self.waiting.campaign_ids()))
        return chain(self._index, waiting, self._shelf.keys(self._reached))

    def _is_near(self, contact: Derived) -> bool:
        first = contact.first_timer
        return contact.at_hand or (first is not None and first <= self._reached)

    def _changed_beyond(self, gone: Wanted | None, come: Wanted | None) -> None:
        """The first timer of a contact has changed: keep what is known of the first one after `_reached`."""
        if not self._beyond_is_known:
            return
        if gone is not None and gone == self._beyond:
            self._beyond_is_known = False
        elif come is not None and self._reached < come and (self._beyond is None or come < self._beyond):
            self._beyond = come

    def _read_on(self, now: datetime) -> bool:
        """Take a step's worth of timers into memory, as far as twice `ahead`; returns whether there are more."""
        until = now + 2 * self._reach.ahead
        found = self._shelf.following(self._reached, until, self._reach.entries)
        for (at, callback_id, key), scheduled in found:
            self._index.put(key, at, callback_id)
            self.census.load(scheduled)
        is_more = len(found) == self._reach.entries
        self._reached = found[-1].wanted if is_more else max(self._reached, (until, "", b""))
        self._beyond_is_known = False
        return is_more
