"""What is derived from the rows of one partition, beside them in its database: a start reads it instead of all rows.

Entries and rows are written in one batch, so that they never disagree; an entry that does is damage. They are made from
all rows once: of a folder that has none, was filled from its changelog, or comes from a version that had none.
Source: docs/decisions/0057-due-index-on-disk.md.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from streams.logic.contact.rows import Outlined, decode_outline
from streams.logic.contact.upgrades import ROW_VERSION
from streams.logic.partition.due_index import Wanted
from streams.logic.partition.own_rows import APPENDED_KEY, ERASED_KEY, is_contact
from streams.logic.partition.shelf import BEGINNING, NOTHING, Derived, Shelved, Totals, derived, first_timer
from streams.storage import entries
from streams.storage.disk_rows import Damaged, DiskRows

Change = tuple[Derived, Derived]
"""What follows from the row of a contact on disk, and from the one that it has now."""
Save = Callable[[Any], None]
"""Writes a batch, together with a header that says whether the entries are whole."""


class DiskShelf:
    """Of one partition. made_for: row version of the program that derived the entries, 0 if there are none.

    It is whole when there is an entry for each row that needs one. Until then nothing is derived.
    """

    def __init__(self, rows: DiskRows, damaged: Damaged, batch: Callable[[], Any], save: Save, made_for: int) -> None:
        self.reached = BEGINNING
        self._rows, self._damaged = rows, damaged
        self._batch, self._save = batch, save
        self._changes: dict[bytes, Change] = {}
        self._same: set[bytes] = set()  # Their rows have changed, and nothing that follows from these.
        self._totals: dict[str, dict[str, int]] = {}
        # A newer program may have derived them from rows that this one cannot read.
        self.is_whole = 0 < made_for <= ROW_VERSION
        if self.is_whole:
            self._totals = dict(self._read_totals())

    def prepared(self, rows_per_step: int) -> Iterator[None]:
        """Make it whole, in steps; one that was interrupted begins anew. Raises UnknownRowVersion, UnusableState."""
        if not self.is_whole:
            # In one batch with the header, which says from now on that there are none.
            emptied = self._batch()
            emptied.delete_range(entries.DERIVED, entries.DERIVED_END)
            self._save(emptied)
            self._totals = {}
            with closing(self._rows.read(b"", entries.DERIVED)) as rows:
                while step := list(islice(rows, rows_per_step)):
                    batch = self._batch()
                    self._add(batch, {key: (NOTHING, _derived(key, row)) for key, row in step if is_contact(key)})
                    self._save(batch)
                    yield
            self.is_whole = True
            self._save(self._batch())
        self.complete()

    def complete(self) -> None:
        """Note the rows that have changed without a note of the core: those that were read from the changelog."""
        for key, row in self._rows.changes.items() if self.is_whole else ():
            if key not in self._changes and key not in self._same and is_contact(key):
                self.note(key, _derived(key, self._rows.committed(key)), _derived(key, row))

    def add_to(self, batch: Any) -> None:
        """Put into a batch what the changes of rows, which are in it, have changed here."""
        if self.is_whole:
            self.complete()
            self._add(batch, self._changes)

    def written(self) -> None:
        """That batch has been written."""
        self._changes.clear()
        self._same.clear()

    def note(self, key: bytes, was: Derived, now: Derived) -> None:
        """Kept until the rows are written."""
        known = self._changes.get(key)
        self._changes[key] = (was if known is None else known[0], now)

    def note_same(self, key: bytes) -> None:
        """Kept as long, so that nobody looks at the two rows again."""
        self._same.add(key)

    def at_hand(self) -> Iterator[tuple[bytes, bytes]]:
        """Those rows. Raises UnusableState if one of a contact is not there."""
        yield from self._rows.starting_with(APPENDED_KEY)
        yield from self._rows.starting_with(ERASED_KEY)
        with self._derived(entries.AT_HAND) as found:
            for entry, _ in found:
                key = entry[len(entries.AT_HAND) :]
                if key not in self._changes:
                    row = self._rows.committed(key)
                    if row is None:
                        raise self._damaged("a contact that is at hand has no row")
                    yield key, row
        for key, (_, now) in self._changes.items():
            if now.at_hand:
                yield key, self._rows[key]

    def totals(self) -> Totals:
        """Of the rows as they are on disk, and of their changes."""
        totals = {campaign_id: dict(states) for campaign_id, states in self._totals.items()}
        _count(totals, self._changes.values())
        return totals

    def following(self, after: Wanted, until: datetime, most: int) -> Sequence[Shelved]:
        """Those on disk, with the changes on top."""
        changed = (now.shelved for _, now in self._changes.values())
        new = sorted(one for one in changed if one and after < one.wanted and one.wanted[0] < until)
        with closing(self._on_disk(after, until)) as found:
            return list(islice(merge(found, new), most))

    def keys(self, after: Wanted) -> Iterator[bytes]:
        """Those on disk, with the changes on top."""
        first = entries.timer_key(after)
        with closing(self._rows.read(first, entries.after(entries.TIMERS))) as found:
            for entry, _ in found:
                key = self._understood(entries.contact_of, entry)
                if key not in self._changes and entry != first:
                    yield key
        for key, (_, now) in list(self._changes.items()):
            timer = now.first_timer
            if timer is not None and after < timer:
                yield key

    def verify(self, timer: Wanted, row: Outlined | None) -> None:
        """Raise UnusableState unless this is the first timer of this row."""
        if first_timer(timer[2], row) != timer:
            raise self._damaged("a timer is not that of its contact's row")

    def _on_disk(self, after: Wanted, until: datetime) -> Generator[Shelved]:
        with closing(self._rows.read(entries.timer_key(after), entries.timer_key((until, "", b"")))) as found:
            for entry, value in found:
                one: Shelved = self._understood(entries.shelved_of, entry, value)
                if one.wanted[2] not in self._changes and after < one.wanted:
                    yield one

    def _read_totals(self) -> Iterator[tuple[str, dict[str, int]]]:
        with self._derived(entries.TOTALS) as found:
            for entry, value in found:
                yield self._understood(_total_of, entry, value)

    def _derived(self, prefix: bytes) -> "closing[Generator[tuple[bytes, bytes]]]":
        return closing(self._rows.read(prefix, entries.after(prefix)))

    def _understood(self, read: Callable[..., Any], *stored: bytes) -> Any:
        try:
            return read(*stored)
        except Exception as error:
            raise self._damaged(f"an entry cannot be read: {error!r}") from None

    def _add(self, batch: Any, changes: Mapping[bytes, Change]) -> None:
        changed: list[Change] = []
        for key, (was, now) in changes.items():
            _add_timer(batch, was.shelved, now.shelved)
            if was.at_hand is not now.at_hand:
                _add_at_hand(batch, key, now.at_hand)
            if was.states != now.states:
                changed.append((was, now))
        for campaign_id in _count(self._totals, changed):
            name = entries.TOTALS + campaign_id.encode()
            states = {state: number for state, number in self._totals[campaign_id].items() if number}
            if states:
                batch.put(name, entries.states_value(states))
            else:
                batch.delete(name)
                del self._totals[campaign_id]


def _derived(key: bytes, row: bytes | None) -> Derived:
    return derived(key, None if row is None else decode_outline(row))


def _total_of(entry: bytes, value: bytes) -> tuple[str, dict[str, int]]:
    return entry[len(entries.TOTALS) :].decode(), entries.states_of(value)


def _add_timer(batch: Any, gone: Shelved | None, come: Shelved | None) -> None:
    if gone == come:
        return
    if gone is not None and (come is None or come.wanted != gone.wanted):
        batch.delete(entries.timer_key(gone.wanted))
    if come is not None:
        batch.put(entries.timer_key(come.wanted), entries.timer_value(come))


def _add_at_hand(batch: Any, key: bytes, at_hand: bool) -> None:
    if at_hand:
        batch.put(entries.AT_HAND + key, b"")
    else:
        batch.delete(entries.AT_HAND + key)


def _count(totals: dict[str, dict[str, int]], changes: Iterable[Change]) -> set[str]:
    """Let the callbacks of these contacts count as they are now; returns the campaigns that have changed."""
    changed = set()
    for was, now in changes:
        for contact, step in ((was, -1), (now, 1)):
            for campaign_id, status in contact.states:
                states = totals.setdefault(campaign_id, {})
                states[status] = states.get(status, 0) + step
                changed.add(campaign_id)
    return changed
