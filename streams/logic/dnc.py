"""Do Not Call lists of millions of numbers: the latest changes in a dict, everything older in a few sorted runs.

An entry is found in a microsecond or two and takes 16 bytes. It reads nothing and stores nothing by itself, and it does
not forget an entry that has expired: whoever asks compares.
Source: docs/rules.md, section 3 and section 8 row 22; docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from streams.logic.dnc_batch import NUMBER_BITS, Entries, Taken, usual_entries
from streams.logic.dnc_runs import REMOVED, Run, merged, run_of
from topics.codec import BadEvent, ErrorCode, decode, value_key
from topics.configuration import DncEntry
from topics.fields import Instant

FREEZE_AT = 1 << 17
"""Changes that are kept in the dict, some 20 MB, before they become a run."""

TIER = 2
"""A run is merged with the one before it unless that is at least so many times as long."""

LISTS_IN_RUNS = 1 << (64 - NUMBER_BITS)
"""Entries of further lists stay in the dict."""

RUN_AT = 1 << 14
"""So many that are read at once become a run by themselves."""

INSTANTS_KEPT = 4096
"""Instants of expiry whose reading is remembered."""

FOR_GOOD = 2**63 - 1
"""The value of an entry that does not expire; else it is the instant in microseconds since 1970."""

R = TypeVar("R", bound=Taken)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# How an instant of expiry is usually told; what is remembered of it saves reading it again.
_EXPIRES = re.compile(rb'"expires_at": ?"([0-9TZ:.-]{20,27})"\}\Z')
_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)


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
        self._instants: dict[bytes | None, int] = {None: FOR_GOOD}
        self._recent: dict[int, int] = {}
        self._beyond: dict[int, int] = {}
        self._appended: dict[int, tuple[int, int]] = {}
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
        expires_at = None if value == FOR_GOOD else _EPOCH + value * _MICROSECOND
        return DncEntry(dnc_list_id=dnc_list_id, phone_number=phone_number, expires_at=expires_at)

    def append(self, entry: DncEntry) -> None:
        """Let an entry hold at once; it gives way when the same is read back."""
        key = _key(self._number_of(entry.dnc_list_id.encode()), int(entry.phone_number[1:]))
        self._appended[key] = (_value(entry.expires_at), self.offset)

    def take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """One record of the topic, in the order of offsets. Raises BadEvent for one that cannot be accepted."""
        self.offset = offset
        if key is None:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
        if value is None:
            self._remove(key, offset)
            return
        entry = decode("dnc-entries", value)
        assert isinstance(entry, DncEntry), "nothing else stands on this topic"
        if value_key("dnc-entries", entry).encode() != key:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key does not match the value")
        number = self._number_of(entry.dnc_list_id.encode())
        self._put(_key(number, int(entry.phone_number[1:])), _value(entry.expires_at), offset)

    def take_all(self, records: Sequence[R]) -> list[R]:
        """The same for many records, several times as fast; returns those that cannot be accepted."""
        refused: list[R] = []
        at = 0
        while at < len(records):
            if not self._appended and len(self.names) <= LISTS_IN_RUNS:
                entries = usual_entries(records, at, self._numbers, self._instants)
                self._put_all(entries)
                at += len(entries.keys)
            if at < len(records):
                self._take_unusual(records[at], refused)
                at += 1
        if records:
            self.offset = records[-1].offset
        return refused

    def is_overdue(self) -> bool:
        """Whether two runs want to be merged."""
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

    def restore(self, names: Iterable[bytes], runs: Iterable[Run], offset: int) -> None:
        """Begin with what was held after the record at `offset`."""
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self.runs, self.offset = list(runs), offset

    @property
    def fits_runs(self) -> bool:
        """Whether runs can hold everything: not with too many lists."""
        return not self._beyond

    def _take_unusual(self, record: R, refused: list[R]) -> None:
        try:
            self.take(record.key, record.value, record.offset)
        except BadEvent:
            refused.append(record)
            return
        told = _EXPIRES.search(record.value or b"")
        if told is not None:
            self._note_instant(told[1])

    def _note_instant(self, text: bytes) -> None:
        """Remember how an instant is read: many entries expire at the same one."""
        if len(self._instants) > INSTANTS_KEPT:
            self._instants = {None: FOR_GOOD}
        try:
            self._instants[text] = _value(msgspec.convert(text.decode(), Instant).astimezone(UTC))
        except (msgspec.ValidationError, OverflowError):
            return  # Not an instant after all, and the entry has been read without this.

    def _put_all(self, entries: Entries) -> None:
        if len(entries.keys) >= RUN_AT:
            self.freeze()
            self.runs.append(run_of(entries.keys, entries.values))
            return
        self._recent.update(zip(entries.keys, entries.values, strict=True))
        if len(self._recent) >= self._freeze_at:
            self.freeze()

    def _remove(self, key: bytes, offset: int) -> None:
        try:
            name, _, phone_number = key.decode().rpartition("|")
        except UnicodeDecodeError:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None
        number = self._numbers.get(name.encode())
        if number is not None and _NUMBER.fullmatch(phone_number):
            self._put(_key(number, int(phone_number[1:])), REMOVED, offset)

    def _put(self, key: int, value: int, offset: int) -> None:
        if self._appended:
            self._read_back(key, value, offset)
        if key >> 64:
            self._beyond[key] = value
            return
        self._recent[key] = value
        if len(self._recent) >= self._freeze_at:
            self.freeze()

    def _read_back(self, key: int, value: int, offset: int) -> None:
        appended = self._appended.get(key)
        if appended is not None and appended[0] == value and offset > appended[1]:
            del self._appended[key]

    def _value(self, key: int) -> int | None:
        if self._appended and key in self._appended:
            return self._appended[key][0]
        for entries in (self._recent, self._beyond):
            if key in entries:
                return entries[key]
        found = (run.find(key) for run in reversed(self.runs))
        return next((value for value in found if value is not None), None)

    def _number_of(self, name: bytes) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number


def _key(number: int, digits: int) -> int:
    return number << NUMBER_BITS | digits


def _value(expires_at: datetime | None) -> int:
    return FOR_GOOD if expires_at is None else (expires_at - _EPOCH) // _MICROSECOND
