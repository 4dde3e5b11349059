"""The outage drill at the length that people have: `python -m tests.observed`. It takes an hour, and prints a table.

Its faults are those of `test_outage_drill.py`; every `for` and every window is the one that is shipped.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.observed.drill import Row, make, table
from tests.observed.faults import DRILL
from tests.observed.rig import Rig


def main() -> int:
    """Make each group of faults; returns 1 if an alert fired that no fault asks for, or one did not fire or clear."""
    parser = argparse.ArgumentParser(prog="python -m tests.observed", description="The outage drill at full length.")
    parser.add_argument("--groups", type=int, nargs="*", default=range(len(DRILL)), help="of the faults, from 0")
    parser.add_argument("--rate", type=float, default=2.0, help="callbacks per second")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between scrapes")
    asked = parser.parse_args()
    rows: list[Row] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), 1.0, 1.0, asked.interval) as rig:
        rig.load.rate = asked.rate
        for group in asked.groups:
            try:
                made = make(rig, DRILL[group])
            except TimeoutError as error:
                wrong.append(str(error))
                continue
            rows += made.rows
            wrong += sorted(made.unexpected)
            print(table(made.rows), flush=True)
    print(f"\n{table(rows)}")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
