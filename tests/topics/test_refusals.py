"""What decoding refuses, and that a refusal says where and why without quoting the event."""

import json
from typing import Any

import pytest

from tests.topics.examples import CAMPAIGN, LIMITS, NUMBER, PLACEMENT, SCHEDULED, WRAP_UP, rule_set, slot
from topics.codec import BadEvent, ErrorCode, decode

DEEP = 100_000


def refusal(topic: str, value: bytes | dict[str, Any]) -> BadEvent:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(BadEvent) as caught:
        decode(topic, raw)
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="text"),
        pytest.param(b"\xef\xbb\xbf" + json.dumps(WRAP_UP).encode(), id="byte order mark"),
        pytest.param(json.dumps(WRAP_UP).encode("utf-16"), id="utf-16"),
        pytest.param(json.dumps(WRAP_UP).encode()[:-1], id="cut off"),
        pytest.param(json.dumps(WRAP_UP).encode() + b"{}", id="two values"),
        pytest.param(json.dumps(WRAP_UP).encode().replace(b'"c1"', b'"\xff"'), id="invalid utf-8"),
        pytest.param(json.dumps(WRAP_UP).encode()[:-1] + b',"later":"\xff"}', id="invalid utf-8 in an unknown field"),
        pytest.param(json.dumps(WRAP_UP).encode().replace(b'"c1"', b'"\\ud800"'), id="lone surrogate"),
        pytest.param(json.dumps(WRAP_UP | {"later": float("nan")}).encode(), id="nan"),
        pytest.param(json.dumps(WRAP_UP).encode()[:-1] + b',"contact_id":5,oops}', id="no json after a misfit"),
        pytest.param(b"[" * DEEP + b"]" * DEEP, id="deep root"),
        pytest.param(
            json.dumps(WRAP_UP).encode()[:-1] + b',"later":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}", id="deep"
        ),
    ],
)
def test_what_is_no_json_in_utf_8_is_undecodable(value: bytes) -> None:
    bad = refusal("wrap-up", value)
    assert (bad.code, bad.path) == (ErrorCode.UNDECODABLE, "$")


@pytest.mark.parametrize(
    ("topic", "value", "path"),
    [
        ("callback-scheduled", SCHEDULED | {"type": "postponed"}, "$.type"),
        ("rule-sets", rule_set(conditions=[{"type": "moon"}]), "$.rules[0].conditions[0].type"),
        ("rule-sets", rule_set(actions=[{"type": "sing"}]), "$.rules[0].actions[0].type"),
        ("campaigns", CAMPAIGN | {"contact_filter": [{"type": "moon"}]}, "$.contact_filter[0].type"),
    ],
)
def test_an_unknown_type_is_told_apart(topic: str, value: dict[str, Any], path: str) -> None:
    bad = refusal(topic, value)
    assert (bad.code, bad.path, bad.message) == (ErrorCode.UNKNOWN_TYPE, path, "Unknown type")


