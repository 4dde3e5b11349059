"""Processes that must not outlive the one that starts them, and how that one is ended in order."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

STOP_TIMEOUT_S = 10.0
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


def stop(process: subprocess.Popen[bytes], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Stop a child in order, by force when that takes longer; returns when it has ended."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_on_signals() -> None:
    """Have Ctrl-C and SIGTERM raise KeyboardInterrupt, so that whoever has children can stop them.

    Also where the caller has SIGINT ignored, as `nohup` and the `&` of a script do: then SIGTERM would do nothing, too.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # By way of SIGINT, for which asyncio.run has a handler of its own.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
