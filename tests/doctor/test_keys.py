"""A wrong key is told by what its serializer, separator or encoding made of the right one, and with the cure."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.doctor.findings import Check, Result
from streams.doctor.judgement import refusals
from streams.doctor.judgement.keys import wrong_key
from tests.doctor.seen import arrived, topic_of, wrap_up
from topics.names import TopicName

RIGHT = "L-1|Zoë-7"
FIELDS = {"contact_list_id": "L-1", "contact_id": "Zoë-7", "campaign_id": "P", "event_id": "w1", "phone_number": "+1"}
KEYS: list[tuple[str, bytes | None, str, str]] = [
    ("null", None, "there is no key", "kcat wants -K"),
    ("json text", json.dumps(RIGHT).encode(), "in quotation marks", "StringSerializer"),
    ("json text, escaped", json.dumps(RIGHT, ensure_ascii=False).encode(), "in quotation marks", "StringSerializer"),
    ("json object", json.dumps(FIELDS).encode(), "a JSON object or list", "StringConverter"),
    ("registry", b"\0\0\0\0\x07" + RIGHT.encode(), "framed for a schema registry", "no serializer of a registry"),
    ("avro", b"\0\0\0\0\x07\x06L-1\x10Zo\xc3\xab-7", "framed for a schema registry", "no serializer of a registry"),
    ("java", b"\xac\xed\x00\x05t\x00\x04L|c1", "a serialized Java object", "StringSerializer"),
    ("utf-16", RIGHT.encode("utf-16"), "in UTF-16", "UTF-8"),
    ("utf-16 without a mark", RIGHT.encode("utf-16-le"), "in UTF-16", "UTF-8"),
    ("latin-1", RIGHT.encode("latin-1"), "no text in UTF-8", "UTF-8"),
    ("mark", b"\xef\xbb\xbf" + RIGHT.encode(), "begins with a byte order mark", "utf-8-sig"),
    ("line break", RIGHT.encode() + b"\n", "white space or a zero byte", "strip it"),
    ("zero byte", RIGHT.encode() + b"\0", "white space or a zero byte", "strip it"),
    ("colon", b"L-1:Zo\xc3\xab-7", "with ':' in place of '|'", "with a '|' between them"),
    ("spaces", b"L-1 | Zo\xc3\xab-7", "with ' | ' in place of '|'", "with a '|' between them"),
    ("underscore", b"L-1_Zo\xc3\xab-7", "with '_' in place of '|'", "with a '|' between them"),
    ("encoded", b"L-1%7CZo\xc3\xab-7", "with '%7C' in place of '|'", "with a '|' between them"),
    ("nothing", b"L-1Zo\xc3\xab-7", "without '|'", "with a '|' between them"),
    ("reversed", b"Zo\xc3\xab-7|L-1", "parts in another order", "send {key}"),
    ("contact", b"Zo\xc3\xab-7", "contact_id alone", "send {key}"),
    ("campaign", b"P", "campaign_id alone", "send {key}"),
    ("number", b"+1", "phone_number alone", "send {key}"),
    ("capitals", b"l-1|zo\xc3\xab-7", "other capitals", "as they are"),
    ("form", "L-1|Zoe\u0308-7".encode(), "another Unicode form", "NFC"),
    ("more", b"P|L-1|Zo\xc3\xab-7", "more before or behind", "no more"),
    ("another", b"somebody|else", "another text", "the ids that the value has"),
]


@pytest.mark.parametrize(("key", "what", "cure"), [one[1:] for one in KEYS], ids=[one[0] for one in KEYS])
def test_a_wrong_key_is_told_with_its_cure(key: bytes | None, what: str, cure: str) -> None:
    found = wrong_key(key, RIGHT, FIELDS)
    assert what in found.what and cure in found.cure


@given(st.binary(max_size=60) | st.none(), st.text(max_size=20) | st.none())
def test_any_bytes_have_an_answer_and_no_part_of_an_id_is_in_it(key: bytes | None, expected: str | None) -> None:
    found = wrong_key(key, expected, {"contact_id": "zzzzzz"})
    assert found.what and found.cure and "zzzzzz" not in found.what + found.cure


@given(st.from_regex(r"[A-Za-z0-9]{4,12}", fullmatch=True), st.from_regex(r"\+[0-9]{8,12}", fullmatch=True))
def test_ids_and_numbers_are_never_repeated(first: str, second: str) -> None:
    expected = f"{first}|{second}"
    for key in (f"{first}:{second}", second, f"{second}|{first}", f" {expected}", expected.lower(), f"x{expected}"):
        found = wrong_key(key.encode(), expected, {"contact_list_id": first, "contact_id": second})
        assert second not in found.what + found.cure


def test_keys_are_counted_by_topic_and_way_and_the_right_key_is_named_by_its_fields() -> None:
    good = [arrived(wrap_up(), offset=n) for n in range(5)]
    bad = [arrived(wrap_up(), b"L:c1", offset=10 + n) for n in range(3)] + [arrived(wrap_up(), None, offset=20)]
    first, second = refusals.judge_keys([topic_of(good + bad)])
    assert (first.check, first.result, first.topic) == (Check.KEYS, Result.PROBLEM, "x.wrap-up")
    assert first.seen == "3 of 9 records: the key is the two ids with ':' in place of '|'"
    assert first.change == "send contact_list_id|contact_id, with a '|' between them"
    assert second.seen == "1 of 9 records: there is no key"
    assert first.examples == tuple(f"x.wrap-up-{one.partition}@{one.offset}" for one in reversed(bad[:3]))


def test_a_configuration_record_under_another_key_is_told_with_the_field_of_its_key() -> None:
    value = b'{"campaign_id":"P","dialing_mode":"preview","status":"on","contact_list_id":"L"}'
    records = [arrived(value, b'"P"', TopicName.CAMPAIGNS, 0, 0), arrived(value, b"L", TopicName.CAMPAIGNS, 0, 1)]
    found = refusals.judge_keys([topic_of(records, TopicName.CAMPAIGNS, partitions=1)])
    assert sorted(one.seen for one in found) == [
        "1 of 2 records: the key is contact_list_id alone",
        "1 of 2 records: the key is in quotation marks, as JSON has a text",
    ]
    assert {one.change for one in found if "alone" in one.seen} == {"send campaign_id"}


def test_of_a_compacted_topic_only_the_last_record_of_a_key_counts() -> None:
    from streams.doctor.judgement.records import that_count

    bad = arrived(b"{", b"P", TopicName.CAMPAIGNS, 0, 0)
    good = arrived(
        b'{"campaign_id":"P","dialing_mode":"preview","status":"on","contact_list_id":"L"}',
        b"P",
        TopicName.CAMPAIGNS,
        0,
        1,
    )
    assert that_count(TopicName.CAMPAIGNS, [bad, good]) == [good]
    assert len(that_count(TopicName.CAMPAIGNS, [bad, arrived(b"{", None, TopicName.CAMPAIGNS, 0, 2), good])) == 2
    assert that_count(TopicName.WRAP_UP, [bad, good]) == [bad, good]
