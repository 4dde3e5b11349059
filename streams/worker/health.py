"""The answers to the probes of a supervisor: does the worker live, can it be relied on, has it started.

They are asked from other threads than the worker's, and have an answer whatever happens there: what fails by a bug
counts as a reason not to be ready. Source: docs/decisions/0050-health-of-a-worker.md.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.engine.waits import Obstacle, Wait

log = logging.getLogger(__name__)

Obstacles = Callable[[], Iterable[Obstacle]]
Waiting = Callable[[], Mapping[str, Wait]]


@dataclass(frozen=True, slots=True)
class Answer:
    """ok: 200 or 503; body: `status`, `reasons` and `waits_for`, as JSON."""

    ok: bool
    body: Mapping[str, object]


class Probes(Protocol):
    """What the HTTP endpoints ask."""

    def live(self) -> Answer:
        """Whether the process is of use at all; a supervisor ends it when it is not."""

    def ready(self) -> Answer:
        """Whether it does now what it is there for."""

    def started(self) -> Answer:
        """Whether it was ready once."""


class Health:
    """Of one worker. blocked: why it does not live; obstacles: why it is not ready, from whoever may know a reason.

    waiting: what else is waited for, which is told and is no reason.
    """

    def __init__(self, blocked: Obstacles, obstacles: Sequence[Obstacles], waiting: Waiting = dict) -> None:
        self._blocked, self._sources, self._waiting = blocked, obstacles, waiting
        self._has_started, self._clock = False, SystemClock()
        self._told: set[str] = set()
        metrics.engine.READY.set_function(lambda: float(not self._obstacles()))

    def live(self) -> Answer:
        """200 while the loop runs, and before it does."""
        found = self._asked(self._blocked)
        return Answer(not found, _body("not_live" if found else "live", found, {}))

    def ready(self) -> Answer:
        """200 when nobody knows a reason against it."""
        found = self._obstacles()
        return Answer(not found, _body("not_ready" if found else "ready", found, self._waits()))

    def started(self) -> Answer:
        """200 for ever once it was ready."""
        found = [] if self._has_started else self._obstacles()
        return Answer(not found, _body("starting" if found else "started", found, {} if not found else self._waits()))

    def look(self) -> None:
        """Note whether it is ready; called by the loop, since probes may come while it is not."""
        if not self._has_started:
            self._obstacles()

    def _obstacles(self) -> list[Obstacle]:
        found = [obstacle for source in self._sources for obstacle in self._asked(source)]
        self._has_started = self._has_started or not found
        return found

    def _asked(self, source: Obstacles) -> list[Obstacle]:
        try:
            return list(source())
        except Exception as error:
            self._tell(error)
            return [Obstacle("health", "the correction of a bug", self._clock.now(), "internal error, see the log,")]

    def _waits(self) -> Mapping[str, Wait]:
        try:
            return self._waiting()
        except Exception as error:
            self._tell(error)
            return {}

    def _tell(self, error: Exception) -> None:
        """One line for each kind of error: probes come every few seconds."""
        if (kind := type(error).__name__) not in self._told:
            self._told.add(kind)
            log.error("a probe could not be answered: %s", kind, exc_info=error)


def instant(at: datetime) -> str:
    """As it stands in a line: RFC 3339, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _body(status: str, found: Sequence[Obstacle], waits: Mapping[str, Wait]) -> dict[str, object]:
    waits_for = {who: {"for": wait.what, "since": wait.since} for who, wait in waits.items()}
    waits_for |= {one.who: {"for": one.what, "since": one.since} for one in found}
    return {"status": status, "reasons": [_words(one) for one in found], "waits_for": waits_for}


def _words(one: Obstacle) -> str:
    since = instant(one.since)
    return f"{one.reason} since {since}" if one.reason else f"{one.who} waits for {one.what} (since {since})"
