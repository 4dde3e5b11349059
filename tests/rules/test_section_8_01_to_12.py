"""Docs, rules.md, section 8, rows 1 to 12: order, clocks, memory, and the changes to a callback."""

from hashlib import sha256

from streams.logic.contact.ids import command_id, rule_callback_id
from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"
PREVIEWED = ["scheduled", "due", "presented"]


def test_8_01a_a_timer_goes_before_an_event_of_its_own_instant() -> None:
    assert play("8.01a", EVENING).transitions == [*PREVIEWED, "cancelled"]


def test_8_01b_at_a_tie_the_higher_offset_wins_and_a_cancel_beats_a_reschedule() -> None:
    said = play("8.01b", EVENING)
    assert dialed(said) == [("17:00:00", "preview")]
    assert steps(said, "k2-8.01b") == ["scheduled", "rescheduled", "cancelled"]


def test_8_02_an_event_five_minutes_ahead_or_35_days_old_is_the_last_that_is_accepted() -> None:
    assert play("8.02").errors == ["in_the_future", "too_old"]


def test_8_03a_a_repeated_event_says_nothing_at_all() -> None:
    """Each event comes twice, on three topics under one id."""
    said = play("8.03a")
    assert said.transitions.count("scheduled") == 2 and len(answers(said)) == 1


def test_8_03b_a_repeated_request_gets_its_first_answer() -> None:
    said = play("8.03b")
    first, again, other = said.of("placement-decided")
    assert first == again and first["allowed"] and other["reasons"] == ["contact_uncallable"]


def test_8_03c_an_event_id_belongs_to_its_contact() -> None:
    """Two contacts, one id; of one contact it is known again on its topic, whatever the event."""
    said = play("8.03c", EVENING)
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"]
    assert steps(said, "k1-8.03c") == PREVIEWED


def test_8_04a_a_contact_is_remembered_for_35_days() -> None:
    """On the last of them a redelivered wrap-up is known again, and is no second attempt."""
    assert answers(play("8.04a")) == [[]]


def test_8_04b_attempts_are_known_one_by_one_for_a_month_and_in_total_for_good() -> None:
    assert answers(play("8.04b")) == [["contact_attempt_limit"], [], ["contact_attempt_limit"]]


def test_8_05_ids_follow_from_what_they_identify() -> None:
    said = play("8.05", EVENING)
    (command,) = said.commands
    callback_id = rule_callback_id("L8.05", "c1", "wu-1")
    assert callback_id == said.lifecycle[0]["callback_id"] == command["callback_id"]
    assert callback_id.startswith("r-") and len(callback_id) == 34
    assert command["command_id"] == command_id("L8.05", "c1", callback_id, 1)
    assert said.errors == ["invalid"], "a contact list id has no bar in it"


def test_8_05b_ids_are_hashes_of_compact_json() -> None:
    """Of a scenario in which one callback is dialed twice."""
    callback_id = "r-" + sha256(b'["L8.07b","c1","dialed-8.07b"]').hexdigest()[:32]
    dialed_twice = [one for one in play("8.07b", EVENING).commands if one["contact_id"] == "c1"]
    assert [one["callback_id"] for one in dialed_twice] == [callback_id] * 2
    assert [one["command_id"] for one in dialed_twice] == [
        sha256(f'["L8.07b","c1","{callback_id}",{presentation}]'.encode()).hexdigest()[:32] for presentation in (1, 2)
    ]


def test_8_06_presentation_counts_the_commands() -> None:
    said = play("8.06", EVENING)
    assert dialed(said) == [("15:00:00", "preview"), ("15:20:00", "preview"), ("16:20:00", "preview")]
    assert [one["presentation"] for one in said.commands] == [1, 2, 3]


def test_8_07_a_reschedule_works_until_the_end_and_a_refused_one_changes_nothing() -> None:
    said = play("8.07", EVENING)
    refused = [record["reasons"] for record in said.lifecycle if record["transition"] == "rejected"]
    assert refused == [["too_far_ahead"], ["due_before_scheduled"], ["superseded"], ["callback_ended"]]
    assert dialed(said) == [("15:00:00", "preview"), ("16:00:00", "preview")]


def test_8_07b_a_reschedule_works_while_it_waits_and_while_it_is_dialed() -> None:
    said = play("8.07b", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "dialing", "rescheduled", "due", "dialing"]
    assert of_contact(said, "c2") == ["scheduled", "due", "waiting", "rescheduled", "due", "dialing"]
    assert dialed(said) == [("14:10:00", "analysis"), ("16:00:00", "analysis"), ("17:00:00", "analysis")]
    assert [one["presentation"] for one in said.commands] == [1, 2, 1]


