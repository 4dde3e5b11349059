"""What serializers of schema registries put before a value is passed over, on every way that a value is read."""

import json
import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from streams.console.actions.dead_letters import with_field
from streams.console.trial.exported import Exported, line_of
from streams.console.view.ingest.reading import about, mapping
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.intake import place_of, read_event, type_of
from tests.topics.examples import CAMPAIGN, SCHEDULED, WRAP_UP
from topics.codec import BadEvent, ErrorCode, decode, decode_cells, decode_or_none
from topics.framing import is_framed, unframed

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
GUID = UUID("6f1c2b7e-2a9d-4c38-96e1-f0a27d953c14").bytes
CONFLUENT = struct.pack(">bI", 0, 100_017)
APICURIO_2 = struct.pack(">bQ", 0, 4711)
CONFLUENT_GUID = b"\x01" + GUID
GLUE = b"\x03\x00" + GUID
PREFIXES = [CONFLUENT, APICURIO_2, CONFLUENT_GUID, GLUE, struct.pack(">bI", 0, 0x7B7B7B7B), struct.pack(">bQ", 0, 0x7B)]

AVRO = b"\x08w-17\x00\x02L"
PROTOBUF = b"\x00\x0a\x04w-17\x12\x01L"


def as_json(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix[:9].hex())
@pytest.mark.parametrize("how", [{"separators": (",", ":")}, {"indent": 2}], ids=["compact", "indented"])
def test_a_framed_value_is_read_as_the_one_behind_the_frame(prefix: bytes, how: dict[str, Any]) -> None:
    for topic, plain in (("wrap-up", WRAP_UP), ("callback-scheduled", SCHEDULED), ("campaigns", CAMPAIGN)):
        value = as_json(plain, **how)
        assert unframed(prefix + value) == value
        assert decode(topic, prefix + value) == decode(topic, value)
        assert decode_cells(topic, prefix + value) == decode_cells(topic, value)
        assert decode_or_none(topic, prefix + value) == decode_or_none(topic, value)


def test_a_cell_that_does_not_fit_is_mended_behind_a_frame_too() -> None:
    bad = as_json({**CAMPAIGN, "status": "sideways"})
    assert decode_cells("campaigns", CONFLUENT + bad)[0] == decode_cells("campaigns", bad)[0]
    assert decode_or_none("campaigns", CONFLUENT + bad) == decode_or_none("campaigns", bad)


@pytest.mark.parametrize("payload", [AVRO, PROTOBUF, b"", b'"a text"', b"[1]"], ids=repr)
@pytest.mark.parametrize("prefix", PREFIXES[:4], ids=lambda prefix: prefix[:9].hex())
def test_avro_and_protobuf_are_refused_in_words_that_name_the_frame(prefix: bytes, payload: bytes) -> None:
    for read in (decode, decode_cells):
        with pytest.raises(BadEvent) as refused:
            read("wrap-up", prefix + payload)
        assert refused.value.code is ErrorCode.UNDECODABLE
        assert "Framed for a schema registry" in refused.value.message and "Avro" in refused.value.message
    assert decode_or_none("campaigns", prefix + payload) is None


def test_json_that_is_broken_behind_a_frame_is_refused_as_it_is_without() -> None:
    with pytest.raises(BadEvent) as refused:
        decode("wrap-up", CONFLUENT + as_json(WRAP_UP)[:-1])
    assert refused.value.code is ErrorCode.UNDECODABLE and "Framed" not in refused.value.message


@pytest.mark.parametrize("value", [b"", b"\0", b"{}", b" {}", b"null", b"\0\0\0\0\1", b"\2\0\0\0\1{}"], ids=repr)
def test_what_has_no_frame_stays_as_it_is(value: bytes) -> None:
    assert unframed(value) is value


def test_what_is_shorter_than_a_frame_has_none() -> None:
    assert is_framed(CONFLUENT) and not is_framed(CONFLUENT[:-1]) and not is_framed(b"{}") and not is_framed(b"")


def arrived(key: bytes, value: bytes, topic: str = "wrap-up") -> Arrived:
    return Arrived(topic, 0, 7, key, value, int(NOW.timestamp() * 1000))


def test_an_event_is_taken_in_whatever_stands_before_its_value() -> None:
    event = {**WRAP_UP, "occurred_at": NOW.isoformat()}
    framed = arrived(b"L|c1", CONFLUENT + as_json(event))
    plain = arrived(b"L|c1", as_json(event))
    assert read_event(framed, partitions=1, key_is_known=False, now=NOW) == read_event(
        plain, partitions=1, key_is_known=False, now=NOW
    )
    assert place_of(framed).event_id == "w1"
    assert type_of(arrived(b"L|c1", CONFLUENT + as_json(SCHEDULED), "callback-scheduled")) == "scheduled"


@pytest.mark.parametrize("key", [CONFLUENT + b'"L|c1"', CONFLUENT + b"L|c1", APICURIO_2 + b"L|c1"])
def test_a_framed_key_is_refused_in_words_that_say_so(key: bytes) -> None:
    event = {**WRAP_UP, "occurred_at": NOW.isoformat()}
    with pytest.raises(BadEvent) as refused:
        read_event(arrived(key, as_json(event)), partitions=1, key_is_known=False, now=NOW)
    assert refused.value.code is ErrorCode.WRONG_KEY and "plain text" in refused.value.message


def test_console_and_export_read_behind_a_frame() -> None:
    value = as_json(WRAP_UP, separators=(",", ":"))
    assert mapping(CONFLUENT + value) == WRAP_UP
    assert about(CONFLUENT + value) == about(value)
    framed, plain = (Exported("wrap-up", 0, 1, 5, b"L|c1", one) for one in (CONFLUENT + value, value))
    assert line_of(framed, NOW) == line_of(plain, NOW)


def test_a_field_is_changed_behind_a_frame_that_stays() -> None:
    value = as_json(WRAP_UP)
    assert with_field(CONFLUENT + value, "campaign_id", "Q") == CONFLUENT + with_field(value, "campaign_id", "Q")
