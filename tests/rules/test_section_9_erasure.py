"""Docs, rules.md, section 9: a contact that is erased."""

from tests.rules.scenario import answers, play, steps

EVENING = "2026-11-23T20:00:00Z"


def test_9_10a_an_erased_contact_has_nothing_outstanding_and_nothing_of_it_fires() -> None:
    said = play("9.10a", EVENING)
    ends = [record for record in said.lifecycle if record["transition"] == "cancelled"]
    assert [(one["reasons"], one["facts"]) for one in ends] == [(["erased"], {})] * 4
    assert {one["cause"]["event_id"] for one in ends} == {"x9.10a-1"}
    assert said.lifecycle[-1] == ends[-1] and said.views[-1] is None
    assert len(said.commands) == 2, "those that had gone out before"


def test_9_10b_what_occurred_before_an_erasure_brings_nothing_back() -> None:
    """Events that come late, that come again, and what is said of a command that had gone out."""
    said = play("9.10b", EVENING)
    assert answers(said) == [["contact_unknown", "callback_unknown"]]
    assert said.transitions == ["scheduled", "due", "presented", "cancelled"]
    assert said.topics[-1] == "placement-decided" and said.errors == []


def test_9_10c_a_contact_that_comes_back_is_a_new_one() -> None:
    """The id of an event of before is free again, and the erasure that comes once more erases nothing of it."""
    said = play("9.10c", EVENING)
    assert steps(said, "k1-9.10c") == ["scheduled", "cancelled"]
    assert steps(said, "k2-9.10c") == ["scheduled", "due", "presented", "completed"]
    assert answers(said) == [[]]
    assert said.transitions[-3:] == ["scheduled", "due", "presented"], "the callback that the rule has arranged"


def test_9_10d_do_not_call_entries_stay() -> None:
    assert answers(play("9.10d", EVENING)) == [["dnc"]]
