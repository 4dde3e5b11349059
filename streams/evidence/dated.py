"""Instants in words that mean the same whoever reads them, and whenever: with their date, and in UTC."""

from datetime import UTC, datetime

from streams.console.why.moments import Moments


class Dated(Moments):
    """As `Moments`, and no instant is said without its date."""

    __slots__ = ()

    @classmethod
    def of(cls, now: datetime) -> "Dated":
        """For what is told as of an instant."""
        return cls(now, UTC)

    def bare(self, at: datetime) -> str:
        """As it stands behind `since`, `until` or `from`: "2026-11-23 15:00:00 UTC"."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S} UTC"

    def at(self, at: datetime) -> str:
        """As it stands behind a verb: "on 2026-11-23 at 15:00:00 UTC"."""
        return f"on {at.astimezone(self.zone):%Y-%m-%d at %H:%M:%S} UTC"
