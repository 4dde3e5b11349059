"""Docs, rules.md, section 8, rows 13 to 27: configuration, releases, moves, marks and limits."""

import pytest

from streams.simulator.simulate import VirtualWorker
from tests.builders import Worker, campaign, cancelled, contact, instant, rule, scheduled, wrap_up
from tests.rules.scenario import SCENARIOS, answers, dialed, lines, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"


def test_8_13_configuration_counts_from_its_line_on() -> None:
    """What was dialed at its very instant was dialed before it; see also the Kafka test of an outage."""
    assert dialed(play("8.13", EVENING)) == [("14:10:00", "analysis"), ("14:21:00", "preview")]


def test_8_14a_a_callback_scheduled_before_a_clear_and_heard_of_after_it_ends_at_once() -> None:
    said = play("8.14a", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "cancelled"]
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"]


def test_8_14b_the_pass_begins_at_the_latest_accepted_recycle_by_occurred_at() -> None:
    said = play("8.14b")
    assert said.reasons == [["recycled_too_soon"]]
    assert answers(said) == [[], ["already_called_this_pass"]]


def test_8_14c_a_recycle_cancels_what_was_scheduled_before_it() -> None:
    said = play("8.14c", EVENING)
    assert steps(said, "k1-8.14c") == ["scheduled", "cancelled"]
    assert dialed(said) == [("15:00:00", "preview")]


def test_8_15a_every_status_but_on_is_off_and_a_new_record_is_heard() -> None:
    """`on` lets the callback go, preview mode presents it though the campaign is complete."""
    said = play("8.15a", EVENING)
    assert dialed(said) == [("15:00:00", "analysis"), ("15:01:00", "preview")]
    for status in ("stopping", "forced_off"):
        assert of_contact(said, status) == ["scheduled", "due", "waiting"]


def test_8_15b_waiting_callbacks_are_released_by_due_time_at_the_campaigns_rate() -> None:
    said = play("8.15b", EVENING)
    assert [(at, command["contact_id"]) for (at, _), command in zip(dialed(said), said.commands, strict=True)] == [
        ("15:00:00", "c3"),
        ("15:00:10", "c1"),
        ("15:00:20", "c2"),
    ]


def test_8_16_due_and_all_that_follows_from_it_are_one_step() -> None:
    """Records, command, view and the row come out of the partition together or not at all."""
    (path,) = SCENARIOS.glob("8.16-*.jsonl")
    worker = VirtualWorker(1)
    for line in lines(path):
        list(worker.arrive(line))
    outcome = worker.partitions[0].fire(instant("2026-11-23T14:10:00Z"))
    assert outcome is not None
    written = [record.topic for record in outcome.records]
    assert written == ["callback-lifecycle", "callback-lifecycle", "dial-analysis", "outstanding-callbacks"]
    assert list(outcome.writes) == [b"L8.16|c1"]


def test_8_17a_expiry_counts_from_due_and_beats_a_release_at_the_same_instant() -> None:
    said = play("8.17a", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "waiting", "expired"]
    assert of_contact(said, "c2") == ["scheduled", "due", "waiting", "dialing"]


def test_8_17b_a_command_says_when_it_expires_and_an_owners_time_counts_from_presentation() -> None:
    first, second = play("8.17b", EVENING).commands
    assert first["expires_at"] == "2026-11-23T16:00:00Z"
    assert (second["owner"], second["agent_id"], second["presentation"]) == ("anyone", None, 2)


def test_8_18_an_owner_needs_an_agent() -> None:
    said = play("8.18", EVENING)
    assert said.errors == ["invalid", "invalid"] and len(said.commands) == 2
    assert "owner_expired" not in said.transitions, "preferred needs no timer"


def test_8_19a_the_move_to_the_next_open_slot_goes_across_a_change_of_the_clock() -> None:
    """The slot begins in the hour that the night of March 14 leaves out, and opens where that hour would have ended."""
    said = play("8.19a", "2027-03-15T00:00:00Z")
    assert said.transitions == ["scheduled", "due", "rescheduled", "due", "dialing"]
    moved = said.lifecycle[2]
    assert moved["due_at"] == "2027-03-14T07:00:00Z" and moved["reasons"] == ["outside_callable_time"]
    assert moved["facts"]["first_due_at"] == "2027-03-12T20:10:00Z"
    assert said.commands[0]["presentation"] == 1


def test_8_19b_without_a_slot_in_eight_days_it_is_blocked() -> None:
    said = play("8.19b", EVENING)
    assert said.transitions[-1] == "blocked" and said.reasons[-1] == ["outside_callable_time"]


def test_8_19c_it_moves_only_when_nothing_else_fails() -> None:
    said = play("8.19c", EVENING)
    assert said.transitions[-1] == "blocked" and said.reasons[-1] == ["outside_callable_time", "contact_uncallable"]


def test_8_20a_a_screened_preview_that_fails_is_treated_like_a_call_of_the_systems() -> None:
    said = play("8.20a", "2026-11-24T20:00:00Z")
    assert steps(said, "k1-8.20a") == ["scheduled", "due", "rescheduled", "due", "presented"]
    assert steps(said, "k2-8.20a") == ["scheduled", "due", "blocked"]


def test_8_20b_the_actions_of_pre_call_rules_run_once_for_each_request_that_is_allowed() -> None:
    said = play("8.20b", EVENING)
    assert answers(said) == [[], [], ["contact_uncallable"]]
    assert said.commands[0]["attributes"] == {"asked": "1"}


def test_8_20c_a_pre_call_rule_that_cannot_be_evaluated_is_a_reason() -> None:
    assert answers(play("8.20c")) == [["pre_call_rule"]]


