"""docs/bugs-and-tests.md has a row for each bug, and every test that it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bugs-and-tests.md").read_text("utf-8")
ROWS = {int(row[1]): row[0] for row in re.finditer(r"^\| (\d+) \|.*$", PAGE, re.MULTILINE)}
BUGS = 14
"""As many as the list in the design notes has."""
OF_TELEPHONY = [row[0] for row in re.finditer(r"^\| T\d+ \|.*$", PAGE, re.MULTILINE)]
OF_A_MODEL = [row[0] for row in re.finditer(r"^\| M\d+ \|.*$", PAGE, re.MULTILINE)]


def all_tests() -> set[str]:
    """Every test of the project."""
    modules = (path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in modules for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}


def test_every_bug_of_the_list_has_its_row() -> None:
    assert list(ROWS) == list(range(1, BUGS + 1))


@pytest.mark.parametrize("number", ROWS)
def test_a_row_says_whose_bug_it_was_why_it_cannot_happen_here_and_which_tests_show_it(number: int) -> None:
    _, _, bug, reason, tests, _ = ROWS[number].split("|")
    assert re.search(r"#\d+|KAFKA-\d+", bug) and len(reason) > 40
    assert len(re.findall(r"`test_\w+`", tests)) >= 3


def test_every_row_of_telephony_and_of_the_model_names_a_test() -> None:
    assert len(OF_TELEPHONY) == 24 and len(OF_A_MODEL) == 8
    assert [row for row in OF_TELEPHONY if row.count("|") != 5 or "`test_" not in row] == []
    assert [row for row in OF_A_MODEL if row.count("|") != 4 or "`test_" not in row] == []


def test_every_test_that_is_named_exists() -> None:
    assert set(re.findall(r"`(test_\w+)`", PAGE)) - all_tests() == set()


def test_every_test_of_this_folder_is_named() -> None:
    here = Path(__file__).parent
    modules = (path.read_text("utf-8") for path in here.glob("test_*.py") if path.name != Path(__file__).name)
    names = {name for text in modules for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}
    assert names - set(re.findall(r"`(test_\w+)`", PAGE)) == set()
