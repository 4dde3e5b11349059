"""Docs, rules.md, section 1: arranging a callback."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"
PREVIEWED = ["scheduled", "due", "presented"]


def test_1_01_widget_and_script_are_the_same() -> None:
    said = play("1.01", EVENING)
    assert of_contact(said, "c1") == of_contact(said, "c2") == PREVIEWED
    widget, script = said.commands
    assert (widget.pop("source"), script.pop("source")) == ("widget", "script")
    own = ("command_id", "callback_id", "contact_id")
    assert {k: v for k, v in widget.items() if k not in own} == {k: v for k, v in script.items() if k not in own}


def test_1_02_a_rule_arranges_a_callback_on_a_wrap_up_condition() -> None:
    said = play("1.02", EVENING)
    assert said.transitions == ["scheduled", "due", "dialing"]
    assert said.lifecycle[0]["facts"]["wrap_up_code"] == "AGAIN"
    assert dialed(said) == [("14:41:00", "analysis")]


def test_1_03_minutes_are_elapsed_minutes_from_the_wrap_up_itself() -> None:
    """A day of minutes over the night in which the clocks of New York go forward."""
    said = play("1.03", "2027-03-14T18:00:00Z")
    assert said.lifecycle[0]["due_at"] == "2027-03-14T17:00:00Z"
    assert dialed(said) == [("2027-03-14T17:00:00", "analysis")]


def test_1_04a_thirty_days_ahead_and_not_before_it_was_arranged() -> None:
    said = play("1.04a", "2026-12-24T00:00:00Z")
    assert steps(said, "in-time-1.04a") == steps(said, "now-1.04a")[:3] == PREVIEWED
    refused = {record["callback_id"]: record["reasons"] for record in said.lifecycle if record["reasons"]}
    assert refused["too-far-1.04a"] == ["too_far_ahead"] and refused["too-early-1.04a"] == ["due_before_scheduled"]
    assert len(said.commands) == 2


def test_1_04b_a_due_time_gone_by_is_acted_on_at_once() -> None:
    said = play("1.04b", EVENING)
    assert dialed(said) == [("16:00:00", "preview")] and said.commands[0]["due_at"] == "2026-11-23T15:00:00Z"


def test_1_05_one_callback_for_each_conversation() -> None:
    said = play("1.05", EVENING)
    assert steps(said, "k1-1.05") == steps(said, "k3-1.05") == PREVIEWED
    assert steps(said, "k2-1.05") == ["rejected"] and said.reasons[1] == ["second_for_conversation"]


def test_1_05b_what_a_rule_arranges_is_no_second_of_its_conversation() -> None:
    said = play("1.05b", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "scheduled", "due", "presented", "due", "presented"]


def test_1_06a_a_callback_is_moved_and_called_off_until_it_has_ended() -> None:
    said = play("1.06a", EVENING)
    assert said.transitions == ["scheduled", "rescheduled", "cancelled", "rejected", "rejected"]
    assert said.reasons[3:] == [["callback_ended"]] * 2 and said.commands == []


def test_1_06b_of_several_changes_the_latest_by_occurred_at_holds() -> None:
    said = play("1.06b", EVENING)
    assert said.transitions[:4] == ["scheduled", "rescheduled", "rejected", "rejected"]
    assert said.reasons[2:4] == [["superseded"]] * 2
    assert dialed(said) == [("17:00:00", "preview")]


def test_1_07a_an_owner_is_anyone_preferred_or_only() -> None:
    said = play("1.07a", EVENING)
    assert [(command["owner"], command["agent_id"]) for command in said.commands] == [
        ("anyone", "a7"),
        ("preferred", "a7"),
        ("only", "a7"),
    ]


def test_1_07b_an_only_owner_has_a_day_from_the_presentation() -> None:
    said = play("1.07b", "2026-11-25T00:00:00Z")
    assert said.transitions == [*PREVIEWED, "owner_expired"]
    assert said.lifecycle[-1]["occurred_at"] == "2026-11-24T15:00:00Z"


def test_1_07c_an_owners_time_may_lead_to_the_queue() -> None:
    said = play("1.07c", EVENING)
    assert dialed(said) == [("15:00:00", "preview"), ("16:00:00", "preview")]
    assert [command["owner"] for command in said.commands] == ["only", "anyone"]


def test_1_07d_the_time_of_an_only_owner_is_the_campaigns_and_nobody_elses_runs_out() -> None:
    """The only owner is done one second before the hour is over; of the others nothing is heard for a week."""
    said = play("1.07d", "2026-11-30T14:59:59Z")
    assert "owner_expired" not in said.transitions and of_contact(said, "only")[-1] == "completed"
    assert of_contact(said, "anyone") == of_contact(said, "preferred") == PREVIEWED


def test_1_08_rules_run_on_the_first_wrap_up_of_a_conversation_and_a_later_code_is_no_attempt() -> None:
    said = play("1.08", EVENING)
    assert said.lifecycle == [] and answers(said) == [[]]


def test_1_08b_a_later_code_completes_nothing_and_changes_no_attribute() -> None:
    said = play("1.08b", EVENING)
    assert said.transitions == PREVIEWED and said.commands[0]["attributes"] == {"plan": "first"}


def test_1_09a_system_codes_run_no_rules() -> None:
    """In any mode three of them; the skip of a DNC check in a preview campaign only."""
    said = play("1.09a", EVENING)
    assert said.transitions == ["scheduled", "due", "dialing"]
    assert said.lifecycle[0]["facts"]["wrap_up_code"] == "ININ-OUTBOUND-DNC-SKIPPED"
    assert said.lifecycle[0]["campaign_id"] == "P1.09a"


def test_1_09b_a_skip_is_no_attempt() -> None:
    assert answers(play("1.09b")) == [[], ["contact_attempt_limit"]]


def test_1_09c_the_seven_skips_of_the_checks_run_no_rules_in_preview_mode_alone() -> None:
    """What was skipped in preview mode is heard again, under other conversations, when the mode is power."""
    said = play("1.09c")
    assert said.transitions == ["scheduled"] * 7
    assert all(one["occurred_at"] >= "2026-11-23T14:36:00Z" for one in said.lifecycle)
