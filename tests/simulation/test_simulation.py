"""Thousands of seeds leave nothing wrong, a seed replays exactly, and with a safeguard taken out seeds do go wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.chance import Fault
from tests.simulation.many import run_many
from tests.simulation.safeguards import SAFEGUARDS
from tests.simulation.scenario import simulate

ROOT = Path(__file__).parents[2]
SEEDS = 2000
SEEDS_LONG = 20_000
SEEDS_BROKEN = 600
"""The rarest of what the safeguards are for shows once in some hundred seeds."""

STRUCK = (
    *(fault for fault in Fault if fault is not Fault.NONE),
    "outages", "power cuts", "asked to stop", "sessions run out", "shared out anew", "timed out", "aborted",
    "zombies woken at a takeover", "batches dropped by Faust", "producers in doubt",
    "asked the group anew", "broken: TimeoutError",
)  # fmt: skip


@pytest.mark.timeout(900)
def test_thousands_of_seeds_leave_nothing_wrong() -> None:
    summary = run_many(range(SEEDS))
    print(f"{summary.seeds} seeds, {summary.per_s:.1f} a second; {dict(sorted(summary.counts.items()))}")
    assert not summary.failures, summary.report()
    assert [what for what in STRUCK if not summary.counts[what]] == []


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_tens_of_thousands_of_seeds_leave_nothing_wrong() -> None:
    summary = run_many(range(SEEDS, SEEDS + SEEDS_LONG))
    print(f"{summary.seeds} seeds, {summary.per_s:.1f} a second; {dict(sorted(summary.counts.items()))}")
    assert not summary.failures, summary.report()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_without_a_safeguard_a_seed_goes_wrong(safeguard: str) -> None:
    summary = run_many(range(SEEDS_BROKEN), without=safeguard, failures_max=1)
    assert summary.failures, f"{SEEDS_BROKEN} seeds did not notice that {safeguard} was taken out"
    assert "crashed" not in summary.report(), summary.report()
    print(f"after {summary.seeds} seeds: {summary.report(safeguard)}")


def test_a_seed_replays_exactly() -> None:
    first, again = simulate(7), simulate(7)
    assert first.trace == again.trace
    assert first.digest == again.digest


def test_a_seed_replays_exactly_in_another_process() -> None:
    digests = {_digest(hash_seed) for hash_seed in ("1", "2")}
    assert len(digests) == 1


def _digest(hash_seed: str) -> str:
    """What the command that replays says of some seeds, in a process with its own order of hashes."""
    command = [sys.executable, "-m", "tests.simulation", "100", "--count", "8"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
    )
    return next(line for line in done.stdout.splitlines() if "digest" in line).rpartition(" ")[2]
