"""The way out of a callback that is due: through the checks to the dialer, an agent, an end, or an open slot."""

import pytest

from streams.logic.contact.limits import STATE_ROW_BYTES_MAX
from tests.builders import NUMBER, Worker, campaign, contact, rescheduled, rule, scheduled, wrap_up

DUE = "2026-11-23T15:00:00Z"
LATER = {"day": 2, "start": "09:00", "stop": "17:00"}


def by_rule(worker: Worker, **changes):
    return worker.wrap_up(wrap_up(wrap_up_code="AGAIN", occurred_at="2026-11-23T14:50:00Z", **changes))


def hours(*slots, zone="America/New_York"):
    return {"callable_time_set_id": "T", "times": [{"time_zone": zone, "slots": list(slots)}]}


def new_worker(*rules, **switches):
    rules = (rule(), *rules)
    return Worker(campaign(rule_set_ids=["R"], **switches), rules=rules)


def pre_call(*actions, rule_id="pre"):
    return rule(rule_id, category="pre_call", conditions=[], actions=list(actions))


def test_a_call_of_the_system_goes_out_when_every_check_is_passed():
    worker = new_worker()
    by_rule(worker)
    said = worker.run_to(DUE)
    assert said.transitions == ["due", "dialing"]
    assert said.commands[0]["checks"] == "passed"
    assert said.lifecycle[1]["facts"]["checks"]["contact"] == {"callable": True}


def test_a_call_of_the_system_that_is_refused_ends_as_blocked_with_every_reason():
    worker = new_worker(dnc_list_ids=["D"])
    by_rule(worker)
    worker.send("contacts", contact(callable=False))
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER})
    said = worker.run_to(DUE)
    assert said.topics == ["callback-lifecycle", "callback-lifecycle", "outstanding-callbacks"]
    assert (said.transitions, said.reasons[1]) == (["due", "blocked"], ["dnc", "contact_uncallable"])
    assert said.views == [None]


def test_a_contact_without_a_record_is_not_dialed():
    worker = new_worker()
    worker.send("contacts", None, key="L|c1")
    by_rule(worker)
    assert worker.run_to(DUE).reasons[1] == ["contact_unknown"]