def test_8_20d_a_preview_that_a_rule_wants_is_checked_at_its_placement() -> None:
    said = play("8.20d", EVENING)
    assert dialed(said) == [("14:10:00", "preview")] and said.commands[0]["checks"] == "at_placement"
    assert answers(said) == [["dnc"]]


def test_8_20e_a_refused_call_of_the_systems_runs_no_actions() -> None:
    """What a preview of half an hour later shows of the attributes."""
    said = play("8.20e", EVENING)
    assert of_contact(said, "c1")[:3] == ["scheduled", "due", "blocked"]
    shown = {one["contact_id"]: one["attributes"] for one in said.of("dial-preview")}
    assert shown == {"c1": {}, "c2": {"asked": "1"}}


def test_8_21a_a_mark_outlasts_a_record_and_not_a_tombstone() -> None:
    assert answers(play("8.21a")) == [["contact_uncallable"], ["contact_unknown"], []]


def test_8_21b_a_record_replaces_the_attributes_and_a_wrap_up_merges_its_own() -> None:
    said = play("8.21b", EVENING)
    assert [one["attributes"] for one in said.commands] == [{"a": "1", "b": "3", "c": "4"}, {"d": "5"}]


def test_8_21c_a_tombstone_leaves_the_callbacks() -> None:
    said = play("8.21c", EVENING)
    assert dialed(said) == [("15:00:00", "preview")] and answers(said) == [["contact_unknown"]]


def test_8_21d_a_mark_of_a_number_outlasts_a_record_and_a_number_without_an_entry_is_callable() -> None:
    said = play("8.21d")
    assert answers(said) == [["number_uncallable"], []]
    marked, unlisted = (one["facts"]["number"] for one in said.of("placement-decided"))
    assert marked["marked_by"]["wrap_up_code"] == "WRONG"
    assert unlisted == {"callable": True, "on_record": False}


def test_8_22_an_append_holds_at_once_expires_exclusively_and_gives_way_to_a_later_entry() -> None:
    said = play("8.22")
    assert answers(said) == [["dnc"], ["dnc"], ["dnc"], []]
    assert len(said.of("dnc-entries")) == 1


def test_8_22b_an_entry_that_is_removed_blocks_no_more() -> None:
    assert answers(play("8.22b")) == [["dnc"], []]


def test_8_23_attempts_of_all_campaigns_count_by_the_calendar_of_the_limits_zone() -> None:
    """Kiritimati is fourteen hours ahead: its Tuesday begins on Monday at ten."""
    assert answers(play("8.23")) == [[], ["contact_attempt_limit"], []]


def test_8_23b_attempts_belong_to_the_record_and_not_to_the_number() -> None:
    """The same number of another contact has none; every number of the contact counts for the contact."""
    assert answers(play("8.23b")) == [["number_attempt_limit"], [], [], ["contact_attempt_limit"]]


def test_8_24_placement_ahead_of_time_by_anybody_leaves_the_lifecycle_alone() -> None:
    said = play("8.24", EVENING)
    assert answers(said) == [[], ["contact_uncallable"], ["contact_uncallable", "callback_ended"]]
    assert said.transitions == ["scheduled", "cancelled"]


def test_8_25_after_a_restart_a_cancel_sent_meanwhile_is_applied_before_timers_fire() -> None:
    """Here by hand: the acquire gate, which does it for a worker, is tested on a real Kafka."""
    worker = Worker()
    worker.schedule(scheduled())
    worker.restart()
    assert worker.schedule(cancelled(occurred_at="2026-11-23T14:50:00Z")).transitions == ["cancelled"]
    assert worker.run_to("2026-11-23T16:00:00Z").commands == []


def test_8_26_a_right_party_contact_adds_nothing_to_the_pass_rule() -> None:
    assert answers(play("8.26")) == [[]]


@pytest.mark.parametrize(
    ("due", "acquired", "fired_at", "cause"),
    [
        ("14:40:00", "14:30:00", "14:40:01", "none"),
        ("14:40:00", "14:30:00", "14:40:02", "backlog"),
        ("14:40:00", "14:41:00", "14:41:00", "outage"),
    ],
)
def test_8_27_lateness_has_a_cause(due: str, acquired: str, fired_at: str, cause: str) -> None:
    worker = Worker(campaign(rule_set_ids=["R"]), rules=(rule(),))
    worker.send("contacts", contact())
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    worker.at = f"2026-11-23T{acquired}Z"
    worker.restart()
    outcome = worker.core.partitions[0].fire(instant(f"2026-11-23T{fired_at}Z"))
    assert outcome is not None
    assert [fired.cause for fired in outcome.fired] == [cause]
    assert outcome.fired[0].due_at == instant(f"2026-11-23T{due}Z")


def test_8_27_the_other_causes_are_the_campaigns_the_rate_and_the_zone() -> None:
    """The first two are in the facts of the release; of a moved callback only the time from its slot on is lateness."""
    said = play("8.15b", EVENING)
    held_by = [record["facts"]["held_by"] for record in said.lifecycle if record["transition"] == "dialing"]
    assert held_by == ["campaign_off", "rate", "rate"]
    (path,) = SCENARIOS.glob("8.19a-*.jsonl")
    worker = VirtualWorker(1)
    for line in lines(path):
        list(worker.arrive(line))
    partition = worker.partitions[0]
    partition.fire(instant("2027-03-12T20:10:00Z"))
    outcome = partition.fire(instant("2027-03-14T07:00:00Z"))
    assert outcome is not None
    assert [(fired.cause, fired.due_at) for fired in outcome.fired] == [("zone", instant("2027-03-14T07:00:00Z"))]
