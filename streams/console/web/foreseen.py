"""The forecast of a callback, by the worker's own core, over what the view has of it."""

from datetime import datetime
from threading import Lock
from zoneinfo import ZoneInfo

from streams.console.view.model import CallbackRow, Told
from streams.console.view.view import View
from streams.console.web.sources import Ahead
from streams.console.why.configured import configured
from streams.console.why.forecast import forecast
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.upgrades import UnknownRowVersion
from streams.logic.hours.numbers import spellings


class Foreseen:
    """Asks the core. One thread at a time does, since the core's caches are made for one."""

    def __init__(self, view: View) -> None:
        self._view, self._lock = view, Lock()

    def forecast(self, row: CallbackRow, now: datetime, zone: ZoneInfo) -> Ahead | None:
        """What would block a callback at its due time, by which records, and the next open slot."""
        state = self._view.state_row(row.contact_list_id, row.contact_id)
        with self._lock:
            told = (*self._view.configuration(), *self._listed(state))
            found = forecast(state, configured(told), row.key, now, zone)
        return Ahead(text=f"{found.words}.", blocked=found.blockers, opens_at=found.opens_at)

    def _listed(self, state: bytes | None) -> tuple[Told, ...]:
        """The entries of Do Not Call lists about the contact's numbers, in all their spellings."""
        try:
            contact = decode_contact(state) if state else None
        except (UnknownRowVersion, ValueError):
            return ()
        if contact is None:
            return ()
        listed = contact.listed.numbers if contact.listed else ()
        numbers = {one.phone_number for one in contact.callbacks} | {one.phone_number for one in listed}
        return self._view.dnc_entries({form for number in numbers for form in spellings(number)})
