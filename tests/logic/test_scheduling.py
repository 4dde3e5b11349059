"""Docs, rules.md, section 1, and section 8 rows 5, 7 and 8: scheduling, rescheduling and cancelling."""

from hashlib import sha256

import pytest

from tests.builders import (
    UNKNOWN_NUMBER,
    Worker,
    campaign,
    cancelled,
    contact,
    rescheduled,
    rule,
    scheduled,
    wrap_up,
)


@pytest.mark.parametrize("source", ["widget", "script"])
def test_widget_and_script_are_the_same_but_for_the_fact(source):
    worker = Worker()
    said = worker.schedule(scheduled(source=source))
    assert said.transitions == ["scheduled"]
    assert said.lifecycle[0]["facts"]["source"] == source
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["source"] == source


def test_a_lifecycle_record_names_its_event():
    worker = Worker()
    worker.schedule(scheduled("k0", contact_id="c0"))
    record = worker.schedule(scheduled(), at="2026-11-23T14:30:02Z").lifecycle[0]
    assert record == {
        "callback_id": "k1",
        "transition": "scheduled",
        "occurred_at": "2026-11-23T14:30:02Z",
        "reasons": [],
        "facts": {"source": "widget", "owner": "anyone", "agent_id": "a7"},
        "due_at": "2026-11-23T15:00:00Z",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "origin": "agent",
        "cause": {"event_id": "s-k1", "topic": "callback-scheduled", "partition": 0, "offset": 1},
    }


def test_a_timers_record_names_the_event_that_set_it_and_no_topic():
    worker = Worker()
    worker.schedule(scheduled())
    due = worker.run_to("2026-11-23T15:00:00Z").lifecycle[0]
    assert due["cause"] == {"event_id": "s-k1", "topic": None, "partition": 0, "offset": None}


def test_thirty_days_and_an_hour_ahead_is_in_order_and_a_second_more_is_not():
    """The hour is for the thirtieth day after the clocks have gone back."""
    worker = Worker()
    assert worker.schedule(scheduled("k1", due_at="2026-12-23T15:30:00Z")).transitions == ["scheduled"]
    said = worker.schedule(scheduled("k2", due_at="2026-12-23T15:30:01Z"))
    assert (said.transitions, said.reasons) == (["rejected"], [["too_far_ahead"]])


def test_due_when_it_was_scheduled_is_in_order_and_before_is_not():
    worker = Worker()
    assert worker.schedule(scheduled("k1", due_at="2026-11-23T14:30:00Z")).transitions == ["scheduled"]
    said = worker.schedule(scheduled("k2", due_at="2026-11-23T14:29:59Z"))
    assert said.reasons[-1] == ["due_before_scheduled"]


def test_a_due_time_that_is_past_on_arrival_is_honoured_at_once():
    worker = Worker()
    assert worker.schedule(scheduled(), at="2026-11-23T18:00:00Z").commands == []
    said = worker.run_to("2026-11-23T18:00:00Z")
    assert [command["due_at"] for command in said.commands] == ["2026-11-23T15:00:00Z"]
    assert said.lines[0]["at"] == "2026-11-23T18:00:00Z"


def test_a_number_in_no_numbering_plan_is_rejected():
    said = Worker().schedule(scheduled(phone_number=UNKNOWN_NUMBER))
    assert (said.transitions, said.reasons) == (["rejected"], [["invalid_number"]])
    assert said.views == []


def test_every_reason_of_a_rejection_is_given():
    said = Worker().schedule(scheduled(phone_number=UNKNOWN_NUMBER, due_at="2027-11-23T15:00:00Z"))
    assert said.reasons == [["too_far_ahead", "invalid_number"]]


def test_a_second_callback_from_one_conversation_is_rejected():
    worker = Worker()
    worker.schedule(scheduled("k1", conversation_id="v1"))
    said = worker.schedule(scheduled("k2", conversation_id="v1"))
    assert said.reasons == [["second_for_conversation"]]
    assert worker.schedule(scheduled("k3", conversation_id="v2")).transitions == ["scheduled"]


def test_a_rejected_callback_does_not_use_up_the_conversation():
    worker = Worker()
    worker.schedule(scheduled("k1", conversation_id="v1", phone_number=UNKNOWN_NUMBER))
    assert worker.schedule(scheduled("k2", conversation_id="v1")).transitions == ["scheduled"]


