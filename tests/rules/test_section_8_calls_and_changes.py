"""Docs, rules.md, section 8: ids that come again, changes and clocks, row 9 call by call, and further rows."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"
PREVIEWED = ["scheduled", "due", "presented"]


def test_8_01c_timers_of_one_instant_go_by_callback_id() -> None:
    said = play("8.01c", EVENING)
    assert [one["callback_id"] for one in said.commands] == ["k1-8.01c", "k5-8.01c", "k9-8.01c"]


def test_8_03d_an_id_that_stands_for_something_else_is_no_repeat() -> None:
    """An event id on each topic, and a request id; what is repeated as it was stays a repeat."""
    said = play("8.03d", EVENING)
    assert said.errors == ["id_reused"] * 4
    assert answers(said) == [[], []], "the number that is on the list gets no answer of another's"
    assert steps(said, "k1-8.03d") == PREVIEWED


def test_8_03e_an_answer_is_good_for_a_minute_and_then_decided_anew() -> None:
    said = play("8.03e", EVENING)
    decided = said.of("placement-decided")
    assert [one["occurred_at"][11:19] for one in decided] == [
        "14:00:00", "14:00:00", "14:01:00", "14:01:00", "14:02:00", "14:10:00", "14:10:05",
    ]  # fmt: skip
    assert [one["allowed"] for one in decided] == [True, True, True, True, False, True, True]
    assert decided[4]["facts"]["decided_before_at"] == "2026-11-23T14:01:00Z"
    (command,) = said.commands
    assert command["attributes"] == {"asked": "1"}, "one request, however often it is decided, and another campaign's"


def test_8_07c_a_change_is_compared_with_changes_and_not_with_the_scheduling() -> None:
    said = play("8.07c", EVENING)
    assert steps(said, "k1-8.07c") == ["scheduled", "rescheduled", "rejected", "due", "presented"]
    assert steps(said, "k2-8.07c") == ["scheduled", "rescheduled", "due", "presented"], "call me tomorrow"
    assert dialed(said) == [("17:00:00", "preview"), ("18:00:00", "preview")]


def test_8_08d_a_cancel_cannot_have_come_before_its_callback() -> None:
    said = play("8.08d", EVENING)
    assert said.transitions == ["scheduled", "cancelled"]


def test_8_09e_a_call_ahead_of_its_time_counts_after_a_reopening() -> None:
    said = play("8.09e", EVENING)
    assert said.transitions == [*PREVIEWED, "completed", "rescheduled", "completed"]
    assert dialed(said) == [("10:00:00", "preview")]


def test_8_09f_a_call_ahead_of_its_time_counts_whatever_went_before_it() -> None:
    """No first wrap-up; two such calls; the other order of 8.09e; and a call that nobody asked about."""
    said = play("8.09f", EVENING)
    for contact_id in ("c1", "c3", "c4"):
        assert of_contact(said, contact_id) == [*PREVIEWED, "rescheduled", "completed"]
    assert of_contact(said, "c2") == ["scheduled", "rescheduled", "completed"]
    assert [at for at, _ in dialed(said)] == ["10:00:00"] * 3


def test_8_09g_a_late_change_reopens_by_the_settings_of_the_day_on_which_it_comes() -> None:
    said = play("8.09g", EVENING)
    assert of_contact(said, "c1") == [*PREVIEWED, "completed", "rescheduled", "due", "presented"]
    assert of_contact(said, "c2") == [*PREVIEWED, "rescheduled", "cancelled"]


def test_8_09h_the_wrap_up_of_a_presentation_that_is_forgotten_completes() -> None:
    said = play("8.09h", EVENING)
    assert len(said.commands) == 5 and said.transitions[-1] == "completed"


def test_8_09i_a_change_whose_clock_is_behind_that_of_the_scheduling_reopens() -> None:
    said = play("8.09i", EVENING)
    assert said.transitions == [*PREVIEWED, "completed", "rescheduled", "due", "presented"]


def test_8_09j_a_cancel_that_finds_it_completed_closes_it_unless_it_is_older_than_a_change() -> None:
    said = play("8.09j", EVENING)
    assert of_contact(said, "c1") == [*PREVIEWED, "completed", "rejected", "rejected"]
    assert of_contact(said, "c2")[-4:] == ["rejected", "rescheduled", "due", "presented"]


def test_8_14d_an_older_recycle_and_a_repeated_one_cancel_nothing() -> None:
    said = play("8.14d", EVENING)
    assert said.transitions == PREVIEWED, "and say nothing"


def test_8_17c_passed_to_the_queue_it_stays_with_the_queue() -> None:
    said = play("8.17c", "2026-11-23T12:30:00Z")
    assert [(one["owner"], one["agent_id"]) for one in said.commands] == [
        ("only", "a7"), ("anyone", None), ("anyone", None),
    ]  # fmt: skip


def test_8_20f_an_analysis_command_has_the_attributes_after_the_pre_call_rules() -> None:
    (command,) = play("8.20f", EVENING).commands
    assert command["attributes"] == {"tries": "1"}


def test_8_21e_what_rules_changed_stays_laid_over_later_records_until_the_tombstone() -> None:
    said = play("8.21e", EVENING)
    assert [one["attributes"] for one in said.commands] == [
        {"said": "maybe", "tries": "1"}, {"tries": "1", "tier": "gold"}, {"tries": "2", "tier": "gold"}, {},
    ]  # fmt: skip


def test_8_21f_of_an_unknown_contact_no_mark_is_named() -> None:
    assert answers(play("8.21f")) == [["contact_unknown"], ["contact_uncallable"]]


def test_8_23c_limits_count_by_when_a_call_was_dialed() -> None:
    said = play("8.23c")
    assert answers(said) == [[], ["contact_attempt_limit"]]
    assert said.errors == ["in_the_future"], "nothing is dialed five minutes after its wrap-up"


def test_8_24b_a_call_ahead_of_its_time_counts_while_the_callback_waits() -> None:
    said = play("8.24b", EVENING)
    assert said.transitions == ["scheduled", "due", "waiting", "rescheduled", "due", "waiting"], "it stays open"


def test_8_14e_a_clear_that_comes_while_nobody_can_read_the_campaign_is_applied_when_it_can_be_read() -> None:
    """To what was scheduled before it; what a wrap-up of that time would have led to is a dead letter."""
    said = play("8.14e", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "cancelled"]
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"]
    assert said.errors == ["invalid", "campaign_unreadable"]
