"""What a partition has to do and when: the timers of its contacts, who waits for a campaign, what is retried.

All but the retries follows from the rows, by way of `update`, and none of it is stored. It reads no clock.
Source: docs/decisions/0004-one-index-entry-per-contact.md.
"""

from collections.abc import Collection
from datetime import datetime

from streams.logic.contact.rows import Outlined, decode_outline, waiting_in, wake_ups
from streams.logic.partition.census import Census
from streams.logic.partition.due_index import DueIndex, Wanted
from streams.logic.partition.retries import Retried, Retries
from streams.logic.partition.waiting_room import WaitingRoom


class Agenda:
    """Of one partition. campaigns: `census` counts each."""

    def __init__(self, campaigns: Collection[str] = ()) -> None:
        self.census = Census(campaigns)
        self.waiting = WaitingRoom()
        self._index: DueIndex[bytes] = DueIndex()
        self._retries = Retries()

    def update(self, key: bytes, before: Outlined | None, after: Outlined | None) -> None:
        """A contact as it was until now, and as it is from now on."""
        gone, come = before.callbacks if before else (), after.callbacks if after else ()
        # Most events leave the very same callbacks.
        if gone is not come and gone != come:
            self.census.update(gone, come)
            self.waiting.update(key, waiting_in(gone), waiting_in(come))
        self._set_timer(key, after)

    def timer(self) -> Wanted | None:
        """The timer that is wanted first."""
        return self._index.first()

    def failed(self, timer: Wanted, row: bytes, now: datetime) -> None:
        """A timer of the contact with this row met a bug: it is retried later."""
        key = timer[2]
        self._retries.failed(timer, now)
        self._set_timer(key, decode_outline(row))

    @property
    def retried_count(self) -> int:
        """Timers and releases that are retried after a bug."""
        return len(self._retries) + self.waiting.backed_off_count

    def retried(self) -> list[Retried]:
        """Each of them, for any thread."""
        return [*self._retries.standing(), *self.waiting.backed_off()]

    def keys(self) -> set[bytes]:
        """Every contact with a timer, or with a callback that waits."""
        return set(self._index) | self.waiting.keys(set(self.waiting.campaign_ids()))

    def _set_timer(self, key: bytes, row: Outlined | None) -> None:
        self._index.set(key, self._retries.first(key, wake_ups(row)))
