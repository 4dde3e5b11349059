"""Many seeds at once, on as many cores as there are: what was wrong with which, and how often each fault struck."""

import gc
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.scenario import ONE, simulate

CHUNK = 10
LINES_MAX = 5
FAILURES_MAX = 10
"""More of them are not told apart, and nobody waits for the rest."""


@dataclass
class Summary:
    """What came of some seeds. failures: lines by seed."""

    seeds: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        """Seeds in a second of real time."""
        return self.seeds / self.seconds

    def report(self) -> str:
        """Each seed that failed, and how it is replayed."""
        command = ".venv/bin/python -m tests.simulation"
        return "\n".join(
            f"seed {seed}: {'; '.join(lines[:LINES_MAX])}\n  {command} {seed} --trace"
            for seed, lines in self.failures.items()
        )


def run_many(
    seeds: Iterable[int],
    *,
    without: str | None = None,
    failures_max: int = FAILURES_MAX,
    protocols: Sequence[int] = ONE,
) -> Summary:
    """Run seeds until all are through, or `failures_max` of them have failed."""
    summary, began = Summary(), time.monotonic()
    # Not forked: this process may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=_begin) as pool:
        for seed, wrong, counts in pool.map(
            partial(_one, without=without, protocols=protocols), seeds, chunksize=CHUNK
        ):
            summary.seeds += 1
            summary.counts.update(counts)
            if wrong:
                summary.failures[seed] = wrong
            if len(summary.failures) >= failures_max:
                pool.shutdown(cancel_futures=True)
                break
    summary.seconds = time.monotonic() - began
    return summary


def _begin() -> None:
    gc.freeze()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool whose owner is killed would wait for ever."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    os._exit(1)


def _one(seed: int, without: str | None, protocols: Sequence[int]) -> tuple[int, list[str], Counter[str]]:
    result = simulate(seed, without=without, protocols=protocols)
    return seed, result.wrong, Counter({str(what): count for what, count in result.counts.items()})
