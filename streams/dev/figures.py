"""What belongs beside measured figures: percentiles, the versions and the machine they were measured on."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from math import ceil

from streams.dev.broker.java import KAFKA_VERSION

_GIB = 1024**3
_MEASURED = ("ringback", "aiokafka", "faust-streaming")


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that a `share` of them, above 0 and up to 1, do not exceed; there is at least one value."""
    return sorted(values)[ceil(share * len(values)) - 1]


def versions() -> str:
    """Our version and those of what the figures depend on."""
    packages = [f"{name} {version(name)}" for name in _MEASURED]
    return ", ".join([*packages, f"Apache Kafka {KAFKA_VERSION}", f"Python {platform.python_version()}"])


def machine() -> str:
    """Processors that this process may use, memory and operating system."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{usable} CPUs, {_memory()}, {platform.platform(terse=True)} on {platform.machine()}"


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / _GIB:.0f} GiB memory"
    except (ValueError, OSError, AttributeError):  # Not every system says.
        return "memory unknown"


def milliseconds(seconds: float) -> str:
    """A duration as text, in milliseconds."""
    if seconds < 0.001:
        return "under 1 ms"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"
