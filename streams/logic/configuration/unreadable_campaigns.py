"""Since when campaigns cannot be read: whether what clears and recycles came meanwhile cancels callbacks, nobody knows.

A partition's row has room for some hundred names; all others share one entry. A look costs what is new and what is
named, however many there are. Source: docs/decisions/0028-bounds-and-refused-records.md.
"""

from collections.abc import Mapping
from itertools import islice

from streams.logic.configuration.configuration import Keys
from streams.logic.contact.inputs import Applied
from streams.logic.contact.limits import ROW_BYTES_MAX

OTHERS = ""
"""The entry of all campaigns for which there was no room, with the least that any of them has."""

NAMES_BYTES_MAX = ROW_BYTES_MAX // 2
"""Space for the campaigns that are kept by name: a hundred with the longest names, several hundred with usual ones."""

_APPLIED_BYTES = 64
_BYTES_PER_CHARACTER = 6  # In JSON, at most.


class UnreadableCampaigns:
    """Of one partition. kept: what its row says; by campaign, what had been applied when it could be read last.

    The mapping is replaced and never changed, so that whoever holds the former one can compare the two.
    """

    def __init__(self, kept: Mapping[str, Applied]) -> None:
        self.kept = dict(kept)
        self._unnamed: set[str] | None = None  # None: the row was written by somebody else.
        self._added = 0

    def look(self, unreadable: Keys, campaigns: Mapping[str, object], applied: Applied) -> dict[str, Applied]:
        """Note what cannot be read now; returns the campaigns that can be again, with what had been applied before.

        applied: what has been applied so far. The same campaigns are returned until `applied` is called with them.
        """
        others = self.kept.get(OTHERS)
        if self._unnamed is None:
            # After a start nobody knows which they were: all may have been among them.
            self._unnamed = set() if others is None else {*unreadable, *campaigns} - self.kept.keys()
        new = islice(reversed(unreadable), unreadable.added - self._added)
        self._added = unreadable.added
        self.kept = {name: since for name, since in self.kept.items() if name in unreadable or name in campaigns}
        left = NAMES_BYTES_MAX - sum(map(_size_of, self.kept))
        for name in reversed(list(new)):
            if name in self.kept or name in self._unnamed:
                continue
            left -= _size_of(name)
            if left >= 0:
                self.kept[name] = applied
            else:
                self._unnamed.add(name)
                others = applied if others is None else _least(others, applied)
        since = {name: one for name, one in self.kept.items() if name in campaigns}
        if others is not None and self._unnamed:
            self.kept[OTHERS] = others
            since |= dict.fromkeys(sorted(self._unnamed & campaigns.keys()), others)
        return since

    def applied(self, since: Mapping[str, Applied]) -> None:
        """What came while these could not be read has been applied to all contacts."""
        self.kept = {name: one for name, one in self.kept.items() if name not in since}
        if self._unnamed is not None:
            self._unnamed -= since.keys()
            if not self._unnamed:
                self.kept.pop(OTHERS, None)


def _size_of(name: str) -> int:
    return (len(name) if name.isascii() else _BYTES_PER_CHARACTER * len(name)) + _APPLIED_BYTES


def _least(one: Applied, other: Applied) -> Applied:
    return Applied(min(one.cleared, other.cleared), min(one.recycled, other.recycled))