def test_8_08a_a_cancel_works_until_the_end_and_placement_says_so() -> None:
    said = play("8.08a", EVENING)
    assert said.transitions == [*PREVIEWED, "cancelled", "rejected"] and answers(said) == [["callback_ended"]]


def test_8_08b_a_cancel_that_comes_before_its_callback_ends_it_whatever_its_clock_says() -> None:
    said = play("8.08b", EVENING)
    assert steps(said, "k1-8.08b") == steps(said, "k2-8.08b") == ["rejected", "scheduled", "cancelled"]


def test_8_08c_a_cancel_works_while_it_waits_and_while_it_is_dialed() -> None:
    said = play("8.08c", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "dialing", "cancelled"]
    assert of_contact(said, "c2") == ["scheduled", "due", "waiting", "cancelled"]
    assert dialed(said) == [("14:10:00", "analysis")]


def test_8_09a_b_call_me_tomorrow_ends_the_same_in_either_order() -> None:
    reschedule_first, wrap_up_first = play("8.09a", "2026-11-25T00:00:00Z"), play("8.09b", "2026-11-25T00:00:00Z")
    assert dialed(reschedule_first) == dialed(wrap_up_first)
    assert dialed(wrap_up_first) == [("15:00:00", "preview"), ("2026-11-24T15:00:00", "preview")]
    assert reschedule_first.transitions[-1] == wrap_up_first.transitions[-1] == "completed"
    assert wrap_up_first.lifecycle[4]["facts"]["reopened"] is True


def test_8_09c_a_move_outside_the_call_keeps_nothing_open() -> None:
    said = play("8.09c", EVENING)
    assert said.transitions == ["scheduled", "rescheduled", "due", "presented", "completed", "rejected"]


def test_8_09d_a_call_ahead_of_its_time_is_the_presentation_that_its_wrap_up_ends() -> None:
    said = play("8.09d", "2026-11-25T00:00:00Z")
    assert dialed(said) == [("2026-11-24T15:00:00", "preview")]


def test_8_10_without_an_outcome_it_expires_after_a_week_or_as_the_campaign_says() -> None:
    said = play("8.10", "2026-12-01T00:00:00Z")
    ends = [record for record in said.lifecycle if record["transition"] == "expired"]
    assert [record["occurred_at"] for record in ends] == ["2026-11-23T15:10:00Z", "2026-11-30T15:00:00Z"]
    assert [record["reasons"] for record in ends] == [["no_outcome"]] * 2


def test_8_11a_a_wrap_up_of_an_unknown_or_ended_callback_is_an_ordinary_one_and_the_fact_is_noted() -> None:
    said = play("8.11a")
    noted = [record["reasons"] for record in said.lifecycle if record["transition"] == "rejected"]
    assert noted == [["callback_unknown"], ["callback_ended"]]
    assert said.transitions.count("scheduled") == 2, "the rule ran"
    assert answers(said) == [["already_called_this_pass"]], "the attempt counted"


def test_8_11b_the_callback_is_completed_before_the_rules_run() -> None:
    assert play("8.11b").transitions == [*PREVIEWED, "completed", "scheduled"]


def test_8_11c_a_wrap_up_for_what_is_not_known_yet_can_be_replayed() -> None:
    said = play("8.11c")
    assert said.errors == ["campaign_unknown", "rule_set_unknown"] and said.transitions == ["scheduled"]


def test_8_12a_a_callback_for_an_unknown_campaign_is_accepted_and_its_placement_blocks() -> None:
    said = play("8.12a", EVENING)
    assert said.transitions == PREVIEWED and answers(said) == [["campaign_unknown"]]


def test_8_12b_a_rule_callback_whose_campaign_is_gone_is_blocked() -> None:
    said = play("8.12b", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "blocked"] and said.reasons[-1] == ["campaign_unknown"]


def test_8_12c_a_waiting_callback_whose_campaign_goes_is_blocked_then() -> None:
    said = play("8.12c", EVENING)
    assert said.transitions == ["scheduled", "due", "waiting", "blocked"] and said.reasons[-1] == ["campaign_unknown"]
    assert said.lifecycle[-1]["occurred_at"] == "2026-11-23T14:30:00Z"
