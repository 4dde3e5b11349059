"""A value that no worker can read is told by what serializers, converters and encodings make of an event."""

import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.doctor.findings import Check, Finding, Result
from streams.doctor.judgement import batches, clocks, refusals
from streams.doctor.judgement.records import why_refused
from streams.logic.contact.exchange import Arrived, Damage
from tests.doctor.seen import NOW, arrived, topic_of, wrap_up
from tests.topics.strategies import structs
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN
from topics.codec import ErrorCode, encode, value_key
from topics.names import TopicName

TEXT = wrap_up()
LATIN = wrap_up(contact_id="c1", disposition="né").replace(b"\\u00e9", b"\xe9")
VALUES: list[tuple[str, bytes | None, str, str]] = [
    ("null", None, "no value", "kcat"),
    ("empty", b" ", "empty", "tombstone"),
    ("avro", b"\0\0\0\0\x07\x02\x04abc", "Avro or Protobuf", "JSON"),
    ("protobuf", b"\0\0\0\0\x07\0\x0a\x03abc", "Avro or Protobuf", "JSON"),
    ("gzip", gzip.compress(TEXT), "compressed by the program", "compression.type"),
    ("zstd", b"\x28\xb5\x2f\xfd" + TEXT, "compressed by the program", "compression.type"),
    ("java", b"\xac\xed\x00\x05t\x00\x04", "serialized Java object", "StringSerializer"),
    ("mark", b"\xef\xbb\xbf" + TEXT, "byte order mark", "utf-8-sig"),
    ("utf-16", TEXT.decode().encode("utf-16"), "UTF-16", "UTF-8"),
    ("utf-16 without a mark", TEXT.decode().encode("utf-16-be"), "UTF-16", "UTF-8"),
    ("latin-1", LATIN, "another encoding than UTF-8", "UTF-8"),
    ("twice", json.dumps(TEXT.decode()).encode(), "encoded twice", "json.dumps once"),
    ("base64", base64.b64encode(TEXT), "Base64", "the JSON itself"),
    ("base64 in JSON", json.dumps(base64.b64encode(TEXT).decode()).encode(), "Base64", "the JSON itself"),
    ("list", b"[" + TEXT + b"]", "a JSON list", "a record for each event"),
    ("connect", b'{"schema":{"type":"struct"},"payload":' + TEXT + b"}", "schema around it", "schemas.enable=false"),
    ("debezium", b'{"before":null,"after":' + TEXT + b',"op":"c"}', "Debezium", "ExtractNewRecordState"),
    ("cloud event", b'{"specversion":"1.0","type":"t","source":"s","id":"1","data":' + TEXT + b"}", "structured mode",
     "binary mode"),
    ("no JSON", b"wrap-up of c1", "no JSON object", "one JSON object"),
    ("bytes", b"\xff\x00\xfe\x01", "no JSON object", "one JSON object"),
    ("field missing", b'{"event_id":"w1"}', "missing required field `occurred_at`", "docs/contract/schemas"),
    ("field wrong", wrap_up(phone_number=7), "invalid: Expected `str`", "docs/contract/schemas"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "what", "cure"), [one[1:] for one in VALUES], ids=[one[0] for one in VALUES])
def test_a_value_that_cannot_be_read_is_told_with_its_cure(value: bytes | None, what: str, cure: str) -> None:
    (finding,) = refusals.judge_values([topic_of([arrived(value)])])
    assert (finding.check, finding.result, finding.examples) == (Check.VALUES, Result.PROBLEM, ("x.wrap-up-0@0",))
    assert what in finding.seen and cure in (finding.change or ""), finding
    assert refusals.judge_keys([topic_of([arrived(value)])])[0].result is Result.COULD_NOT_LOOK


def test_json_behind_the_bytes_of_a_schema_registry_is_good_and_headers_of_cloud_events_are_counted() -> None:
    framed = arrived(b"\0\0\0\0\x07" + TEXT, headers=(("ce_id", b"1"), ("content-type", b"application/json")))
    (finding,) = refusals.judge_values([topic_of([framed, arrived(TEXT, offset=1)])])
    assert finding.result is Result.OK and finding.figures == {"records": 2, "cloud_events": 1, "framed": 1}
    assert finding.seen == "2 records can be read, 1 with headers of CloudEvents, 1 framed for a schema registry"


def test_a_cell_that_does_not_fit_is_a_warning_since_the_rest_counts() -> None:
    value = b'{"contact_list_id":"L","contact_id":"c1","callable":"perhaps"}'
    (finding,) = refusals.judge_values([topic_of([arrived(value, topic=TopicName.CONTACTS)], TopicName.CONTACTS)])
    assert (finding.result, finding.figures["code"]) == (Result.WARNING, "invalid_cell")


def test_a_path_is_told_and_no_value_of_the_record() -> None:
    (finding,) = refusals.judge_values([topic_of([arrived(wrap_up(phone_number="+1 (212) 555-0199"))])])
    assert "$.phone_number" in finding.seen and "555" not in repr(finding)


def judged(records: list[Arrived], name: TopicName) -> list[Finding]:
    topic = topic_of(records, name)
    readable = {"none": True, "zstd": True}
    return [
        *refusals.judge_keys([topic]), *refusals.judge_values([topic]), *clocks.of_senders([topic]),
        *batches.judge([topic], readable),
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS])
@given(st.data())
def test_garbage_is_told_and_never_raises(name: TopicName, data: st.DataObject) -> None:
    several = data.draw(
        st.lists(
            st.tuples(st.binary(max_size=80) | st.none(), st.binary(max_size=80) | st.none(), st.integers(-1, 2**62))
        )
    )
    records = [arrived(value, key, name, 0, offset, timestamp_ms=at) for offset, (key, value, at) in enumerate(several)]
    found = judged(records, name)
    bad = sum(why_refused(one, NOW) is not None for one in records)
    assert bad == 0 or any(one.result in (Result.PROBLEM, Result.WARNING) for one in found)


@pytest.mark.parametrize("name", CONFIGURATION_TOPICS)
@given(st.data())
def test_a_good_record_of_configuration_is_none_of_it(name: TopicName, data: st.DataObject) -> None:
    value: Any = data.draw(structs(CATALOG[name].values[0]))
    record = arrived(encode(value), value_key(name, value).encode(), name, 0, at=getattr(value, "occurred_at", NOW))
    refused = why_refused(record, NOW)
    by_a_bound = (ErrorCode.INVALID, ErrorCode.INVALID_CELL, ErrorCode.TOO_OLD)
    assert refused is None or refused.code in by_a_bound


def test_a_damaged_record_is_a_matter_of_batches_alone() -> None:
    damaged = arrived(None, None, damage=Damage(ErrorCode.DAMAGED, "The checksum of the batch is wrong"))
    found = [
        one for one in judged([arrived(wrap_up(), offset=1), damaged], TopicName.WRAP_UP) if one.result is not Result.OK
    ]
    assert [(one.check, one.seen) for one in found] == [
        (Check.CODECS, "1 place with records that cannot be decoded: the checksum of the batch is wrong")
    ]


def test_an_event_of_last_month_is_measured_by_the_day_on_which_it_was_sent() -> None:
    then = NOW - timedelta(days=40)
    old = arrived(wrap_up(ago=timedelta(days=40)), at=then)
    assert why_refused(old, NOW) is None
    late = why_refused(arrived(wrap_up(ago=timedelta(days=40))), NOW)
    assert late is not None and late.code is ErrorCode.TOO_OLD
