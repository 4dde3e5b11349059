"""Every word of the contract has words for people: members of enums, structs of facts and their fields."""

import inspect
import types
from enum import StrEnum
from typing import get_args, get_type_hints

import msgspec
import pytest

from streams.console.view.model import Standing
from streams.console.why.entries import Entry
from streams.console.why.grounds import Grounds, reason_in_words
from streams.console.why.labels import _ENUMS, LABELS
from streams.console.why.moments import Moments
from streams.console.why.others import _REMOVED, _WORDS, record_in_words
from streams.console.why.refusals import REFUSED
from streams.console.why.sentence import _STANDINGS
from streams.console.why.transitions import WORDS_OF
from streams.console.why.words import OF_ENUMS, REASONS, TRANSITIONS
from tests.builders import instant
from topics import check_facts, facts, rejection_facts, rescheduled_facts
from topics.catalog import CATALOG
from topics.check_facts import FilterOutcome, RuleOutcome
from topics.facts_of import FACTS_OF
from topics.names import TopicName
from topics.records import Reason, Transition

MODULES = (facts, check_facts, rejection_facts, rescheduled_facts)
MOMENTS = Moments.seen(instant("2026-11-23T15:00:00Z"), None)


def structs() -> list[type[msgspec.Struct]]:
    found = {
        one
        for module in MODULES
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, check_facts.Facts)
    }
    return sorted(found, key=lambda one: one.__name__)


def field_types(struct: type[msgspec.Struct]) -> dict[str, list[type]]:
    """By the name that a field has in a record, the classes that its value can be of."""
    hints = get_type_hints(struct)
    return {
        field.encode_name: [one for one in flat(hints[field.name]) if isinstance(one, type)]
        for field in msgspec.structs.fields(struct)
    }


def flat(hint: object) -> list[object]:
    arguments = get_args(hint)
    if arguments and not isinstance(hint, types.GenericAlias | types.UnionType):
        return [hint, *(inner for one in arguments for inner in flat(one))]
    return [inner for one in arguments for inner in flat(one)] if arguments else [hint]


@pytest.mark.parametrize("enum", OF_ENUMS, ids=lambda enum: enum.__name__)
def test_every_member_of_an_enum_has_words_and_no_others_have(enum):
    assert set(OF_ENUMS[enum]) == {member.value for member in enum}
    assert all(words and "_" not in words for words in OF_ENUMS[enum].values())


def test_every_reason_and_every_transition_has_words():
    assert set(REASONS) == set(Reason) and set(TRANSITIONS) == set(Transition)
    assert len(set(REASONS.values())) == len(Reason), "no two reasons read the same"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_without_its_facts_has_words_all_the_same(reason):
    words = reason_in_words(reason, Grounds({}, {}, MOMENTS))
    assert words and "None" not in words and "_" not in words


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__name__)
def test_every_field_of_every_struct_of_facts_has_a_label(struct):
    assert set(field_types(struct)) - set(LABELS) == set()


@pytest.mark.parametrize("struct", structs(), ids=lambda struct: struct.__name__)
def test_every_word_that_a_fact_can_have_is_said_in_words(struct):
    for name, classes in field_types(struct).items():
        enums = {one for one in classes if issubclass(one, StrEnum)} - {RuleOutcome, FilterOutcome}
        assert enums <= set(OF_ENUMS), name
        assert enums in (set(), {_ENUMS.get(name)}), name


def test_every_way_of_every_transition_has_words():
    ways = {transition: set(structs) for transition, structs in FACTS_OF.items()}
    assert set(REFUSED) == ways.pop(Transition.REJECTED)
    assert set(WORDS_OF) == set().union(*ways.values())


def test_every_standing_of_a_callback_has_words():
    assert set(_STANDINGS) == {standing.value for standing in Standing}


def test_no_label_is_of_a_field_that_there_is_not():
    known = {name for struct in structs() for name in field_types(struct)}
    of_answers = {"allowed", "request_id", "campaign_id", "due_at", "cut"}
    assert set(LABELS) - known - of_answers == set()


def test_every_topic_but_the_own_ones_of_workers_has_words():
    assert {topic for topic in TopicName if topic in CATALOG} - set(_WORDS) <= {"callback-lifecycle", "contact-state"}
    nothing = Entry({}, MOMENTS.now, MOMENTS)
    assert all(record_in_words(topic, nothing, removed=True) for topic in TopicName) and _REMOVED
