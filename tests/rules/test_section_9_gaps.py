"""Docs, rules.md, section 9, gaps: how far apart the calls to one contact are, and one of them at a time."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T18:00:00Z"


def due(said, contact_id: str) -> list[str]:
    """For when the callbacks of a contact were moved, in order."""
    moved = [one for one in said.lifecycle if (one["contact_id"], one["transition"]) == (contact_id, "rescheduled")]
    return [one["due_at"].removeprefix("2026-11-23T").removesuffix("Z") for one in moved]


def test_9_05a_within_the_gap_after_a_call_nobody_calls_and_at_its_end_one_may() -> None:
    """An agent and the campaign; the system is in 9.05h."""
    said = play("9.05a", EVENING)
    assert answers(said) == [[], ["too_soon"], ["already_called_this_pass", "too_soon"], ["too_soon"], []]
    facts = [one["facts"]["gap"] for one in said.of("placement-decided")]
    last = {"last_call_at": "2026-11-23T14:30:00Z", "fits_at": "2026-11-23T15:30:00Z"}
    assert facts == [{"min_gap_s": 3600}, *[{"min_gap_s": 3600, **last}] * 4]


def test_9_05b_the_gap_is_counted_from_when_the_call_was_dialed_else_from_its_wrap_up() -> None:
    """What is no attempt begins none: the skip of 14:40."""
    assert answers(play("9.05b")) == [[], ["too_soon"], []]


def test_9_05c_the_gap_is_between_calls_of_any_campaign_to_any_number_of_the_contact() -> None:
    """The campaign that called sets no gap, so its own callback is not kept back."""
    assert answers(play("9.05c")) == [["too_soon"], ["too_soon"], []]


def test_9_05d_while_a_call_is_in_flight_no_other_is_placed_until_its_wrap_up() -> None:
    """For an agent, for the campaign, for another campaign; the wrap-up of another campaign ends nothing."""
    said = play("9.05d", EVENING)
    assert answers(said) == [[], ["in_call"], ["in_call"], ["in_call"], ["in_call"], []]
    assert said.of("placement-decided")[1]["facts"]["in_call"] == [
        {
            "campaign_id": "P9.05d",
            "since": "2026-11-23T14:30:00Z",
            "until": "2026-11-23T16:30:00Z",
            "callback_id": "k1-9.05d",
            "request_id": "q1-9.05d",
        }
    ]


def test_9_05e_a_command_for_analysis_is_a_call_for_so_many_seconds() -> None:
    """Of the campaign that placed it. The calls of a campaign that sets nothing are not seen, and it sees none."""
    said = play("9.05e", EVENING)
    assert dialed(said) == [("14:40:00", "analysis")]
    assert answers(said) == [[], ["in_call"], [], ["in_call"], []]


def test_9_05f_a_preview_that_is_only_presented_is_no_call() -> None:
    said = play("9.05f", EVENING)
    assert steps(said, "k1-9.05f") == ["scheduled", "due", "presented"]
    assert answers(said) == [[]]


def test_9_05g_neither_a_callback_nor_a_repeated_request_is_refused_for_its_own() -> None:
    """A request that comes again begins its call again, whether its answer is repeated or decided anew."""
    said = play("9.05g", EVENING)
    assert answers(said) == [[], [], [], ["in_call"], [], [], ["in_call"], [], ["in_call"], []]


def test_9_05h_what_the_system_would_dial_is_moved_until_the_gap_or_the_call_is_over() -> None:
    said = play("9.05h", EVENING)
    for contact_id in ("c1", "c2"):
        assert of_contact(said, contact_id) == ["scheduled", "due", "rescheduled", "due", "dialing"]
    assert [one["reasons"] for one in said.lifecycle if one["reasons"]] == [["in_call"], ["too_soon"]]
    assert (due(said, "c1"), due(said, "c2")) == (["15:30:00"], ["15:09:00"])
    assert dialed(said) == [("15:09:00", "analysis"), ("15:30:00", "analysis")]


def test_9_05i_it_is_moved_to_the_first_instant_that_fits_all() -> None:
    """After the gap the slot is closed, after the call it is open; the third does not move for closed hours."""
    said = play("9.05i", "2026-11-24T15:00:00Z")
    assert (due(said, "c1"), due(said, "c2"), due(said, "c3")) == (["15:30:00"], ["15:39:00"], ["15:00:00"])
    assert dialed(said) == [("15:30:00", "analysis"), ("15:39:00", "analysis")]
    assert of_contact(said, "c3")[-2:] == ["due", "blocked"]


def test_9_05j_a_wrap_up_that_ends_the_call_lets_it_go_sooner() -> None:
    """The second keeps the gap after the call that has just ended."""
    said = play("9.05j", EVENING)
    assert (due(said, "c1"), due(said, "c2")) == (["16:29:00", "14:50:00"], ["16:29:00", "15:05:00"])
    assert dialed(said) == [("14:50:00", "analysis"), ("15:05:00", "analysis")]
    sooner = [one for one in said.lifecycle if one["cause"]["event_id"] == "w9.05j-5"]
    assert [(one["transition"], one["reasons"], one["facts"]) for one in sooner] == [
        (
            "rescheduled",
            [],
            {"previous_due_at": "2026-11-23T16:29:00Z", "first_due_at": "2026-11-23T14:30:00Z"},
        )
    ]


def test_9_05k_how_late_a_moved_callback_may_be_counts_from_its_first_due_time() -> None:
    """One whose call goes on, one that is called again and again, and one that goes out after its gap."""
    said = play("9.05k", EVENING)
    ends = [(one["contact_id"], one["occurred_at"], one["reasons"]) for one in said.lifecycle[-2:]]
    assert sorted(ends) == [
        ("c1", "2026-11-23T15:40:00Z", ["too_late"]),
        ("c2", "2026-11-23T15:40:00Z", ["too_late"]),
    ]
    assert due(said, "c2") == ["15:00:00", "15:20:00", "15:45:00"]
    assert [command["expires_at"] for command in said.commands] == ["2026-11-23T15:40:00Z"]


def test_9_05l_with_a_reason_that_cannot_be_waited_out_it_is_blocked() -> None:
    said = play("9.05l", EVENING)
    assert said.transitions == ["scheduled", "due", "blocked"] and said.reasons[-1] == ["dnc", "too_soon"]


def test_9_05m_the_wrap_up_of_an_earlier_call_ends_nothing_unless_it_completes_the_callback() -> None:
    """Up to five minutes before the call, it may be a clock that is behind."""
    assert answers(play("9.05m", EVENING)) == [[], ["in_call"], [], [], [], [], ["in_call"]]


def test_9_05n_a_screened_preview_is_treated_alike() -> None:
    said = play("9.05n", EVENING)
    assert said.transitions == ["scheduled", "due", "rescheduled", "due", "presented"]
    assert said.reasons[2] == ["too_soon"] and dialed(said) == [("15:30:00", "preview")]


def test_9_05o_a_return_ends_the_call_and_lets_go_what_waits_for_it() -> None:
    """The system's call, and one that an agent was allowed to place."""
    said = play("9.05o", EVENING)
    assert (due(said, "c1"), due(said, "c2")) == (["16:40:00", "14:50:00"], ["16:41:00", "14:55:00"])
    sooner = [one["cause"]["event_id"] for one in said.lifecycle if one["transition"] == "rescheduled"]
    assert sooner[2:] == ["b9.05o-1", "b9.05o-2"]
