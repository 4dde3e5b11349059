"""Docs, rules.md, section 2: when a callback falls due."""

from tests.rules.scenario import dialed, of_contact, play

EVENING = "2026-11-23T20:00:00Z"
MODES = ("preview", "progressive", "power", "predictive", "agentless", "external")


def test_2_01_what_an_agent_arranged_is_a_preview_in_every_mode() -> None:
    said = play("2.01", EVENING)
    assert dialed(said) == [(f"15:0{number}:00", "preview") for number in range(len(MODES))]
    assert {command["checks"] for command in said.commands} == {"at_placement"}


def test_2_02_what_a_rule_arranged_is_a_preview_in_preview_mode_and_goes_to_analysis_in_any_other() -> None:
    said = play("2.02", EVENING)
    sent = {record["facts"]["dialing_mode"]: record["transition"] for record in said.lifecycle[-6 * 2 :][1::2]}
    assert sent == {mode: "presented" if mode == "preview" else "dialing" for mode in MODES}
    assert [topic for _, topic in dialed(said)] == ["preview", *["analysis"] * 5]


def test_2_03_the_mode_is_that_of_the_due_time() -> None:
    assert dialed(play("2.03", EVENING)) == [("14:40:00", "preview"), ("14:51:00", "analysis")]


def test_2_04_what_belongs_to_an_agent_stays_a_preview_for_the_owner_of_the_latest() -> None:
    """A cancelled callback still counts, and for one scheduled before it as well; a rejected one does not."""
    said = play("2.04", EVENING)
    assert dialed(said) == [("14:10:00", "preview"), ("14:40:00", "preview"), ("14:56:00", "analysis")]
    assert [(one["owner"], one["agent_id"]) for one in said.commands[:2]] == [("preferred", "a1")] * 2
    assert said.commands[2]["contact_id"] == "c2"


def test_2_04b_it_is_the_owner_of_the_latest_in_that_campaign() -> None:
    """The latest by `occurred_at`, neither the first nor the last to come; in the other campaign nobody owns it."""
    first, other = play("2.04b", EVENING).commands
    assert (first["owner"], first["agent_id"]) == ("only", "a2")
    assert dialed(play("2.04b", EVENING))[1] == ("14:41:00", "analysis")
    assert other["campaign_id"] == "other-2.04b" and other["agent_id"] is None


def test_2_05_while_the_campaign_is_off_rule_callbacks_wait_and_then_go_through_the_checks() -> None:
    said = play("2.05", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "waiting", "blocked"]
    assert said.lifecycle[-1]["reasons"] == ["contact_uncallable"]
    assert said.lifecycle[-1]["occurred_at"] == "2026-11-23T16:00:00Z"
    assert dialed(said) == [("14:41:00", "preview"), ("14:45:00", "preview")], "what belongs to an agent goes ahead"


def test_2_05b_agents_callbacks_and_previews_do_not_wait_for_the_campaign() -> None:
    assert dialed(play("2.05b", EVENING)) == [("14:40:00", "preview"), ("14:45:00", "preview")]


def test_2_05c_what_waited_goes_out_when_the_campaign_is_on() -> None:
    said = play("2.05c", EVENING)
    assert said.transitions == ["scheduled", "due", "waiting", "dialing"]
    assert dialed(said) == [("16:00:00", "analysis")]


def test_2_06_a_callback_never_goes_out_early() -> None:
    said = play("2.06")
    assert dialed(said) == [("14:40:00", "analysis")], "a second before it is due the other has not gone out"
    assert dialed(play("2.06", "2026-11-23T15:00:00Z"))[1:] == [("15:00:00", "preview")]


def test_2_07_too_late_is_expired_instead() -> None:
    said = play("2.07", EVENING)
    assert said.transitions == ["scheduled", "due", "waiting", "expired"]
    assert said.lifecycle[-1]["occurred_at"] == "2026-11-23T15:40:00Z" and said.reasons[-1] == ["too_late"]
    assert said.commands == []


def test_2_07b_without_a_limit_nothing_is_too_late() -> None:
    """Twenty days after its due time."""
    assert dialed(play("2.07b")) == [("2026-12-13T16:00:00", "analysis")]
