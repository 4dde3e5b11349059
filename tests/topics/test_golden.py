"""The golden examples: one JSON file per version of every struct, never edited, only added."""

import json
from pathlib import Path
from typing import Any

import pytest

from topics.catalog import CATALOG
from topics.codec import decode, encode
from topics.rules import Action, Condition

GOLDEN = Path(__file__).parent.parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))
NEWEST = {file.name.rsplit(".", 2)[0]: file for file in FILES}
"""Of each example the one of the latest version."""
EXACT = [file for file in NEWEST.values() if "minimal" not in file.name]
MINIMAL = [file for file in FILES if file not in EXACT]
"""With fields left out, be it that they came with a later version."""
ABSENT: tuple[Any, ...] = (None, False, [], {}, "end", "add", ["released"], 1)
"""What a field that was left out may come back as: texts are defaults, and 1 is the version of the contract."""


def topic_of(file: Path) -> str:
    return file.name.split(".")[0]


def name_of(file: Path) -> str:
    return file.name


def assert_adds_only_absent_values(given: Any, written: Any) -> None:
    if isinstance(given, dict):
        assert list(given) == [name for name in written if name in given]
        for name, value in written.items():
            if name in given:
                assert_adds_only_absent_values(given[name], value)
            else:
                assert any(value is absent or value == absent for absent in ABSENT), name
    elif isinstance(given, list):
        assert len(given) == len(written)
        for one, other in zip(given, written, strict=True):
            assert_adds_only_absent_values(one, other)
    else:
        assert written == given
        assert type(written) is type(given)


def tags(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["type"]} if isinstance(value.get("type"), str) else set()
        return own.union(*(tags(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(tags(inner) for inner in value))
    return set()


@pytest.mark.parametrize("file", EXACT, ids=name_of)
def test_a_golden_example_comes_back_byte_for_byte_once_its_white_space_is_gone(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    assert encode(decode(topic_of(file), text.encode())).decode() == compact


@pytest.mark.parametrize("file", MINIMAL, ids=name_of)
def test_a_minimal_or_earlier_example_comes_back_with_nothing_but_absent_values_added(file: Path) -> None:
    raw = file.read_bytes()
    written = encode(decode(topic_of(file), raw))
    assert_adds_only_absent_values(json.loads(raw), json.loads(written))
    assert decode(topic_of(file), written) == decode(topic_of(file), raw)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_an_unknown_field_changes_nothing(file: Path) -> None:
    raw = file.read_bytes()
    more = json.dumps(json.loads(raw) | {"added_in_a_later_version": [{"deep": "é"}]}, ensure_ascii=False).encode()
    assert decode(topic_of(file), more) == decode(topic_of(file), raw)


def test_every_struct_of_every_topic_has_a_golden_example() -> None:
    seen = {(topic_of(file), type(decode(topic_of(file), file.read_bytes()))) for file in FILES}
    assert seen == {(topic.name, value) for topic in CATALOG.values() for value in topic.values}


def test_every_kind_of_condition_and_action_has_a_golden_example() -> None:
    known = {member.__struct_config__.tag for union in (Condition, Action) for member in union.__args__}
    assert tags(json.loads(NEWEST["rule-sets.full"].read_bytes())) == known
