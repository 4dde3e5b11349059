"""What signals ask of a worker, and that it ends in time whatever it is waiting for."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from streams.worker.ending import Ending, note

log = logging.getLogger(__name__)

STOP_S = 8.0
"""What a worker may take to stop: supervisors wait for ten seconds at least. What hangs longer waits for a broker."""

T = TypeVar("T")


class Stopped(Exception):
    """A signal came before there was anything to finish."""


class StopRequests:
    """What signals have requested: to stop, and to leave the group for good when that happens."""

    def __init__(self) -> None:
        self.stop, self.for_good = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._note_stop)
        loop.add_signal_handler(signal.SIGUSR1, self._note_for_good)

    def _note_stop(self) -> None:
        if not self.stop.is_set():
            self.stop.set()
            # A thread, since the loop itself may be what waits: for a name to be resolved, for a thread to end.
            deadline = threading.Timer(STOP_S, _end)
            deadline.daemon = True
            deadline.start()

    def _note_for_good(self) -> None:
        self.for_good.set()
        log.info("SIGUSR1: when this worker stops it leaves the group, and its partitions go to the others at once")

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns. Raises Stopped when a signal comes first; the work is then cancelled, not awaited."""
        working, stopping = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
            raise Stopped
        return working.result()


def _end() -> None:
    log.warning("not finished within %g s: the next owner repeats the transactions in flight", STOP_S)
    end_now(0, Ending.STOPPED_LATE)


def end_now(code: int, ending: Ending) -> NoReturn:
    """End the process at once, whatever else is running in it: its threads may wait for something for ever."""
    note(ending)
    logging.shutdown()
    os._exit(code)
