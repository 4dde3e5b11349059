"""Do Not Call entries that partitions of this worker have written, or took over as written, and nobody has read back.

They hold here at once, over what has been read: on their topic they may stand behind somebody's open transaction, and
then nobody reads them until it ends. Source: docs/rules.md, section 8 row 22; docs/decisions/0031-appends-are-kept.md.
"""

from collections.abc import Mapping
from typing import NamedTuple

TAKEN_OVER = 2**63 - 1
"""In the place of an offset: the record of an entry that was taken over may have been read before."""


class _Held(NamedTuple):
    """value: for the runs. after: offset of the latest record that had been read when it was written."""

    value: int
    after: int


class Appended:
    """Entries by their key in the runs, each held by the partitions that wrote it; the latest of them counts."""

    def __init__(self) -> None:
        self._held: dict[int, dict[int, _Held]] = {}
        self._ends: dict[int, int] = {}
        self._read_back: dict[int, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def value(self, key: int) -> int | None:
        """What was written last about a key; None if everything has been read back."""
        held = self._held.get(key)
        return None if held is None else next(reversed(held.values())).value

    def add(self, owner: int, key: int, value: int, after: int) -> None:
        """A partition writes an entry. after: offset of the latest record that has been read."""
        held = self._held.setdefault(key, {})
        held.pop(owner, None)
        held[owner] = _Held(value, after)

    def take_over(self, owner: int, entries: Mapping[int, int]) -> None:
        """A partition begins: these, and no others, had been written and not been read back by its former owners."""
        for key in [key for key, held in self._held.items() if owner in held]:
            self._drop(owner, key)
        self._read_back.pop(owner, None)
        self._ends.pop(owner, None)
        for key, value in entries.items():
            self.add(owner, key, value, TAKEN_OVER)

    def until(self, owner: int, end: int) -> None:
        """What a partition took over was written before this offset of the topic."""
        self._ends[owner] = end

    def read_to(self, position: int) -> None:
        """Everything before `position` has been read, and with it what was taken over as written before that."""
        for owner in [owner for owner, end in self._ends.items() if end <= position]:
            del self._ends[owner]
            for key, held in list(self._held.items()):
                if owner in held and held[owner].after == TAKEN_OVER:
                    self._done(owner, key)

    def read(self, key: int, value: int, offset: int) -> None:
        """A record was read: it is the one of the first partition that wrote the same before."""
        for owner, one in self._held.get(key, {}).items():
            if one.value == value and one.after < offset:
                self._done(owner, key)
                return

    def read_back(self, owner: int) -> list[int]:
        """The keys of a partition's entries that have been read back since it was asked last."""
        return self._read_back.pop(owner, [])

    def _done(self, owner: int, key: int) -> None:
        self._drop(owner, key)
        self._read_back.setdefault(owner, []).append(key)

    def _drop(self, owner: int, key: int) -> None:
        held = self._held[key]
        del held[owner]
        if not held:
            del self._held[key]
