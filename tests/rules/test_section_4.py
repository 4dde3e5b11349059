"""Docs, rules.md, section 4: what the campaign knows of callbacks."""

from tests.rules.scenario import answers, dialed, of_contact, play

EVENING = "2026-11-23T20:00:00Z"


def test_4_01_the_campaign_does_not_know_of_agents_callbacks_unless_it_filters_by_them() -> None:
    assert answers(play("4.01")) == [[], ["callback_outstanding"], []]


def test_4_02_whoever_was_called_in_this_pass_is_not_called_again_in_it() -> None:
    said = play("4.02")
    assert answers(said) == [[], ["already_called_this_pass"], ["already_called_this_pass"]]
    assert dialed(said) == [("14:40:00", "analysis")], "its own callback goes out all the same"


def test_4_03_a_recycle_begins_a_new_pass_and_leaves_callbacks_alone() -> None:
    """Redialed with two callbacks outstanding, which still fire; an attempt at its very instant is of the new pass."""
    said = play("4.03", EVENING)
    assert answers(said) == [[], ["already_called_this_pass"]]
    assert dialed(said) == [("14:10:00", "preview"), ("15:00:00", "preview")]


def test_4_03b_unless_contacts_with_a_callback_are_suppressed() -> None:
    """Of either origin, also in the pass that the recycle began."""
    said = play("4.03b", EVENING)
    assert answers(said) == [["callback_outstanding"], ["callback_outstanding"], []]
    assert dialed(said) == [("14:09:00", "analysis"), ("15:00:00", "preview")]


def test_4_04a_a_recycle_turns_no_campaign_on_and_makes_nobody_callable() -> None:
    assert answers(play("4.04a")) == [["contact_uncallable", "campaign_off"]]


def test_4_04b_a_recycle_within_five_seconds_is_rejected() -> None:
    said = play("4.04b")
    assert (said.transitions, said.reasons) == (["rejected"], [["recycled_too_soon"]])
    assert answers(said) == [["already_called_this_pass"], []], "five seconds later it is accepted"


def test_4_04c_a_recycle_cancels_the_callbacks_that_the_campaign_names() -> None:
    said = play("4.04c", EVENING)
    assert of_contact(said, "c2") == ["scheduled", "cancelled"]
    assert dialed(said) == [("15:00:00", "preview")]


def test_4_05_a_mark_leaves_the_callbacks_and_blocks_the_call() -> None:
    said = play("4.05", EVENING)
    assert "cancelled" not in said.transitions and len(said.commands) == 2
    assert answers(said) == [["contact_uncallable"]]
    marked_by = said.of("placement-decided")[0]["facts"]["contact"]["marked_by"]
    assert (marked_by["rule_set_id"], marked_by["rule_id"]) == ("R4.05", "never")


def test_4_06_clearing_a_list_cancels_the_rule_callbacks_of_its_campaigns_but_not_of_those_in_preview_mode() -> None:
    said = play("4.06", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "cancelled"]
    assert [command["contact_id"] for command in said.commands] == ["c2", "c3"]


def test_4_07_what_is_outstanding_is_published_by_due_time_then_id() -> None:
    views = play("4.07").views
    assert [view and [one["callback_id"][0] for one in view["callbacks"]] for view in views] == [
        ["b"],
        ["c", "b"],
        ["a", "c", "b"],
        ["a", "b"],
        ["b"],
        None,
    ]


def test_4_03c_a_call_belongs_to_the_pass_in_which_it_was_dialed() -> None:
    """Dialed before the recycle and wrapped up after it, by a right clock and by one that runs ahead; and untold."""
    assert answers(play("4.03c")) == [[], [], [], ["already_called_this_pass"]]


def test_4_03d_loading_a_list_anew_begins_no_pass() -> None:
    assert answers(play("4.03d")) == [["already_called_this_pass"], []]


def test_4_06b_who_is_on_a_cleared_list_is_unknown_until_loaded_anew() -> None:
    """Also for a callback, whose preview goes out; a clear that is older than the record changes nothing."""
    said = play("4.06b")
    assert answers(said) == [["contact_unknown"], ["contact_unknown"], [], [], []]
    assert said.transitions == ["scheduled", "due", "presented"]
