"""Forecasts by what the view has of a callback: its contact's row, the configuration, and entries of its numbers."""

import threading
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from streams.console.view.model import CallbackKey, Told
from streams.console.why.configured import configured, key_of
from streams.console.why.forecast import Forecast, forecast
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.upgrades import UnknownRowVersion
from streams.logic.hours.numbers import spellings
from topics.names import TopicName


class Looks(Protocol):
    """What is asked of the view."""

    def state_row(self, contact_list_id: str, contact_id: str) -> bytes | None:
        """The latest row of a contact."""

    def configuration(self) -> tuple[Told, ...]:
        """The latest record of each key, of every topic of configuration but the Do Not Call entries."""

    def dnc_entries(self, phone_numbers: Collection[str]) -> tuple[Told, ...]:
        """The entries of numbers."""


class Seen:
    """Forecasts from several threads. The configuration is applied again only when the view has other records of it."""

    def __init__(self, view: Looks) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._known: tuple[tuple[TopicName, int], ...] = ()
        self._configuration = Configuration()

    def forecast(self, key: CallbackKey, now: datetime, viewer: ZoneInfo | None = None) -> Forecast:
        """What will become of a callback from `now` on."""
        row = self._view.state_row(key.contact_list_id, key.contact_id)
        entries = self._view.dnc_entries(numbers_of(row, key)) if row is not None else ()
        records = self._view.configuration()
        with self._lock:
            configuration = self._as_of(records)
            return forecast(row, with_entries(configuration, entries), key, now, viewer)

    def _as_of(self, records: Iterable[Told]) -> Configuration:
        found = tuple(records)
        known = tuple((one.topic, one.offset) for one in found)
        if known != self._known:
            self._configuration, self._known = configured(found), known
        return self._configuration


def with_entries(configuration: Configuration, entries: Iterable[Told]) -> Configuration:
    """The configuration with these Do Not Call entries, and no others."""
    configuration.dnc = type(configuration.dnc)()
    for told in sorted(entries, key=lambda one: one.offset):
        key = key_of(told)
        if key is not None and told.value is not None:
            value = msgspec.json.encode(told.value)
            arrived = Arrived(told.topic, told.partition, told.offset, key.encode(), value, 0)
            configuration.apply(arrived, told.written_at)
    return configuration


def numbers_of(row: bytes | None, key: CallbackKey) -> tuple[str, ...]:
    """All spellings of the number of a callback, by its contact's row; none if that cannot be read."""
    try:
        contact = decode_contact(row or b"")
    except (UnknownRowVersion, msgspec.DecodeError, UnicodeDecodeError):
        return ()
    found = [one.phone_number for one in contact.callbacks if one.callback_id == key.callback_id]
    return tuple(sorted({text for number in found for text in (number, *spellings(number))}))
