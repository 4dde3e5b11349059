"""Answers to those who are about to place a call, and what an answer leaves behind."""

import json

import pytest

from tests.builders import (
    NUMBER,
    UNKNOWN_NUMBER,
    Said,
    Worker,
    campaign,
    cancelled,
    contact,
    recycle,
    rescheduled,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)

AT = "2026-11-23T14:50:00Z"


def request(request_id="q1", **changes):
    return {
        "event_id": f"p-{request_id}",
        "request_id": request_id,
        "occurred_at": AT,
        "origin": "campaign",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        "agent_id": "a7",
        **changes,
    }


def for_callback(request_id="q1", callback_id="k1", **changes):
    return request(request_id, origin="callback", callback_id=callback_id, **changes)


def ask(worker, value, at=None):
    (answer,) = worker.send("placement-requested", value, at).of("placement-decided")
    return answer


def reasons(worker, value, at=None):
    answer = ask(worker, value, at)
    assert answer["allowed"] is (not answer["reasons"])
    return answer["reasons"]


def test_a_call_that_passes_every_check_is_allowed_in_the_words_of_the_request():
    answer = ask(Worker(), request())
    assert {**answer, "facts": None} == {
        "request_id": "q1",
        "occurred_at": AT,
        "allowed": True,
        "reasons": [],
        "callback_id": None,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        "facts": None,
        "valid_until": "2026-11-23T14:51:00Z",
        "reply_to": None,
    }
    assert answer["facts"]["campaign"] == {"dialing_mode": "progressive", "campaign_status": "on"}
    assert answer["facts"]["number"] == {"callable": True, "on_record": False}


def test_every_check_that_fails_is_named_in_the_order_of_the_contract():
    worker = Worker(
        campaign(
            status="off",
            dnc_list_ids=["D"],
            callable_time_set_id="nowhere",
            attempt_limits={
                "max_attempts_per_contact": 1,
                "max_attempts_per_number": 1,
                "reset_period": "today",
                "time_zone": "UTC",
            },
            contact_filter=[{"type": "phone_number", "operator": "equals", "value": "+1"}],
            rule_set_ids=["gone"],
        )
    )
    worker.send("rule-sets", rule_set(rule_set_id="gone"))
    worker.wrap_up(wrap_up(occurred_at="2026-11-23T14:30:00Z"))
    worker.send("rule-sets", None, key="gone")
    worker.send("contacts", contact(callable=False, numbers=[{"column": "m", "type": "CELL", "phone_number": NUMBER}]))
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER})
    assert reasons(worker, request()) == [
        "dnc",
        "contact_uncallable",
        "number_uncallable",
        "contact_attempt_limit",
        "number_attempt_limit",
        "contact_filtered",
        "already_called_this_pass",
        "campaign_off",
        "callable_time_set_unknown",
        "rule_set_unknown",
    ]


def test_who_is_unknown_is_named_and_the_rest_is_checked_as_far_as_it_goes():
    worker = Worker(campaign(status="off"))
    asked = for_callback(campaign_id="X", contact_id="nobody", phone_number=UNKNOWN_NUMBER)
    assert reasons(worker, asked) == ["campaign_unknown", "contact_unknown", "callback_unknown", "invalid_number"]


@pytest.mark.parametrize("origin", ["campaign", "callback"])
def test_three_reasons_are_for_calls_of_the_campaigns_own_only(origin):
    worker = Worker(campaign(status="off", suppress_contacts_with_callback=True))
    worker.schedule(scheduled())
    worker.wrap_up(wrap_up())
    asked = request(origin=origin, callback_id="k1" if origin == "callback" else None)
    own = ["callback_outstanding", "already_called_this_pass", "campaign_off"]
    assert reasons(worker, asked) == (own if origin == "campaign" else [])


def test_a_recycle_makes_who_was_called_callable_again():
    worker = Worker()
    worker.wrap_up(wrap_up())
    assert reasons(worker, request("q1")) == ["already_called_this_pass"]
    worker.send("campaign-recycle", recycle(occurred_at=AT))
    assert reasons(worker, request("q2")) == []


def test_a_callback_may_be_placed_before_it_is_due_and_by_anyone():
    worker = Worker()
    worker.schedule(scheduled(owner="only"))
    answer = ask(worker, for_callback(agent_id="somebody-else"))
    assert answer["allowed"] and answer["facts"]["callback"] == {"state": "scheduled", "due_at": "2026-11-23T15:00:00Z"}


@pytest.mark.parametrize("end", [cancelled(), wrap_up(callback_id="k1", occurred_at="2026-11-23T14:40:00Z")])
def test_a_callback_that_has_ended_is_not_placed_any_more(end):
    worker = Worker()
    worker.schedule(scheduled())
    worker.send("callback-scheduled" if "type" in end else "wrap-up", end)
    assert reasons(worker, for_callback()) == ["callback_ended"]


def test_a_callback_is_placed_for_its_own_campaign():
    worker = Worker(campaign(), campaign("Q"))
    worker.schedule(scheduled())
    assert reasons(worker, for_callback(campaign_id="Q")) == ["callback_unknown"]


