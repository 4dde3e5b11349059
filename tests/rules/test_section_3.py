"""Docs, rules.md, section 3: the checks when a call is placed."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"
ZONES = ["zone_not_callable", "time_zone_unknown"]


def test_3_01_the_checks_are_run_when_the_call_is_placed_by_an_agent_or_by_the_system() -> None:
    """The number goes on the list after both callbacks were scheduled."""
    said = play("3.01", EVENING)
    assert answers(said) == [["dnc"]]
    assert of_contact(said, "c2") == ["scheduled", "due", "blocked"] and said.reasons[-1] == ["dnc"]
    assert dialed(said) == [("15:00:00", "preview")]


def test_3_01b_the_checks_are_the_same_whoever_asks() -> None:
    """The system, an agent and the campaign; what they ask about fails every check that has no fact missing."""
    said = play("3.01b", EVENING)
    (blocked,) = [one["reasons"] for one in said.lifecycle if one["transition"] == "blocked"]
    assert [blocked, *answers(said)] == [
        [
            "dnc",
            "outside_callable_time",
            "contact_uncallable",
            "number_uncallable",
            "contact_attempt_limit",
            "number_attempt_limit",
            "pre_call_rule",
            "contact_filtered",
        ]
    ] * 3


def test_3_02_three_reasons_are_for_calls_of_the_campaigns_own() -> None:
    assert answers(play("3.02")) == [["callback_outstanding", "already_called_this_pass", "campaign_off"], []]


def test_3_03_every_check_that_fails_is_named() -> None:
    (reasons,) = answers(play("3.03"))
    assert reasons == [
        "dnc",
        "outside_callable_time",
        "contact_uncallable",
        "number_uncallable",
        "contact_attempt_limit",
        "number_attempt_limit",
        "pre_call_rule",
        "contact_filtered",
        "already_called_this_pass",
    ]


def test_3_04_dnc_blocks_until_the_entry_has_expired() -> None:
    said = play("3.04")
    assert answers(said) == [["dnc"], [], ["dnc"]]
    facts = [one["facts"]["dnc"] for one in said.of("placement-decided")]
    assert facts[0] == {"dnc_list_id": "E3.04", "expires_at": "2026-11-23T15:00:00Z"}
    assert facts[1] == {"dnc_list_ids": ["D3.04", "E3.04"]}
    assert facts[2] == {"dnc_list_id": "D3.04", "expires_at": None}


def test_3_05a_a_slot_is_wall_time_and_its_stop_is_not_part_of_it() -> None:
    said = play("3.05a")
    assert answers(said) == [["outside_callable_time"], [], [], ["outside_callable_time"]]
    zones = said.of("placement-decided")[0]["facts"]["callable_time"]["zones"]
    assert zones == [{"time_zone": "America/New_York", "local_time": "2026-11-23T08:59:59-05:00", "open": False}]


def test_3_05b_the_zone_is_the_numbers_else_the_contacts_else_derived() -> None:
    said = play("3.05b")
    assert answers(said) == [["outside_callable_time"]] * 3 + [[]] * 3
    zone_of = [one["facts"]["callable_time"]["zone_of"] for one in said.of("placement-decided")]
    assert zone_of == ["number", "contact", "derived"] * 2


def test_3_05c_of_several_zones_every_one_has_to_be_open() -> None:
    """A toll-free number may be in any zone of its plan, and the set has two of them."""
    assert answers(play("3.05c")) == [
        ["outside_callable_time"],
        [],
        ["zone_not_callable"],
        ["outside_callable_time"],
    ]


def test_3_05d_a_zone_that_is_not_in_the_set_is_not_callable() -> None:
    assert answers(play("3.05d")) == [["zone_not_callable"]]


def test_3_05e_a_number_that_may_be_in_two_zones_waits_for_both_to_be_open() -> None:
    """Of Idaho, Pacific or Mountain time: at one minute to nine Pacific, at nine, and when Mountain time closes."""
    assert answers(play("3.05e")) == [["outside_callable_time"], [], ["outside_callable_time"]]


def test_3_06_an_uncallable_contact_is_not_called() -> None:
    assert answers(play("3.06")) == [["contact_uncallable"], []]


def test_3_07_an_uncallable_number_is_not_called_and_one_without_an_entry_is() -> None:
    said = play("3.07")
    assert answers(said) == [["number_uncallable"], [], []]
    assert said.of("placement-decided")[2]["facts"]["number"] == {"callable": True, "on_record": False}


def test_3_08a_attempts_to_contact_and_number_reach_their_limits() -> None:
    said = play("3.08a")
    assert answers(said) == [[], ["number_attempt_limit"], ["contact_attempt_limit"]]
    facts = said.of("placement-decided")[1]["facts"]["attempts"]
    assert (facts["contact"], facts["number"]) == ({"count": 2, "limit": 3}, {"count": 2, "limit": 2})


def test_3_08b_today_begins_at_midnight_in_the_limits_zone() -> None:
    assert answers(play("3.08b")) == [["contact_attempt_limit"], []]


def test_3_08c_days_are_local_dates_with_today() -> None:
    assert answers(play("3.08c")) == [["number_attempt_limit"], []]


def test_3_09_a_pre_call_rule_that_matches_or_cannot_be_evaluated_blocks() -> None:
    said = play("3.09")
    assert answers(said) == [["pre_call_rule"], [], ["pre_call_rule"]]
    outcomes = [one["facts"].get("pre_call_rules") for one in said.of("placement-decided")]
    assert [one and one[0]["outcome"] for one in outcomes] == ["matched", None, "cannot_be_evaluated"]


def test_3_10_a_contact_that_does_not_pass_the_filter_is_not_called() -> None:
    assert answers(play("3.10")) == [[], ["contact_filtered"], ["contact_filtered"]]


def test_3_11_unknown_campaign_or_contact_and_a_campaign_that_is_off() -> None:
    assert answers(play("3.11")) == [["campaign_unknown"], ["campaign_off", "contact_unknown"], ["campaign_off"], []]


def test_3_12a_a_fact_that_is_missing_blocks_with_a_reason_of_its_own() -> None:
    assert answers(play("3.12a")) == [
        ["callable_time_set_unknown", "rule_set_unknown"],
        ["time_zone_unknown"],
        ["invalid_number", "time_zone_unknown"],
    ]


def test_3_12b_what_is_not_configured_is_not_checked() -> None:
    assert answers(play("3.12b")) == [[]]


def test_3_12c_checks_read_the_state_of_their_own_moment() -> None:
    said = play("3.12c", EVENING)
    assert dialed(said) == [("14:40:00", "analysis")]
    assert said.transitions[-1] == "blocked" and said.reasons[-1] == ["dnc"]


def test_3_12d_a_fact_that_is_missing_blocks_whoever_asks() -> None:
    said = play("3.12d", EVENING)
    missing = ["contact_unknown", "callable_time_set_unknown", "rule_set_unknown"]
    assert [one["reasons"] for one in said.lifecycle if one["transition"] == "blocked"] == [missing]
    assert answers(said) == [missing] * 2


def test_3_12e_a_zone_that_is_unknown_blocks_whoever_asks() -> None:
    """One of its zones is on Mars, the other has no slot; and the last number is none, and asks in vain as well."""
    said = play("3.12e", EVENING)
    assert [one["reasons"] for one in said.lifecycle if one["transition"] == "blocked"] == [ZONES]
    assert answers(said) == [ZONES, ZONES, ["outside_callable_time", "invalid_number"]]


def test_3_13a_a_refused_call_of_the_system_ends_as_blocked() -> None:
    said = play("3.13a", EVENING)
    assert said.transitions == ["scheduled", "due", "blocked"] and said.commands == []


def test_3_13b_or_moves_to_the_next_open_slot_if_the_campaign_says_so() -> None:
    said = play("3.13b", "2026-11-24T20:00:00Z")
    assert said.transitions == ["scheduled", "due", "rescheduled", "due", "dialing"]
    assert said.lifecycle[2]["due_at"] == "2026-11-24T14:00:00Z"


def test_3_14_a_refused_preview_stays_with_the_agent_and_ends_with_its_wrap_up() -> None:
    said = play("3.14", "2026-11-25T20:00:00Z")
    assert answers(said) == [["dnc"], []]
    assert said.transitions == ["scheduled", "due", "presented", "completed"]


def test_3_15a_previews_are_not_checked_at_due_time() -> None:
    assert dialed(play("3.15a", EVENING)) == [("15:00:00", "preview")]


def test_3_15b_unless_the_campaign_screens_them() -> None:
    said = play("3.15b", EVENING)
    assert steps(said, "k1-3.15b") == ["scheduled", "due", "blocked"]
    assert steps(said, "k2-3.15b") == ["scheduled", "due", "presented"]


def test_3_03b_an_answer_says_how_long_it_is_good() -> None:
    """A minute, and no longer than the slot is open and the command stands."""
    until = [one["valid_until"] and one["valid_until"][11:19] for one in play("3.03b").of("placement-decided")]
    assert until == ["14:01:00", "15:01:10", "15:30:00", "15:40:20", None]
