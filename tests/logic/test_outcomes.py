"""Docs, rules.md, section 1 (owners) and section 8 rows 6, 9, 10, 11 and 17: what ends a presentation."""

import itertools
import json

import pytest

from tests.builders import Worker, campaign, cancelled, rescheduled, rule, scheduled, wrap_up


def presented(*campaigns, **changes) -> Worker:
    """A worker with callback k1, presented at 15:00."""
    worker = Worker(*campaigns)
    worker.schedule(scheduled(**changes))
    worker.run_to("2026-11-23T15:00:00Z")
    return worker


def of_k1(conversation_id="v5", **changes):
    return wrap_up(conversation_id, callback_id="k1", **{"occurred_at": "2026-11-23T15:10:00Z", **changes})


def test_the_wrap_up_that_names_a_callback_completes_it():
    worker = presented()
    said = worker.wrap_up(of_k1(agent_id="a7"))
    assert said.transitions == ["completed"]
    assert said.lifecycle[0]["facts"] == {"wrap_up_code": "DONE", "conversation_id": "v5", "agent_id": "a7"}
    assert said.views == [None]
    assert worker.run_to("2027-01-30T00:00:00Z").lines == []


def test_an_analysis_callback_is_completed_by_its_wrap_up():
    worker = Worker(rules=(rule(),))
    callback_id = worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]["callback_id"]
    worker.run_to("2026-11-23T14:40:00Z")
    said = worker.wrap_up(wrap_up("v2", callback_id=callback_id, occurred_at="2026-11-23T14:45:00Z"))
    assert said.transitions == ["completed"]


def test_an_agent_who_calls_early_completes_the_callback():
    worker = Worker()
    worker.schedule(scheduled())
    assert worker.wrap_up(of_k1(occurred_at="2026-11-23T14:45:00Z")).transitions == ["completed"]


def test_a_wrap_up_without_its_callback_id_completes_nothing():
    worker = presented()
    assert worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T15:10:00Z")).lines == []


def test_a_later_code_of_a_conversation_completes_nothing_that_nobody_has_in_hand():
    worker = Worker()
    worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T14:20:00Z"))
    worker.schedule(scheduled())
    assert worker.wrap_up(of_k1(event_id="w-later", occurred_at="2026-11-23T14:50:00Z")).lines == []


def test_the_wrap_up_of_a_presentation_counts_also_when_its_conversation_had_one():
    worker = presented()
    worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T14:59:00Z"))
    assert worker.wrap_up(of_k1(event_id="w-later")).transitions == ["completed"]
    again = of_k1(event_id="w-again", occurred_at="2026-11-23T15:11:00Z")
    assert worker.wrap_up(again).lines == [], "a second for the same presentation is a later code"


def test_a_wrap_up_that_is_older_than_the_presentation_is_a_later_code_of_its_conversation():
    worker = presented()
    worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T14:58:00Z"))
    older = of_k1(event_id="w-later", occurred_at="2026-11-23T14:59:59Z")
    assert worker.wrap_up(older, at="2026-11-23T15:01:00Z").lines == []


@pytest.mark.parametrize("change", [rescheduled, cancelled])
def test_the_wrap_up_of_a_presentation_counts_whatever_has_become_of_its_callback_meanwhile(change):
    """Between topics there is no order: an attempt is counted also when the change made in the call came first."""
    worker = presented(conversation_id="v5")
    worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T14:31:00Z"))
    worker.schedule(change(occurred_at="2026-11-23T15:05:00Z"))
    worker.wrap_up(of_k1(event_id="w-later"))
    assert json.loads(worker.core.partitions[0].table[b"L|c1"])["attempts_total"] == 2


