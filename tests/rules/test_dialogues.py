"""Every scenario reads as the dialogue beside it: each record is mentioned there, and no other is."""

from pathlib import Path

import pytest

from tests.rules.difference import MARK, difference
from tests.rules.scenario import SCENARIOS, changed, with_dialogues


@pytest.mark.parametrize("path", with_dialogues(), ids=lambda path: path.stem)
def test_a_scenario_says_what_its_dialogue_says_and_nothing_else(path: Path) -> None:
    if found := changed(path):
        pytest.fail(
            f"{path.name}: - expected, + came\n{found}\n\n"
            f"If this is meant: `python -m tests.rules.dialogues {path.stem}`, and look at the diff",
            pytrace=False,
        )


def test_every_dialogue_belongs_to_a_scenario() -> None:
    assert {path.stem for path in SCENARIOS.glob("*.txt")} == {path.stem for path in with_dialogues()}


def test_a_record_that_the_dialogue_does_not_mention_is_a_difference() -> None:
    assert difference(["a", "c"], ["a", "b", "c"]) == f"  a\n+ b\n  {MARK}\n  c"
    assert difference(["a"], ["a", "b"]) == f"  a\n+ b\n  {MARK}"


def test_a_record_that_is_mentioned_and_does_not_come_is_a_difference() -> None:
    assert difference(["a", "b", "c"], ["a", "c"]) == f"  a\n- b\n  {MARK}\n  c"
    assert difference(["a"], []) == f"- a\n  {MARK}"


def test_the_mark_stands_below_the_first_character_that_differs_and_nowhere_else() -> None:
    assert difference(["k1, due 15:00", "x", "end"], ["k1, due 15:10", "x", "End"]).splitlines() == [
        "- k1, due 15:00",
        "+ k1, due 15:10",
        f"  {11 * ' '}{MARK}: expected 'due 15:00', came 'due 15:10'",
        "  x",
        "- end",
        "+ End",
    ]


def test_records_that_change_places_are_a_difference() -> None:
    assert MARK in difference(["a", "b"], ["b", "a"])


def test_a_dialogue_that_is_the_same_is_no_difference() -> None:
    assert difference(["a", "b"], ["a", "b"]) == "" == difference([], [])
