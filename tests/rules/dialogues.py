"""Writes the dialogues beside the scenarios anew: `python -m tests.rules.dialogues [BEGINNING...] [--until INSTANT]`.

A dialogue is what a rule says, in the form in which a person checks it: look at the diff before you commit it.
"""

import argparse

from streams.base.zone_data import use_package_zones
from tests.builders import instant
from tests.rules.scenario import expected, spoken, until, with_dialogues


def main() -> None:
    """Write those that have become others, by the zones that tests and the simulator use, and name them."""
    parser = argparse.ArgumentParser(prog="python -m tests.rules.dialogues", description=__doc__)
    parser.add_argument("beginning", nargs="*", help="of the names of scenarios, such as 1.02; all if none is given")
    parser.add_argument("--until", help="let the clock run on to this instant; else as far as the file says already")
    given = parser.parse_args()
    use_package_zones()
    for path in with_dialogues():
        if given.beginning and not path.name.startswith(tuple(given.beginning)):
            continue
        now = spoken(path, instant(given.until) if given.until else until(path))
        if now != expected(path):
            path.with_suffix(".txt").write_text("".join(f"{line}\n" for line in now), "utf-8")
            print(path.with_suffix(".txt").name)


if __name__ == "__main__":
    main()
