"""Docs, rules.md, section 9: windows, and what becomes of a callback that was missed."""

from tests.builders import Json, Said
from tests.rules.scenario import answers, dialed, of_contact, play, steps

NEXT_EVENING = "2026-11-25T20:00:00Z"


def ends(said: Said) -> list[tuple[str, str, list[str]]]:
    """When a callback expired, whose it was, and why."""
    return [
        (record["occurred_at"], record["contact_id"], record["reasons"])
        for record in said.lifecycle
        if record["transition"] == "expired"
    ]


def missed(said: Said) -> list[Json]:
    """Records of windows that were missed, and led to another one."""
    return [
        record
        for record in said.lifecycle
        if record["transition"] == "rescheduled" and record["reasons"] == ["window_over"]
    ]


def another_window(record: Json) -> tuple[str, str]:
    """When the callback is due next, and up to when."""
    return record["due_at"], record["facts"]["window_end_at"]


def test_9_03a_a_command_expires_with_the_window_or_at_the_campaigns_limit_if_that_is_earlier() -> None:
    said = play("9.03a", NEXT_EVENING)
    assert {command["callback_id"]: command["expires_at"] for command in said.commands} == {
        "k1-9.03a": "2026-11-23T15:30:00Z",
        "k2-9.03a": "2026-11-23T16:00:00Z",
        "k3-9.03a": "2026-11-23T16:00:00Z",
    }


def test_9_03b_a_window_that_does_not_end_after_its_due_time_makes_a_bad_event() -> None:
    said = play("9.03b", NEXT_EVENING)
    assert said.errors == ["invalid", "invalid"]
    assert dialed(said) == [("15:00:00", "preview")]


def test_9_03c_what_waits_at_its_windows_end_is_missed_and_no_release_comes_before_it() -> None:
    said = play("9.03c", NEXT_EVENING)
    assert of_contact(said, "c1") == ["scheduled", "rescheduled", "due", "waiting", "expired"]
    assert ends(said) == [("2026-11-23T16:00:00Z", "c1", ["window_over"])]
    assert said.lifecycle[-1]["facts"] == {"window_end_at": "2026-11-23T16:00:00Z", "missed": 1}


def test_9_03d_what_was_moved_to_a_slot_beyond_its_window_is_missed_at_its_end() -> None:
    said = play("9.03d", NEXT_EVENING)
    assert steps(said, "k1-9.03d") == ["scheduled", "due", "rescheduled", "expired"]
    assert ends(said) == [("2026-11-23T20:00:00Z", "c1", ["window_over"])]
    assert steps(said, "k2-9.03d") == ["scheduled", "due", "rescheduled", "due", "presented"]


def test_9_03e_what_arrives_when_its_window_is_over_is_accepted_and_missed_at_once() -> None:
    said = play("9.03e", NEXT_EVENING)
    assert steps(said, "k1-9.03e") == ["scheduled", "due", "expired"]
    assert steps(said, "k2-9.03e") == ["scheduled", "due", "presented"]


def test_9_03f_what_an_agent_has_stays_is_not_placed_after_the_end_and_is_completed_by_its_wrap_up() -> None:
    said = play("9.03f", NEXT_EVENING)
    assert answers(said) == [[], ["window_over"]]
    allowed, _ = said.of("placement-decided")
    assert allowed["valid_until"] == allowed["facts"]["callback"]["window_end_at"] == "2026-11-23T16:00:00Z"
    assert of_contact(said, "c1") == ["scheduled", "due", "presented", "completed"]


def test_9_03g_a_reschedule_brings_its_own_window_or_ends_the_one_there_was() -> None:
    said = play("9.03g", NEXT_EVENING)
    assert of_contact(said, "c1") == ["scheduled", "rescheduled", "rescheduled", "due", "waiting"]
    assert ends(said) == [("2026-11-23T17:00:00Z", "c2", ["window_over"])]


