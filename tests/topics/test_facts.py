"""Facts are what their types say and what docs/contract.md says: of each check, and of each way to a transition."""

import json
import re
from typing import Any

import msgspec
import pytest
from msgspec import Struct, inspect

from tests.topics.contract import Field, cells_of, examples, fields_of, stated_kind, table, words
from tests.topics.test_contract import SECTIONS
from tests.topics.written import answers, lifecycle_records
from topics.check_facts import PlacementFacts
from topics.facts import LifecycleFacts
from topics.facts_of import FACTS_OF
from topics.records import Transition

LIFECYCLE = SECTIONS["Facts of a transition"]
ALL = {kind for kinds in FACTS_OF.values() for kind in kinds}


# ---- the page


def lifecycle_fields() -> dict[str, list[Field]]:
    """By path, the fact in each struct that has it. What stands in `checks` is the page's section on answers."""
    found: dict[str, list[Field]] = {}
    for kind in ALL:
        for path, field in fields_of(kind).items():
            if not path.startswith("checks."):
                found.setdefault(path, []).append(field)
    return found


def hold(cells: dict[str, dict[str, str]], fields: dict[str, list[Field]]) -> None:
    """The rows of a table of facts are the fields of the types, each with its type and its words."""
    assert set(cells) == set(fields) - {f"{path}[]" for path in fields}
    for path, row in cells.items():
        (kind,) = {field.kind for field in fields[path]}
        (known,) = {field.words for field in fields[path]}
        assert stated_kind(row["type"], known) == kind, path
        assert set(words(row["type"])) == known, path


def test_the_page_has_every_fact_of_an_answer_with_its_type() -> None:
    shown = cells_of(table(SECTIONS["placement-decided"], "fact", "type"), "fact")
    hold(shown, {path: [field] for path, field in fields_of(PlacementFacts).items()})


def test_the_page_says_which_facts_of_an_answer_can_be_null() -> None:
    """One that is left out where there is nothing is never null."""
    shown = cells_of(table(SECTIONS["placement-decided"], "fact", "type"), "fact")
    nullable = {path for path, row in shown.items() if row["type"].endswith(" or null")}
    fields = fields_of(PlacementFacts)
    assert nullable == {path for path in shown if fields[path].null and not fields[path].left_out}


def test_the_page_has_every_way_to_a_transition_with_its_facts_in_their_order() -> None:
    shown = table(LIFECYCLE, "transition", "when", "facts, in this order")
    said = [(words(transition)[0], words(facts)) for transition, _, facts in shown.rows]
    known = [(transition, kind) for transition, kinds in FACTS_OF.items() for kind in kinds]
    assert said == [(transition, [*names(kind)][:-1]) for transition, kind in known]
    assert {[*names(kind)][-1] for kind in ALL} == {"left_open_by"}
    # Where a transition has several, the page tells them apart.
    assert len({row[:2] for row in shown.rows}) == len(known)


def names(kind: type[Struct]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


def test_the_page_has_every_fact_of_a_transition_with_its_type() -> None:
    hold(cells_of(table(LIFECYCLE, "fact", "type"), "fact"), lifecycle_fields())


def test_no_fact_of_a_transition_is_ever_null() -> None:
    for kind in ALL:
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        assert all(fields_of(kind)[field.encode_name].null <= (field.default is None) for field in info.fields)
    assert "null" not in {word for row in table(LIFECYCLE, "fact", "type").rows for word in re.split(r"\W+", row[1])}


# ---- what is written


def is_exactly(facts: dict[str, Any], kind: type[Struct]) -> bool:
    """Whether a struct of this kind is written so: the same facts, in the same order."""
    text = json.dumps(facts)
    try:
        return json.dumps(json.loads(msgspec.json.encode(msgspec.json.decode(text, type=kind)))) == text
    except msgspec.ValidationError:
        return False


def test_every_record_that_a_scenario_writes_has_the_facts_of_its_transition_and_every_struct_is_written() -> None:
    seen: set[type[LifecycleFacts]] = set()
    for record in lifecycle_records():
        kinds = [kind for kind in FACTS_OF[record["transition"]] if is_exactly(record["facts"], kind)]
        assert kinds, (record["transition"], record["facts"])
        seen.update(kinds)
    assert seen == ALL


def test_every_answer_that_a_scenario_writes_has_the_facts_of_the_checks() -> None:
    assert len(answers()) > 100
    assert [one["facts"] for one in answers() if not is_exactly(one["facts"], PlacementFacts)] == []


def test_every_transition_has_its_facts() -> None:
    assert list(FACTS_OF) == list(Transition)


def test_facts_cannot_be_changed_and_those_of_nothing_are_empty() -> None:
    (due,) = FACTS_OF[Transition.DUE]
    assert msgspec.json.encode(due()) == b"{}"
    with pytest.raises(AttributeError):
        due().left_open_by = "w1"  # type: ignore[misc]


@pytest.mark.parametrize("section", ["placement-decided", "callback-lifecycle"])
def test_the_facts_in_an_example_of_the_page_are_those_of_its_type(section: str) -> None:
    (example,) = examples(SECTIONS[section])
    record = json.loads(example)
    kinds = FACTS_OF[record["transition"]] if "transition" in record else (PlacementFacts,)
    assert any(is_exactly(record["facts"], kind) for kind in kinds)
