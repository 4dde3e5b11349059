"""Timers that met a bug of ours: each is tried again later, and after every further failure twice as late.

Kept in memory alone: after a restart each is tried at once, and whatever changes the timer itself ends its setback. The
other timers of a contact do not wait for the one that is set back. It reads no clock.
Source: docs/engine.md, "When something goes wrong".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.logic.contact.limits import SETBACK_FIRST, SETBACK_MAX
from streams.logic.partition.due_index import Entry

Wish = tuple[datetime, str]
"""When a contact wants to be woken, and for which callback; an empty id is the end of its memory."""


@dataclass(frozen=True, slots=True)
class _Setback:
    wish: Wish
    wait: timedelta
    until: datetime


class Setbacks:
    """Of one partition: by contact key and callback id. len: how many timers are set back."""

    def __init__(self) -> None:
        self._of: dict[bytes, dict[str, _Setback]] = {}

    def __len__(self) -> int:
        return sum(len(setbacks) for setbacks in self._of.values())

    def failed(self, timer: Entry[bytes], now: datetime) -> None:
        """This timer of a contact failed, at the instant at which the index has it."""
        at, callback_id, key = timer
        setbacks = self._of.setdefault(key, {})
        known = setbacks.get(callback_id)
        wait = SETBACK_FIRST if known is None else min(2 * known.wait, SETBACK_MAX)
        setbacks[callback_id] = _Setback((at, callback_id) if known is None else known.wish, wait, now + wait)

    def first(self, key: bytes, wishes: Sequence[Wish]) -> Wish | None:
        """Which of a contact's wishes comes first, when those that are set back wait until they are tried again."""
        setbacks = self._of.get(key)
        if setbacks is None:
            return min(wishes, default=None)
        standing = {one.wish[1]: one for one in setbacks.values() if one.wish in wishes}
        if standing:
            self._of[key] = standing
        else:
            del self._of[key]
        return min(((standing[name].until if name in standing else at, name) for at, name in wishes), default=None)
