"""Docs, rules.md, section 9: pacing and holds. What a hold of everything does is in tests/logic/test_holds.py."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"


def test_9_07a_a_hold_stops_every_command_of_its_campaign_until_its_tombstone() -> None:
    said = play("9.07a", EVENING)
    assert dialed(said) == [("15:30:00", "preview"), ("15:30:00", "analysis"), ("15:41:00", "analysis")]
    assert said.reasons[3] == said.reasons[5] == ["on_hold"]
    (hold,) = said.lifecycle[3]["facts"]["holds"]
    assert (hold["reason"], hold["actor"]) == ("wrong script", "supervisor-4")
    released = [record for record in said.lifecycle if record["facts"].get("held_by") == "hold"]
    assert [record["cause"]["topic"] for record in released] == ["holds", "holds"]


def test_9_07b_under_a_hold_every_placement_is_refused_and_an_answer_that_allowed_it_is_not_repeated() -> None:
    said = play("9.07b", EVENING)
    assert answers(said) == [[], [], ["on_hold"], ["on_hold"], ["on_hold"], []]
    again = said.of("placement-decided")[2]
    assert again["request_id"] == "q9.07b-1" and again["facts"]["decided_before_at"] == "2026-11-23T14:41:00Z"


def test_9_07c_what_a_hold_lets_go_goes_out_oldest_first_and_through_the_checks() -> None:
    said = play("9.07c", EVENING)
    gone = [
        (record["contact_id"], record["transition"]) for record in said.lifecycle if "15:30" in record["occurred_at"]
    ]
    assert gone == [("c3", "presented"), ("c1", "blocked"), ("c2", "presented"), ("c4", "dialing")]


def test_9_07d_under_a_hold_a_callback_still_becomes_too_late() -> None:
    said = play("9.07d", EVENING)
    assert said.commands == []
    assert of_contact(said, "c1") == of_contact(said, "c2") == ["scheduled", "due", "waiting", "expired"]
    ended = [record["occurred_at"] for record in said.lifecycle if record["transition"] == "expired"]
    assert ended == ["2026-11-23T15:40:00Z", "2026-11-23T16:00:00Z"], "the second at the instant of the tombstone"


def test_9_07e_what_waits_for_its_campaign_and_two_holds_goes_out_when_all_are_over() -> None:
    said = play("9.07e", EVENING)
    assert dialed(said) == [("15:20:00", "preview"), ("15:30:00", "analysis")]
    assert [command["callback_id"] for command in said.commands[:1]] == ["k1-9.07e"], "an agent's does not wait for off"
    assert said.lifecycle[-1]["facts"]["held_by"] == "campaign_off"


def test_9_07f_an_agents_callback_of_an_unknown_campaign_waits_for_the_hold_and_a_rules_is_blocked() -> None:
    said = play("9.07f", EVENING)
    assert steps(said, "k1-9.07f") == ["scheduled", "due", "waiting", "presented"]
    assert of_contact(said, "c2") == ["scheduled", "due", "blocked"]
    assert dialed(said) == [("15:30:00", "preview")]
    assert answers(said) == [["campaign_unknown", "on_hold"]]


def test_9_07g_an_owner_whose_time_is_over_under_a_hold_gives_way_to_the_queue_when_it_goes() -> None:
    """However late that is: the first presentation was in time."""
    said = play("9.07g", EVENING)
    assert said.transitions == ["scheduled", "due", "presented", "waiting", "presented"]
    assert said.lifecycle[3]["facts"]["because"] == said.lifecycle[4]["facts"]["because"] == "owner_expired"
    first, second = said.commands
    assert (first["owner"], second["owner"], second["agent_id"]) == ("only", "anyone", None)
    assert dialed(said)[1] == ("16:30:00", "preview") and second["expires_at"] is None


def test_9_07h_what_comes_to_belong_to_an_agent_under_a_hold_is_presented_to_that_agent_when_it_goes() -> None:
    """Its campaign has gone off meanwhile, which is nothing to an agent's callback."""
    said = play("9.07h", EVENING)
    first = said.commands[0]
    assert dialed(said)[0] == ("15:30:00", "preview")
    assert (first["origin"], first["owner"], first["agent_id"]) == ("rule", "preferred", "a7")


def test_9_07i_a_hold_that_names_another_campaign_now_has_let_go_of_the_first() -> None:
    assert dialed(play("9.07i", EVENING)) == [("14:50:00", "preview"), ("15:20:00", "preview")]


def test_9_07j_with_due_whatever_falls_due_keeps_to_the_rate() -> None:
    said = play("9.07j", EVENING)
    assert dialed(said) == [
        ("14:40:00", "preview"),
        ("14:40:10", "preview"),
        ("14:40:20", "analysis"),
        ("14:40:30", "preview"),
    ]
    assert [reasons for reasons in said.reasons if reasons] == [["rate"]] * 3
    assert [record["facts"].get("held_by") for record in said.lifecycle if "command_id" in record["facts"]] == [
        None,
        "rate",
        "rate",
        "rate",
    ]


def test_9_07k_with_moved_what_was_moved_keeps_to_the_rate_and_nothing_else_does() -> None:
    said = play("9.07k", EVENING)
    assert dialed(said) == [
        ("15:00:00", "analysis"),
        ("15:00:00", "analysis"),
        ("15:00:10", "analysis"),
        ("15:00:20", "analysis"),
    ]
    assert said.commands[0]["contact_id"] == "c4", "it was not moved"


def test_9_07l_without_released_what_waited_for_its_campaign_goes_out_at_once() -> None:
    assert dialed(play("9.07l", EVENING)) == [("15:00:00", "analysis")] * 2


def test_9_07m_what_a_hold_lets_go_keeps_to_the_rate() -> None:
    assert dialed(play("9.07m", EVENING)) == [
        ("15:00:00", "preview"),
        ("15:00:10", "analysis"),
        ("15:00:20", "analysis"),
    ]
