"""Numbers in sorted arrays: 16 bytes each, found by halving, and merged without a second copy of everything.

A number is a key of 64 bits that is exact, not a digest: see `lists`. numpy is loaded with the first run,
so that who has a few entries never loads it. Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import Any

REMOVED = -(2**63)
"""The value of a number that was taken off its list: it hides what older runs have."""

SLICE = 1 << 20
"""Entries that are merged at once: what a merge needs beside its inputs and its result is a few of these."""


class Run:
    """Entries in the order of their keys. keys: uint64, values: int64, both contiguous arrays of the same length."""

    __slots__ = ("_seen", "keys", "values")

    def __init__(self, keys: Any, values: Any) -> None:
        self.keys = keys
        self.values = values
        # Python reads single items of a memoryview several times faster than those of an array.
        self._seen = memoryview(keys)

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, key: int) -> int | None:
        """The value of a key, None if the run does not have it."""
        at = bisect_left(self._seen, key)
        if at < len(self._seen) and self._seen[at] == key:
            return int(self.values[at])
        return None


def run_of(keys: Collection[int], values: Collection[int]) -> Run:
    """A run of entries in any order; of a key that comes twice the last value holds. Every key fits into 64 bits."""
    import numpy as np

    return joined([(np.fromiter(keys, np.uint64, len(keys)), np.fromiter(values, np.int64, len(values)))])


def joined(parts: Sequence[tuple[Any, Any]]) -> Run:
    """The same of several stretches of keys and values, which are arrays; the last stretch is the latest."""
    import numpy as np

    keys = np.concatenate([keys for keys, _ in parts])
    order = np.argsort(keys, kind="stable")
    by_key, by_value = keys[order], np.concatenate([values for _, values in parts])[order]
    kept = _last_of_each(by_key)
    return Run(by_key[kept], by_value[kept])


def _last_of_each(by_key: Any) -> Any:
    """A mask of the last of equal keys in a sorted array."""
    import numpy as np

    kept = np.ones(len(by_key), bool)
    kept[:-1] = by_key[1:] != by_key[:-1]
    return kept


def merged(older: Run, newer: Run, *, last: bool) -> Run:
    """One run for two: of a key in both, the newer value holds. last: nothing older is left for removals to hide."""
    import numpy as np

    keys = np.empty(len(older) + len(newer), np.uint64)
    values = np.empty(len(keys), np.int64)
    size = begin = since = 0
    while begin < len(older) or since < len(newer):
        end = min(begin + SLICE, len(older))
        until = len(newer) if end == len(older) else int(np.searchsorted(newer.keys, older.keys[end]))
        # One after the other and sorted stably, the newer of two equal keys stands last.
        both = np.concatenate((older.keys[begin:end], newer.keys[since:until]))
        theirs = np.concatenate((older.values[begin:end], newer.values[since:until]))
        order = np.argsort(both, kind="stable")
        both, theirs = both[order], theirs[order]
        kept = _last_of_each(both)
        if last:
            kept &= theirs != REMOVED
        count = int(kept.sum())
        keys[size : size + count], values[size : size + count] = both[kept], theirs[kept]
        size, begin, since = size + count, end, until
    keys.resize(size, refcheck=False)
    values.resize(size, refcheck=False)
    return Run(keys, values)