def test_a_repeated_request_gets_its_first_answer_byte_for_byte():
    worker = Worker()
    first = worker.send("placement-requested", request())
    worker.send("contacts", contact(callable=False))
    again = worker.send("placement-requested", request(event_id="another"), "2026-11-23T14:50:59.999999Z")
    assert [line["value"] for line in again.lines] == first.of("placement-decided")
    assert json.dumps(again.lines[0]["value"]) == json.dumps(first.lines[0]["value"])


def test_a_request_that_is_repeated_after_its_answer_has_expired_is_decided_anew_and_says_so():
    worker = Worker()
    ask(worker, request())
    worker.send("contacts", contact(callable=False))
    anew = ask(worker, request(event_id="another"), "2026-11-23T14:51:00Z")
    assert (anew["reasons"], anew["valid_until"]) == (["contact_uncallable"], None)
    assert anew["facts"]["decided_before_at"] == AT
    worker.send("contacts", contact())
    again = ask(worker, request(event_id="a-third"), "2026-11-23T14:51:30Z")
    assert again == anew, "the newer answer is repeated in its turn"
    assert ask(worker, request(event_id="a-fourth"), "2026-11-23T14:52:00Z")["allowed"]


def test_a_campaign_may_say_how_long_an_answer_is_good_for():
    worker = Worker(campaign(answer_valid_s=5))
    assert ask(worker, request())["valid_until"] == "2026-11-23T14:50:05Z"
    worker.send("contacts", contact(callable=False))
    assert ask(worker, request(event_id="another"), "2026-11-23T14:50:04Z")["allowed"]
    assert not ask(worker, request(event_id="a-third"), "2026-11-23T14:50:05Z")["allowed"]


SLOTS = [{"day": 1, "start": "08:00", "stop": "09:50:30"}, {"day": 1, "start": "09:50:30", "stop": "09:50:45"}]


def test_an_answer_is_good_no_longer_than_the_slot_is_open():
    """Slots that follow on one another are open as one."""
    worker = Worker(campaign(callable_time_set_id="T"))
    times = [{"time_zone": "America/New_York", "slots": SLOTS}]
    worker.send("callable-time-sets", {"callable_time_set_id": "T", "times": times})
    worker.send("contacts", contact(time_zone="America/New_York"))
    assert ask(worker, request("q1"))["valid_until"] == "2026-11-23T14:50:45Z"
    early = ask(worker, request("q2", occurred_at="2026-11-23T14:50:44.5Z"))
    assert early["valid_until"] == "2026-11-23T14:50:45Z"
    assert reasons(worker, request("q3", occurred_at="2026-11-23T14:50:45Z")) == ["outside_callable_time"]


def test_an_answer_is_good_no_longer_than_the_command():
    worker = Worker(campaign(expire_after_s=30))
    worker.schedule(scheduled())
    (command,) = worker.run_to("2026-11-23T15:00:00Z").commands
    answer = ask(worker, for_callback(occurred_at="2026-11-23T15:00:10Z"))
    assert answer["valid_until"] == command["expires_at"] == "2026-11-23T15:00:30Z"


def test_an_answer_goes_by_the_command_and_not_by_settings_that_came_after_it():
    worker = Worker(campaign(expire_after_s=60))
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", campaign())
    assert ask(worker, for_callback("q1", occurred_at="2026-11-23T15:00:30Z"))["valid_until"] == "2026-11-23T15:01:00Z"


def test_a_further_presentation_after_the_limit_of_the_first_has_no_limit_for_its_answers_either():
    worker = Worker(campaign(expire_after_s=30, owner_expiry="queue", owner_expires_after_s=3600))
    worker.schedule(scheduled(owner="only"))
    worker.run_to("2026-11-23T16:00:00Z")
    answer = ask(worker, for_callback(occurred_at="2026-11-23T16:00:10Z"))
    assert answer["valid_until"] == "2026-11-23T16:01:10Z"


def errors(worker, value):
    return worker.send("placement-requested", value).errors


@pytest.mark.parametrize(
    "other",
    [
        {"phone_number": "+13105550102"}, {"campaign_id": "Q"}, {"origin": "callback", "callback_id": "k1"},
        {"callback_id": "k9"},
    ],
)  # fmt: skip
def test_a_request_id_that_comes_again_for_another_call_is_a_dead_letter(other):
    worker = Worker(campaign(), campaign("Q"))
    ask(worker, request())
    said = worker.send("placement-requested", request(event_id="another", **other))
    assert said.errors == ["id_reused"] and said.topics == ["dead-letter"]
    assert said.lines[0]["headers"]["__connect.errors.exception.message"].endswith("(at $.request_id)")
    assert errors(worker, request(**other)) == ["id_reused"], "nor under the event id"


def test_a_redelivered_request_is_not_answered_again():
    worker = Worker()
    worker.send("placement-requested", request())
    assert worker.send("placement-requested", request()).lines == []


