"""A process's end of its connection to the supervisor: settings come in, its port goes out.

The connection ends with the supervisor, however that ends, and then the process stops too.
"""

import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress

from streams.base.log import about
from streams.base.settings import Settings
from streams.worker.ending import EXIT_BROKEN, Ending
from streams.worker.processes.parts import unpacked
from streams.worker.signals import STOP_S, end_now

log = logging.getLogger(__name__)


class Lifeline:
    """descriptor: of the connection, which this process has inherited."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._connection = socket.socket(fileno=descriptor)

    def settings(self) -> Settings:
        """Those of this process. Raises SettingsError, and EOFError when the supervisor is gone."""
        with self._connection.makefile("rb") as lines:
            line = lines.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the supervisor is gone")
        return unpacked(line)

    def tell(self, port: int) -> None:
        """Tell the supervisor at which port this process has its page."""
        with suppress(OSError):  # It is gone, which the thread notices.
            self._connection.sendall(f"{port}\n".encode())

    def watch(self) -> None:
        """Have this process stop when the supervisor is gone."""
        threading.Thread(target=self._watch, name="ringback-lifeline", daemon=True).start()

    def _watch(self) -> None:
        with suppress(OSError):
            while self._connection.recv(1024):
                pass
        log.error("the supervisor of this process is gone: it stops", extra=about("supervisor_gone"))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_S + 1)  # A loop that is blocked hears no signal.
        end_now(EXIT_BROKEN, Ending.STOPPED_LATE)
