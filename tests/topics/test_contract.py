"""docs/contract.md says what the types say: no field, word or code is missing on the page, and none is too many."""

import json
import re
from typing import Any

import pytest
from msgspec import Struct

from tests.topics.contract import (
    PAGE,
    Field,
    Table,
    cells_of,
    examples,
    fields_of,
    named_once,
    sections,
    stated_kind,
    table,
    tables,
    words,
)
from tests.topics.written import lifecycle_records
from topics.catalog import CATALOG
from topics.codec import ErrorCode, decode, encode
from topics.names import TopicName
from topics.records import PLACEMENT_REASONS, Reason, Transition
from topics.rules import Action, Condition, Operator
from topics.topic import DAY_MS, FOREVER_MS, Cleanup, Direction

TEXT = PAGE.read_text("utf-8")
SECTIONS = sections(TEXT)

SECTION_OF = {name: "dial-preview and dial-analysis" if name.startswith("dial-") else name.value for name in TopicName}
WITH_VALUES = [topic.name for topic in CATALOG.values() if topic.values]


def stated(name: TopicName) -> dict[str, dict[str, str]]:
    """By the path of a field, its cells on the page by the head of their column; `as in` another topic is looked up."""
    found = cells_of(table(SECTIONS[SECTION_OF[name]], "field", "type"), "field")
    for path, cells in found.items():
        if other := re.search(r"as in `([a-z-]+)`", cells["type"]):
            cells["type"] = stated(TopicName(other[1]))[path]["type"]
    return found


def fields_on_topic(name: TopicName) -> dict[str, list[Field]]:
    """By path, the field in each struct that a value of the topic may be."""
    found: dict[str, list[Field]] = {}
    for value in CATALOG[name].values:
        for path, field in fields_of(value).items():
            found.setdefault(path, []).append(field)
    return found


FREE = ("facts",)
"""What stands below these has tables of its own."""


@pytest.mark.parametrize("name", WITH_VALUES)
def test_the_page_has_every_field_of_a_topic_and_no_other(name: TopicName) -> None:
    expected = {path for path in fields_on_topic(name) if not path.startswith(tuple(f"{one}." for one in FREE))}
    assert set(stated(name)) == expected - {f"{one}[]" for one in expected}


@pytest.mark.parametrize("name", WITH_VALUES)
def test_the_page_gives_every_field_its_type_and_its_words(name: TopicName) -> None:
    for path, cells in stated(name).items():
        fields = fields_on_topic(name)[path]
        known = frozenset().union(*(field.words for field in fields))
        given = cells["type"]
        if known:
            assert {word for word in words(given) if word in known or "`" not in word} == known, path
        kind = fields[0].kind
        if not (kind in ("list", "object") and known):
            assert stated_kind(given, known) == kind, (path, given)


@pytest.mark.parametrize("name", [name for name in WITH_VALUES if CATALOG[name].direction is Direction.IN])
def test_the_page_says_of_every_field_that_comes_in_whether_it_is_required(name: TopicName) -> None:
    for path, cells in stated(name).items():
        must, null = fields_on_topic(name)[path][0].must, fields_on_topic(name)[path][0].null
        expected = "yes" if must else "no" if null else "default"
        given = "no" if cells["required"].startswith("with ") else cells["required"]
        assert given == expected, path


@pytest.mark.parametrize("name", [name for name in WITH_VALUES if CATALOG[name].direction is Direction.OUT])
def test_the_page_says_of_every_field_that_goes_out_whether_it_may_be_null(name: TopicName) -> None:
    for path, cells in stated(name).items():
        null = any(field.null for field in fields_on_topic(name)[path])
        assert ("null" in re.split(r"\W+", cells["type"])) is null, path


def test_the_page_says_which_kind_of_event_has_which_field() -> None:
    kinds = {value.__struct_config__.tag: set(fields_of(value)) for value in CATALOG["callback-scheduled"].values}
    for path, cells in stated(TopicName.CALLBACK_SCHEDULED).items():
        having = {str(tag) for tag, fields in kinds.items() if path in fields}
        assert set(cells["in"].split(", ")) == ({"all"} if len(having) == len(kinds) else having), path


def test_the_page_has_every_kind_of_condition_and_of_action_with_its_fields() -> None:
    shown = tables(SECTIONS["rule-sets"])
    for head, union in (("condition `type`", Condition), ("action `type`", Action)):
        (rows,) = [one for one in shown if one.head[0] == head]
        _hold_kinds_against(rows, union.__args__)


def _hold_kinds_against(shown: Table, members: tuple[type[Struct], ...]) -> None:
    by_tag = {str(member.__struct_config__.tag): fields_of(member) for member in members}
    assert named_once(word for cell in shown.column(shown.head[0]) for word in words(cell)) == list(by_tag)
    names = {field for fields in by_tag.values() for field in fields} - {"type", "inverted"}
    for row in shown.rows:
        fields = by_tag[words(row[0])[0]]
        said = {word.removesuffix("[]") for word in words(row[1])}
        assert said & names == set(fields) - {"type", "inverted"}, row[0]
        listed = frozenset().union(*(field.words for path, field in fields.items() if path != "type"))
        # What is neither a field nor a word of one is how a value is written, or where its words stand.
        others = {word for word in said - names if re.fullmatch(r"[a-z_]+", word)}
        assert others in (listed, {"call_analysis"}), row[0]


