"""Docs, rules.md, section 1 (first wrap-up, system codes), section 5, section 8 rows 11 and 23."""

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.passes import called_this_pass, pass_started_at
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.rows import decode_contact, encode_contact
from streams.logic.decisions.decide import decide
from tests.builders import UNKNOWN_NUMBER, Worker, campaign, instant, recycle, rule, scheduled, wrap_up
from tests.builders import contact as contact_record
from topics.codec import decode
from topics.events import WrapUp
from topics.records import Cause

ANY_MODE = ["STUCK-INTERACTION", "CAMPAIGN-FORCED-OFF", "INVALID-AGENT"]
IN_PREVIEW = [
    "INTERNAL-ERROR-SKIPPED",
    "CONTACT-UNCALLABLE-SKIPPED",
    "DNC-SKIPPED",
    "ZONE-BLOCKED-SKIPPED",
    "NUMBER-UNCALLABLE-SKIPPED",
    "CONTACT-ATTEMPT-LIMIT-SKIPPED",
    "NUMBER-ATTEMPT-LIMIT-SKIPPED",
]


def any_code(**changes):
    return rule(conditions=[], **changes)


def contact_after(*events):
    """The contact after these wrap-ups, with campaigns P and P2 configured."""
    configuration = Configuration()
    for offset, name in enumerate(("P", "P2")):
        value = orjson.dumps(campaign(name))
        configuration.apply(Arrived("campaigns", 0, offset, name.encode(), value, 0), instant("2026-11-23T08:00:00Z"))
    contact = None
    for event in events:
        told = decode("wrap-up", orjson.dumps(event))
        assert isinstance(told, WrapUp)
        contact, _ = decide(contact, told, Cause(), configuration, told.occurred_at)
    return contact


@pytest.mark.parametrize("code", ANY_MODE)
@pytest.mark.parametrize("mode", ["preview", "power"])
def test_no_rules_for_system_codes_in_any_mode(code, mode):
    worker = Worker(campaign(dialing_mode=mode, rule_set_ids=["R"]), rules=(any_code(),))
    assert worker.wrap_up(wrap_up(wrap_up_code=f"ININ-OUTBOUND-{code}")).lines == []


@pytest.mark.parametrize("code", IN_PREVIEW)
def test_no_rules_for_skips_in_preview_mode_only(code):
    event = wrap_up(wrap_up_code=f"ININ-OUTBOUND-{code}")
    assert Worker(campaign(dialing_mode="preview", rule_set_ids=["R"]), rules=(any_code(),)).wrap_up(event).lines == []
    assert Worker(rules=(any_code(),)).wrap_up(event).transitions == ["scheduled"]


def test_the_mode_that_counts_is_the_one_when_the_wrap_up_is_processed():
    worker = Worker(rules=(any_code(),))
    worker.send("campaigns", campaign(dialing_mode="preview", rule_set_ids=["R"]))
    assert worker.wrap_up(wrap_up(wrap_up_code="ININ-OUTBOUND-DNC-SKIPPED")).lines == []


def test_rules_run_on_the_first_wrap_up_of_a_conversation_only():
    worker = Worker(rules=(rule(),))
    worker.wrap_up(wrap_up("v1"))
    later = wrap_up("v1", event_id="w-later", wrap_up_code="AGAIN")
    assert worker.wrap_up(later).lines == []


def test_a_later_code_of_a_conversation_is_no_attempt():
    contact = contact_after(wrap_up("v1"), wrap_up("v1", event_id="w-later"))
    assert contact.attempts_total == 1


def test_a_skip_is_no_attempt():
    assert contact_after(wrap_up(wrap_up_code="ININ-OUTBOUND-PREVIEW-SKIPPED")).attempts_total == 0


def test_attempts_are_counted_for_contact_number_and_campaign():
    contact = contact_after(
        wrap_up("v1"),
        wrap_up("v2", campaign_id="P2", occurred_at="2026-11-23T14:40:00Z"),
        wrap_up("v3", phone_number="+12125550199", occurred_at="2026-11-23T14:50:00Z", phone_column="home"),
    )
    assert contact.attempts_total == 3
    assert contact.attempts_by_number == {"+12125550101": 2, "+12125550199": 1}
    assert contact.last_attempts == {"P": instant("2026-11-23T14:50:00Z"), "P2": instant("2026-11-23T14:40:00Z")}
    assert {number: sum(quarters.values()) for number, quarters in contact.attempts.items()} == {
        "+12125550101": 2,
        "+12125550199": 1,
    }


def test_a_late_wrap_up_does_not_move_the_last_attempt_back():
    contact = contact_after(wrap_up("v1"), wrap_up("v2", occurred_at="2026-11-22T14:30:00Z"))
    assert contact.last_attempts["P"] == instant("2026-11-23T14:30:00Z")


def test_attempts_are_kept_for_31_days_and_the_total_for_longer():
    contact = contact_after(
        wrap_up("v1", occurred_at="2026-10-01T00:00:00Z"),
        wrap_up("v2", occurred_at="2026-10-10T00:00:00Z"),
        wrap_up("v3", occurred_at="2026-11-10T00:00:00Z"),
    )
    assert [sum(quarters.values()) for quarters in contact.attempts.values()] == [2]
    assert contact.attempts_total == 3


def test_the_first_pass_begins_with_the_campaign():
    configuration = Configuration()
    assert pass_started_at(configuration, "P") is None
    assert called_this_pass(contact_after(wrap_up()), "P", None)
    assert not called_this_pass(contact_after(wrap_up()), "P2", None)


