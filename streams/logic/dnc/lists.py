"""Do Not Call lists of millions of numbers: the latest changes in a dict, everything older in a few sorted runs.

An entry is found in a microsecond or two and takes 16 bytes. It reads nothing and stores nothing by itself, and it does
not forget an entry that has expired: whoever asks compares.
Source: docs/rules.md, section 3 and section 8 row 22; docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from streams.logic.dnc.appended import Appended
from streams.logic.dnc.batch import LISTS_IN_RUNS, NUMBER_BITS, R, expiry_of, usual_entries, value_of
from streams.logic.dnc.records import Change, blocked, change_of, left_of
from streams.logic.dnc.runs import REMOVED, Run, joined, merged, run_of
from topics.configuration import DncEntry

FREEZE_AT = 1 << 17
"""Changes that are kept in the dict, some 20 MB, before they become a run."""

TIER = 2
"""A run is merged with the one before it unless that is at least so many times as long."""

RUN_AT = 1 << 14
"""So many that are read at once become a run by themselves."""

BATCH = 8192
"""Records that are read as columns at once: what that needs in memory stays within a few MB."""

BATCH_MIN = 64
"""Fewer are read one by one, which needs no numpy."""

_DIGITS = (1 << NUMBER_BITS) - 1
"""The part of a key that is the number."""


class DncLists:
    """All lists of a worker, as read so far, with those entries of its own that have not been read back."""

    def __init__(self, *, freeze_at: int = FREEZE_AT) -> None:
        self.offset = -1
        """Of the latest record taken."""
        self.names: list[bytes] = []
        """The lists, by the number that the keys have for them."""
        self.runs: list[Run] = []
        """The oldest first. A run never changes; the list of them does."""
        self._numbers: dict[bytes, int] = {}
        self._recent: dict[int, int] = {}
        self._beyond: dict[int, int] = {}
        self.appended = Appended()
        self._freeze_at = freeze_at

    def __len__(self) -> int:
        """Entries held; one that was changed counts again until its runs are merged."""
        return sum(map(len, self.runs)) + len(self._recent) + len(self._beyond)

    def find(self, dnc_list_id: str, phone_number: str) -> DncEntry | None:
        """The entry of a number, expired or not; None if it is not on the list."""
        number = self._numbers.get(dnc_list_id.encode())
        if number is None:
            return None
        value = self._value(_key(number, int(phone_number[1:])))
        if value is None or value == REMOVED:
            return None
        return DncEntry(dnc_list_id=dnc_list_id, phone_number=phone_number, expires_at=expiry_of(value))

    def append(self, entry: DncEntry, owner: int) -> int:
        """Let an entry of a partition hold at once; it gives way when the same is read back. Returns its key."""
        key = self._key_of(entry)
        self.appended.add(owner, key, value_of(entry.expires_at), self.offset)
        return key

    def take_over(self, owner: int, entries: Mapping[bytes, DncEntry]) -> dict[int, bytes]:
        """Let hold what the former owners of a partition wrote, and nobody read back; see `Appended`.

        entries: by any names. Returns these names by the keys of their entries.
        """
        keys = {self._key_of(entry): (name, value_of(entry.expires_at)) for name, entry in entries.items()}
        self.appended.take_over(owner, {key: value for key, (_, value) in keys.items()})
        return {key: name for key, (name, _) in keys.items()}

    def take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """One record of the topic, in the order of offsets. Raises BadEvent for one that cannot be accepted.

        What is left of that one counts then: an entry whose expiry cannot be read never expires, and of one that cannot
        be read at all the list and the number of its key, if the key can be read.
        """
        self.offset = offset
        change, bad_event = change_of(key, value)
        self._take(change, offset)
        if bad_event is not None:
            raise bad_event

    def take_unread(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """One record of which not all could be decoded: the number of its key is on the list, if it removes nothing."""
        self.offset = offset
        self._take(blocked(key) if key is not None and value is not None else None, offset)

    def take_all(self, records: Sequence[R]) -> list[R]:
        """The same for many records, many times as fast; returns those that `change_of` refuses."""
        refused: list[R] = []
        if len(records) < BATCH_MIN or not self.fits_runs:
            for record in records:
                change, is_refused = left_of(record.key, record.value)
                self.offset = record.offset
                self._take(change, record.offset)
                if is_refused:
                    refused.append(record)
            return refused
        self._put_all([self._read(records[at : at + BATCH], refused) for at in range(0, len(records), BATCH)])
        self.offset = records[-1].offset
        return refused

    def is_overdue(self) -> bool:
        """Whether two runs should be merged."""
        runs = self.runs
        return len(runs) > 1 and len(runs[-2]) < TIER * len(runs[-1])

    def merge(self) -> tuple[int, Run]:
        """The last two runs as one, for `replace`; it changes nothing, and may be called from another thread."""
        at = len(self.runs) - 2
        return at, merged(self.runs[at], self.runs[at + 1], last=at == 0)

    def replace(self, at: int, run: Run) -> None:
        """Put a merged run in the place of the two it was made of."""
        self.runs[at : at + 2] = [run]

    def freeze(self) -> None:
        """Make a run of the latest changes."""
        if self._recent:
            self.runs.append(run_of(self._recent.keys(), self._recent.values()))
            self._recent = {}

    def recent(self) -> dict[int, int]:
        """What is in no run yet, as it is now."""
        return dict(self._recent)

    def entries(self) -> Iterator[tuple[str, str]]:
        """List id and number of every entry, expired or not, list by list; all runs are merged into one first."""
        self.freeze()
        while len(self.runs) > 1:
            self.replace(*self.merge())
        stretches = ((run, slice(at, at + BATCH)) for run in self.runs for at in range(0, len(run), BATCH))
        pairs = (zip(run.keys[part].tolist(), run.values[part].tolist(), strict=True) for run, part in stretches)
        for key, value in chain(chain.from_iterable(pairs), self._beyond.items()):
            if value != REMOVED:
                yield self.names[key >> NUMBER_BITS].decode(), f"+{key & _DIGITS}"

    def restore(self, names: Iterable[bytes], runs: Iterable[Run], offset: int) -> None:
        """Begin with what was held after the record at `offset`."""
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self.runs, self.offset = list(runs), offset
        self._recent, self._beyond = {}, {}

    @property
    def fits_runs(self) -> bool:
        """Whether runs can hold everything: not with too many lists."""
        return len(self.names) <= LISTS_IN_RUNS

    def _read(self, records: Sequence[R], refused: list[R]) -> tuple[Any, Any]:
        """Keys and values as arrays, in the order of the records that change something."""
        keys, values, read = usual_entries(records, self._numbers, self._learn)
        for at in (~read).nonzero()[0].tolist():
            record = records[at]
            change, is_refused = left_of(record.key, record.value)
            if is_refused:
                refused.append(record)
            key = None if change is None else self._key_to_change(change)
            if change is None or key is None:
                continue
            if key >> 64:
                self._put(key, change.value, record.offset)
            else:
                keys[at], values[at], read[at] = key, change.value, True
        if self.appended:
            for at in read.nonzero()[0].tolist():
                self.appended.read(int(keys[at]), int(values[at]), records[at].offset)
        return keys[read], values[read]

    def _learn(self, record: R) -> None:
        change, _ = left_of(record.key, record.value)
        if change is not None:
            self._key_to_change(change)

    def _put_all(self, parts: Sequence[tuple[Any, Any]]) -> None:
        """Several stretches of keys and values, in their order."""
        if sum(len(keys) for keys, _ in parts) >= RUN_AT:
            self.freeze()
            self.runs.append(joined(parts))
            return
        for keys, values in parts:
            self._recent.update(zip(keys.tolist(), values.tolist(), strict=True))
        if len(self._recent) >= self._freeze_at:
            self.freeze()

    def _key_to_change(self, change: Change) -> int | None:
        """The key in the runs of what a record says, or is left of it; None if there is nothing to remove."""
        number = self._numbers.get(change.dnc_list_id)
        if number is None:
            if change.value == REMOVED:
                return None
            number = self._number_of(change.dnc_list_id)
        return _key(number, change.digits)

    def _take(self, change: Change | None, offset: int) -> None:
        key = None if change is None else self._key_to_change(change)
        if change is not None and key is not None:
            self._put(key, change.value, offset)

    def _put(self, key: int, value: int, offset: int) -> None:
        if self.appended:
            self.appended.read(key, value, offset)
        if key >> 64:
            self._beyond[key] = value
            return
        self._recent[key] = value
        if len(self._recent) >= self._freeze_at:
            self.freeze()

    def _value(self, key: int) -> int | None:
        if self.appended and (value := self.appended.value(key)) is not None:
            return value
        for entries in (self._recent, self._beyond):
            if key in entries:
                return entries[key]
        for run in reversed(self.runs):
            if (value := run.find(key)) is not None:
                return value
        return None

    def _key_of(self, entry: DncEntry) -> int:
        return _key(self._number_of(entry.dnc_list_id.encode()), int(entry.phone_number[1:]))

    def _number_of(self, name: bytes) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number


def _key(number: int, digits: int) -> int:
    return number << NUMBER_BITS | digits
