"""Docs, rules.md, section 9: what commands and answers say for whoever writes a dialer."""

from tests.rules.scenario import answers, play, steps

EVENING = "2026-11-23T20:00:00Z"


def test_9_09a_an_answer_carries_back_the_reply_to_of_the_request_that_it_answers() -> None:
    """A repeated answer, too, goes to whoever asks now; a blank is no address."""
    said = play("9.09a", EVENING)
    decided = said.of("placement-decided")
    assert [one["reply_to"] for one in decided] == ["dialer-1", "dialer-2", None, "dialer-1", None]
    first, *repeated = [{**one, "reply_to": None} for one in decided[:3]]
    assert repeated == [first, first], "but for the address it is the same answer"


def test_9_09b_a_command_says_the_numbers_column_its_zone_and_the_contracts_version() -> None:
    """The first column of the record, that of the rule's wrap-up; no zone where there may be several."""
    said = play("9.09b", EVENING)
    assert [(one["phone_column"], one["time_zone"]) for one in said.commands] == [
        ("work", "America/Chicago"),
        ("home", "America/Los_Angeles"),
        (None, None),
        ("evening", "America/Los_Angeles"),
    ]
    assert {one["contract_version"] for one in said.commands} == {1}


def test_9_09c_a_wrap_up_that_does_not_name_its_callback_leaves_it_open_for_a_week() -> None:
    said = play("9.09c", "2026-12-01T00:00:00Z")
    assert steps(said, "k1-9.09c") == ["scheduled", "due", "presented", "expired"]
    assert said.lifecycle[-1]["reasons"] == ["no_outcome"]


def test_9_09d_who_asks_again_before_dialing_hears_of_a_cancel() -> None:
    """Nothing comes on the topic of commands; the answer tells."""
    said = play("9.09d", EVENING)
    assert answers(said) == [[], ["callback_ended"]]
    assert len(said.commands) == 1
