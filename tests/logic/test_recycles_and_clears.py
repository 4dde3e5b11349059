"""Docs, rules.md, section 4 and section 8 row 14: recycles and contact list clears."""

import itertools

import pytest

from tests.builders import Worker, campaign, clear, recycle, rescheduled, rule, scheduled, wrap_up


def with_rule_callback(*campaigns, **changes) -> Worker:
    """A worker with a rule callback scheduled at 14:30, due at 15:30."""
    worker = Worker(*campaigns, rules=(rule(minutes=60),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN", **changes))
    return worker


def in_p(**changes):
    return campaign(rule_set_ids=["R"], **changes)


def test_a_recycle_leaves_the_callbacks_alone():
    worker = with_rule_callback()
    worker.schedule(scheduled())
    worker.send("campaign-recycle", recycle())
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []
    assert len(worker.run_to("2026-11-23T15:30:00Z").commands) == 2


@pytest.mark.parametrize(
    ("origins", "ended"), [(["agent"], ["agent"]), (["rule"], ["rule"]), (["agent", "rule"], ["agent", "rule"])]
)
def test_a_recycle_cancels_the_origins_that_the_campaign_names(origins, ended):
    worker = with_rule_callback(in_p(recycle_cancels=origins))
    worker.schedule(scheduled())
    worker.send("campaign-recycle", recycle())
    said = worker.run_to("2026-11-23T14:50:00Z")
    assert set(said.transitions) == {"cancelled"}
    assert sorted(record["origin"] for record in said.lifecycle) == ended
    record = said.lifecycle[0]
    assert record["facts"] == {"cancelled_by": "campaign-recycle"}
    assert record["cause"] == {"event_id": "y1", "topic": "campaign-recycle", "partition": 0, "offset": 0}


def test_a_recycle_cancels_nothing_that_was_scheduled_at_its_instant_or_later():
    worker = with_rule_callback(in_p(recycle_cancels=["rule"]), occurred_at="2026-11-23T14:50:00Z")
    worker.send("campaign-recycle", recycle())
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []


def test_a_callback_scheduled_before_a_recycle_and_arriving_after_it_ends_at_once():
    worker = Worker(in_p(recycle_cancels=["agent"]))
    worker.send("campaign-recycle", recycle())
    said = worker.schedule(scheduled(), at="2026-11-23T14:51:00Z")
    assert said.transitions == ["scheduled", "cancelled"]
    assert said.views == []


def test_a_recycle_less_than_five_seconds_from_an_accepted_one_is_rejected():
    worker = Worker()
    worker.send("campaign-recycle", recycle("y1", occurred_at="2026-11-23T14:50:00Z"))
    line = worker.send("campaign-recycle", recycle("y2", occurred_at="2026-11-23T14:50:04.999Z")).lines[0]
    record = line["value"]
    assert line["key"] == "P"
    assert (record["transition"], record["reasons"]) == ("rejected", ["recycled_too_soon"])
    assert (record["callback_id"], record["contact_id"], record["due_at"]) == (None, None, None)
    assert record["cause"] == {"event_id": "y2", "topic": "campaign-recycle", "partition": 0, "offset": 1}
    assert worker.send("campaign-recycle", recycle("y3", occurred_at="2026-11-23T14:50:05Z")).lines == []


def test_a_recycle_just_before_an_accepted_one_is_rejected_too():
    worker = Worker()
    worker.send("campaign-recycle", recycle("y1", occurred_at="2026-11-23T14:50:00Z"))
    said = worker.send("campaign-recycle", recycle("y2", occurred_at="2026-11-23T14:49:57Z"))
    assert said.reasons == [["recycled_too_soon"]]


def test_recycles_of_two_campaigns_do_not_disturb_each_other():
    worker = Worker(campaign("P"), campaign("P2"))
    worker.send("campaign-recycle", recycle("y1"))
    assert worker.send("campaign-recycle", recycle("y2", campaign_id="P2")).lines == []


def test_a_repeated_recycle_is_no_second_one():
    worker = Worker()
    worker.send("campaign-recycle", recycle())
    assert worker.send("campaign-recycle", recycle()).lines == []


def test_a_rejected_recycle_cancels_nothing():
    worker = with_rule_callback(in_p(recycle_cancels=["rule"]))
    worker.send("campaign-recycle", recycle("y1", occurred_at="2026-11-23T14:30:00Z"))
    worker.send("campaign-recycle", recycle("y2", occurred_at="2026-11-23T14:30:03Z"))
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_rejection_of_a_recycle_is_written_once(partitions):
    worker = Worker(partitions=partitions)
    worker.send("campaign-recycle", recycle("y1"))
    assert len(worker.send("campaign-recycle", recycle("y2")).lines) == 1
    assert worker.send("campaigns", campaign()).lines == []


def test_a_recycle_does_not_turn_a_campaign_on():
    worker = with_rule_callback(in_p(status="off"))
    worker.send("campaign-recycle", recycle())
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["due", "waiting"]


def test_a_clear_cancels_the_rule_callbacks_of_the_list():
    worker = with_rule_callback()
    worker.schedule(scheduled())
    worker.send("contact-list-cleared", clear())
    said = worker.run_to("2026-11-23T14:50:00Z")
    assert [(record["transition"], record["origin"]) for record in said.lifecycle] == [("cancelled", "rule")]
    assert said.lifecycle[0]["cause"]["event_id"] == "z1"
    assert [one["callback_id"] for one in said.views[0]["callbacks"]] == ["k1"]


def test_a_clear_cancels_what_waits_as_well():
    worker = with_rule_callback(in_p(status="off"))
    worker.run_to("2026-11-23T16:00:00Z")
    worker.send("contact-list-cleared", clear(occurred_at="2026-11-23T16:00:00Z"))
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["cancelled"]


def test_a_clear_leaves_preview_campaigns_and_other_lists_alone():
    worker = with_rule_callback(in_p(dialing_mode="preview"))
    worker.send("contact-list-cleared", clear())
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []
    worker = with_rule_callback()
    worker.send("contact-list-cleared", clear(contact_list_id="L2"))
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []


def test_a_list_whose_name_begins_like_the_cleared_one_is_left_alone():
    worker = with_rule_callback(contact_list_id="L2")
    worker.send("contact-list-cleared", clear(contact_list_id="L"))
    assert worker.run_to("2026-11-23T14:50:00Z").lines == []


def test_a_callback_scheduled_before_a_clear_and_arriving_after_it_ends_at_once():
    worker = Worker(rules=(rule(minutes=60),))
    worker.send("contact-list-cleared", clear())
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"), at="2026-11-23T14:51:00Z")
    assert said.transitions == ["scheduled", "cancelled"]
    assert worker.run_to("2026-11-24T00:00:00Z").lines == []


def test_a_callback_scheduled_after_a_clear_stays():
    worker = Worker(rules=(rule(minutes=60),))
    worker.send("contact-list-cleared", clear())
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN", occurred_at="2026-11-23T14:50:00Z"))
    assert said.transitions == ["scheduled"]


def test_an_old_clear_does_not_come_back_when_a_preview_campaign_changes_its_mode():
    worker = with_rule_callback(in_p(dialing_mode="preview"))
    worker.send("contact-list-cleared", clear())
    worker.run_to("2026-11-23T14:51:00Z")
    worker.send("campaigns", in_p(dialing_mode="power"))
    assert worker.run_to("2026-11-23T15:00:00Z").lines == []


@pytest.mark.parametrize("topic", ["campaign-recycle", "contact-list-cleared"])
def test_a_bad_clock_on_a_configuration_event_is_a_dead_letter(topic):
    build = recycle if topic == "campaign-recycle" else clear
    worker = Worker()
    assert worker.send(topic, build(occurred_at="2026-11-23T08:05:00.001Z"), at="2026-11-23T08:00:00Z").errors == [
        "in_the_future"
    ]
    assert worker.send(topic, build(occurred_at="2026-10-19T07:59:59Z"), at="2026-11-23T08:00:00Z").errors == [
        "too_old"
    ]


def test_a_clear_that_passed_a_callback_by_does_not_take_it_when_it_is_looked_at_again():
    worker = with_rule_callback(in_p(dialing_mode="preview"))
    worker.send("contact-list-cleared", clear())
    worker.send("campaigns", in_p(status="off"), at="2026-11-23T15:00:00Z")
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["due", "waiting"]
    worker.send("campaigns", in_p(status="stopping"), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T17:00:00Z").lines == []


@pytest.mark.parametrize(("topic", "void"), [("contact-list-cleared", clear()), ("campaign-recycle", recycle())])
def test_a_callback_that_is_reopened_after_a_clear_or_a_recycle_ends_as_if_it_had_been_open(topic, void):
    ends = []
    for order in itertools.permutations(("wrap-up", "move", "void")):
        worker = with_rule_callback(in_p(recycle_cancels=["rule"]), occurred_at="2026-11-23T13:30:00Z")
        callback_id = worker.run_to("2026-11-23T14:30:00Z").commands[0]["callback_id"]
        events = {
            "wrap-up": ("wrap-up", wrap_up("v2", occurred_at="2026-11-23T14:45:00Z", callback_id=callback_id)),
            "move": ("callback-scheduled", rescheduled(callback_id, occurred_at="2026-11-23T14:40:00Z")),
            "void": (topic, void),
        }
        for name in order:
            worker.send(*events[name], at="2026-11-23T15:00:00Z")
            worker.run_to("2026-11-23T15:00:00Z")
        assert worker.core.partitions[0].census.outstanding == 0, order
        ends.append(worker.run_to("2026-11-25T00:00:00Z").commands)
    assert ends == [[]] * 6
