"""A change of the program that is no change of a rule leaves every byte that a scenario writes as it was."""

from pathlib import Path

import pytest

from tests.rules.scenario import changed, paths
from tests.rules.stored import stored, written

STORED = stored()


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_a_scenario_writes_what_it_wrote_when_it_was_stored(path: Path) -> None:
    assert path.stem in STORED, "a new scenario: `python -m tests.rules.stored` stores what it writes"
    print(changed(path))  # Shown if the test fails, and easier to read than bytes.
    assert written(path) == STORED[path.stem]


def test_what_is_stored_belongs_to_a_scenario() -> None:
    assert set(STORED) == {path.stem for path in paths()}
