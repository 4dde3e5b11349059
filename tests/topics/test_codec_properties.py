"""Properties of the codec: what is written can be read, and no bytes whatever do harm."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.topics.strategies import structs
from tests.topics.test_golden import FILES, topic_of
from topics.catalog import CATALOG
from topics.codec import BadEvent, decode, encode

SECRET = "Zq7"
VALUED = sorted(name for name, topic in CATALOG.items() if topic.values)
STRUCTS = [(name, value) for name in VALUED for value in CATALOG[name].values]

secrets = st.text(max_size=20).map(lambda text: SECRET + text + SECRET)
hostile_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | secrets,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(secrets | st.just("type"), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and index in a JSON value where something could be put instead."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for at, child in inner for place in [(value, at), *places(child)]]


def outcome(topic: str, raw: bytes) -> Struct | BadEvent:
    try:
        return decode(topic, raw)
    except BadEvent as bad:
        return bad


@pytest.mark.parametrize(("topic", "kind"), STRUCTS, ids=lambda of: getattr(of, "__name__", of))
def test_what_is_written_is_read_back_as_it_was(topic: str, kind: type[Struct]) -> None:
    @settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
    @given(structs(kind))
    def holds(value: Struct) -> None:
        assert decode(topic, encode(value)) == value

    holds()


@settings(deadline=None)
@given(st.sampled_from(VALUED), st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_bad_event(topic: str, raw: bytes) -> None:
    outcome(topic, raw)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.integers(0), st.integers(0, 8), st.binary(max_size=8))
def test_a_damaged_event_is_an_event_or_a_bad_event(file: Any, at: int, length: int, damage: bytes) -> None:
    raw = file.read_bytes()
    at %= len(raw)
    outcome(topic_of(file), raw[:at] + damage + raw[at + length :])


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(FILES), st.integers(0), hostile_json)
def test_a_refusal_never_repeats_a_value_or_a_name_from_the_event(file: Any, at: int, planted: Any) -> None:
    value = json.loads(file.read_bytes())
    container, index = places(value)[at % len(places(value))]
    container[index] = planted
    result = outcome(topic_of(file), json.dumps(value).encode())
    if isinstance(result, BadEvent):
        assert SECRET not in str(result)
        assert SECRET not in repr(result)
