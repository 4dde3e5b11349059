"""Docs, rules.md, section 9.4: ladders, callbacks at a time of day, what is outstanding, and what is called off."""

from tests.builders import Json, Said
from tests.rules.scenario import answers, dialed, play, steps

EVENING = "2026-11-23T18:00:00Z"


def by_rules(said: Said, contact_id: str = "c1") -> list[Json]:
    """The records of callbacks that rules wanted for a contact: scheduled or rejected."""
    return [
        one
        for one in said.lifecycle
        if one["contact_id"] == contact_id
        and one["transition"] in ("scheduled", "rejected")
        and "rule_id" in one["facts"]
    ]


def taken(said: Said, contact_id: str = "c1") -> list[int | None]:
    """The step of each; None where the ladder has ended."""
    return [one["facts"].get("step") for one in by_rules(said, contact_id)]


def cancelled(said: Said, contact_id: str = "c1") -> list[str]:
    """The callbacks that a rule cancelled."""
    found = [one for one in said.lifecycle if one["transition"] == "cancelled" and one["contact_id"] == contact_id]
    assert all(one["facts"]["cancelled_by"] == "wrap-up" and one["facts"]["rule_id"] for one in found)
    return [one["callback_id"] for one in found]


def outstanding(said: Said, contact_id: str = "c1") -> list[str]:
    """What is outstanding in the end: the ids of agents' callbacks, and `rule` for those of rules."""
    views = [
        line for line in said.lines if line["topic"] == "outstanding-callbacks" and line["key"].endswith(contact_id)
    ]
    last = views[-1]["value"]
    return [
        "rule" if one["origin"] == "rule" else one["callback_id"] for one in (last or {"callbacks": []})["callbacks"]
    ]


def test_9_04a_consecutive_attempts_take_the_next_step_and_after_the_last_none_is_scheduled() -> None:
    said = play("9.04a", EVENING)
    assert dialed(said) == [("14:10:00", "analysis"), ("14:21:00", "analysis"), ("16:22:00", "analysis")]
    assert taken(said) == [1, 2, 3, None, None]
    assert [one["reasons"] for one in by_rules(said)][3:] == [["ladder_ended"]] * 2


def test_9_04b_an_attempt_on_which_the_rule_did_not_match_or_a_right_party_starts_it_anew() -> None:
    said = play("9.04b")
    assert [taken(said, contact_id) for contact_id in ("c1", "c2", "c3")] == [[1, 2, 1]] * 3
    assert taken(said, "c4") == [1, 2, 1, 2]


def test_9_04c_what_is_no_attempt_takes_no_step_and_starts_nothing_anew() -> None:
    """Where the rule matches it all the same, the step that stands is scheduled once more."""
    said = play("9.04c")
    assert taken(said) == [1, 2]
    assert taken(said, "c2") == [1, 1, 1, 2, 2, None, None]


def test_9_04d_a_ladder_is_counted_for_campaign_rule_and_contact() -> None:
    """The rule steps also where the callback of another one came first."""
    said = play("9.04d")
    of_campaigns = {
        name: [one["facts"]["step"] for one in by_rules(said) if one["campaign_id"] == name]
        for name in ("P9.04d", "P9.04d-2")
    }
    assert of_campaigns == {"P9.04d": [1, 2, 2, 1], "P9.04d-2": [1, 2]} and taken(said, "c2") == [1]


def test_9_04e_where_a_ladder_has_ended_the_next_rule_schedules_and_its_record_says_so() -> None:
    first, second = by_rules(play("9.04e"))
    assert (first["facts"]["rule_id"], second["facts"]["rule_id"]) == ("no-answer", "fallback")
    assert second["facts"]["not_scheduled"][0] == {"rule_set_id": "R9.04e", "rule_id": "no-answer", "steps": 1}


def test_9_04f_the_step_stays_by_the_name_of_the_rule_while_its_steps_change() -> None:
    assert taken(play("9.04f")) == [1, 2, None, 4]


