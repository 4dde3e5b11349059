"""Timers that met a bug: each is retried with a backoff that doubles with every failure.

They are in memory only: after a restart each is tried at once, and a change of the timer itself ends its retry. The
other timers of a contact do not wait for it. It reads no clock.
Source: docs/engine.md, "When something goes wrong".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from streams.logic.contact.limits import BACKOFF_FIRST, BACKOFF_MAX
from streams.logic.partition.due_index import Entry

WakeUp = tuple[datetime, str]
"""When a timer of a contact fires, and for which callback; an empty id is the end of its memory."""


class _Retry(Struct, frozen=True, gc=False):
    wake_up: WakeUp
    wait: timedelta
    until: datetime


class Retried(NamedTuple):
    """A timer or release that is retried: of which callback, since when it is wanted, and when it is tried next.

    callback_id: None for the timer that ends a contact's memory.
    """

    callback_id: str | None
    since: datetime
    next_try: datetime


class Retries:
    """Of one partition: by contact key and callback id. len: how many timers are retried."""

    def __init__(self) -> None:
        self._of: dict[bytes, dict[str, _Retry]] = {}

    def __len__(self) -> int:
        return sum(len(retries) for retries in self._of.values())

    def __contains__(self, key: bytes) -> bool:
        return key in self._of

    def failed(self, timer: Entry[bytes], now: datetime) -> None:
        """This timer of a contact failed, at the instant at which the index has it."""
        at, callback_id, key = timer
        retries = self._of.get(key, {})
        known = retries.get(callback_id)
        wait = BACKOFF_FIRST if known is None else min(2 * known.wait, BACKOFF_MAX)
        retry = _Retry((at, callback_id) if known is None else known.wake_up, wait, now + wait)
        self._of[key] = {**retries, callback_id: retry}  # Replaced whole: other threads may look at the one before.

    def standing(self) -> list[Retried]:
        """Every timer that is retried, in no order. Other threads may ask it at any time."""
        retries = [one for of_contact in list(self._of.values()) for one in of_contact.values()]
        return [Retried(one.wake_up[1] or None, one.wake_up[0], one.until) for one in retries]

    def first(self, key: bytes, timers: Sequence[WakeUp]) -> WakeUp | None:
        """Which timer of a contact is next, when those that failed wait for their retry."""
        retries = self._of.get(key)
        if retries is None:
            return min(timers, default=None)
        standing = {one.wake_up[1]: one for one in retries.values() if one.wake_up in timers}
        if standing:
            self._of[key] = standing
        else:
            del self._of[key]
        return min(((standing[name].until if name in standing else at, name) for at, name in timers), default=None)
