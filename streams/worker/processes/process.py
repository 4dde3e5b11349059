"""One of several processes, as its supervisor has it: started, asked to stop, killed, and what is known of it."""

import asyncio
import logging
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from streams.base.clock import SystemClock
from streams.base.log import about
from streams.base.settings import Settings
from streams.worker.processes.parts import packed
from streams.worker.processes.restarts import in_words

log = logging.getLogger(__name__)

CHILD = ("-m", "streams.worker.processes.child")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a process. name: its number; pid: None while it does not run; port: None until it listens.

    since: when that became so; ended: how its last run did, if there was one.
    """

    name: str
    since: datetime
    pid: int | None = None
    port: int | None = None
    ended: str = ""


class Process:
    """`standing` may be read by other threads at any time: it is replaced whole. settings: those of this process."""

    def __init__(self, name: str, settings: Settings, command: tuple[str, ...] = CHILD) -> None:
        self._settings, self._command, self._clock = settings, command, SystemClock()
        self._running: asyncio.subprocess.Process | None = None
        self._stops = self._leaves = False
        self.standing = Standing(name, self._clock.now())

    async def run(self) -> int:
        """Start it, and return its exit code when it has ended; negative: the signal that ended it.

        Raises OSError when it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                running = await asyncio.create_subprocess_exec(
                    sys.executable, *self._command, str(theirs.fileno()), self.standing.name,
                    pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
            self._running = running
            self._stand(pid=running.pid)
            if self._stops:
                self.signal(signal.SIGTERM)
            await self._talk(ours)
            code = await running.wait()
        self._running = None
        self._stand(pid=None, port=None, ended=in_words(code))
        return code

    def stop(self) -> None:
        """Ask it to stop, now and whenever it is started."""
        self._stops = True
        self.signal(signal.SIGTERM)

    def leave_for_good(self) -> None:
        """Have it leave the group when it stops; one that does not listen yet is asked when it does."""
        self._leaves = True
        if self.standing.port is not None:
            self.signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End it at once."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.send_signal(number)

    async def _talk(self, connection: socket.socket) -> None:
        """Send it its settings, and hear its port; returns when it is gone."""
        reader, writer = await asyncio.open_connection(sock=connection)
        with suppress(OSError):
            writer.write(packed(self._settings))
            while line := await reader.readline():
                self._stand(port=int(line))
                told = about("process_listens", number=self.standing.name, pid=self.standing.pid, port=int(line))
                log.info("process %s listens on port %d", self.standing.name, int(line), extra=told)
                if self._leaves:
                    self.leave_for_good()
        writer.close()

    def _stand(self, **known: object) -> None:
        self.standing = replace(self.standing, since=self._clock.now(), **known)  # type: ignore[arg-type]