def test_9_03h_it_has_the_same_window_the_next_day_by_the_contacts_clock() -> None:
    """Ten to eleven in New York, on both sides of the change to daylight saving time."""
    said = play("9.03h", "2027-03-20T00:00:00Z")
    (record,) = missed(said)
    assert another_window(record) == ("2027-03-14T14:00:00Z", "2027-03-14T15:00:00Z")
    assert said.commands[0]["expires_at"] == "2027-03-14T15:00:00Z"


def test_9_03i_it_is_the_next_day_that_is_open_and_due_is_the_first_open_instant_of_the_window() -> None:
    """From Friday to Monday: half past eight to half past ten, and open from nine on."""
    (record,) = missed(play("9.03i", "2026-12-05T00:00:00Z"))
    assert another_window(record) == ("2026-11-30T14:00:00Z", "2026-11-30T15:30:00Z")


def test_9_03j_so_many_windows_lead_to_another_one_and_the_next_one_ends_it() -> None:
    said = play("9.03j", "2026-12-05T00:00:00Z")
    assert [record["facts"]["missed"] for record in missed(said)] == [1, 2]
    assert ends(said) == [("2026-11-25T16:00:00Z", "c1", ["window_over"])]


def test_9_03k_if_no_day_is_open_within_eight_days_it_ends() -> None:
    said = play("9.03k", NEXT_EVENING)
    assert ends(said) == [("2026-11-23T18:00:00Z", "c1", ["window_over"])]


def test_9_03l_of_several_clocks_the_westernmost_counts() -> None:
    """Ten o'clock in New York and in Panama, where no clock is changed: it is Panama's that goes on to show ten."""
    (record,) = missed(play("9.03l", "2027-03-20T00:00:00Z"))
    assert another_window(record) == ("2027-03-14T15:00:00Z", "2027-03-14T16:00:00Z")


def test_9_03m_it_ends_where_nobody_knows_its_campaign_and_waits_while_nobody_can_read_it() -> None:
    said = play("9.03m", NEXT_EVENING)
    assert steps(said, "k1-9.03m") == ["scheduled", "due", "expired"]
    assert steps(said, "k2-9.03m") == ["scheduled", "due", "waiting", "rescheduled", "due", "presented"]
    assert answers(said) == [["campaign_unreadable", "window_over"]]


def test_9_03n_after_the_end_an_owners_callback_does_not_go_to_the_queue() -> None:
    said = play("9.03n", NEXT_EVENING)
    assert steps(said, "k1-9.03n") == ["scheduled", "due", "presented", "owner_expired"]
    assert steps(said, "k2-9.03n") == ["scheduled", "due", "presented", "presented"]


def test_9_03o_of_too_late_and_missed_the_earlier_decides_and_missed_at_a_tie() -> None:
    said = play("9.03o", "2026-11-23T20:00:00Z")
    assert [record["contact_id"] for record in missed(said)] == ["c1", "c2"]
    assert ends(said) == [("2026-11-23T15:30:00Z", "c3", ["too_late"])]


def test_9_03p_what_was_moved_beyond_its_window_is_not_ended_while_nobody_can_read_its_campaign() -> None:
    said = play("9.03p", NEXT_EVENING)
    assert steps(said, "k1-9.03p") == ["scheduled", "due", "rescheduled", "waiting", "expired"]
    assert ends(said) == [("2026-11-23T21:00:00Z", "c1", ["window_over"])]


def test_9_03q_what_came_back_and_is_due_again_beyond_its_window_is_missed_at_its_end() -> None:
    said = play("9.03q", NEXT_EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "presented", "rescheduled", "due", "presented"]
    assert ends(said) == [
        ("2026-11-23T16:00:00Z", "c2", ["window_over"]),
        ("2026-11-23T16:10:00Z", "c3", ["window_over"]),
    ]


def test_9_03r_what_a_hold_stops_is_missed_at_its_windows_end() -> None:
    said = play("9.03r", NEXT_EVENING)
    assert steps(said, "k1-9.03r") == ["scheduled", "due", "waiting", "rescheduled", "due", "presented"]
    assert another_window(missed(said)[0]) == ("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")
