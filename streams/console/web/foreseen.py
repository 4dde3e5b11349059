"""The forecast of a callback, by the worker's own core, over what the view has of it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from streams.console.view.model import CallbackRow
from streams.console.view.view import View
from streams.console.web.sources import Ahead


class Foreseen:
    """Asks the core. It answers None where the view lacks what the core needs."""

    def __init__(self, view: View) -> None:
        self._view = view

    def forecast(self, row: CallbackRow, now: datetime, zone: ZoneInfo) -> Ahead | None:
        """What would block a callback at its due time, by which record, and the next open slot."""
        return None