def test_a_zone_blocked_callback_moves_to_the_next_open_slot():
    worker = new_worker(callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", hours(LATER))
    by_rule(worker)
    said = worker.run_to(DUE)
    assert said.transitions == ["due", "rescheduled"] and said.commands == []
    moved = said.lifecycle[1]
    assert (moved["due_at"], moved["reasons"]) == ("2026-11-24T14:00:00Z", ["outside_callable_time"])
    assert (moved["facts"]["previous_due_at"], moved["facts"]["first_due_at"]) == (DUE, DUE)
    assert said.views[0]["callbacks"][0] == {
        "callback_id": moved["callback_id"],
        "campaign_id": "P",
        "origin": "rule",
        "due_at": "2026-11-24T14:00:00Z",
        "state": "scheduled",
    }
    said = worker.run_to("2026-11-24T14:00:00Z")
    assert said.transitions == ["due", "dialing"]
    assert said.lifecycle[1]["facts"]["first_due_at"] == DUE
    (command,) = said.commands
    assert (command["due_at"], command["presentation"]) == ("2026-11-24T14:00:00Z", 1)


def test_it_does_not_move_when_anything_else_refuses_it_too():
    worker = new_worker(callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", hours(LATER))
    worker.send("contacts", contact(callable=False))
    by_rule(worker)
    said = worker.run_to(DUE)
    assert (said.transitions[1], said.reasons[1]) == ("blocked", ["outside_callable_time", "contact_uncallable"])


def test_it_does_not_move_unless_the_campaign_says_so():
    worker = new_worker(callable_time_set_id="T")
    worker.send("callable-time-sets", hours(LATER))
    by_rule(worker)
    assert worker.run_to(DUE).transitions == ["due", "blocked"]


def test_it_is_blocked_when_no_slot_opens_within_eight_days():
    worker = new_worker(callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", hours())
    by_rule(worker)
    said = worker.run_to(DUE)
    assert (said.transitions[1], said.reasons[1]) == ("blocked", ["outside_callable_time"])
    assert said.lifecycle[1]["facts"]["no_open_slot_within_days"] == 8


def test_an_agents_reschedule_of_a_moved_callback_begins_anew():
    worker = new_worker(callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", hours(LATER, {"day": 1, "start": "10:30", "stop": "17:00"}))
    by_rule(worker)
    moved_id = worker.run_to(DUE).lifecycle[1]["callback_id"]
    asked = rescheduled(moved_id, occurred_at="2026-11-23T15:10:00Z", due_at="2026-11-23T16:00:00Z")
    assert worker.schedule(asked).transitions == ["rescheduled"]
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.transitions == ["due", "dialing"] and "first_due_at" not in said.lifecycle[1]["facts"]


def test_what_has_waited_goes_through_the_checks_when_it_is_released():
    worker = new_worker(status="off", callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", hours(LATER, {"day": 1, "start": "10:00", "stop": "10:30"}))
    by_rule(worker)
    assert worker.run_to(DUE).transitions == ["due", "waiting"]
    on = campaign(rule_set_ids=["R"], callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("campaigns", on, "2026-11-23T16:00:00Z")
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.transitions == ["rescheduled"]
    assert worker.run_to("2026-11-24T14:00:00Z").transitions == ["due", "dialing"]


def test_a_preview_is_not_checked_at_due_time_by_default():
    worker = new_worker(dnc_list_ids=["D"])
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER})
    worker.schedule(scheduled())
    said = worker.run_to(DUE)
    assert said.transitions == ["due", "presented"] and said.commands[0]["checks"] == "at_placement"


@pytest.mark.parametrize("mode", ["preview", "power"])
def test_a_screened_preview_that_fails_ends_as_blocked(mode):
    worker = new_worker(dialing_mode=mode, screen_previews=True)
    worker.send("contacts", contact(callable=False))
    worker.schedule(scheduled())
    assert worker.run_to(DUE).transitions == ["due", "blocked"]


def test_a_screened_preview_moves_to_the_next_open_slot_and_keeps_its_owner():
    worker = new_worker(callable_time_set_id="T", reschedule_zone_blocked=True, screen_previews=True)
    worker.send("callable-time-sets", hours(LATER))
    worker.schedule(scheduled(owner="only"))
    assert worker.run_to(DUE).transitions == ["due", "rescheduled"]
    (command,) = worker.run_to("2026-11-24T14:00:00Z").commands
    assert (command["owner"], command["agent_id"], command["checks"]) == ("only", "a7", "at_placement")


def test_a_pre_call_rule_turns_a_call_of_the_system_into_a_preview():
    worker = new_worker(pre_call({"type": "switch_to_preview"}))
    by_rule(worker)
    said = worker.run_to(DUE)
    assert said.topics[2] == "dial-preview"
    assert said.lifecycle[1]["facts"]["because"] == "switch_to_preview"


def test_what_refuses_a_switched_call_refuses_its_placement_or_its_screening():
    rules = pre_call({"type": "switch_to_preview"}, {"type": "do_not_dial"})
    worker = new_worker(rules)
    by_rule(worker)
    assert worker.run_to(DUE).transitions == ["due", "presented"]
    screened = new_worker(rules, screen_previews=True)
    by_rule(screened)
    said = screened.run_to(DUE)
    assert (said.transitions[1], said.reasons[1]) == ("blocked", ["pre_call_rule"])


def test_the_actions_of_pre_call_rules_run_for_a_call_of_the_system_and_wait_for_the_placement_of_a_preview():
    count = {"type": "set_attribute", "attribute": "calls", "update": "increment"}
    worker = new_worker(pre_call(count), screen_previews=True)
    by_rule(worker)
    assert worker.run_to(DUE).commands[0]["attributes"] == {"calls": "1"}
    worker.schedule(scheduled(occurred_at="2026-11-23T15:00:01Z", due_at="2026-11-23T15:30:00Z"))
    assert worker.run_to("2026-11-23T15:30:00Z").commands[0]["attributes"] == {"calls": "1"}


def test_a_pre_call_rule_that_cannot_be_evaluated_blocks():
    asks = {"type": "contact_attribute", "attribute": "a", "operator": "equals", "value": "x", "value_type": "string"}
    worker = new_worker(rule("pre", category="pre_call", conditions=[asks], actions=[]))
    by_rule(worker)
    said = worker.run_to(DUE)
    assert said.reasons[1] == ["pre_call_rule"]
    noted = said.lifecycle[1]["facts"]["checks"]["pre_call_rules"]
    assert noted == [{"rule_set_id": "R", "rule_id": "pre", "outcome": "cannot_be_evaluated"}]


def test_what_pre_call_rules_make_of_attributes_never_outgrows_the_row_and_the_call_goes_out_all_the_same():
    """Time cannot be refused as an event can: each rule alone sets more than a row may have."""
    large = [{"type": "set_attribute", "attribute": f"a{n}", "update": "set", "value": "x" * 60_000} for n in range(12)]
    worker = new_worker(pre_call(*large))
    by_rule(worker)
    said = worker.run_to(DUE)
    assert said.transitions == ["due", "dialing"] and list(said.commands[0]["attributes"]) == ["a0"]
    not_done = said.lifecycle[1]["facts"]["not_done"]
    assert [(one["rule_id"], one["action"], one["why"]) for one in not_done] == [
        ("pre", "set_attribute", "no_room")
    ] * 11
    assert max(len(row) for row in worker.core.partitions[0].table.values()) < STATE_ROW_BYTES_MAX
