"""Processes that must not outlive the one that starts them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program takes its place: have the kernel kill it when its parent is gone.

    None where the kernel is not Linux: there only the ordinary stop ends it. The parent is the thread that starts the
    child, so start it in one that lives as long as the child shall.
    """
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # It died before we asked.
            os._exit(1)

    return ask
