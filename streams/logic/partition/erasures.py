"""The contacts of one partition that were erased, each as a row of its own in its table, under a digest of its key.

A partition that changes hands forgets none of them. A row goes when it has come to its end, with the next transaction.
Source: docs/decisions/0072-erasure.md.
"""

from collections.abc import Iterable, MutableMapping
from datetime import datetime
from heapq import heappop, heappush

from streams.logic.contact.effects import Effect, Erased
from streams.logic.contact.erasures import Erasure
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.own_rows import ERASED_KEY, decode_erased, erased_key


class Erasures:
    """Of one partition, all of them in memory: there are few."""

    def __init__(self) -> None:
        self._known: dict[bytes, Erasure] = {}
        self._ends: list[tuple[datetime, bytes]] = []

    def find(self, key: bytes, row: bytes) -> None:
        """A row that is no contact's was there when the partition was acquired. Raises UnknownRowVersion."""
        if key.startswith(ERASED_KEY):
            self._learn(key, decode_erased(row))

    def of(self, key: bytes, now: datetime) -> Erasure | None:
        """The erasure of the contact with this key; None if it was not erased, or that is forgotten by now."""
        if not self._known:
            return None
        erasure = self._known.get(erased_key(key))
        return None if erasure is None or erasure.until <= now else erasure

    def learn(self, key: bytes, effects: Iterable[Effect]) -> None:
        """Remember what a step has written about the contact with this key, together with its row."""
        for effect in effects:
            if isinstance(effect, Erased):
                self._learn(erased_key(key), effect.erasure)

    def ended(self, table: MutableMapping[bytes, bytes], now: datetime) -> Outcome:
        """Remove the rows of those that have come to their end."""
        outcome = Outcome()
        while self._ends and self._ends[0][0] <= now:
            at, row_key = heappop(self._ends)
            known = self._known.get(row_key)
            if known is not None and known.until == at:
                del self._known[row_key]
                table.pop(row_key, None)
                outcome.writes[row_key] = None
        return outcome

    def __len__(self) -> int:
        return len(self._known)

    def _learn(self, row_key: bytes, erasure: Erasure) -> None:
        self._known[row_key] = erasure
        heappush(self._ends, (erasure.until, row_key))
