"""The names of topics are one enum: nobody else spells them, and a member is in every respect the text that it was."""

import ast
from pathlib import Path

import msgspec
import pytest

from topics.catalog import CATALOG
from topics.names import TopicName
from topics.of_adapters import ADAPTER_TOPICS

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("streams", "topics") for path in (ROOT / package).rglob("*.py"))
WORDS = {
    "streams/cli/erase.py": {"contacts"},
    "streams/cli/erasing_told.py": {"contacts"},
    "streams/cli/export.py": {"campaigns"},
    "streams/console/why": {"holds", "wrap-up"},
    "streams/console/web/now.py": {"campaigns"},
    "streams/console/web/search.py": {"campaigns"},
    "streams/logic/decisions/lifecycle.py": {"wrap-up"},
    "streams/tables.py": {"contacts"},
}
"""Where a word has the name of a topic: a field of facts, a value of a page, a kind of input, a table."""


def spelled(path: Path) -> set[str]:
    """The names of topics that a module spells, alone or as a part of an f-string or a longer text with a prefix."""
    tree = ast.parse(path.read_text("utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {name for name in TopicName for text in texts if text == name or text.endswith(f"ringback.{name}")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_but_the_enum_spells_the_name_of_a_topic(path):
    name = str(path.relative_to(ROOT))
    words = {word for place, some in WORDS.items() if name.startswith(place) for word in some}
    found = spelled(path) - words
    assert found == (set(TopicName) if name == "topics/names.py" else set())


def test_every_topic_of_the_enum_is_in_the_catalog_and_the_other_way_round():
    assert [*CATALOG, *ADAPTER_TOPICS] == list(TopicName)


@pytest.mark.parametrize("name", TopicName)
def test_a_name_is_its_text_whether_it_is_compared_hashed_printed_or_encoded(name):
    text = name.value
    assert name == text and hash(name) == hash(text) and {text: 1}[name] == 1 and {name: 1}[text] == 1
    assert f"{name}" == str(name) == format(name) == "".join([name]) == text
    assert "ringback." + name == f"ringback.{text}" and type("ringback." + name) is str
    assert msgspec.json.encode({name: [name]}) == msgspec.json.encode({text: [text]})
