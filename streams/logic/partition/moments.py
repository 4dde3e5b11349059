"""How many of a great number of instants lie in a range of time; kept as they change.

Instants are whole seconds since the epoch: who counts by the second needs no index and no scan of what is to come.
It reads no clock.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

MINUTE_S = 60
STALE_MINUTES_MIN = 1024
"""Below this many stale minutes it is not worth the time to clean up."""


class Moments:
    """A multiset of seconds, counted by second and by minute."""

    def __init__(self) -> None:
        self._seconds: dict[int, int] = {}
        self._minutes: dict[int, int] = {}
        self._heap: list[int] = []  # Minutes that had an instant; those that have none any more are skipped.

    def __bool__(self) -> bool:
        return bool(self._minutes)

    def add(self, second: int) -> None:
        """One more instant in this second."""
        minute = second // MINUTE_S
        self._seconds[second] = self._seconds.get(second, 0) + 1
        known = self._minutes.get(minute, 0)
        self._minutes[minute] = known + 1
        if not known:
            heappush(self._heap, minute)
            # A minute that empties and fills again and again must not cost memory for every time.
            if len(self._heap) > 2 * len(self._minutes) + STALE_MINUTES_MIN:
                self._heap = sorted(self._minutes)

    def remove(self, second: int) -> None:
        """One less; nothing happens if there is none."""
        if second not in self._seconds:
            return
        for counts, key in ((self._seconds, second), (self._minutes, second // MINUTE_S)):
            if counts[key] == 1:
                del counts[key]
            else:
                counts[key] -= 1

    def first(self) -> int | None:
        """The earliest second that has an instant; None if there is none."""
        while self._heap and self._heap[0] not in self._minutes:
            heappop(self._heap)
        if not self._heap:
            return None
        begin = self._heap[0] * MINUTE_S
        return next(second for second in range(begin, begin + MINUTE_S) if second in self._seconds)

    def count(self, start: int, end: int) -> int:
        """How many lie in [start, end). It takes as many steps as there are minutes in that, or with an instant."""
        first = self.first()
        if first is None or end <= max(start, first):
            return 0
        start = max(start, first)
        head, tail = min(-(-start // MINUTE_S) * MINUTE_S, end), max(end // MINUTE_S * MINUTE_S, start)
        if head >= tail:
            return self._sum_seconds(start, end)
        minutes = sum(self._of_minutes(head // MINUTE_S, tail // MINUTE_S))
        return self._sum_seconds(start, head) + minutes + self._sum_seconds(tail, end)

    def ages(self, now: int, least: int, bounds: Sequence[int]) -> list[int]:
        """How many are at least `least` seconds old, and no older than each of `bounds`; last, how many at all.

        bounds: ascending, none below `least`.
        """
        counts, total, end = [], 0, now - least + 1
        for bound in bounds:
            total += self.count(now - bound, end)
            end = now - bound
            counts.append(total)
        first = self.first()
        return [*counts, total if first is None else total + self.count(first, end)]

    def _sum_seconds(self, start: int, end: int) -> int:
        return sum(self._seconds.get(second, 0) for second in range(start, end))

    def _of_minutes(self, start: int, end: int) -> Iterator[int]:
        if end - start <= len(self._minutes):
            return (self._minutes.get(minute, 0) for minute in range(start, end))
        return (count for minute, count in self._minutes.items() if start <= minute < end)