def test_the_page_has_every_operator() -> None:
    (sentence,) = re.findall(r"^Operators: (.*?)\. ", SECTIONS["rule-sets"], flags=re.DOTALL | re.MULTILINE)
    assert words(sentence) == list(Operator)


# ---- topics

KEYS = {"contact_list_id|contact_id": "contact", "dnc_list_id|phone_number": "DNC entry"}


def test_the_page_has_every_topic_with_its_direction_and_its_key() -> None:
    shown = table(SECTIONS["Topics"], "topic", "direction", "key")
    public = [topic for topic in CATALOG.values() if topic.direction is not Direction.INTERNAL]
    assert {words(row[0])[0] for row in shown.rows} == {topic.name for topic in public}
    for row in shown.rows:
        topic = CATALOG[words(row[0])[0]]
        ways, _, compacted = row[1].partition(", ")
        assert ways.split(" and ")[0] == topic.direction
        assert (compacted == "compacted") is (topic.cleanup is Cleanup.COMPACT)
        key = KEYS.get(topic.key, topic.key)
        assert (words(row[2]) or [row[2].split(",")[0]])[0] == key or not topic.values, topic.name


def test_the_page_says_of_every_topic_how_long_it_is_kept_and_in_how_many_partitions() -> None:
    shown = table(SECTIONS["Topics"], "kept", "topics", "partitions")
    named_once(word for cell in shown.column("topics") for word in words(cell))
    said = {word: (row[0], row[2]) for row in shown.rows for word in words(row[1])}
    kept = {FOREVER_MS: "for ever", None: "the latest record of each key"}
    assert said == {
        topic.name: (
            kept.get(topic.retention_ms) or f"{(topic.retention_ms or 0) // DAY_MS} days",
            "contact" if topic.partitions is None and topic.values else str(topic.partitions or said[topic.name][1]),
        )
        for topic in CATALOG.values()
        if topic.direction is not Direction.INTERNAL
    }


# ---- words and codes


def test_the_page_has_every_error_code() -> None:
    shown = table(SECTIONS["Dead letters that are cut"], "`ringback.error`", "meaning")
    assert named_once(word for cell in shown.column("`ringback.error`") for word in words(cell)) == list(ErrorCode)


def test_the_page_has_every_transition() -> None:
    (sentence,) = re.findall(r"^Transitions: (.*?)\. ", SECTIONS["callback-lifecycle"], flags=re.DOTALL | re.MULTILINE)
    assert words(sentence) == list(Transition)


def test_the_page_has_the_reasons_of_an_answer_in_the_order_in_which_an_answer_names_them() -> None:
    shown = table(SECTIONS["placement-decided"], "reason", "the call is refused because")
    assert named_once(word for cell in shown.column("reason") for word in words(cell)) == list(PLACEMENT_REASONS)


def _reasons_on_the_page() -> dict[str, list[str]]:
    shown = table(SECTIONS["callback-lifecycle"], "transition", "reasons it can have")
    found = {}
    for transition, reasons in shown.rows:
        assert words(transition)[0] in set(Transition)
        found[words(transition)[0]] = [word for word in words(reasons) if word in set(Reason)]
        # A word that is no reason is a topic or a setting of a campaign, and is explained.
        others = set(words(reasons)) - set(Reason)
        assert others <= {*TopicName, *fields_on_topic(TopicName.CAMPAIGNS)}, others
        if "placement-decided" in others:
            found[words(transition)[0]] += PLACEMENT_REASONS
    return found


def test_every_reason_is_on_the_page_of_an_answer_or_of_a_transition() -> None:
    assert {*PLACEMENT_REASONS, *(one for reasons in _reasons_on_the_page().values() for one in reasons)} == set(Reason)


def test_no_scenario_gives_a_transition_a_reason_that_the_page_does_not_give_it() -> None:
    said = {(transition, reason) for transition, reasons in _reasons_on_the_page().items() for reason in reasons}
    seen = {(record["transition"], reason) for record in lifecycle_records() for reason in record["reasons"]}
    assert seen - said == set()
    # Of those of an answer, a block may be for any; of the others each but these is shown by a scenario.
    missing = {pair for pair in said - seen if pair[0] != Transition.BLOCKED}
    assert missing == {
        (Transition.WAITING, Reason.CALLABLE_TIME_SET_UNREADABLE),
        (Transition.RESCHEDULED, Reason.CONTACT_UNREADABLE),
        (Transition.RESCHEDULED, Reason.RULE_SET_UNREADABLE),
        (Transition.RESCHEDULED, Reason.CALLABLE_TIME_SET_UNREADABLE),
    }


# ---- examples


@pytest.mark.parametrize(
    ("name", "example"),
    [(name, example) for name in WITH_VALUES for example in examples(SECTIONS[SECTION_OF[name]])],
    ids=lambda one: one if isinstance(one, TopicName) else "",
)
def test_an_example_of_the_page_is_read_and_comes_back_with_every_field_as_it_was(
    name: TopicName, example: str
) -> None:
    given = json.loads(example)
    written = json.loads(encode(decode(name, example.encode())))
    for field, value in given.items():
        if isinstance(value, str) and re.search(r"[+-]\d\d:\d\d$", value):
            continue  # An instant in another zone comes back in UTC.
        assert _without_nothing(written[field]) == _without_nothing(value), field


def _without_nothing(value: Any) -> Any:
    """Without fields that are null, which a nested struct may have and an example may leave out."""
    if isinstance(value, dict):
        return {name: _without_nothing(one) for name, one in value.items() if one is not None}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value