def test_a_callback_id_can_be_used_once_even_after_its_end():
    worker = Worker()
    worker.schedule(scheduled())
    assert worker.schedule(scheduled(event_id="s9")).reasons == [["callback_id_taken"]]
    worker.schedule(cancelled())
    assert worker.schedule(scheduled(event_id="s10")).reasons == [["callback_id_taken"]]


def test_the_same_callback_id_of_another_contact_is_another_callback():
    worker = Worker()
    worker.schedule(scheduled())
    assert worker.schedule(scheduled(contact_id="c2")).transitions == ["scheduled"]


def test_a_callback_for_an_unknown_campaign_is_accepted_and_presented():
    worker = Worker()
    assert worker.schedule(scheduled(campaign_id="nobody")).transitions == ["scheduled"]
    assert worker.run_to("2026-11-23T15:00:00Z").topics.count("dial-preview") == 1


def test_a_moved_callback_cancels_the_old_timer():
    worker = Worker()
    worker.schedule(scheduled())
    said = worker.schedule(rescheduled(actor="a9", reason="asked for it"))
    assert said.lifecycle[0]["facts"] == {
        "previous_due_at": "2026-11-23T15:00:00Z",
        "actor": "a9",
        "reason": "asked for it",
    }
    assert worker.run_to("2026-11-24T14:59:59Z").lines == []
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["due_at"] == "2026-11-24T15:00:00Z"


def test_a_reschedule_counts_its_thirty_days_from_itself():
    worker = Worker()
    worker.schedule(scheduled())
    said = worker.schedule(rescheduled(occurred_at="2026-11-23T14:40:00Z", due_at="2026-12-23T15:40:00Z"))
    assert said.transitions == ["rescheduled"]
    said = worker.schedule(
        rescheduled(event_id="r2", occurred_at="2026-11-23T14:41:00Z", due_at="2026-12-23T15:41:01Z")
    )
    assert said.reasons == [["too_far_ahead"]]


def test_a_refused_reschedule_leaves_everything_as_it_was():
    worker = Worker()
    worker.schedule(scheduled())
    said = worker.schedule(rescheduled(due_at="2027-11-23T14:40:00Z"))
    assert said.topics == ["callback-lifecycle"]
    assert said.lifecycle[0]["due_at"] == "2026-11-23T15:00:00Z"
    assert worker.run_to("2026-11-23T15:00:00Z").topics.count("dial-preview") == 1


def test_a_reschedule_older_than_the_last_applied_is_superseded():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled(event_id="r2", occurred_at="2026-11-23T14:45:00Z", due_at="2026-11-25T15:00:00Z"))
    said = worker.schedule(rescheduled(event_id="r1", occurred_at="2026-11-23T14:40:00Z"))
    assert said.reasons == [["superseded"]]
    assert said.views == []


def test_of_two_reschedules_at_the_same_instant_the_later_offset_wins():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled(event_id="r1", due_at="2026-11-25T15:00:00Z"))
    said = worker.schedule(rescheduled(event_id="r2", due_at="2026-11-26T15:00:00Z"))
    assert said.lifecycle[0]["due_at"] == "2026-11-26T15:00:00Z"


def test_a_cancel_beats_a_reschedule_of_the_same_instant():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled())
    assert worker.schedule(cancelled()).transitions == ["cancelled"]
    assert worker.schedule(rescheduled(event_id="r2")).reasons == [["callback_ended"]]


def test_a_cancel_older_than_the_last_reschedule_is_superseded():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled(occurred_at="2026-11-23T14:45:00Z"))
    assert worker.schedule(cancelled(occurred_at="2026-11-23T14:44:00Z")).reasons == [["superseded"]]


def test_a_reschedule_of_an_unknown_callback_is_rejected():
    record = Worker().schedule(rescheduled("nobody")).lifecycle[0]
    assert (record["transition"], record["reasons"]) == ("rejected", ["callback_unknown"])
    assert (record["callback_id"], record["due_at"], record["origin"]) == ("nobody", None, None)


def test_a_cancelled_callback_is_never_dialed():
    worker = Worker()
    worker.schedule(scheduled())
    said = worker.schedule(cancelled(actor="contact", reason="changed mind"))
    assert said.topics == ["callback-lifecycle", "outstanding-callbacks"]
    assert said.lifecycle[0]["facts"] == {"actor": "contact", "reason": "changed mind"}
    assert said.views == [None]
    assert worker.run_to("2027-02-01T00:00:00Z").lines == []


