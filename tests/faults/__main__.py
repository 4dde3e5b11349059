"""`python -m tests.faults`: the fault suite, with a table of what was done and what came of it."""

import argparse
import logging
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from streams.dev.figures import machine
from tests.faults.brokers import Brokers
from tests.faults.faults import CLUSTER, SINGLE
from tests.faults.run import Run, run, summary, table


def main() -> int:
    """Run it; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=32, help="for how long faults are made")
    parser.add_argument("--seed", type=int, default=None, help="of the load and of who is hit")
    parser.add_argument("--brokers", type=int, choices=(1, 3), help="only with so many")
    parser.add_argument("--keep", type=Path, help="a new folder for logs and state, which is kept")
    parser.add_argument("--in-order", action="store_true", help="do not shuffle the faults")
    parser.add_argument("--protocol", type=int, choices=(1, 2), default=1, help="transaction_protocol of the workers")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    logging.getLogger().addHandler(logging.NullHandler())  # What our own clients say of broken brokers is no news.
    shuffled, protocol = not given.in_order, given.protocol
    runs = play(given.minutes * 60, seed, shuffled=shuffled, only=given.brokers, keep=given.keep, protocol=protocol)
    lines = [line for one in runs for line in one.verdict.lines()]
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {machine()}, seed {seed}")
    print("\n".join([*table(runs), "", summary(runs), *lines]))
    return 1 if lines else 0


def play(
    seconds: float, seed: int, *, shuffled: bool, only: int | None = None, keep: Path | None = None, protocol: int = 1
) -> list[Run]:
    """Three quarters of the time with one broker, the rest with three; with `only` so many for all of it."""
    runs = []
    for count, faults, share in ((1, SINGLE, 0.75), (3, CLUSTER, 0.25)):
        if only in (None, count):
            with _folder(keep, count) as folder, Brokers(folder, count) as brokers:
                print(f"{count} broker{'s' * (count > 1)}, seed {seed}", flush=True)
                time_s = seconds if only else seconds * share
                runs.append(
                    run(folder, brokers, faults, seconds=time_s, seed=seed, shuffled=shuffled, protocol=protocol)
                )
    return runs


@contextmanager
def _folder(keep: Path | None, count: int) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="ringback-faults-") as folder:
            yield Path(folder)
    else:
        folder_kept = keep / f"brokers-{count}"
        folder_kept.mkdir(parents=True)
        yield folder_kept


if __name__ == "__main__":
    sys.exit(main())
