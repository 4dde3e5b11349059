"""How far a command is that takes a while: a line on standard error every few seconds."""

import time
from collections.abc import Callable

import click

PROGRESS_S = 5


class Progress:
    """Prints what was counted so far, and how many a second that is; a short run prints nothing.

    clock: seconds that only go on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last = clock, clock()
        self._what, self._began = "", self._last

    def show(self, what: str, count: int) -> None:
        """Called as often as one likes. what: such as `checked`; another one begins anew."""
        now = self._clock()
        if what != self._what:
            self._what, self._began = what, now
        if now - self._last >= PROGRESS_S:
            self._last = now
            rate = f", {count / (now - self._began):,.0f} a second" if now > self._began else ""
            click.echo(f"{what} {count:,}{rate}", err=True)
