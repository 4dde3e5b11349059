"""The outage drill at the length that people have: `python -m tests.observed`. It takes an hour, and prints a table.

Its faults are those of `test_outage_drill.py`, and every `for` and every window is the one that is shipped.
`--scale 0.1 --all --follow` makes every fault in a tenth of the time, and follows each runbook while its alert fires.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.observed.conftest import HOURS as HOURS_SCALE
from tests.observed.drill import Row, make, table
from tests.observed.faults import ALONE, DRILL, HOURS, SMALL
from tests.observed.rig import Rig
from tests.observed.runbooks import followed

GROUPS = (*DRILL, *((fault,) for fault in ALONE), SMALL, HOURS)


def main() -> int:
    """Make each group of faults; returns 1 if an alert fired that no fault asks for, or one did not fire or clear."""
    asked = _asked()
    rows: list[Row] = []
    wrong: list[str] = []
    hours_scale = 1.0 if asked.scale == 1 else HOURS_SCALE
    interval_s = asked.interval * asked.scale
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder), asked.scale, hours_scale, interval_s) as rig:
        rig.load.rate = asked.rate
        for group in range(len(GROUPS)) if asked.all else asked.groups:
            try:
                made = make(rig, GROUPS[group], lambda row: _show(rig, row) if asked.follow else None)
            except TimeoutError as error:
                wrong.append(str(error))
                continue
            rows += made.rows
            wrong += sorted(made.unexpected)
            print(table(made.rows), flush=True)
    print(f"\n{table(rows)}")
    print("\n".join(wrong))
    return int(bool(wrong))


def _show(rig: Rig, row: Row) -> None:
    print(f"\n## {row.alert}: {row.fault.name}")
    for question, answer in followed(rig, row):
        print(f"$ {question}\n  -> {answer or '(nothing)'}", flush=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.observed", description="The outage drill at full length.")
    parser.add_argument("--groups", type=int, nargs="*", default=range(len(DRILL)), help="of the faults, from 0")
    parser.add_argument("--all", action="store_true", help="every fault, not those of the drill alone")
    parser.add_argument("--follow", action="store_true", help="ask what the runbook of each alert asks while it fires")
    parser.add_argument("--rate", type=float, default=2.0, help="callbacks per second")
    parser.add_argument("--scale", type=float, default=1.0, help="of the rules and the scrapes")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between scrapes, at full length")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
