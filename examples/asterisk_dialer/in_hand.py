"""A command that is not done."""

import asyncio
from datetime import UTC, datetime

from .journal import Entry, Step


class InHand:
    """A command that is not done, and the task that sees to it."""

    def __init__(self, entry: Entry) -> None:
        self.entry, self.command = entry, entry.in_hand
        self.task: asyncio.Task[None] | None = None
        self.has_line = self.is_told = False

    @property
    def begun(self) -> bool:
        """Whether its call has been begun, so that nothing may begin it again."""
        return self.entry.step is Step.BEGUN

    @property
    def callback(self) -> tuple[str, str, str]:
        """Which callback it is a presentation of."""
        return self.command.contact_list_id, self.command.contact_id, self.command.callback_id

    @property
    def left_s(self) -> float | None:
        """Seconds until it expires; None: never."""
        expires_at = self.command.expires_at
        return None if expires_at is None else (expires_at - datetime.now(UTC)).total_seconds()

    @property
    def expired(self) -> bool:
        """Whether it must not be dialed any more."""
        return self.left_s is not None and self.left_s <= 0
