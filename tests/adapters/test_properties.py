"""Whatever comes, in whatever order: what is written does not depend on it, and what cannot be read is refused."""

import json
import re
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given

from streams.adapters.genesys.envelopes import USED, Kind
from streams.adapters.genesys.shapes import Spoken
from streams.adapters.numbers import e164, to_protect
from streams.adapters.seam import Terms
from tests.adapters.play import Play
from tests.kafka.genesys import after_call_work, of_conversation, outbound
from topics.codec import decode
from topics.fields import PhoneNumber

CONVERSATION = "11111111-2222-4333-8444-555555555555"


def events() -> list[dict[str, Any]]:
    """Of a conversation with two wrap-ups, of two agents, the second told twice by different events."""
    second = after_call_work(CONVERSATION, "SALE", participantId="p2")["detail"]["eventBody"]
    return [
        outbound(CONVERSATION, "c1"),
        after_call_work(CONVERSATION),
        of_conversation("acw", CONVERSATION, **second),
        of_conversation("wrapup", CONVERSATION, **{name: one for name, one in second.items() if name != "userId"}),
    ]


EVENTS = events()


@given(st.permutations(range(len(EVENTS))), st.lists(st.sampled_from(range(len(EVENTS))), max_size=6), st.randoms())
def test_in_any_order_and_however_often_they_come_the_same_wrap_ups_are_written_once(
    order: list[int], repeated: list[int], chance: Any
) -> None:
    heard = order + repeated
    chance.shuffle(heard)
    play = Play("genesys")
    for number in heard:
        play.hear(EVENTS[number])
    assert sorted(one["wrap_up_code"] for one in play.values("wrap-up")) == ["CB", "SALE"]
    assert len({one["event_id"] for one in play.values("wrap-up")}) == 2
    assert play.codes() == [] and play.wait(hours=1000) == [] and len(play.table) == 0


@given(st.permutations(range(3)))
def test_an_event_that_comes_in_other_company_has_the_same_id(order: list[int]) -> None:
    alone, together = Play("genesys"), Play("genesys")
    for number in (0, 1):
        alone.hear(EVENTS[number])
    for number in order:
        together.hear(EVENTS[number])
    (known,) = alone.values("wrap-up")
    assert known["event_id"] in {one["event_id"] for one in together.values("wrap-up")}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
OTHERS = ("id", "participants", "rules", "data", "contactListId", "phoneNumbers", "action")
NAMES = [field.encode_name for field in msgspec.structs.fields(Spoken)]
BODIES = st.dictionaries(st.sampled_from([*NAMES, *OTHERS]), ANY_JSON, max_size=8)


def in_envelope(topic: str, body: Any) -> dict[str, Any]:
    return {"detail-type": topic, "time": "2027-03-09T19:59:30Z", "detail": {"topicName": topic, "eventBody": body}}


ENVELOPES = st.builds(in_envelope, st.sampled_from(sorted(USED)), BODIES | ANY_JSON)


@given(st.lists(ENVELOPES | st.dictionaries(st.text(max_size=8), ANY_JSON, max_size=3), max_size=6))
def test_whatever_is_in_an_envelope_is_written_waits_is_skipped_or_is_refused(records: list[dict[str, Any]]) -> None:
    play = Play("genesys", Terms(region="US", attributes=frozenset({"a"})))
    for record in records:
        play.hear(record)
    play.wait(hours=24)
    assert "internal_error" not in play.codes()
    for one in play.told:
        if one.get("value") not in (None, {"refused_by": "adapter"}) and "topic" in one:
            decode(one["topic"], json.dumps(one["value"]).encode())


@given(st.binary(max_size=64) | st.none())
def test_bytes_that_are_no_json_are_refused_without_a_word_of_them(value: bytes | None) -> None:
    for name in ("genesys", "vicidial"):
        play = Play(name)
        play.hear(value)
        assert play.codes() in (["undecodable"], ["invalid"]) or play.skips()


@given(ENVELOPES, st.text("jqxz", min_size=12, max_size=16))
def test_a_refusal_quotes_no_value(envelope: dict[str, Any], secret: str) -> None:
    body = envelope["detail"]["eventBody"]
    body = body if isinstance(body, dict) else {}
    play = Play("genesys")
    play.hear(envelope | {"detail": envelope["detail"] | {"eventBody": body | dict.fromkeys(body, secret)}})
    said = json.dumps([one for one in play.told if "dead_letter" in one])
    assert secret not in said


@given(
    st.text(max_size=24) | st.from_regex(r"(tel:|sip:)?\+?[0-9 ()./-]{3,20}(@host|;ext=5)?", fullmatch=True),
    st.sampled_from([None, "US", "DE", "GB"]),
)
def test_a_number_is_e164_or_refused(text: str, region: str | None) -> None:
    for found in (e164(text, region), to_protect(text, region)):
        if found is not None:
            msgspec.convert(found, PhoneNumber)
            assert re.search(r"[0-9]", text)


def test_numbers_as_other_systems_write_them() -> None:
    same = (
        "+13125550142",
        "tel:+13125550142",
        "sip:+13125550142@edge.example",
        "+1 (312) 555-0142",
        "TEL:+1-312-555-0142",
    )
    assert {e164(text, None) for text in same} == {"+13125550142"}
    assert {e164(text, "US") for text in ("(312) 555-0142", "13125550142", "312.555.0142")} == {"+13125550142"}
    refused = (
        "",
        None,
        "3125550142",
        "tel:+13125550142;ext=5",
        "+1312",
        "sip:agent@host",
        "1-800-FLOWERS",
        "anonymous",
    )
    assert {e164(text, None) for text in refused} == {None}
    assert e164("000000000000000", "DE") is None
    assert to_protect("13125550142", None) == "+13125550142" and e164("13125550142", None) is None


def test_every_kind_is_reached_by_a_topic() -> None:
    assert set(USED.values()) == set(Kind)
