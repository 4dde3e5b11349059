"""Whether the event loop runs: a worker whose loop is blocked decides nothing, while its group takes it for well.

The consumer's heartbeats come from a thread of their own. Source: docs/decisions/0050-health-of-a-worker.md.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.log import about
from streams.engine.waits import Obstacle

log = logging.getLogger(__name__)

EVERY_S = 0.5
LOGGED_S = 1.0
"""A tick that comes later than this is a line in the log."""
NOT_READY_S = 2.0
NOT_LIVE_S = 5.0
GRACE_S = 0.25
"""A process that was stopped and has just been woken is not blocked: its loop gets so long for a tick."""


class LoopWatch:
    """`run` ticks in the loop that is made when this is; other threads ask the rest at any time."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self._thread = threading.get_ident()
        self._ticked_s = monotonic()
        self._is_told = False
        metrics.engine.LOOP_STALLED.set_function(lambda: max(0.0, self.since_tick_s - EVERY_S))

    @property
    def since_tick_s(self) -> float:
        """Seconds since the last tick; less than a second while the loop runs."""
        return self._monotonic() - self._ticked_s

    async def run(self, each: Callable[[], None] = lambda: None) -> None:
        """Tick twice a second, for ever; `each` is called at each tick, and ends nothing when it fails."""
        failed = False
        while True:
            self.tick(self.since_tick_s)
            try:
                each()
            except Exception:
                if not failed:
                    log.exception("what is looked at twice a second could not be")
                failed = True
            await asyncio.sleep(EVERY_S)

    def tick(self, after_s: float) -> None:
        """The loop runs, after so many seconds."""
        self._ticked_s, self._is_told = self._monotonic(), False
        lag_s = max(0.0, after_s - EVERY_S)
        metrics.engine.LOOP_LAG.observe(lag_s)
        if lag_s > LOGGED_S:
            told = about("loop_back", seconds=round(lag_s, 1))
            what = "the event loop did not run for %.1f s: it was blocked, or this process was stopped"
            log.warning(what, lag_s, extra=told)

    def obstacles(self) -> list[Obstacle]:
        """That it does not run, for readiness."""
        return self._obstacles(NOT_READY_S)

    def blocked(self) -> list[Obstacle]:
        """That it has not run for so long that the process is of no use. It may take the time of a tick to tell."""
        if self.since_tick_s > NOT_LIVE_S:
            self._sleep(GRACE_S)
        found = self._obstacles(NOT_LIVE_S)
        if found and not self._is_told:
            self._is_told = True
            # Whoever asks may end the process for this answer: nothing else would say what it was at.
            frame = sys._current_frames().get(self._thread)
            where = "".join(traceback.format_stack(frame)) if frame else "no such thread"
            told = about("loop_blocked", seconds=round(self.since_tick_s, 1))
            log.error("the event loop has not run for %.1f s; it is at\n%s", self.since_tick_s, where, extra=told)
        return found

    def _obstacles(self, after_s: float) -> list[Obstacle]:
        silent_s = self.since_tick_s
        if silent_s <= after_s:
            return []
        since = SystemClock().now() - timedelta(seconds=silent_s)
        return [Obstacle("loop", "its next turn", since, "the event loop has not run")]