@pytest.mark.parametrize(
    ("recycled_at", "called"),
    [("2026-11-23T14:29:59Z", True), ("2026-11-23T14:30:00Z", True), ("2026-11-23T14:30:00.000001Z", False)],
)
def test_an_attempt_at_the_instant_of_the_recycle_belongs_to_the_new_pass(recycled_at, called):
    configuration = Configuration()
    event = Arrived("campaign-recycle", 0, 0, b"P", orjson.dumps(recycle(occurred_at=recycled_at)), 1795446000000)
    configuration.apply(event, instant("2026-11-23T15:00:00Z"))
    assert not list(configuration.reports)
    contact = contact_after(wrap_up(occurred_at="2026-11-23T14:30:00Z"))
    assert called_this_pass(contact, "P", pass_started_at(configuration, "P")) is called


def test_a_rule_matches_by_code_or_by_call_analysis():
    busy = rule("busy", conditions=[{"type": "call_analysis", "results": ["busy", "no_answer"]}])
    worker = Worker(rules=(busy,))
    assert worker.wrap_up(wrap_up("v1", call_analysis="person")).lines == []
    assert worker.wrap_up(wrap_up("v2", call_analysis="busy")).lifecycle[0]["facts"]["rule_id"] == "busy"


def test_a_condition_can_be_inverted():
    worker = Worker(rules=(rule(conditions=[{"type": "wrap_up_code", "codes": ["DONE"], "inverted": True}]),))
    assert worker.wrap_up(wrap_up("v1", wrap_up_code="DONE")).lines == []
    assert worker.wrap_up(wrap_up("v2", wrap_up_code="OTHER")).transitions == ["scheduled"]


def test_all_conditions_of_a_rule_must_hold():
    both = rule(
        conditions=[
            {"type": "wrap_up_code", "codes": ["AGAIN"]},
            {"type": "call_analysis", "results": ["person"]},
        ]
    )
    worker = Worker(rules=(both,))
    assert worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", call_analysis="machine")).lines == []
    assert worker.wrap_up(wrap_up("v2", wrap_up_code="AGAIN", call_analysis="person")).transitions == ["scheduled"]


def test_pre_call_rules_are_not_run_on_a_wrap_up():
    worker = Worker(rules=(rule(category="pre_call"),))
    assert worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lines == []


def test_the_first_of_several_callbacks_wins_and_the_others_are_reported():
    worker = Worker(
        rules=(rule("third", order=3, minutes=3), rule("first", order=1, minutes=1), rule("second", order=2, minutes=2))
    )
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    facts = said.lifecycle[0]["facts"]
    assert said.transitions == ["scheduled"]
    assert (facts["rule_id"], facts["offset_minutes"]) == ("first", 1)
    assert facts["not_scheduled"] == [
        {"rule_set_id": "R", "rule_id": "second", "offset_minutes": 2},
        {"rule_set_id": "R", "rule_id": "third", "offset_minutes": 3},
    ]


def test_rule_sets_run_in_the_order_the_campaign_names_them():
    worker = Worker(campaign(rule_set_ids=["B", "A"]))
    for name in ("A", "B"):
        worker.send("rule-sets", {"rule_set_id": name, "rules": [rule(f"of-{name}")]})
    assert worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]["facts"]["rule_id"] == "of-B"


def test_a_rules_callback_to_an_impossible_number_is_rejected():
    worker = Worker(rules=(rule(),))
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN", phone_number=UNKNOWN_NUMBER))
    assert (said.transitions, said.reasons) == (["rejected"], [["invalid_number"]])


def test_a_wrap_up_for_an_unknown_campaign_is_a_dead_letter_that_can_be_replayed():
    worker = Worker()
    event = wrap_up(campaign_id="P9", callback_id="k1")
    worker.schedule(scheduled(campaign_id="P9"))
    assert worker.wrap_up(event).errors == ["campaign_unknown"]
    worker.send("campaigns", campaign("P9"))
    assert worker.wrap_up(event).transitions == ["completed"]


def test_a_wrap_up_for_a_campaign_with_an_unknown_rule_set_is_a_dead_letter_that_can_be_replayed():
    worker = Worker(campaign(rule_set_ids=["R"]))
    event = wrap_up(wrap_up_code="AGAIN")
    assert worker.wrap_up(event).errors == ["rule_set_unknown"]
    worker.send("rule-sets", {"rule_set_id": "R", "rules": [rule()]})
    assert worker.wrap_up(event).transitions == ["scheduled"]


def test_a_contact_that_is_read_back_is_the_contact_that_was_written():
    contact = contact_after(wrap_up("v1", attributes={"a": "1"}), wrap_up("v2", phone_column="home"))
    assert decode_contact(encode_contact(contact, None)) == contact


@pytest.mark.parametrize("marked_first", [True, False])
def test_between_a_record_and_a_wrap_up_it_is_the_arrival_that_counts(marked_first):
    """The wrap-up occurred before the tombstone either way; a record has no instant that could be compared."""
    worker = Worker(rules=(rule(actions=[{"type": "mark_contact_uncallable"}]),))
    late = wrap_up(wrap_up_code="AGAIN", occurred_at="2026-11-23T14:30:00Z")
    events = [("wrap-up", late, None), ("contacts", None, "L|c1"), ("contacts", contact_record(), None)]
    for topic, value, key in events if marked_first else [*events[1:2], events[0], events[2]]:
        worker.send(topic, value, "2026-11-23T14:40:00Z", key)
    (row,) = [decode_contact(row) for key, row in worker.core.partitions[0].table.items() if b"|" in key]
    assert (row.marked is None) is marked_first
