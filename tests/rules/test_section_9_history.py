"""Docs, rules.md, section 9: history comes along."""

from tests.rules.scenario import answers, dialed, play, steps


def counted(said):
    """The attempts to the contact that each placement decided was held against."""
    return [one["facts"]["attempts"]["contact"]["count"] for one in said.of("placement-decided")]


def test_9_08a_imported_attempts_count_in_the_first_week() -> None:
    """By the day on which they were dialed, as attempts do; one of before the period does not."""
    said = play("9.08a", "2026-11-25T16:00:00Z")
    assert counted(said) == [2, 2, 3, 2]
    assert answers(said) == [[], [], ["contact_attempt_limit"], []]
    assert said.topics == ["placement-decided"] * 4


def test_9_08b_beyond_31_days_an_attempt_counts_in_the_total_only_and_is_not_too_old() -> None:
    said = play("9.08b", "2026-11-23T16:00:00Z")
    assert counted(said) == [0, 2, 0, 3]
    assert answers(said) == [[], [], [], ["contact_attempt_limit"]]
    assert said.errors == ["too_old"]  # Of the one that is no history.


def test_9_08c_history_runs_no_rules_and_needs_no_rule_set() -> None:
    said = play("9.08c", "2026-11-23T16:00:00Z")
    assert said.errors == ["rule_set_unknown"]
    assert {line["key"] for line in said.lines if line["topic"] != "dnc-entries"} == {"L9.08c|c2"}
    assert len(said.of("dnc-entries")) == 1


def test_9_08d_history_completes_nothing_and_closes_no_presentation() -> None:
    said = play("9.08d", "2026-11-23T16:00:00Z")
    assert dialed(said) == [("15:00:00", "preview")]
    assert steps(said, "k1-9.08d") == said.transitions == ["scheduled", "due", "presented", "completed"]
    assert said.lifecycle[-1]["cause"]["event_id"] == "w9.08d-5"


def test_9_08e_the_last_wrap_up_is_the_latest_by_occurred_at() -> None:
    said = play("9.08e", "2026-11-23T16:00:00Z")
    assert ["pre_call_rule" in reasons for reasons in answers(said)] == [True, True, False, False]


def test_9_08f_history_marks_as_the_mappings_say() -> None:
    said = play("9.08f", "2026-11-23T16:00:00Z")
    assert answers(said) == [["contact_uncallable"], ["number_uncallable"], ["number_uncallable"], []]
    assert said.of("placement-decided")[3]["facts"]["contact"]["right_party_contact_at"] == "2026-11-20T15:00:00Z"


def test_9_08g_a_conversation_counts_once_in_history_or_after() -> None:
    said = play("9.08g", "2026-11-23T16:00:00Z")
    assert counted(said) == [1, 1]
    assert said.reasons == [["later_code_first"]]  # Of the live code alone: history says nothing.


def test_9_08h_history_needs_its_campaign_and_lies_in_the_past() -> None:
    said = play("9.08h", "2026-11-23T16:00:00Z")
    assert said.errors == ["campaign_unknown", "in_the_future", "in_the_future"]
    assert counted(said) == [0, 1] and answers(said) == [[], ["contact_attempt_limit"]]


def test_9_08i_history_counts_in_the_pass_in_which_it_was_dialed() -> None:
    said = play("9.08i", "2026-11-23T16:00:00Z")
    assert answers(said) == [["already_called_this_pass"], [], ["already_called_this_pass"]]
