"""Words of one project only do not come back: docs, help, messages and docstrings use the field's terms."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
MODULES = [path for package in ("streams", "topics") for path in (ROOT / package).rglob("*.py")]
SUBJECTS = [path for path in (*PAGES, *MODULES) if path.name != "former_names.py"]
"""Not decisions and the changelog, which keep the words of their day, nor the list of former names."""

INSTEAD = {
    r"sets? aside": "quarantined, or a dead letter",
    r"puts? off": "retried with backoff",
    r"tak(?:e|es|en|ing) up|took up": "loaded, or acquired",
    r"shar(?:es|ed|ing) out": "assigned, or a rebalance",
    r"made anew": "recreated",
    r"faults? of ours": "a bug, or an internal error",
    r"looks? after|keeper": "maintenance",
    r"page for machines": "HTTP endpoints",
    r"units? of work": "transaction",
    r"(?<!-)young": "fresh",
}


@pytest.mark.parametrize("word", INSTEAD)
def test_a_private_word_is_nowhere_and_the_fields_term_is_used(word: str) -> None:
    pattern = re.compile(rf"\b(?:{word})\b", re.IGNORECASE)
    found = {str(path.relative_to(ROOT)) for path in SUBJECTS if pattern.search(path.read_text("utf-8"))}
    assert found == set(), f"say {INSTEAD[word]}"


def test_a_term_has_one_row_in_the_glossary() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    terms = [term for row in rows for term in row.split(", ")]
    assert len(terms) > 60 and sorted({term for term in terms if terms.count(term) > 1}) == []