@pytest.mark.parametrize(
    ("topic", "value", "path"),
    [
        ("wrap-up", b"null", "$"),
        ("wrap-up", b"[]", "$"),
        ("wrap-up", {k: v for k, v in WRAP_UP.items() if k != "event_id"}, "$"),
        ("wrap-up", WRAP_UP | {"event_id": ""}, "$.event_id"),
        ("wrap-up", WRAP_UP | {"event_id": None}, "$.event_id"),
        ("wrap-up", WRAP_UP | {"event_id": 7}, "$.event_id"),
        ("wrap-up", WRAP_UP | {"event_id": "x" * 257}, "$.event_id"),
        ("wrap-up", WRAP_UP | {"agent_id": "x" * 257}, "$.agent_id"),
        ("wrap-up", WRAP_UP | {"conversation_id": ""}, "$.conversation_id"),
        ("wrap-up", WRAP_UP | {"callback_id": ""}, "$.callback_id"),
        ("wrap-up", WRAP_UP | {"call_analysis": ""}, "$.call_analysis"),
        ("wrap-up", WRAP_UP | {"contact_list_id": "a|b"}, "$.contact_list_id"),
        ("wrap-up", WRAP_UP | {"phone_number": "12125550101"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"phone_number": "+02125550101"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"phone_number": "+12125550101\n"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"phone_number": "+1 212 555 0101"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"phone_number": "+1234567890123456"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"phone_number": "+١٢١٢٥٥٥٠١٠١"}, "$.phone_number"),
        ("wrap-up", WRAP_UP | {"call_analysis": "parrot"}, "$.call_analysis"),
        ("wrap-up", WRAP_UP | {"attributes": {"age": 5}}, "$.attributes[...]"),
        ("wrap-up", WRAP_UP | {"occurred_at": "2026-11-23T15:00:00"}, "$.occurred_at"),
        ("wrap-up", WRAP_UP | {"occurred_at": "2026-11-23"}, "$.occurred_at"),
        ("wrap-up", WRAP_UP | {"occurred_at": 1_795_446_000}, "$.occurred_at"),
        ("wrap-up", WRAP_UP | {"occurred_at": "9999-12-31T23:00:00-10:00"}, "$.occurred_at"),
        ("wrap-up", WRAP_UP | {"occurred_at": "0001-01-01T00:00:00+10:00"}, "$.occurred_at"),
        ("callback-scheduled", {"event_id": "s1"}, "$"),
        ("callback-scheduled", SCHEDULED | {"type": 5}, "$.type"),
        ("callback-scheduled", SCHEDULED | {"owner": "only"}, "$.agent_id"),
        ("callback-scheduled", SCHEDULED | {"owner": "preferred", "agent_id": None}, "$.agent_id"),
        ("callback-scheduled", SCHEDULED | {"owner": "only", "agent_id": " "}, "$.agent_id"),
        ("callback-scheduled", SCHEDULED | {"owner": "", "agent_id": "a7"}, "$.owner"),
        ("callback-scheduled", SCHEDULED | {"source": None}, "$.source"),
        ("placement-requested", PLACEMENT | {"origin": "callback"}, "$.callback_id"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c1", "callable": "yes"}, "$.callable"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c1", "attributes": None}, "$.attributes"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c1", "numbers": [{}]}, "$.numbers[0]"),
        (
            "contacts",
            {"contact_list_id": "L", "contact_id": "c1", "numbers": [NUMBER | {"phone_number": "5550101"}]},
            "$.numbers[0].phone_number",
        ),
        ("campaigns", CAMPAIGN | {"status": "maybe"}, "$.status"),
        ("campaigns", CAMPAIGN | {"rule_set_ids": ["R", " "]}, "$.rule_set_ids[1]"),
        ("campaigns", CAMPAIGN | {"dnc_list_ids": ["\t"]}, "$.dnc_list_ids[0]"),
        ("campaigns", CAMPAIGN | {"callable_time_set_id": "  "}, "$.callable_time_set_id"),
        ("campaigns", CAMPAIGN | {"contact_filter": ""}, "$.contact_filter"),
        ("campaigns", CAMPAIGN | {"attempt_limits": LIMITS | {"time_zone": " "}}, "$.attempt_limits.time_zone"),
        ("campaigns", CAMPAIGN | {"screen_previews": None}, "$.screen_previews"),
        ("campaigns", CAMPAIGN | {"recycle_cancels": ["nobody"]}, "$.recycle_cancels[0]"),
        ("campaigns", CAMPAIGN | {"expire_after_s": 0}, "$.expire_after_s"),
        ("campaigns", CAMPAIGN | {"expire_after_s": 10**400}, "$.expire_after_s"),
        ("campaigns", CAMPAIGN | {"owner_expires_after_s": 3599}, "$.owner_expires_after_s"),
        ("campaigns", CAMPAIGN | {"owner_expires_after_s": 604_801}, "$.owner_expires_after_s"),
        ("campaigns", CAMPAIGN | {"dial_rate_per_s": 0}, "$.dial_rate_per_s"),
        ("campaigns", CAMPAIGN | {"wrap_up_mappings": {"SOLD": ["happy"]}}, "$.wrap_up_mappings[...][0]"),
        (
            "campaigns",
            CAMPAIGN | {"attempt_limits": LIMITS | {"max_attempts_per_contact": 0}},
            "$.attempt_limits.max_attempts_per_contact",
        ),
        (
            "campaigns",
            CAMPAIGN | {"attempt_limits": LIMITS | {"reset_period": "days_31"}},
            "$.attempt_limits.reset_period",
        ),
        ("rule-sets", rule_set(order="1"), "$.rules[0].order"),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offset_minutes": 43_201}]),
            "$.rules[0].actions[0].offset_minutes",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offset_minutes": -1}]),
            "$.rules[0].actions[0].offset_minutes",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback"}]),
            "$.rules[0].actions[0].offset_minutes",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offset_minutes": 5, "offsets_minutes": [5]}]),
            "$.rules[0].actions[0].offset_minutes",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offsets_minutes": []}]),
            "$.rules[0].actions[0].offset_minutes",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offsets_minutes": [5, 43_201]}]),
            "$.rules[0].actions[0].offsets_minutes[1]",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offset_minutes": 5, "at_local_time": "24:01"}]),
            "$.rules[0].actions[0].at_local_time",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "schedule_callback", "offset_minutes": 5, "if_outstanding": "never"}]),
            "$.rules[0].actions[0].if_outstanding",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "cancel_callbacks", "scope": "list", "origins": ["rule"]}]),
            "$.rules[0].actions[0].scope",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "cancel_callbacks", "scope": "contact", "origins": ["campaign"]}]),
            "$.rules[0].actions[0].origins[0]",
        ),
        (
            "rule-sets",
            rule_set(actions=[{"type": "append_to_dnc", "expires_after_days": 0}]),
            "$.rules[0].actions[0].expires_after_days",
        ),
        (
            "rule-sets",
            rule_set(conditions=[{"type": "time_and_date", "time_zone": "UTC", "from": "8:00"}]),
            "$.rules[0].conditions[0].from",
        ),
        (
            "rule-sets",
            rule_set(conditions=[{"type": "phone_number", "operator": "sounds_like", "value": "5"}]),
            "$.rules[0].conditions[0].operator",
        ),
        ("callable-time-sets", slot(day=0), "$.times[0].slots[0].day"),
        ("callable-time-sets", slot(stop="24:01"), "$.times[0].slots[0].stop"),
        ("callable-time-sets", slot(stop="21:00\n"), "$.times[0].slots[0].stop"),
        ("dnc-entries", {"dnc_list_id": "D1", "phone_number": "private"}, "$.phone_number"),
    ],
)
def test_a_value_that_does_not_fit_is_invalid(topic: str, value: bytes | dict[str, Any], path: str) -> None:
    bad = refusal(topic, value)
    assert (bad.code, bad.path) == (ErrorCode.INVALID, path)


def test_a_refusal_says_what_was_expected_but_not_what_was_there() -> None:
    bad = refusal("wrap-up", WRAP_UP | {"call_analysis": "secret - at `$.here`"})
    assert str(bad) == "invalid: Not one of the allowed words (at $.call_analysis)"
    bad = refusal("wrap-up", WRAP_UP | {"attributes": {"secret": ["secret"]}})
    assert str(bad) == "invalid: Expected `str`, got `array` (at $.attributes[...])"
