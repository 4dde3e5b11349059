"""Plays every scenario with a guard on clock, chance, files and sockets, and holds what it writes to what is stored."""

from datetime import timedelta

import streams.worker.main  # noqa: F401  Everything that a worker imports.
from streams.base.zone_data import load_tables, use_package_zones
from streams.simulator.simulate import line_of, simulate
from tests.purity.guard import guarded
from tests.rules.scenario import lines, merged, paths
from tests.rules.stored import PARTITIONS, stored

ON = timedelta(days=40)
"""Beyond every callback of the scenarios: what falls due is dispatched under the guard as well."""


def main() -> None:
    """Play them all, each by itself and then together; the first that touches anything ends it with Impure."""
    use_package_zones()
    load_tables()
    scenarios = [(path.stem, lines(path)) for path in paths()]
    known = stored()
    together = merged()
    for name, told in scenarios:
        with guarded():
            written = [line_of(one) for one in simulate(told, told[-1].at + ON, PARTITIONS)]
        assert written[: len(known[name])] == known[name], name
        commands = sum(line.startswith('{"topic":"dial-') for line in written)
        print(f"{name}: {len(written)} records, {commands} commands")
    with guarded():
        written = [line_of(one) for one in simulate(together, together[-1].at + ON, PARTITIONS)]
    print(f"together: {len(written)} records")


if __name__ == "__main__":
    main()
