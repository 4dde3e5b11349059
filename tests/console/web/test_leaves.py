"""Fields of a value are changed one by one, and all else stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from streams.console.web.leaves import NotFitting, leaves, with_changes

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=12,
)
RULE = {"id": "R", "rules": [{"name": "again", "minutes": [5, 30.5], "on": True, "a/b~c": None}]}


@given(VALUES)
def test_fields_that_are_as_they_were_change_nothing(value):
    assert with_changes(value, {one.pointer: one.text for one in leaves(value)}) == value


@given(some.dictionaries(some.text(), some.text(min_size=1), min_size=1), some.data())
def test_one_field_is_changed_and_no_other(value, data):
    name = data.draw(some.sampled_from(sorted(value)))
    (leaf,) = [one for one in leaves(value) if one.pointer == "/" + name.replace("~", "~0").replace("/", "~1")]
    assert with_changes(value, {leaf.pointer: leaf.text + "!"}) == value | {name: value[name] + "!"}


def test_labels_say_where_a_field_stands_in_words():
    assert [one.label for one in leaves(RULE)] == [
        "Id", "Rules 1, Name", "Rules 1, Minutes 1", "Rules 1, Minutes 2", "Rules 1, On", "Rules 1, A/b~c",
    ]  # fmt: skip


def test_a_value_keeps_its_kind():
    changed = with_changes(
        RULE, {"/rules/0/minutes/0": "7", "/rules/0/on": "false", "/rules/0/a~1b~0c": "x", "/id": "7"}
    )
    assert changed == {"id": "7", "rules": [{"name": "again", "minutes": [7, 30.5], "on": False, "a/b~c": "x"}]}


@pytest.mark.parametrize(
    ("pointer", "text"), [("/rules/0/minutes/0", "soon"), ("/rules/0/on", "7"), ("/rules/0/minutes/1", "true")]
)
def test_a_text_of_another_kind_is_refused_by_its_label(pointer, text):
    with pytest.raises(NotFitting, match="Rules 1, "):
        with_changes(RULE, {pointer: text})
