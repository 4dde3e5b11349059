"""What a worker takes and has done, seen from outside while it runs."""

import asyncio
import re
from pathlib import Path

from streams.dev.local import LocalWorker

SAMPLE_S = 0.5
MIB = 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Resident set of a process, in bytes; 0 where the system does not say, or when the process has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


class Memory:
    """Samples of a worker's resident set, with how far its work was: (share of the work done, bytes)."""

    def __init__(self, worker: LocalWorker) -> None:
        self._worker = worker
        self.samples: list[tuple[float, int]] = []

    def sample(self, share_done: float) -> None:
        """Take one."""
        self.samples.append((share_done, resident_bytes(self._worker.pid)))

    def peak(self, since: float = 0.0, until: float = 1.0) -> int:
        """The largest sample of a part of the work."""
        return max((size for share, size in self.samples if since <= share <= until), default=0)


def applied(worker: LocalWorker, topic: str) -> int:
    """How many events of a topic the worker has taken in since its start; 0 while it does not answer."""
    try:
        text = worker.metrics()
    except (OSError, ValueError):
        return 0
    counts = re.findall(rf'^ringback_events_total{{[^}}]*topic="{topic}"[^}}]*}} (\S+)$', text, re.MULTILINE)
    return int(sum(float(count) for count in counts))


def cpu_s(worker: LocalWorker) -> float:
    """CPU seconds, user and system, that the worker's processes have used. Raises OSError when it does not answer."""
    return sum(float(seconds) for seconds in re.findall(r"(?m)^process_cpu_seconds_total\S* (\S+)$", worker.metrics()))


async def pause() -> None:
    """Between two samples."""
    await asyncio.sleep(SAMPLE_S)
