"""Standard error that several processes share: each of their lines is written whole.

The system keeps writes of up to 4 KiB to a pipe apart, and a line with a traceback is longer. A lock on the stream
itself needs no file, no process that collects the lines, and ends with the process that holds it, however it ends.
"""

import fcntl
import logging
from contextlib import suppress
from typing import TextIO


class SharedStreamHandler(logging.StreamHandler[TextIO]):
    """Writes each record while no other process that has this handler writes to the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; where the system has no locks on such a stream, without one."""
        with suppress(OSError, ValueError):  # A ValueError is of a stream without a descriptor.
            fcntl.lockf(self.stream, fcntl.LOCK_EX)
        try:
            super().emit(record)
        finally:
            with suppress(OSError, ValueError):
                fcntl.lockf(self.stream, fcntl.LOCK_UN)
