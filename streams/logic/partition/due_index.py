"""Which key is wanted next, and when: one entry per key, in the order of time.

The index is derived from the rows of the table and never stored. There is no scan window and no frontier that an
entry could fall behind: an entry for the past is simply the first one. It reads no clock.
Source: docs/decisions/0004-one-index-entry-per-contact.md.
"""

from collections.abc import Hashable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

Entry = tuple[datetime, str, K]
"""Instant, id of the callback, key. Entries at the same instant are in the order of id, then key."""

Wanted = Entry[bytes]
"""An entry whose key is that of a contact."""

STALE_ENTRIES_MIN = 1024
"""Below this many stale entries it is not worth the time to clean up."""


class DueIndex(Generic[K]):
    """A heap with lazy removal: `put` and `drop` leave stale entries behind, `first` skips them."""

    def __init__(self) -> None:
        self._heap: list[Entry[K]] = []
        self._standing: dict[K, Entry[K]] = {}

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, key: K) -> bool:
        return key in self._standing

    def __iter__(self) -> Iterator[K]:
        """The keys, in no particular order."""
        return iter(self._standing)

    def put(self, key: K, at: datetime, callback_id: str) -> None:
        """The key is wanted at this instant, and at no other one that was put before."""
        entry = (at, callback_id, key)
        if self._standing.get(key) == entry:
            return
        self._standing[key] = entry
        heappush(self._heap, entry)
        self._clean_up()

    def set(self, key: K, wanted: tuple[datetime, str] | None) -> None:
        """The key is wanted then, by that callback, or not at all."""
        if wanted is None:
            self.drop(key)
        else:
            self.put(key, *wanted)

    def drop(self, key: K) -> None:
        """The key is not wanted at all; nothing happens if it was not."""
        if self._standing.pop(key, None) is not None:
            self._clean_up()

    def first(self) -> Entry[K] | None:
        """The entry that is wanted first; it stays until its key is put elsewhere or dropped."""
        heap, standing = self._heap, self._standing
        while heap:
            entry = heap[0]
            # Identity, not equality: of two equal entries put one after the other the older one may be stale.
            if standing.get(entry[2]) is entry:
                return entry
            heappop(heap)
        return None

    def _clean_up(self) -> None:
        # A key that moves again and again must not cost memory for every move.
        if len(self._heap) > 2 * len(self._standing) + STALE_ENTRIES_MIN:
            self._heap = list(self._standing.values())
            heapify(self._heap)
