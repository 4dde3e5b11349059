"""The rows of one keyed partition in memory, by kind and in the order of their due times. No Kafka, no clock."""

import heapq
from collections.abc import Iterable, Iterator

from streams.adapters.seam import Adapter


class Table:
    """Rows as the changelog has them. The kind of a row is what stands before the first `|` of its key."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._kinds: dict[str, dict[str, bytes]] = {}
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._kinds.values())

    def get(self, key: str) -> bytes | None:
        """The row under a key; None if there is none."""
        return self._kinds.get(_kind(key), {}).get(key)

    def under(self, prefix: str) -> Iterable[tuple[str, bytes]]:
        """The rows whose keys begin so, in the order of their keys."""
        rows = self._kinds.get(_kind(prefix), {})
        return sorted((key, row) for key, row in rows.items() if key.startswith(prefix))

    def put(self, key: str, row: bytes | None) -> None:
        """Replace a row, or remove it with None."""
        if row is None:
            self._kinds.get(_kind(key), {}).pop(key, None)
            self._due.pop(key, None)
            return
        self._kinds.setdefault(_kind(key), {})[key] = row
        due = self._adapter.due_ms(key, row)
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))

    def first_due_ms(self) -> int | None:
        """When the first row is due; None if none ever is."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now_ms: int, most: int) -> Iterator[tuple[str, bytes]]:
        """The rows that are due, earliest first, at most so many; each is to be put or removed before the next."""
        for _ in range(most):
            first = self.first_due_ms()
            if first is None or first > now_ms:
                return
            key = self._heap[0][1]
            row = self.get(key)
            assert row is not None, "a row that is due is there"
            yield key, row


def _kind(key: str) -> str:
    return key.partition("|")[0]
