"""How deep a value may nest, which is the same on every Python."""

import pytest

from streams.simulator.lines import MalformedLine, parse_line
from topics.codec import BadEvent, ErrorCode, decode
from topics.nesting import NESTING_MAX, refuse_deep

RECORD = b'{"contact_list_id":"L","contact_id":"c","callable":true,"later":%s}'


def nested(depth, opening=b"[", closing=b"]", inside=b""):
    return opening * depth + inside + closing * depth


@pytest.mark.parametrize(("opening", "closing", "inside"), [(b"[", b"]", b""), (b'{"a":', b"}", b"1")])
def test_a_field_that_nobody_reads_may_nest_as_deep_as_the_bound_and_no_deeper(opening, closing, inside):
    decode("contacts", RECORD % nested(NESTING_MAX - 1, opening, closing, inside))
    for depth in (NESTING_MAX, NESTING_MAX + 1, 100_000):
        with pytest.raises(BadEvent) as caught:
            decode("contacts", RECORD % nested(depth, opening, closing, inside))
        assert (caught.value.code, caught.value.path) == (ErrorCode.UNDECODABLE, "$")
        assert caught.value.message == "Nested too deeply"


def test_many_that_stand_side_by_side_are_not_deep():
    refuse_deep(b"[" + b",".join([b"[{}]"] * 10_000) + b"]")


@pytest.mark.parametrize("text", [b'"[[[["', b'"\\"[[["', b'"\\\\"', b'"{\\\\\\"{"', '"é[[["'.encode()])
def test_brackets_in_a_text_are_no_nesting(text):
    refuse_deep(b"[" + b",".join([text] * 10_000) + b"]")
    with pytest.raises(RecursionError):
        refuse_deep(b"[" + b",".join([text] * 100) + b"," + nested(NESTING_MAX) + b"]")


@pytest.mark.parametrize(
    "value", [b"[" * 10_000, b"]" * 10_000, b'"' + b"[" * 10_000, b'"' * 9_999 + b"[" * 1000, b'\\"[' * 999]
)
def test_what_is_no_json_is_undecodable_however_it_nests(value):
    with pytest.raises(BadEvent) as caught:
        decode("contacts", value)
    assert caught.value.code is ErrorCode.UNDECODABLE


def test_the_simulator_reads_what_a_worker_reads():
    line = b'{"topic":"contacts","at":"2026-11-23T15:00:00Z","value":%s}'
    assert parse_line(line % (RECORD % nested(NESTING_MAX - 1)), "here").topic == "contacts"
    with pytest.raises(MalformedLine, match="not JSON"):
        parse_line(line % (RECORD % nested(NESTING_MAX)), "here")
