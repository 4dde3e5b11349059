"""The checker finds each kind of break, in each message, and lets pass what a reader or a sender does not notice."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from topics.compatibility import Break, breaks, broken_by, channels_broken_by
from topics.contract_files import channels
from topics.messages import MESSAGES, schema_of_message

Json = dict[str, Any]
Change = Callable[[Json], None]

ID = {"type": "string", "minLength": 1, "maxLength": 256}
WORDS = {"enum": ["agent", "rule"]}
OPEN = {"type": "string", "x-extensible-enum": ["due", "waiting"]}


def kind(tag: str, *fields: str) -> Json:
    """An action of this type, with these ids, all required."""
    properties = {"type": {"enum": [tag]}, **dict.fromkeys(fields, ID)}
    return {"type": "object", "properties": properties, "required": list(properties)}


CALL, STOP, WAIT = kind("call", "number"), kind("stop"), kind("wait")
PLAIN: Json = {
    "type": "object",
    "properties": {
        "id": ID,
        "number": {"type": "string", "pattern": "^[0-9]+$"},
        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "rate": {"type": "number", "exclusiveMinimum": 0},
        "origin": {"$ref": "#/$defs/Origin"},
        "word": OPEN,
        "actions": {"type": "array", "items": {"anyOf": [CALL, STOP]}, "maxItems": 5},
        "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object"},
    },
    "required": ["id", "origin", "word"],
    "$defs": {"Origin": WORDS},
}


def field(name: str, **schema: Any) -> Change:
    def change(whole: Json) -> None:
        whole["properties"][name] = schema

    return change


def within(name: str, **more: Any) -> Change:
    def change(whole: Json) -> None:
        whole["properties"][name] = {**whole["properties"][name], **more}

    return change


def without(name: str) -> Change:
    def change(whole: Json) -> None:
        del whole["properties"][name]
        whole["required"] = [one for one in whole["required"] if one != name]

    return change


def required(*names: str) -> Change:
    def change(whole: Json) -> None:
        whole["required"] = list(names)

    return change


def origin(**schema: Any) -> Change:
    def change(whole: Json) -> None:
        whole["$defs"]["Origin"] = schema

    return change


def origins(*words: str) -> Change:
    return origin(enum=list(words))


def growing(*words: str) -> Json:
    return {"type": "string", "x-extensible-enum": list(words)}


def both(*changes: Change) -> Change:
    def change(whole: Json) -> None:
        for one in changes:
            one(whole)

    return change


def actions(*kinds: Json) -> Change:
    return within("actions", items={"anyOf": list(kinds)})


NULL, WHOLE = {"type": "null"}, {"type": "integer"}

NEEDED = ("id", "origin", "word")

BREAKS: list[tuple[str, Change, Break | None, Break | None]] = [
    # What is changed, and what it breaks for a sender of an input and for a reader of an output.
    ("nothing", lambda whole: None, None, None),
    ("prose", within("id", description="another"), None, None),
    ("a field is removed", without("count"), Break.FIELD, Break.FIELD),
    ("a required field is removed", without("id"), Break.FIELD, Break.FIELD),
    ("a field is added", field("more", type="string"), None, None),
    ("a required field is added", both(field("more", type="string"), required(*NEEDED, "more")), Break.REQUIRED, None),
    ("a field becomes required", required(*NEEDED, "count"), Break.REQUIRED, None),
    ("a field is no longer always there", required("id", "origin"), None, Break.OPTIONAL),
    ("another type", field("count", type="string"), Break.KIND, Break.KIND),
    ("a whole number becomes any", field("count", type="number", minimum=1, maximum=9), None, Break.KIND),
    ("any number becomes whole", field("rate", type="integer", exclusiveMinimum=0), Break.KIND, None),
    ("null is taken away", field("at", type="string", format="date-time"), Break.KIND, None),
    ("null is added", field("id", anyOf=[ID, NULL]), None, Break.KIND),
    ("types by list, one fewer", field("at", type=["string"], format="date-time"), Break.KIND, None),
    ("a word is removed", origins("agent"), Break.WORDS, None),
    ("a word is added", origins("agent", "rule", "flow"), None, Break.WORDS),
    ("a text becomes one of some words", field("id", enum=["a", "b"]), Break.WORDS, None),
    ("a text becomes one of words that are too long", field("id", enum=["a" * 257]), Break.WORDS, Break.BOUND),
    ("words become any text", origin(type="string"), None, Break.WORDS),
    ("closed words may grow", origin(**growing("agent", "rule")), None, Break.WORDS),
    ("an open word is added", field("word", **growing("due", "waiting", "gone")), None, None),
    ("an open word is removed", field("word", **growing("due")), Break.WORDS, Break.WORDS),
    ("a longer minimum", within("id", minLength=2), Break.BOUND, None),
    ("a shorter minimum", within("id", minLength=0), None, Break.BOUND),
    ("a shorter maximum", within("id", maxLength=255), Break.BOUND, None),
    ("a longer maximum", within("id", maxLength=257), None, Break.BOUND),
    ("a bound that was not there", within("rate", maximum=5), Break.BOUND, None),
    ("a higher least number", within("count", minimum=2), Break.BOUND, None),
    ("a lower least number", within("count", minimum=0), None, Break.BOUND),
    ("a lower most number", within("count", maximum=8), Break.BOUND, None),
    ("fewer items", within("actions", maxItems=4), Break.BOUND, None),
    ("more items", within("actions", maxItems=6), None, Break.BOUND),
    ("another pattern", within("number", pattern="^[1-9]+$"), Break.PATTERN, Break.PATTERN),
    ("a pattern that was not there", within("id", pattern=r"\S"), Break.PATTERN, None),
    ("a pattern that goes", field("number", type="string"), None, Break.PATTERN),
    ("a format that was not there", within("id", format="uuid"), Break.PATTERN, None),
    ("a kind of action is added", actions(CALL, STOP, WAIT), None, Break.KIND),
    ("a kind of action is removed", actions(CALL), Break.KIND, Break.KIND),
    ("a field of one kind is removed", actions(kind("call"), STOP), Break.FIELD, Break.FIELD),
    ("a field of one kind becomes required", actions(CALL, kind("stop", "why")), Break.REQUIRED, None),
    ("items of any kind", field("actions", type="array", maxItems=5), None, Break.KIND),
    ("attributes of any kind", field("attributes", type="object"), None, Break.KIND),
    ("attributes of another kind", within("attributes", additionalProperties=WHOLE), Break.KIND, Break.KIND),
    ("no further fields", field("free", type="object", additionalProperties=False), Break.KIND, None),
    ("anything", field("count"), None, Break.KIND),
]  # fmt: skip


@pytest.mark.parametrize("is_input", [True, False], ids=["input", "output"])
@pytest.mark.parametrize(("what", "change", "of_input", "of_output"), BREAKS, ids=[one[0] for one in BREAKS])
def test_a_change_breaks_what_it_breaks(
    what: str, change: Change, of_input: Break | None, of_output: Break | None, is_input: bool
) -> None:
    new = copy.deepcopy(PLAIN)
    change(new)
    found = {one.what for one in breaks("m", PLAIN, new, is_input=is_input)}
    expected = of_input if is_input else of_output
    assert (expected in found) if expected else found == set(), found


def test_a_finding_says_where_it_is() -> None:
    new = copy.deepcopy(PLAIN)
    actions(kind("call"), STOP)(new)
    (found,) = breaks("m", PLAIN, new, is_input=True)
    assert str(found) == "m $.actions[].number: field removed: it is not there any more"


# ---- with the messages that there are

SCHEMAS = {name: schema_of_message(message) for name, message in MESSAGES.items()}


def objects_in(schema: Json) -> Iterator[Json]:
    """Every object with fields, of the schema and its definitions."""
    for one in (schema, *schema.get("$defs", {}).values()):
        if "properties" in one:
            yield one


@pytest.mark.parametrize("name", MESSAGES)
def test_each_field_of_each_message_is_missed_and_each_new_requirement_noticed(name: str) -> None:
    old, is_input = SCHEMAS[name], MESSAGES[name].is_input
    assert breaks(name, old, old, is_input=is_input) == []
    fields = 0
    for at, one in enumerate(objects_in(old)):
        for taken in one["properties"]:
            new = copy.deepcopy(old)
            changed = list(objects_in(new))[at]
            del changed["properties"][taken]
            changed["required"] = [other for other in changed.get("required", ()) if other != taken]
            found = {finding.what for finding in breaks(name, old, new, is_input=is_input)}
            # The word by which kinds of objects are told apart: without it they are of no kind.
            assert found & {Break.FIELD, Break.KIND}, taken
            fields += 1
        new = copy.deepcopy(old)
        changed = list(objects_in(new))[at]
        changed["properties"]["added"] = {"type": "string"}
        assert breaks(name, old, new, is_input=is_input) == []
        changed["required"] = [*changed.get("required", ()), "added"]
        assert bool(breaks(name, old, new, is_input=is_input)) is is_input
    assert fields >= 2


@pytest.mark.parametrize("name", MESSAGES)
def test_each_word_of_each_message_is_missed_where_it_was_promised(name: str) -> None:
    old, is_input = SCHEMAS[name], MESSAGES[name].is_input
    for definition, one in old.get("$defs", {}).items():
        for key in ("enum", "x-extensible-enum"):
            if key not in one:
                continue
            fewer, more = copy.deepcopy(old), copy.deepcopy(old)
            fewer["$defs"][definition][key] = one[key][1:]
            more["$defs"][definition][key] = [*one[key], "a_new_word"]
            assert bool(breaks(name, old, fewer, is_input=is_input)) is (is_input or key != "enum")
            assert bool(breaks(name, old, more, is_input=is_input)) is (not is_input and key == "enum")


def test_a_message_that_goes_is_missed_and_one_that_comes_is_not() -> None:
    fewer = {name: schema for name, schema in SCHEMAS.items() if name != "holds"}
    (found,) = broken_by(SCHEMAS, fewer, SCHEMAS)
    assert (found.message, found.what) == ("holds", Break.MESSAGE)
    assert broken_by(fewer, SCHEMAS, SCHEMAS) == []


@pytest.mark.parametrize("what", ["direction", "key", "cleanup"])
def test_a_topic_that_goes_another_way_has_another_key_or_is_kept_otherwise_is_noticed(what: str) -> None:
    old = channels()
    new = json.loads(json.dumps(old))
    new["wrap-up"][what] = "another"
    (found,) = channels_broken_by(old, new)
    assert (found.message, found.path, found.what) == ("wrap-up", what, Break.CHANNEL)
    del new["wrap-up"]
    assert {one.message for one in channels_broken_by(old, new)} == {"wrap-up"}
    assert channels_broken_by({}, new) == []
