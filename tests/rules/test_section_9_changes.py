"""Docs, rules.md, section 9, changes: number, agent, owner, queue and notes, each by its latest change."""

from typing import Any

from tests.builders import Said
from tests.rules.scenario import answers, dialed, of_contact, play, steps

MIDNIGHT = "2026-11-24T00:00:00Z"
PREVIEWED = ["scheduled", "due", "presented"]
ANEW = ["changed", "presented"]


def different(said: Said, callback_id: str, contact_id: str = "c1") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What each change made of what."""
    return [
        (record["facts"]["before"], record["facts"]["after"])
        for record in said.lifecycle
        if (record["transition"], record["callback_id"], record["contact_id"]) == ("changed", callback_id, contact_id)
    ]


def shown(said: Said, callback_id: str, contact_id: str = "c1") -> list[tuple[str | None, ...]]:
    """Owner, agent, queue, the last two digits of the number, and notes, of each command."""
    return [
        (one["owner"], one["agent_id"], one["queue_id"], one["phone_number"][-2:], one["notes"])
        for one in said.commands
        if (one["callback_id"], one["contact_id"]) == (callback_id, contact_id)
    ]


def test_9_02a_a_reschedule_may_change_number_agent_owner_queue_and_notes() -> None:
    said = play("9.02a", MIDNIGHT)
    before = {"phone_number": "01", "agent_id": "a7", "owner": "anyone", "notes": "mornings"}
    after = {"phone_number": "42", "agent_id": "a9", "owner": "preferred", "queue_id": "q2", "notes": "ring twice"}
    assert different(said, "k1-9.02a") == [(before, after)]
    assert steps(said, "k1-9.02a") == ["scheduled", "changed", "rescheduled", "due", "presented"]
    assert shown(said, "k1-9.02a") == [("preferred", "a9", "q2", "42", "ring twice")]
    (command,) = [one for one in said.commands if one["callback_id"] == "k1-9.02a"]
    assert command["phone_column"] == "work"
    assert shown(said, "k2-9.02a") == [("only", "a7", "q1", "01", "mornings")], "null, blank or absent: it stays"
    assert steps(said, "k3-9.02a") == ["scheduled", "rescheduled", "due", "presented"], "the same agent"
    assert steps(said, "k4-9.02a") == [*PREVIEWED, "changed", "rescheduled", "due", "presented"], "no command between"


def test_9_02b_a_change_carries_them_without_a_time_and_leaves_the_state() -> None:
    said = play("9.02b", MIDNIGHT)
    assert steps(said, "k1-9.02b") == ["scheduled", "changed", "changed", "changed", "due", "presented"]
    assert different(said, "k1-9.02b")[2] == ({}, {}), "every event leaves a mark"
    assert shown(said, "k1-9.02b") == [("anyone", "a7", "Q9.02b", "42", "ring twice")]
    assert of_contact(said, "c2") == [
        "scheduled", "due", "dialing", "changed", "rescheduled", "due", "waiting", "changed", "dialing",
    ]  # fmt: skip
    assert [command["phone_column"] for command in said.commands] == ["work", "mobile", "work"], "of its number"


def test_9_02c_each_field_has_the_value_of_the_latest_change_that_carries_it() -> None:
    said = play("9.02c", MIDNIGHT)
    assert shown(said, "k1-9.02c") == [("preferred", "a9", "q3", "01", "mornings")]
    assert shown(said, "k2-9.02c") == [("anyone", "a7", "q2", "01", "evenings")]
    assert dialed(said) == [("15:00:00", "preview"), ("16:30:00", "preview")], "the time is compared apart"
    overtaken = [one["facts"]["superseded"] for one in said.lifecycle if "superseded" in one["facts"]]
    assert overtaken == [["agent_id"], ["agent_id"], ["queue_id"]]
    assert [one["reasons"] for one in said.lifecycle if one["transition"] == "rejected"] == [["superseded"]] * 3


def test_9_02d_a_presented_callback_with_another_agent_owner_or_number_is_presented_anew() -> None:
    said = play("9.02d", MIDNIGHT)
    assert steps(said, "k1-9.02d") == [
        *PREVIEWED, *ANEW, *ANEW, "changed", "changed", "rejected", "owner_expired",
    ]  # fmt: skip
    commands = [one for one in said.commands if one["callback_id"] == "k1-9.02d"]
    assert [one["presentation"] for one in commands] == [1, 2, 3]
    assert len({one["command_id"] for one in commands}) == 3
    presented = [one["facts"] for one in said.lifecycle if one["facts"].get("because") == "changed"]
    assert [one["presented_at"][11:16] for one in presented] == ["15:00", "15:00", "15:20", "15:00"], "k2, k1, k1, k3"
    (expired,) = [one for one in said.lifecycle if one["transition"] == "owner_expired"]
    assert expired["occurred_at"] == "2026-11-23T16:30:00Z", "the owner's hour counts from 15:30"
    assert steps(said, "k2-9.02d") == [
        "scheduled", "rescheduled", "due", "presented", "rejected", *ANEW, "completed",
    ]  # fmt: skip
    assert shown(said, "k3-9.02d")[-1][0] == "anyone"


def test_9_02e_a_request_that_names_an_older_command_is_refused() -> None:
    said = play("9.02e")
    assert answers(said) == [
        [], ["superseded"], ["superseded"], [], ["superseded"], [], [], ["dnc", "superseded"], [], [],
        ["callback_unknown"], ["callback_ended", "superseded"], ["callback_ended"],
    ]  # fmt: skip
    facts = [one["facts"].get("callback", {}).get("command_id") for one in said.of("placement-decided")]
    latest = said.commands[-1]["command_id"]
    assert facts == [None] * 4 + [latest] + [None] * 2 + [latest] + [None] * 5


def test_9_02f_a_change_that_is_refused_changes_nothing() -> None:
    said = play("9.02f", MIDNIGHT)
    assert [one["reasons"] for one in said.lifecycle if one["transition"] == "rejected"] == [
        ["callback_unknown"], ["invalid_number"], ["invalid_number"], ["too_far_ahead"],
        ["due_before_scheduled", "invalid_number"], ["superseded"], ["superseded"], ["callback_ended"],
    ]  # fmt: skip
    assert said.errors == ["invalid"] * 3
    assert shown(said, "k1-9.02f") == [("anyone", "a7", "Q9.02f", "01", None)]
    assert "changed" not in said.transitions


def test_9_02g_a_change_that_finds_the_callback_completed_holds_if_it_is_reopened() -> None:
    said = play("9.02g", MIDNIGHT)
    assert of_contact(said, "c1") == [
        *PREVIEWED, "completed", "rejected", "rescheduled", "changed", "due", "presented",
    ]  # fmt: skip
    assert shown(said, "k1-9.02g", "c1")[-1] == ("preferred", "a9", "q2", "01", "ring twice")
    assert shown(said, "k1-9.02g", "c2")[-1] == shown(said, "k1-9.02g", "c1")[-1], "whichever came first"
    assert shown(said, "k1-9.02g", "c3")[-1][-1] == "evenings"
    remembered = [one["facts"].get("remembered", False) for one in said.lifecycle if one["transition"] == "rejected"]
    assert remembered == [True, False, False, True, False]


def test_9_02h_a_change_holds_against_the_owner_of_the_contact() -> None:
    said = play("9.02h", MIDNIGHT)
    rules = {one["contact_id"]: one["callback_id"] for one in said.commands if one["origin"] == "rule"}
    assert shown(said, rules["c1"], "c1") == [("only", "a9", "q7", "01", None)]
    assert shown(said, rules["c2"], "c2") == [("anyone", "a7", "q2", "01", None)]
    assert shown(said, rules["c3"], "c3") == [("only", "a7", "q7", "01", None), ("only", "a9", "q7", "01", None)]


def test_9_02i_what_has_passed_to_the_queue_goes_to_an_agent_by_a_later_change_alone() -> None:
    said = play("9.02i", MIDNIGHT)
    assert [one[:2] for one in shown(said, "k1-9.02i", "c1")] == [
        ("only", "a7"), ("anyone", None), ("only", "a9"), ("anyone", None),
    ]  # fmt: skip
    assert [one[:2] for one in shown(said, "k1-9.02i", "c2")] == [
        ("only", "a8"), ("anyone", None), ("preferred", "a9"),
    ]  # fmt: skip
    (rules,) = {one["callback_id"] for one in said.commands if one["origin"] == "rule"}
    assert [one[:2] for one in shown(said, rules, "c3")] == [("only", "a9"), ("anyone", None), ("anyone", None)]


def test_9_02j_a_callback_that_is_presented_anew_is_still_the_same_call() -> None:
    said = play("9.02j", MIDNIGHT)
    assert of_contact(said, "c1") == [*PREVIEWED, *ANEW, "rescheduled", "due", "presented"]
    assert of_contact(said, "c2") == [*PREVIEWED, *ANEW, "completed", "rescheduled", "due", "presented"]
    assert of_contact(said, "c3") == [*PREVIEWED, *ANEW, "completed", "rejected"]
    assert of_contact(said, "c4") == [*PREVIEWED, *ANEW, "completed"]


def test_9_02k_once_its_window_is_over_a_preview_is_changed_and_not_presented_anew() -> None:
    said = play("9.02k", MIDNIGHT)
    assert said.transitions == [*PREVIEWED, *ANEW, "changed", "completed"]
    assert [one[1] for one in shown(said, "k1-9.02k")] == ["a7", "a8"]


def test_9_02l_under_a_hold_what_is_to_be_presented_anew_waits_and_goes_out_as_it_is_then() -> None:
    said = play("9.02l", MIDNIGHT)
    assert said.transitions[3:8] == ["changed", "changed", "waiting", "changed", "presented"]
    assert shown(said, "k1-9.02l")[1:] == [("only", "a9", "Q9.02l", "42", "ring twice")]
    (again,) = [one["facts"] for one in said.lifecycle if one["facts"].get("held_by")]
    assert (again["because"], again["held_by"]) == ("changed", "hold")
    assert answers(said) == [["on_hold"], ["superseded"], []]


def test_9_02m_a_return_of_an_older_command_is_superseded_and_what_was_not_dialed_remembers_changes() -> None:
    said = play("9.02m", MIDNIGHT)
    assert of_contact(said, "c1") == [
        *PREVIEWED, *ANEW, "rejected", "not_dialed", "rejected", "rescheduled", "changed", "due", "presented",
    ]  # fmt: skip
    assert shown(said, "k1-9.02m", "c1")[-1] == ("anyone", "a9", "q2", "01", "ring twice")
    assert of_contact(said, "c2") == [*PREVIEWED, "not_dialed", "rejected", "rejected"]
    remembered = [one["facts"].get("remembered", False) for one in said.lifecycle if one["transition"] == "rejected"]
    assert remembered == [False, True, False, False]