def test_a_cancel_after_presentation_ends_the_callback_and_retracts_nothing():
    worker = Worker()
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    said = worker.schedule(cancelled(occurred_at="2026-11-23T15:01:00Z"))
    assert said.transitions == ["cancelled"]
    assert said.commands == []


def test_a_cancel_of_an_ended_callback_is_rejected():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(cancelled())
    assert worker.schedule(cancelled(event_id="c2")).reasons == [["callback_ended"]]


def test_a_cancel_that_comes_first_is_remembered():
    worker = Worker()
    said = worker.schedule(cancelled(occurred_at="2026-11-23T14:31:00Z"))
    assert said.reasons == [["callback_unknown"]]
    assert said.lifecycle[0]["facts"]["remembered"] is True
    said = worker.schedule(scheduled(), at="2026-11-23T14:32:00Z")
    assert said.transitions == ["scheduled", "cancelled"]
    assert [record["cause"]["event_id"] for record in said.lifecycle] == ["s-k1", "c-k1"]
    assert said.views == []
    assert worker.run_to("2027-02-01T00:00:00Z").lines == []


def test_a_remembered_cancel_ends_its_callback_whatever_the_clocks_of_the_two_senders_say():
    worker = Worker()
    worker.schedule(cancelled(occurred_at="2026-11-23T14:29:00Z"))
    said = worker.schedule(scheduled(occurred_at="2026-11-23T14:30:00Z"))
    assert said.transitions == ["scheduled", "cancelled"]


@pytest.mark.parametrize("change", [cancelled, rescheduled])
def test_a_change_with_a_clock_behind_that_of_the_scheduling_is_applied(change):
    worker = Worker()
    worker.schedule(scheduled(occurred_at="2026-11-23T14:34:00Z"), at="2026-11-23T14:30:00Z")
    said = worker.schedule(change(occurred_at="2026-11-23T14:32:00Z"), at="2026-11-23T14:32:00Z")
    assert said.transitions == [change()["type"]]


def test_a_change_is_compared_with_the_changes_before_it():
    worker = Worker()
    worker.schedule(scheduled(occurred_at="2026-11-23T14:34:00Z"), at="2026-11-23T14:30:00Z")
    worker.schedule(rescheduled(occurred_at="2026-11-23T14:32:00Z"), at="2026-11-23T14:32:00Z")
    said = worker.schedule(cancelled(occurred_at="2026-11-23T14:31:59Z"), at="2026-11-23T14:33:00Z")
    assert said.reasons == [["superseded"]]


def second(said):
    return said.reasons == [["second_for_conversation"]]


def test_a_callback_that_was_called_off_before_it_was_presented_does_not_count_for_its_conversation():
    worker = Worker()
    worker.schedule(scheduled("k1", conversation_id="v1"))
    assert second(worker.schedule(scheduled("k2", conversation_id="v1")))
    worker.schedule(cancelled("k1"))
    assert worker.schedule(scheduled("k3", event_id="s3", conversation_id="v1")).transitions == ["scheduled"]
    assert second(worker.schedule(scheduled("k4", conversation_id="v1")))


def test_the_call_of_a_presented_callback_may_arrange_the_next_one_in_the_same_conversation():
    worker = Worker()
    worker.schedule(scheduled("k1", conversation_id="v1"))
    worker.run_to("2026-11-23T15:00:00Z")
    in_the_first = scheduled("k2", conversation_id="v1", occurred_at="2026-11-23T14:54:59Z")
    assert second(worker.schedule(in_the_first, at="2026-11-23T15:01:00Z"))
    times = {"occurred_at": "2026-11-23T15:02:00Z", "due_at": "2026-11-23T16:00:00Z"}
    assert worker.schedule(scheduled("k3", conversation_id="v1", **times)).transitions == ["scheduled"]
    assert second(worker.schedule(scheduled("k4", conversation_id="v1", **times)))
    worker.schedule(cancelled("k1", occurred_at="2026-11-23T15:03:00Z"))
    assert second(worker.schedule(scheduled("k5", conversation_id="v1", **times)))


