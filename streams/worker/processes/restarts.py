"""Whether a process that has ended is started again, and when. It decides, and does nothing."""

import signal
from contextlib import suppress

from streams.worker.ending import EXIT_BROKEN

PAUSE_MIN_S = 0.2
PAUSE_MAX_S = 10.0
WELL_S = 60.0
"""A process that has run for so long was well: its next restart comes at once again."""


def pause_s(before_s: float, lived_s: float) -> float:
    """How long to wait before a process is started again. before_s: how long it was last; lived_s: how long it ran."""
    return PAUSE_MIN_S if lived_s >= WELL_S else min(PAUSE_MAX_S, max(PAUSE_MIN_S, 2 * before_s))


def exit_code(code: int) -> int:
    """What the worker ends with when no process is left. code: of the last; negative: the signal that ended it."""
    return code if code >= 0 else EXIT_BROKEN


def in_words(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
