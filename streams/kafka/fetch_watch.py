"""Fetches whose answers do not come: given up in seconds where the network has forgotten their connection.

A broker holds a fetch until there is something, or its wait is over. A connection that is forgotten meanwhile looks
like one that waits, so the limit of requests, which have to do for megabytes on slow lines, would be the first to tell.
"""

import asyncio
import threading
import time
from typing import Any, Protocol

from streams.kafka.overdue import Overdue
from streams.library_internals.aiokafka.protocol import FetchRequest, held_for_s

LOOK_S = 0.5


class _Connection(Protocol):
    address: str

    def progress(self) -> tuple[float, int]:
        """What changes with each byte that comes."""


class FetchWatch:
    """Of one process, whose clients run in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._overdue = Overdue()

    def watch(self, connection: _Connection, request: object, answer: "asyncio.Future[Any]") -> None:
        """Have `answer` raise TimeoutError when nothing comes for too long; every other request may take its time."""
        if isinstance(request, FetchRequest):
            _Fetch(self, connection, held_for_s(request), answer)

    def gives_up(self, address: str, late_s: float) -> bool:
        """As `Overdue` has it."""
        with self._lock:
            return self._overdue.gives_up(address, late_s, time.monotonic())

    def answered(self, address: str, late_s: float) -> None:
        """As `Overdue` has it."""
        with self._lock:
            self._overdue.answered(address, late_s)


class _Fetch:
    """One that is under way. A second in which this process itself stood still does not count."""

    def __init__(
        self, watch: FetchWatch, connection: _Connection, wait_s: float, answer: "asyncio.Future[Any]"
    ) -> None:
        self._watch, self._connection, self._answer = watch, connection, answer
        self._late_s = -wait_s
        self._wait_s = wait_s
        self._looked_at = time.monotonic()
        self._come = connection.progress()
        self._next = answer.get_loop().call_later(LOOK_S, self._look)
        answer.add_done_callback(self._over)

    def _look(self) -> None:
        self._tick()
        if self._answer.done():
            return
        if self._late_s > 0 and self._watch.gives_up(self._connection.address, self._late_s):
            self._answer.set_exception(TimeoutError())
            return
        self._next = self._answer.get_loop().call_later(LOOK_S, self._look)

    def _tick(self) -> None:
        before, self._looked_at = self._looked_at, time.monotonic()
        come, self._come = self._come, self._connection.progress()
        if come != self._come:
            self._late_s = -self._wait_s
        else:
            self._late_s += min(self._looked_at - before, 2 * LOOK_S)

    def _over(self, answer: "asyncio.Future[Any]") -> None:
        self._next.cancel()
        if not answer.cancelled() and answer.exception() is None:
            self._watch.answered(self._connection.address, self._late_s)
