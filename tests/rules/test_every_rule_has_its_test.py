"""docs/rules-and-tests.md names each rule of docs/rules.md, and everything it names is there."""

import re
from pathlib import Path

from tests.rules.scenario import paths

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "docs" / "rules.md").read_text()
PAGE = (ROOT / "docs" / "rules-and-tests.md").read_text()
TABLES, _, REQUIRED = PAGE.partition("## Required sentences")

NUMBERED = re.compile(r"^\| (\d\.\d+) \|", re.MULTILINE)
DECISIONS = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)
TEST = re.compile(r"`(test_\w+)`")
SCENARIO = re.compile(r"`(\d\.\d\d[a-z]?-[\w-]+)`")


def numbers() -> set[str]:
    """Every rule that docs/rules.md numbers."""
    decisions = RULES.partition("## 8.")[2].partition("### The limits")[0]
    return {*NUMBERED.findall(RULES), *(f"8.{number}" for number in DECISIONS.findall(decisions))}


def named_tests() -> set[str]:
    """Every test of a rule."""
    modules = (path.read_text() for path in (ROOT / "tests" / "rules").glob("test_section*.py"))
    return {name for text in modules for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


def test_every_rule_of_the_rules_is_on_the_page() -> None:
    assert len(numbers()) > 60
    assert numbers() - set(NUMBERED.findall(TABLES)) == set()


def test_every_rule_on_the_page_has_a_test() -> None:
    rows = [line for line in TABLES.splitlines() if NUMBERED.match(line)]
    assert [row for row in rows if not TEST.search(row)] == []


def test_the_page_names_each_test_and_scenario_and_no_other() -> None:
    assert {name for name in TEST.findall(PAGE) if name[5].isdigit()} == {
        name for name in named_tests() if name[5].isdigit()
    }
    assert set(SCENARIO.findall(PAGE)) == {path.stem for path in paths()}


def test_every_rule_with_a_required_part_is_among_the_required_sentences() -> None:
    marked = re.findall(r"^\| (\d\.\d+) \|.*\| R(?:, .*)? \|$", RULES, re.MULTILINE)
    assert len(marked) > 10
    assert set(marked) == set(NUMBERED.findall(REQUIRED))
