"""What every scenario made the core write, byte for byte: `python -m tests.rules.stored` adds those that are new.

What is stored is never changed by that command. A scenario whose output has to become another is taken out of the file
by hand first, and the commit says why.
"""

import gzip
import json
from pathlib import Path

from streams.base.zone_data import use_package_zones
from streams.simulator.simulate import line_of, simulate
from tests.rules.scenario import lines, paths

FILE = Path(__file__).parents[1] / "golden" / "scenarios.jsonl.gz"
PARTITIONS = 4


def written(path: Path) -> list[str]:
    """The lines that `ringback simulate` prints for a scenario."""
    return [line_of(one) for one in simulate(lines(path), None, PARTITIONS)]


def stored() -> dict[str, list[str]]:
    """The same, of the day on which it was stored, by the name of the scenario."""
    if not FILE.exists():
        return {}
    return {one["scenario"]: one["lines"] for one in map(json.loads, gzip.decompress(FILE.read_bytes()).splitlines())}


def main() -> None:
    """Add what is new, by the zones that tests and the simulator use."""
    use_package_zones()
    known = stored()
    known |= {path.stem: written(path) for path in paths() if path.stem not in known}
    text = "".join(json.dumps({"scenario": name, "lines": known[name]}) + "\n" for name in sorted(known))
    FILE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