def test_answers_are_remembered_as_many_as_there_is_room_for():
    worker = Worker()
    for number in range(300):
        ask(worker, request(f"q{number}"))
    worker.send("contacts", contact(callable=False))
    assert ask(worker, request("q299", event_id="again"))["allowed"] is True
    assert ask(worker, request("q0", event_id="again-0"))["allowed"] is False, "the first is long forgotten"


def test_a_full_contact_is_answered_all_the_same():
    worker = Worker()
    worker.send("contacts", contact(attributes={"note": "x" * 65_000}))
    for number in range(40):
        ask(worker, request(f"q{number}"))


def test_a_placement_leaves_the_callback_and_the_lifecycle_alone():
    worker = Worker()
    worker.schedule(scheduled())
    said = worker.send("placement-requested", for_callback())
    assert said.topics == ["placement-decided"]
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["due", "presented"]


def test_a_refused_preview_stays_with_the_agent_and_may_be_asked_again():
    worker = Worker()
    worker.send("contacts", contact(callable=False))
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    assert reasons(worker, for_callback("q1", occurred_at="2026-11-23T15:00:01Z")) == ["contact_uncallable"]
    worker.send("contacts", contact())
    assert reasons(worker, for_callback("q2", occurred_at="2026-11-23T15:01:00Z")) == []
    ended = worker.wrap_up(wrap_up(callback_id="k1", occurred_at="2026-11-23T15:05:00Z"))
    assert ended.transitions == ["completed"]


def test_a_call_ahead_of_its_time_counts_as_the_presentation_that_its_wrap_up_ends():
    worker = Worker()
    worker.schedule(scheduled())
    ask(worker, for_callback())
    worker.schedule(rescheduled(occurred_at="2026-11-23T14:52:00Z"))
    moved = worker.wrap_up(wrap_up(callback_id="k1", occurred_at="2026-11-23T14:55:00Z"))
    assert moved.transitions == [], "call me tomorrow"
    assert worker.run_to("2026-11-24T15:00:00Z").transitions == ["due", "presented"]


def test_a_move_before_a_call_ahead_of_its_time_does_not_keep_it_open():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled())
    ask(worker, for_callback())
    assert worker.wrap_up(wrap_up(callback_id="k1", occurred_at="2026-11-23T14:55:00Z")).transitions == ["completed"]


def test_the_placement_of_a_preview_does_not_begin_another_presentation():
    worker = Worker()
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    ask(worker, for_callback(occurred_at="2026-11-23T15:02:00Z"))
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:01:00Z"))
    left_open = worker.wrap_up(wrap_up(callback_id="k1", occurred_at="2026-11-23T15:05:00Z"))
    assert left_open.transitions == [], "it was moved while the agent had it"


def test_a_call_ahead_of_its_time_counts_also_when_an_earlier_presentation_has_had_no_wrap_up():
    worker = Worker()
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:01:00Z"))
    ask(worker, for_callback(occurred_at="2026-11-23T15:02:00Z"))
    ended = worker.wrap_up(wrap_up(callback_id="k1", occurred_at="2026-11-23T15:05:00Z"))
    assert ended.transitions == ["completed"], "it was moved before this call, not during it"


def pre_call(*actions, **changes):
    return rule("pre", category="pre_call", conditions=[], actions=list(actions), **changes)


COUNT = {"type": "set_attribute", "attribute": "asked", "update": "increment"}


def test_the_actions_of_pre_call_rules_run_once_for_each_request_that_is_allowed():
    worker = Worker(rules=(pre_call(COUNT),))
    ask(worker, request("q1"))
    ask(worker, request("q1", event_id="again"))
    worker.send("contacts", contact(callable=False, attributes={"asked": "1"}))
    ask(worker, request("q2"))
    worker.schedule(scheduled())
    (command,) = worker.run_to("2026-11-23T15:00:00Z").commands
    assert command["attributes"] == {"asked": "1"}


def test_a_rule_that_wants_a_preview_is_a_fact_of_the_answer():
    worker = Worker(rules=(pre_call({"type": "switch_to_preview"}),))
    answer = ask(worker, request())
    assert answer["allowed"] and answer["facts"]["switch_to_preview"] == {"rule_set_id": "R", "rule_id": "pre"}


def test_a_number_put_on_a_list_by_a_rule_blocks_from_the_next_event_on():
    rules = (rule("stop", actions=[{"type": "append_to_dnc", "expires_after_days": 1}]),)
    worker = Worker(campaign(rule_set_ids=["R"], dnc_list_ids=["D", "E"]), rules=rules)
    said: Said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    assert said.lines[0]["topic"] == "dnc-entries" and said.lines[0]["key"] == f"D|{NUMBER}"
    (entry,) = said.of("dnc-entries")
    assert entry == {"dnc_list_id": "D", "phone_number": NUMBER, "expires_at": "2026-11-24T14:30:00Z"}
    worker.send("campaign-recycle", recycle())
    assert reasons(worker, request("q1")) == ["dnc"]
    assert reasons(worker, request("q2", occurred_at="2026-11-24T14:29:59Z")) == ["dnc"]
    assert reasons(worker, request("q3", occurred_at="2026-11-24T14:30:00Z")) == []
