"""What is written fits its topic: what is cut says what was there, and what need not be cut is whole."""

from datetime import UTC, datetime
from hashlib import sha256

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.kafka.topic_differences import CUT, NEEDED
from streams.logic.contact.exchange import Arrived, Damage, Record
from streams.logic.partition.fitting import CATALOG_LIMITS, HEADERS_KEPT, KEY_KEPT, fitting_value, portions, size_of
from streams.logic.partition.outputs import Outlet, dead_letter
from topics.catalog import CATALOG, NEEDED_TOPICS, Direction
from topics.codec import ErrorCode
from topics.records import CallbackLifecycle, Cause, PlacementDecided, Reason, Transition

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
LEAST = {name: CUT for name in CATALOG}
OWN = {
    "__connect.errors.topic": b"p.wrap-up",
    "__connect.errors.partition": b"3",
    "__connect.errors.offset": b"77",
    "ringback.error": b"invalid",
}


def letter(key: bytes | None, value: bytes | None, headers=(), limits=LEAST, damage: Damage | None = None) -> Record:
    arrived = Arrived("wrap-up", 3, 77, key, value, 5, tuple(headers), damage)
    return dead_letter(arrived, ErrorCode.INVALID, "BadEvent", "what is wrong", Outlet("p.", limits))


def test_a_dead_letter_that_fits_is_whole_and_says_nothing_of_a_cut():
    whole = letter(b"k", b"v" * 30_000, [("a", b"b"), ("c", None)])
    assert (whole.key, whole.value) == (b"k", b"v" * 30_000)
    assert list(whole.headers[:2]) == [("a", b"b"), ("c", None)]
    assert not any(name.startswith("ringback.cut") for name, _ in whole.headers)


@pytest.mark.parametrize("limits", [LEAST, CATALOG_LIMITS])
def test_a_value_that_is_too_large_is_cut_and_its_length_digest_and_place_are_told(limits):
    value = bytes(range(256)) * 40_000
    cut = letter(b"k", value, [("a", b"b")], limits)
    assert limits["dead-letter"] - 2000 < size_of(cut) <= limits["dead-letter"]
    assert cut.value == value[: len(cut.value or b"")] and cut.key == b"k" and cut.headers[0] == ("a", b"b")
    assert dict(cut.headers).items() >= {
        **OWN, "ringback.cut": b"value", "ringback.value.bytes": b"10240000",
        "ringback.value.sha256": sha256(value).hexdigest().encode(),
    }.items()  # fmt: skip


def test_a_key_and_headers_that_are_too_large_are_cut_too_and_the_value_stays_whole_if_it_can():
    key, headers = b"k" * 90_000, [(f"h{number}", b"x" * 100) for number in range(20_000)]
    cut = letter(key, b"value", headers)
    told = dict(cut.headers)
    assert cut.value == b"value" and cut.key == key[:KEY_KEPT] and size_of(cut) <= CUT
    assert told["ringback.cut"] == b"key,headers" and told["ringback.headers.count"] == b"20000"
    assert (told["ringback.key.bytes"], told["ringback.key.sha256"]) == (b"90000", sha256(key).hexdigest().encode())
    kept = [one for one in cut.headers if one[0].startswith("h")]
    assert kept == headers[: len(kept)] and 110 * len(kept) + 200 > HEADERS_KEPT - 200 and told.items() >= OWN.items()


@settings(max_examples=50)
@given(
    key=st.none() | st.binary(max_size=100).map(lambda some: some * 900),
    value=st.none() | st.binary(max_size=100).map(lambda some: some * 900),
    headers=st.lists(st.tuples(st.text(max_size=50).map(lambda some: some * 90), st.none() | st.binary(max_size=9))),
    error=st.sampled_from(ErrorCode),
)
def test_whatever_is_refused_its_dead_letter_fits_and_says_where_it_stood(key, value, headers, error):
    arrived = Arrived("contact-list-cleared", 0, 2**63 - 1, key, value, 0, tuple(headers))
    outlet = Outlet("p" * 200, LEAST)
    written = dead_letter(arrived, error, "C" * 100, "m" * 2000, outlet)
    assert size_of(written) <= CUT
    told = dict(written.headers)
    assert told["__connect.errors.offset"] == str(2**63 - 1).encode() and told["ringback.error"] == error.encode()
    is_whole = (written.key, written.value, written.headers[: len(headers)]) == (key, value, tuple(headers))
    assert is_whole or told["ringback.cut"]