def test_9_04g_at_the_next_such_time_by_the_contacts_clock_after_the_offset() -> None:
    said = play("9.04g", EVENING)
    assert [one["due_at"] for one in by_rules(said)] == ["2026-11-23T14:00:00Z", "2026-11-24T14:00:00Z"]
    assert [one["due_at"] for one in by_rules(said, "c2")] == [
        "2026-11-23T17:00:00Z",
        "2026-11-23T17:00:00Z",
        "2026-11-24T17:00:00Z",
        "2026-11-24T08:00:00Z",
        "2026-12-23T17:00:00Z",
    ]
    assert by_rules(said, "c2")[-1]["reasons"] == ["too_far_ahead"]


def test_9_04h_that_time_is_moved_into_an_open_slot_of_hours_that_are_known() -> None:
    said = play("9.04h")
    assert [one["due_at"] for one in by_rules(said)] == [
        "2026-11-24T15:30:00Z",
        "2026-11-24T14:00:00Z",
        "2026-11-24T01:10:00Z",
        "2026-11-25T14:00:00Z",
    ]
    assert [one["due_at"] for one in by_rules(said, "c2")] == ["2026-11-24T15:00:00Z"]


def test_9_04i_keep_schedules_none_while_a_rule_callback_of_the_campaign_is_outstanding() -> None:
    """Add schedules one more; the callback that the wrap-up itself completes is outstanding no more."""
    said = play("9.04i", EVENING)
    kept = [(one["transition"], one["reasons"]) for one in by_rules(said) if one["campaign_id"] == "P9.04i"]
    assert kept == [("scheduled", []), ("rejected", ["callback_outstanding"]), ("scheduled", [])]
    assert [one["facts"]["step"] for one in by_rules(said) if one["campaign_id"] == "P9.04i"] == [1, 2, 3]
    assert [one["transition"] for one in by_rules(said) if one["campaign_id"] == "P9.04i-2"] == ["scheduled"]


def test_9_04j_replace_cancels_the_rule_callbacks_of_the_campaign_unless_the_new_one_is_refused() -> None:
    said = play("9.04j", EVENING)
    known = [one["callback_id"] for one in by_rules(said)]
    assert cancelled(said) == [known[0], known[1]] and outstanding(said) == ["rule", "rule", "k1-9.04j"]
    assert [one["reasons"] for one in by_rules(said)][3:] == [["invalid_number"], [], ["callback_outstanding"]]


def test_9_04k_after_a_sale_nobody_calls_again() -> None:
    """Presented, dialing and scheduled, of both origins and campaigns, and what arrives later; not what comes after."""
    said = play("9.04k", EVENING)
    assert [command["callback_id"] for command in said.commands][2:] == ["k4-9.04k"] and len(said.commands) == 3
    assert len(cancelled(said)) == 6 and outstanding(said) == ["k4-9.04k"] and answers(said) == [["callback_ended"]]
    assert steps(said, "k3-9.04k") == ["scheduled", "cancelled"]


def test_9_04l_a_rule_may_call_off_those_of_its_campaign_or_of_one_origin_alone() -> None:
    said = play("9.04l")
    assert len(cancelled(said)) == 1 and outstanding(said) == ["rule", "k1-9.04l"]
    (record,) = [one for one in said.lifecycle if one["transition"] == "cancelled"]
    assert (record["origin"], record["campaign_id"]) == ("rule", "P9.04l")


def test_9_04m_what_was_arranged_in_this_very_conversation_stays() -> None:
    """So does what the same wrap-up schedules. An earlier call of the conversation, c2's, was another one."""
    said = play("9.04m")
    assert cancelled(said) == ["k1-9.04m"] and outstanding(said) == ["rule", "k2-9.04m"]
    assert cancelled(said, "c3") == [] and outstanding(said, "c3") == ["rule", "k3-9.04m"]
    assert len(cancelled(said, "c2")) == 1 and outstanding(said, "c2") == ["rule"]


def test_9_04n_a_callback_that_is_reopened_counts_as_if_it_had_been_open_all_along() -> None:
    said = play("9.04n")
    assert steps(said, "k1-9.04n")[-3:] == ["completed", "rescheduled", "cancelled"]
    assert steps(said, "k2-9.04n")[-2:] == ["rescheduled", "cancelled"]


def test_9_04o_before_a_call_no_rule_schedules_a_callback_or_calls_one_off() -> None:
    said = play("9.04o", EVENING)
    assert answers(said) == [[]] and by_rules(said) == [] and outstanding(said) == ["k1-9.04o"]
