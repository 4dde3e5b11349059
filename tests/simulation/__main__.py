"""Run seeds by hand: `python -m tests.simulation SEED [--trace] [--count N] [--without SAFEGUARD] [--protocols N]`."""

import argparse
import hashlib
import time
from collections import Counter

from tests.simulation.safeguards import SAFEGUARDS
from tests.simulation.scenario import simulate


def main() -> int:
    """Exit code 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--trace", action="store_true", help="print everything that happened")
    parser.add_argument("--count", type=int, default=1, help="how many seeds, from this one on")
    parser.add_argument("--without", choices=list(SAFEGUARDS), help="take a safeguard out")
    parser.add_argument(
        "--protocols", default="1", help="transaction_protocol of one worker after the other, such as 1,2"
    )
    given = parser.parse_args()
    protocols = [int(protocol) for protocol in given.protocols.split(",")]
    began, failed = time.monotonic(), 0
    counts: Counter[str] = Counter()
    digest = hashlib.blake2b(digest_size=16)
    for seed in range(given.seed, given.seed + given.count):
        result = simulate(seed, without=given.without, protocols=protocols)
        counts.update(result.counts)
        if given.trace:
            print("\n".join(result.trace))
        digest.update(result.digest.encode())
        failed += bool(result.wrong)
        for line in result.wrong:
            print(f"seed {seed}: {line}")
    per_s = given.count / (time.monotonic() - began)
    print(f"{given.count} seeds, {failed} with something wrong, {per_s:.1f} seeds/s, digest {digest.hexdigest()}")
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