def test_a_value_that_was_cut_when_it_was_read_keeps_the_length_and_digest_of_then():
    damage = Damage(ErrorCode.TOO_LARGE, "large", value_bytes=90_000_000, value_sha256="d1")
    told = dict(letter(b"k", b"beginning", damage=damage).headers)
    assert (told["ringback.value.bytes"], told["ringback.value.sha256"]) == (b"90000000", b"d1")
    assert "ringback.value.sha256" not in dict(
        letter(b"k", b"b", damage=Damage(ErrorCode.TOO_LARGE, "", None, 9)).headers
    )


def test_records_that_were_lost_together_are_one_dead_letter_with_the_first_offset_and_the_last():
    told = dict(letter(None, None, damage=Damage(ErrorCode.DAMAGED, "checksum", first_offset=70)).headers)
    assert (told["__connect.errors.offset"], told["ringback.offset.last"]) == (b"70", b"77")


def decided(facts):
    return PlacementDecided(
        request_id="r", occurred_at=AT, allowed=False, reasons=(Reason.PRE_CALL_RULE,), campaign_id="P",
        contact_list_id="L", contact_id="c", phone_number="+12125550101", facts=facts,
    )  # fmt: skip


def lifecycle(facts):
    return CallbackLifecycle(
        callback_id="k", transition=Transition.CANCELLED, occurred_at=AT, facts=facts, campaign_id="P", cause=Cause()
    )


def test_facts_that_fit_are_whole():
    facts = {"pre_call_rules": [{"rule_id": "r"}] * 100}
    value = orjson.loads(fitting_value("placement-decided", b"k", decided(facts), LEAST))
    assert value["facts"] == facts


def test_an_answer_with_too_many_facts_names_the_first_of_them_all_its_reasons_and_what_was_cut():
    rules = [{"rule_set_id": "R" * 100, "rule_id": f"r{number}", "outcome": "matched"} for number in range(3900)]
    encoded = fitting_value("placement-decided", b"k", decided({"dnc": {"x": 1}, "pre_call_rules": rules}), LEAST)
    value = orjson.loads(encoded)
    assert len(encoded) < CUT and value["reasons"] == ["pre_call_rule"] and value["facts"]["dnc"] == {"x": 1}
    kept = value["facts"]["pre_call_rules"]
    assert kept == rules[: len(kept)] and len(kept) == 100
    assert value["facts"]["cut"]["parts"] == ["pre_call_rules"] and value["facts"]["cut"]["bytes"] > 500_000


def test_a_reason_of_a_megabyte_is_cut_and_the_record_says_so():
    facts = {"actor": "a", "reason": "é" * 500_000, "checks": {"zones": {str(n): ["x" * 100] for n in range(3000)}}}
    encoded = fitting_value("callback-lifecycle", b"k", lifecycle(facts), LEAST)
    value = orjson.loads(encoded)
    assert len(encoded) < CUT and value["facts"]["actor"] == "a" and set(value["facts"]["reason"]) == {"é"}
    assert value["facts"]["cut"]["parts"] == ["reason", "checks.zones"]


def many(some):
    """Fifty times as much, unless it is much already: lists in lists would be more than a machine has memory."""
    return some * 50 if len(orjson.dumps(some)) < 20_000 else some


@settings(max_examples=50)
@given(st.recursive(
    st.none() | st.text() | st.text(min_size=1).map(lambda some: some * 5000) | st.integers(0, 9),
    lambda inner: st.lists(inner).map(many) | st.dictionaries(st.text(), inner), max_leaves=8,
))  # fmt: skip
def test_whatever_the_facts_are_the_record_fits(fact):
    for topic, value in (("callback-lifecycle", lifecycle({"f": fact})), ("placement-decided", decided({"f": fact}))):
        encoded = fitting_value(topic, b"k" * 600, value, LEAST)
        assert size_of(Record(topic, b"k" * 600, encoded)) <= CUT
        facts = orjson.loads(encoded)["facts"]
        assert "cut" in facts or orjson.dumps(facts["f"]) == orjson.dumps(fact)


def test_records_that_go_together_fit_into_a_batch_of_their_topic():
    records = [Record("dead-letter", None, bytes(size)) for size in (10, 50_000, 20_000, 20_000, 5, 70_000)]
    together = list(portions(records, 64 * 1024))
    assert [one for portion in together for one in portion] == records
    assert [len(portion) for portion in together] == [2, 3, 1]


def test_every_topic_that_a_worker_writes_has_a_least_size_that_its_settings_in_the_catalog_exceed():
    written = {name for name, topic in NEEDED_TOPICS.items() if topic.direction is not Direction.IN} | {"dnc-entries"}
    assert set(NEEDED) == written and all(NEEDED[name] < CATALOG_LIMITS[name] for name in NEEDED)
