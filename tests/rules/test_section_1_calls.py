"""Docs, rules.md, section 1: what a call is, whose wrap-up counts, and which codes tell of none."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"
PREVIEWED = ["scheduled", "due", "presented"]
LIMIT = ["contact_attempt_limit", "already_called_this_pass"]


def test_1_04c_the_thirtieth_day_is_whole_across_a_change_of_the_clock() -> None:
    """Ten o'clock in Sydney, whose clocks go back in between, is 30 days and an hour away; a second more is too far."""
    said = play("1.04c", "2027-04-10T00:00:00Z")
    assert steps(said, "a-1.04c") == PREVIEWED
    assert steps(said, "b-1.04c") == ["rejected"] and said.reasons[1] == ["too_far_ahead"]


def test_1_05c_what_was_called_off_before_it_was_presented_counts_for_nothing() -> None:
    said = play("1.05c", EVENING)
    assert steps(said, "k2-1.05c") == PREVIEWED and steps(said, "k3-1.05c") == ["rejected"]
    (command,) = said.commands
    assert command["agent_id"] == "a9"


def test_1_05d_the_call_of_a_callback_may_arrange_the_next_one() -> None:
    """All of it in one conversation, as platforms number it."""
    said = play("1.05d", EVENING)
    assert steps(said, "k1-1.05d") == [*PREVIEWED, "completed"] and steps(said, "k2-1.05d") == PREVIEWED
    refused = [record for record in said.lifecycle if record["transition"] == "rejected"]
    assert [(one["callback_id"], one["reasons"]) for one in refused] == [("k3-1.05d", ["second_for_conversation"])]


def test_1_05e_a_rejection_names_every_reason_but_a_taken_id_stands_alone() -> None:
    said = play("1.05e")
    assert said.reasons[1:] == [["due_before_scheduled", "second_for_conversation"], ["callback_id_taken"]]


def test_1_08c_the_call_of_a_callback_has_a_first_wrap_up_of_its_own() -> None:
    """It completes, counts and runs the rules; a second one does nothing."""
    said = play("1.08c", EVENING)
    assert steps(said, "k1-1.08c") == [*PREVIEWED, "completed"]
    assert said.transitions.count("scheduled") == 2, "the rule has arranged one callback"
    assert answers(said) == [[], [], ["contact_attempt_limit"]], "two calls after 15:10, and none more by the second"


def test_1_08d_nobody_is_called_twice_for_one_conversation() -> None:
    said = play("1.08d", EVENING)
    assert dialed(said) == [("15:00:00", "preview")] and said.transitions == [*PREVIEWED, "completed"]


def test_1_08e_a_wrap_up_that_a_later_code_overtook_is_named() -> None:
    said = play("1.08e", EVENING)
    (record,) = said.lifecycle
    assert (record["transition"], record["reasons"]) == ("rejected", ["later_code_first"])
    assert (record["callback_id"], record["contact_id"]) == (None, "c1")
    assert record["facts"]["wrap_up_code"] == "AGAIN"


def test_1_08f_a_later_code_needs_no_campaign() -> None:
    assert play("1.08f").errors == ["campaign_unknown"], "the first wrap-up of the second conversation"


def test_1_09d_a_system_code_that_says_nothing_was_dialed_is_no_attempt() -> None:
    assert answers(play("1.09d")) == [[], LIMIT]


def test_1_09e_an_agents_own_skip_and_a_call_without_a_wrap_up_are_attempts() -> None:
    assert answers(play("1.09e")) == [LIMIT, LIMIT, LIMIT]


def test_1_09f_a_campaign_names_further_codes_and_one_on_both_sides_counts() -> None:
    assert answers(play("1.09f")) == [LIMIT, [], LIMIT]


def test_1_09g_sit_uncallable_marks_the_number_by_itself() -> None:
    assert answers(play("1.09g")) == [["number_uncallable"], []]


def test_2_05d_what_waits_goes_at_once_to_the_agent_whom_the_contact_comes_to_belong_to() -> None:
    said = play("2.05d", "2026-11-23T19:00:00Z")
    assert dialed(said) == [("14:30:00", "preview"), ("15:00:00", "analysis")]
    assert of_contact(said, "c1") == ["scheduled", "due", "waiting", "scheduled", "presented"]
    assert (said.commands[0]["owner"], said.commands[0]["agent_id"]) == ("only", "a7")
