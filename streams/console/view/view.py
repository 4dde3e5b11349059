"""The view: every question that the console and the command line ask of what the topics say."""

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from streams.base.clock import Clock, SystemClock
from streams.console.view import letters, overview, stories
from streams.console.view.database import Folder, empty, reading, version
from streams.console.view.model import (
    CallbackKey,
    CallbackRow,
    DeadLetter,
    DeadLetterGroup,
    Filter,
    Now,
    Order,
    Page,
    Quarter,
    Reading,
    Story,
    Told,
)
from streams.console.view.schema import VERSION
from streams.console.view.search import Search


class _Open(threading.local):
    """The connection of a thread, and the file that it is of."""

    connection: sqlite3.Connection | None = None
    file: Path | None = None


class View:
    """Reads what a reader wrote to the folder; from any number of threads, each with a connection of its own.

    Where nothing has been written yet it answers that there is nothing. A view that is rebuilt is followed.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = Folder(folder)
        self._clock = clock or SystemClock()
        self._open = _Open()

    def find(
        self, by: Filter, now: datetime, *, order: Order = Order.DUE, after: str | None = None, limit: int = 50,
        count_max: int | None = 10_000,
    ) -> Page:  # fmt: skip
        """A page of the callbacks that are meant: by due time, or what changed last first.

        after: `Page.after` of the page before. count_max: where counting may end; None counts nothing.
        """
        return self._search().page(by, now, order, after, limit, count_max)

    def count(self, by: Filter, now: datetime) -> int:
        """How many callbacks are meant."""
        return self._search().count(by, now)

    def counts(self, by: Filter, now: datetime) -> Mapping[str, int]:
        """The same by campaign."""
        return self._search().counts(by, now)

    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]:
        """All callbacks that are meant, in no order, as they are when the first is asked for."""
        connection = self._connect(self._folder.current())
        try:
            yield from Search(connection, self._clock.monotonic).each(by, now)
        finally:
            connection.close()

    def callbacks(self, callback_id: str) -> tuple[CallbackRow, ...]:
        """All callbacks of this id; it is unique per contact only."""
        return stories.callbacks(self._connection(), callback_id)

    def callback(self, key: CallbackKey) -> CallbackRow | None:
        """One callback; None if there is none."""
        return stories.callback(self._connection(), key)

    def story(self, key: CallbackKey) -> Story | None:
        """All that is known of a callback; None if there is none."""
        return stories.story(self._connection(), key)

    def contact(
        self, contact_list_id: str, contact_id: str
    ) -> tuple[Mapping[str, Any] | None, tuple[CallbackRow, ...]]:
        """The record of a contact as it is now, None if there is none, and its callbacks."""
        return stories.contact(self._connection(), contact_list_id, contact_id)

    def contact_told(self, contact_list_id: str, contact_id: str) -> tuple[Told, ...]:
        """The records about a contact that name no callback, such as wrap-ups and answers to the campaign's calls."""
        return stories.contact_told(self._connection(), contact_list_id, contact_id)

    def now(self, now: datetime) -> Now:
        """How things stand."""
        return overview.now(self._connection(), now)

    def day_ahead(self, begins_at: datetime, quarters: int = 96, campaign_id: str | None = None) -> tuple[Quarter, ...]:
        """How many outstanding callbacks are due in each quarter of an hour, from the one that has `begins_at` on."""
        return overview.day_ahead(self._connection(), begins_at, quarters, campaign_id)

    def campaigns(self) -> tuple[str, ...]:
        """The ids of all campaigns that callbacks or configuration name."""
        return overview.campaigns(self._connection())

    def configuration(self) -> tuple[Told, ...]:
        """The latest record of each key of each configuration topic but `dnc-entries`, by topic and offset.

        Of `campaign-recycle` and `contact-list-cleared` every record.
        """
        return overview.configuration(self._connection())

    def dnc_entries(self, phone_numbers: Collection[str]) -> tuple[Told, ...]:
        """The entries of Do Not Call lists with one of these numbers in their key, by offset."""
        return overview.dnc_entries(self._connection(), phone_numbers)

    def state_row(self, contact_list_id: str, contact_id: str) -> bytes | None:
        """The contact's latest row of `contact-state`, for its own codec; None if there is none."""
        return stories.state_row(self._connection(), contact_list_id, contact_id)

    def has_erased(self) -> bool:
        """Whether any contact was erased, as far as that is remembered."""
        return stories.has_erased(self._connection())

    def erased_at(self, contact_list_id: str, contact_id: str) -> datetime | None:
        """When a contact was erased last; None if it was not, or nobody remembers."""
        return stories.erased_at(self._connection(), contact_list_id, contact_id)

    def dead_letter_groups(self) -> tuple[DeadLetterGroup, ...]:
        """Dead letters by cause, the group with the latest first."""
        return letters.groups(self._connection())

    def dead_letters(
        self, code: str | None = None, topic: str | None = None, after: int = 0, limit: int = 100
    ) -> tuple[DeadLetter, ...]:
        """Dead letters by their numbers, of which the least is 1. after: that of the last one on the page before."""
        return letters.letters(self._connection(), code, topic, after, limit)

    def dead_letter(self, number: int) -> DeadLetter | None:
        """One dead letter; None if there is none."""
        return letters.letter(self._connection(), number)

    def events_by(self, event_ids: Collection[str]) -> Mapping[str, tuple[Told, ...]]:
        """What events led to: records of the lifecycle whose cause they are, and their dead letters."""
        return stories.events_by(self._connection(), event_ids)

    def readings(self) -> tuple[Reading, ...]:
        """How far each partition of each topic has been read."""
        return overview.readings(self._connection())

    def is_caught_up(self) -> bool:
        """Whether all has been read up to the ends that were asked last; not before there is anything to read."""
        found = self.readings()
        return bool(found) and all(one.position >= one.end for one in found)

    def close(self) -> None:
        """Close the connection of this thread."""
        if self._open.connection is not None:
            self._open.connection.close()
            self._open.connection = self._open.file = None

    def _search(self) -> Search:
        return Search(self._connection(), self._clock.monotonic)

    def _connection(self) -> sqlite3.Connection:
        file = self._folder.current()
        if self._open.connection is None or file != self._open.file:
            self.close()
            self._open.connection, self._open.file = self._connect(file), file
        return self._open.connection

    @staticmethod
    def _connect(file: Path | None) -> sqlite3.Connection:
        """A connection to a database; to an empty one where there is none of this version."""
        if file is None or not os.path.exists(file):
            return empty()
        with suppress(sqlite3.DatabaseError):  # It is being replaced, or it is no database: a writer will see to it.
            connection = reading(file)
            if version(connection) == VERSION:
                return connection
            connection.close()
        return empty()