def test_an_agent_whose_clock_is_behind_may_arrange_the_next_one_in_the_call_of_a_callback():
    worker = Worker()
    worker.schedule(scheduled("k1", conversation_id="v1"))
    worker.run_to("2026-11-23T15:00:00Z")
    behind = scheduled("k2", conversation_id="v1", occurred_at="2026-11-23T14:59:30Z", due_at="2026-11-23T16:00:00Z")
    assert worker.schedule(behind, at="2026-11-23T15:02:00Z").transitions == ["scheduled"]


def test_a_callback_that_expired_before_it_was_presented_counts_for_its_conversation():
    worker = Worker(campaign(expire_after_s=60))
    worker.schedule(scheduled("k1", conversation_id="v1"), at="2026-11-23T15:02:00Z")
    assert worker.run_to("2026-11-23T15:02:00Z").transitions == ["due", "expired"]
    assert second(worker.schedule(scheduled("k2", conversation_id="v1", due_at="2026-11-23T16:00:00Z")))


def test_a_rule_schedules_at_a_time_counted_from_the_wrap_up_itself():
    worker = Worker(rules=(rule(minutes=30),))
    record = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"), at="2026-11-23T14:40:00Z").lifecycle[0]
    assert (record["origin"], record["due_at"]) == ("rule", "2026-11-23T15:00:00Z")


def test_a_change_of_daylight_saving_time_does_not_stretch_the_relative_time():
    worker = Worker(rules=(rule(minutes=24 * 60),))
    # New York turns its clocks back on 2026-11-01 at 06:00Z.
    record = worker.wrap_up(wrap_up(wrap_up_code="AGAIN", occurred_at="2026-10-31T16:00:00Z")).lifecycle[0]
    assert record["due_at"] == "2026-11-01T16:00:00Z"


def test_a_rule_callbacks_id_is_derived_from_contact_and_event():
    worker = Worker(rules=(rule(),))
    record = worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]
    # SHA-256 of ["L","c1","w-v1"], written without blanks.
    assert record["callback_id"] == "r-" + sha256(b'["L","c1","w-v1"]').hexdigest()[:32]


def test_an_agent_may_move_and_cancel_a_rule_callback():
    worker = Worker(rules=(rule(minutes=60),))
    callback_id = worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]["callback_id"]
    assert worker.schedule(rescheduled(callback_id)).transitions == ["rescheduled"]
    said = worker.schedule(cancelled(callback_id, occurred_at="2026-11-23T14:41:00Z"))
    assert [(record["transition"], record["origin"]) for record in said.lifecycle[-1:]] == [("cancelled", "rule")]


def test_a_cancel_of_the_very_instant_of_the_scheduling_wins():
    worker = Worker()
    worker.schedule(cancelled(occurred_at="2026-11-23T14:30:00Z"))
    assert worker.schedule(scheduled(occurred_at="2026-11-23T14:30:00Z")).transitions == ["scheduled", "cancelled"]


def test_a_rule_may_schedule_in_the_conversation_in_which_the_agent_did():
    worker = Worker(rules=(rule(minutes=60),))
    worker.schedule(scheduled(conversation_id="v1"))
    assert worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN")).transitions == ["scheduled"]


@pytest.mark.parametrize(
    ("due_at", "reason"),
    [
        ("9999-12-31T23:59:59.999999Z", "too_far_ahead"),
        ("9999-12-31T23:59:59-00:00", "too_far_ahead"),
        ("0001-01-01T00:00:00Z", "due_before_scheduled"),
    ],
)
def test_a_due_time_at_the_end_of_the_calendar_is_rejected_like_any_other(due_at, reason):
    worker = Worker()
    assert worker.schedule(scheduled(due_at=due_at)).reasons == [[reason]]
    worker.schedule(scheduled("k2"))
    assert worker.schedule(rescheduled("k2", due_at=due_at)).reasons == [[reason]]


def test_odd_characters_of_notes_and_attributes_are_passed_on():
    """Line separators, NUL and a byte order mark; also in the name of an attribute."""
    odd = "line\u2028separator\u0085 \x00 \ufeff"
    worker = Worker()
    worker.send("contacts", contact(attributes={odd: odd, "": ""}))
    worker.schedule(scheduled(notes=odd))
    (command,) = worker.run_to("2026-11-23T15:00:00Z").commands
    assert (command["notes"], command["attributes"]) == (odd, {odd: odd, "": ""})