def test_a_conversations_own_wrap_up_counts_also_when_that_of_its_callbacks_call_was_heard_first():
    """Each of the two calls has one first wrap-up, in either order; what comes again for either is a later code."""
    own = wrap_up("v5", event_id="own", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:31:00Z")
    of_callback = of_k1(event_id="of-k1")
    for first, second in ((own, of_callback), (of_callback, own)):
        worker = Worker(rules=(rule(minutes=60 * 24),))
        worker.schedule(scheduled(conversation_id="v5"))
        worker.run_to("2026-11-23T15:00:00Z")
        for event in (first, second, {**own, "event_id": "own-2"}, {**of_callback, "event_id": "of-k1-2"}):
            worker.wrap_up(event, at="2026-11-23T15:12:00Z")
        row = json.loads(worker.core.partitions[0].table[b"L|c1"])
        assert (row["attempts_total"], len(row["callbacks"])) == (2, 1), first


def test_a_wrap_up_of_a_presentation_that_was_overtaken_by_a_later_code_is_said_to_be_left_alone():
    worker = presented(conversation_id="v5")
    worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T14:31:00Z"), at="2026-11-23T15:01:00Z")
    worker.wrap_up(of_k1(event_id="w2"))
    said = worker.wrap_up(of_k1(event_id="w1", occurred_at="2026-11-23T15:05:00Z"))
    assert said.reasons == [["later_code_first"]]
    assert said.lifecycle[0]["facts"]["first_at"] == "2026-11-23T15:10:00Z"


def test_a_wrap_up_whose_clock_is_behind_the_presentation_is_the_conversations_own_if_that_had_none():
    worker = presented(conversation_id="v5")
    behind = of_k1(occurred_at="2026-11-23T14:58:30Z")
    assert worker.wrap_up(behind, at="2026-11-23T15:04:00Z").transitions == ["completed"]
    assert json.loads(worker.core.partitions[0].table[b"L|c1"])["attempts_total"] == 1


def test_a_wrap_up_whose_clock_is_ahead_closes_no_presentation_that_is_still_to_come():
    worker = presented(conversation_id="v5")
    worker.wrap_up(of_k1(occurred_at="2026-11-23T15:09:00Z"), at="2026-11-23T15:05:00Z")
    move = rescheduled(occurred_at="2026-11-23T15:04:00Z", due_at="2026-11-23T15:06:00Z")
    assert worker.schedule(move, at="2026-11-23T15:05:30Z").transitions == ["rescheduled"]
    worker.run_to("2026-11-23T15:06:00Z")
    second = of_k1(event_id="w2", occurred_at="2026-11-23T15:08:00Z")
    assert worker.wrap_up(second, at="2026-11-23T15:09:00Z").transitions == ["completed"]
    assert json.loads(worker.core.partitions[0].table[b"L|c1"])["attempts_total"] == 2


def test_call_me_tomorrow_holds_by_a_clock_that_runs_ahead():
    """Stamped after the wrap-up, and heard of before it: it was moved during the call."""
    worker = presented()
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:06:30Z"), at="2026-11-23T15:02:00Z")
    assert worker.wrap_up(of_k1(occurred_at="2026-11-23T15:05:00Z")).lines == []
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["presentation"] == 2


def test_a_wrap_up_that_was_overtaken_by_a_later_code_is_said_to_be_left_alone():
    worker = Worker(rules=(rule(),))
    worker.wrap_up(wrap_up("v5", event_id="w2", occurred_at="2026-11-23T15:05:00Z"))
    said = worker.wrap_up(wrap_up("v5", event_id="w1", wrap_up_code="AGAIN", occurred_at="2026-11-23T15:00:00Z"))
    (record,) = said.lifecycle
    assert (record["transition"], record["reasons"]) == ("rejected", ["later_code_first"])
    assert (record["callback_id"], record["contact_id"], record["due_at"]) == (None, "c1", None)
    assert record["facts"] == {
        "wrap_up_code": "AGAIN", "conversation_id": "v5", "event_type": "wrap_up", "first_at": "2026-11-23T15:05:00Z",
    }  # fmt: skip
    later = wrap_up("v5", event_id="w3", occurred_at="2026-11-23T15:06:00Z")
    assert worker.wrap_up(later).lines == [], "a later code that came later says nothing"


def test_the_callback_is_completed_before_the_rules_run():
    worker = Worker(rules=(rule(),))
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    said = worker.wrap_up(of_k1(wrap_up_code="AGAIN"))
    assert said.transitions == ["completed", "scheduled"]
    assert [len(view["callbacks"]) for view in said.views] == [1]


@pytest.mark.parametrize(("end", "named"), [(False, "callback_unknown"), (True, "callback_ended")])
def test_a_wrap_up_that_names_no_standing_callback_is_an_ordinary_one_and_says_so(end, named):
    worker = Worker(rules=(rule(),))
    if end:
        worker.schedule(scheduled())
        worker.schedule(cancelled())
    event = of_k1(wrap_up_code="AGAIN")
    said = worker.wrap_up(event)
    assert (said.transitions, said.reasons[0]) == (["rejected", "scheduled"], [named])
    assert said.lifecycle[0]["facts"] == {
        "event_type": "wrap_up",
        "refused": "callback_id",
        "wrap_up_code": "AGAIN",
        "conversation_id": "v5",
    }
    assert said.lifecycle[0]["callback_id"] == "k1"
    assert said.lifecycle[0]["cause"]["event_id"] == "w-v5"
    assert worker.wrap_up(event).lines == []


def test_call_me_tomorrow_leaves_the_callback_open():
    worker = presented()
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"))
    assert worker.wrap_up(of_k1(occurred_at="2026-11-23T15:10:00Z")).lines == []
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["presentation"] == 2


def test_a_wrap_up_that_leaves_its_callback_open_is_named_in_what_happens_to_it_next():
    worker = presented()
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"))
    worker.wrap_up(of_k1())
    for record in worker.run_to("2026-11-24T15:00:00Z").lifecycle:
        assert record["facts"]["left_open_by"] == "w-v5"


def test_a_wrap_up_whose_callback_was_left_open_is_not_told_twice():
    worker = presented()
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"))
    worker.wrap_up(of_k1())
    before = dict(worker.core.partitions[0].table)
    assert worker.wrap_up(of_k1()).lines == []
    assert dict(worker.core.partitions[0].table) == before


def test_call_me_tomorrow_reopens_a_callback_that_its_wrap_up_completed_first():
    worker = presented()
    worker.wrap_up(of_k1(occurred_at="2026-11-23T15:10:00Z"))
    said = worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"), at="2026-11-23T15:10:01Z")
    assert said.transitions == ["rescheduled"]
    assert said.lifecycle[0]["facts"]["reopened"] is True
    assert said.views[0]["callbacks"][0]["state"] == "scheduled"
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["presentation"] == 2


@pytest.mark.parametrize("at_wrap_up", ["2026-11-23T15:10:00Z", "2026-11-23T15:00:00.000001Z"])
def test_a_reschedule_at_the_instant_of_the_wrap_up_or_just_after_the_presentation_counts(at_wrap_up):
    worker = presented()
    worker.wrap_up(of_k1())
    assert worker.schedule(rescheduled(occurred_at=at_wrap_up), at="2026-11-23T15:11:00Z").transitions == [
        "rescheduled"
    ]


@pytest.mark.parametrize("moved_at", ["2026-11-23T15:00:00Z", "2026-11-23T15:10:01Z"])
def test_a_reschedule_outside_the_presentation_does_not_reopen(moved_at):
    worker = presented()
    worker.wrap_up(of_k1())
    said = worker.schedule(rescheduled(occurred_at=moved_at), at="2026-11-23T15:11:00Z")
    assert said.reasons == [["callback_ended"]]


@pytest.mark.parametrize("moved_at", ["2026-11-23T14:59:00Z", "2026-11-23T15:05:00Z", "2026-11-23T15:10:30Z"])
def test_reschedule_and_wrap_up_lead_to_the_same_state_in_either_order(moved_at):
    ends = []
    for wrap_up_first in (True, False):
        worker = presented()
        events = [("wrap-up", of_k1()), ("callback-scheduled", rescheduled(occurred_at=moved_at))]
        for topic, value in events if wrap_up_first else reversed(events):
            worker.send(topic, value, at="2026-11-23T15:11:00Z")
        ends.append(len(worker.run_to("2026-11-25T00:00:00Z").commands))
    assert ends[0] == ends[1] == (1 if moved_at == "2026-11-23T15:05:00Z" else 0)


def test_a_cancel_after_the_end_keeps_an_older_reschedule_from_reopening():
    for order in itertools.permutations(("wrap-up", "move", "cancel")):
        worker = presented()
        events = {
            "wrap-up": ("wrap-up", of_k1()),
            "move": ("callback-scheduled", rescheduled(occurred_at="2026-11-23T15:05:00Z")),
            "cancel": ("callback-scheduled", cancelled(occurred_at="2026-11-23T15:06:00Z")),
        }
        for name in order:
            worker.send(*events[name], at="2026-11-23T15:11:00Z")
        assert worker.run_to("2026-11-30T00:00:00Z").commands == [], order


def test_a_wrap_up_of_the_first_presentation_that_comes_after_the_second_ends_nothing():
    worker = presented()
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z", due_at="2026-11-23T16:00:00Z"))
    worker.run_to("2026-11-23T16:00:00Z")
    assert worker.wrap_up(of_k1(occurred_at="2026-11-23T15:10:00Z"), at="2026-11-23T16:01:00Z").lines == []
    late = of_k1("v6", occurred_at="2026-11-23T16:05:00Z")
    assert worker.wrap_up(late).transitions == ["completed"]


def test_no_wrap_up_for_seven_days_ends_the_callback():
    worker = presented()
    assert worker.run_to("2026-11-30T14:59:59Z").lines == []
    said = worker.run_to("2026-11-30T15:00:00Z")
    assert (said.transitions, said.reasons) == (["expired"], [["no_outcome"]])
    assert said.views == [None]


def test_a_campaign_may_wait_for_the_outcome_for_another_time():
    worker = presented(campaign(outcome_timeout_s=60))
    assert worker.run_to("2026-11-23T15:01:00Z").reasons == [["no_outcome"]]


def test_the_outcome_of_an_analysis_is_waited_for_as_well():
    worker = Worker(campaign(outcome_timeout_s=60, rule_set_ids=["R"]), rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    assert worker.run_to("2026-11-23T14:41:00Z").transitions == ["due", "dialing", "expired"]


def test_an_only_owner_has_a_day_from_the_presentation():
    worker = presented(owner="only")
    assert worker.run_to("2026-11-24T14:59:59Z").lines == []
    said = worker.run_to("2026-11-24T15:00:00Z")
    assert said.transitions == ["owner_expired"]
    assert said.lifecycle[0]["facts"] == {"agent_id": "a7", "presented_at": "2026-11-23T15:00:00Z"}
    assert said.views == [None]


def test_a_campaign_may_give_an_owner_another_time():
    worker = presented(campaign(owner_expires_after_s=3600), owner="only")
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["owner_expired"]


def test_owner_expiry_to_the_queue_is_a_second_preview_for_anyone():
    worker = presented(campaign(owner_expiry="queue"), owner="only")
    said = worker.run_to("2026-11-24T15:00:00Z")
    assert said.transitions == ["presented"]
    command = said.commands[0]
    assert (command["owner"], command["agent_id"], command["presentation"]) == ("anyone", None, 2)
    assert said.lifecycle[0]["facts"]["because"] == "owner_expired"
    # The view still reads the same, so it is not written again; the outcome is waited for from here.
    assert said.views == []
    assert worker.run_to("2026-12-01T15:00:00Z").reasons == [["no_outcome"]]


@pytest.mark.parametrize("owner", ["preferred", "anyone"])
def test_only_the_owner_only_expires(owner):
    worker = presented(owner=owner)
    assert worker.run_to("2026-11-25T15:00:00Z").lines == []


def test_a_wrap_up_in_time_stops_the_owners_clock():
    worker = presented(owner="only")
    worker.wrap_up(of_k1())
    assert worker.run_to("2026-11-30T15:00:00Z").lines == []


def test_an_owner_whose_time_ends_with_the_outcomes_expires_as_owner():
    worker = presented(campaign(owner_expires_after_s=3600, outcome_timeout_s=3600), owner="only")
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["owner_expired"]


def test_the_time_of_an_owner_counts_from_a_late_presentation_too():
    worker = Worker()
    worker.schedule(scheduled(owner="only"), at="2026-11-23T20:00:00Z")
    worker.run_to("2026-11-23T20:00:00Z")
    assert worker.run_to("2026-11-24T19:59:59Z").lines == []
    assert worker.run_to("2026-11-24T20:00:00Z").transitions == ["owner_expired"]


def test_a_second_presentation_after_the_limit_of_the_first_does_not_come_out_expired():
    worker = presented(campaign(owner_expiry="queue", expire_after_s=600), owner="only")
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["expires_at"] is None


def test_a_reopened_callback_stands_among_the_outstanding_ones_alone():
    worker = presented()
    worker.wrap_up(of_k1())
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"), at="2026-11-23T15:11:00Z")
    row = json.loads(worker.core.partitions[0].table[b"L|c1"])
    assert ([one["callback_id"] for one in row["callbacks"]], "ended" in row) == (["k1"], False)


CHANGES = {
    "R1": rescheduled(event_id="R1", occurred_at="2026-11-23T15:05:00Z", due_at="2026-11-24T15:01:00Z"),
    "R2": rescheduled(event_id="R2", occurred_at="2026-11-23T15:20:00Z", due_at="2026-11-24T15:02:00Z"),
    "R3": rescheduled(event_id="R3", occurred_at="2026-11-23T15:30:00Z", due_at="2026-11-24T15:03:00Z"),
    "C1": cancelled(event_id="C1", occurred_at="2026-11-23T15:04:00Z"),
    "C2": cancelled(event_id="C2", occurred_at="2026-11-23T15:07:00Z"),
    "C3": cancelled(event_id="C3", occurred_at="2026-11-23T15:25:00Z"),
    "too far": rescheduled(event_id="X", occurred_at="2026-11-23T15:05:00Z", due_at="2027-01-24T15:00:00Z"),
    "too old": rescheduled(event_id="Y", occurred_at="2026-11-23T14:20:00Z", due_at="2026-11-24T15:00:00Z"),
}


def called_again_at(*events) -> list[str]:
    """When k1, presented at 15:00, goes out again after these events, which arrive at 15:31."""
    worker = presented()
    for topic, value in events:
        worker.send(topic, value, at="2026-11-23T15:31:00Z")
    return [command["due_at"] for command in worker.run_to("2026-11-25T00:00:00Z").commands]


@pytest.mark.parametrize("order", list(itertools.permutations(("R1", "R2", "W"))), ids="-".join)
def test_call_me_tomorrow_and_then_at_another_time_ends_the_same_in_every_order(order):
    events = {name: ("callback-scheduled", CHANGES[name]) for name in ("R1", "R2")} | {"W": ("wrap-up", of_k1())}
    assert called_again_at(*(events[name] for name in order)) == ["2026-11-24T15:02:00Z"]


@pytest.mark.parametrize("names", list(itertools.permutations(CHANGES, 3)), ids="-".join)
def test_it_makes_no_difference_when_among_the_changes_the_wrap_up_comes(names):
    changes = [("callback-scheduled", CHANGES[name]) for name in names]
    ends = {
        tuple(called_again_at(*changes[:place], ("wrap-up", of_k1()), *changes[place:]))
        for place in range(len(changes) + 1)
    }
    assert len(ends) == 1


def placement(at):
    return {
        "event_id": f"p-{at}", "request_id": f"q-{at}", "occurred_at": at, "origin": "callback", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip


FIRST = {"move": CHANGES["R1"], "wrap-up": of_k1("v5")}
"""Of the call of 15:00: moved at 15:05 and wrapped up at 15:10."""


@pytest.mark.parametrize("heard", list(itertools.permutations(FIRST)), ids="-".join)
@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_call_ahead_of_its_time_ends_the_callback_however_late_the_first_calls_wrap_up_comes(heard, late):
    """The callback is placed again at 15:15; of the first call's events as many as said come after that."""
    worker = presented()
    events = [("callback-scheduled" if name == "move" else "wrap-up", FIRST[name]) for name in heard]
    before, after = events[: 2 - late], events[2 - late :]
    for topic, value in before:
        worker.send(topic, value, at="2026-11-23T15:12:00Z")
    (answer,) = worker.send("placement-requested", placement("2026-11-23T15:15:00Z")).of("placement-decided")
    if not answer["allowed"]:
        assert before == [("wrap-up", FIRST["wrap-up"])], "completed, and not moved yet"
        return
    for topic, value in [*after, ("wrap-up", of_k1("v6", event_id="w2", occurred_at="2026-11-23T15:20:00Z"))]:
        worker.send(topic, value, at="2026-11-23T15:31:00Z")
    assert worker.run_to("2026-11-25T00:00:00Z").commands == []


@pytest.mark.parametrize("again", ["v5", "v6"])
def test_a_second_wrap_up_of_a_call_that_was_left_open_completes_if_it_is_of_another_conversation(again):
    """The presentation has had its wrap-up, so this one is of a call that nobody asked about."""
    for order in itertools.permutations(FIRST):
        worker = presented()
        for name in order:
            topic = "callback-scheduled" if name == "move" else "wrap-up"
            worker.send(topic, FIRST[name], at="2026-11-23T15:12:00Z")
        worker.wrap_up(of_k1(again, event_id="w2", occurred_at="2026-11-23T15:20:00Z"))
        assert len(worker.run_to("2026-11-25T00:00:00Z").commands) == (1 if again == "v5" else 0), order


def test_a_reopening_that_finds_a_later_reschedule_names_it():
    worker = presented()
    worker.wrap_up(of_k1())
    refused = worker.schedule(CHANGES["R2"], at="2026-11-23T15:31:00Z").lifecycle[0]
    assert (refused["reasons"], refused["facts"]["remembered"]) == (["callback_ended"], True)
    reopened = worker.schedule(CHANGES["R1"]).lifecycle[0]
    assert (reopened["transition"], reopened["due_at"]) == ("rescheduled", "2026-11-24T15:02:00Z")
    assert reopened["facts"]["asked_for"] == "2026-11-24T15:01:00Z"
    assert reopened["facts"]["superseded_by"] == "R2"


def test_a_cancel_after_the_end_closes_the_callback_for_good():
    worker = presented()
    worker.wrap_up(of_k1())
    worker.schedule(cancelled(occurred_at="2026-11-23T15:08:00Z"), at="2026-11-23T15:11:00Z")
    later = rescheduled(occurred_at="2026-11-23T15:09:00Z")
    assert worker.schedule(later, at="2026-11-23T15:11:00Z").reasons == [["callback_ended"]]
