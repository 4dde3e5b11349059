"""Section 9.1 of docs/rules.md: what was not dialed, each test after the sentence that it is about."""

from tests.builders import Said
from tests.rules.scenario import answers, of_contact, play, steps

NEXT_DAY = "2026-11-25T00:00:00Z"
OUT = ["scheduled", "due", "presented"]
AGAIN = [*OUT, "rescheduled", "due", "presented"]


def of(said: Said, callback_id: str, transition: str) -> list[dict[str, object]]:
    """The records of a callback with this transition."""
    return [one for one in said.lifecycle if (one["callback_id"], one["transition"]) == (callback_id, transition)]


def presented(said: Said, callback_id: str) -> list[str]:
    return [str(one["occurred_at"]) for one in of(said, callback_id, "presented")]


def rejected(said: Said, callback_id: str) -> list[object]:
    return [one["reasons"] for one in of(said, callback_id, "rejected")]


def test_9_01a_what_was_not_dialed_ends_with_its_reason_and_is_no_attempt() -> None:
    """By default, whoever was to dial it; the campaign may go on to call the contact."""
    said = play("9.01a", NEXT_DAY)
    reasons = [of(said, f"k{number}-9.01a", "not_dialed")[0]["reasons"] for number in range(1, 6)]
    assert reasons == [["skipped"], ["expired"], ["no_agent"], ["failed"], ["shed"]]
    assert of_contact(said, "c6") == ["scheduled", "due", "dialing", "not_dialed"]
    assert answers(said) == [["callback_ended"], []]


def test_9_01b_what_comes_back_is_due_again_a_while_later_or_when_its_dialer_says() -> None:
    said = play("9.01b", NEXT_DAY)
    assert presented(said, "k1-9.01b") == ["2026-11-23T15:00:00Z", "2026-11-23T15:07:00Z"]
    assert presented(said, "k2-9.01b") == ["2026-11-23T15:00:00Z", "2026-11-23T15:03:00Z"]
    assert presented(said, "k3-9.01b") == ["2026-11-23T15:00:00Z", "2026-11-23T16:30:00Z"]
    (record,) = of(said, "k1-9.01b", "rescheduled")
    assert record["reasons"] == ["returned"]
    assert record["facts"]["returned"] == "no_agent" and record["facts"]["returns"] == 1  # type: ignore[index]


def test_9_01c_so_many_returns_lead_to_another_presentation_and_the_next_ends_it() -> None:
    """Three unless the campaign says otherwise; 0 is none."""
    said = play("9.01c", NEXT_DAY)
    once = ["rescheduled", "due", "presented"]
    assert steps(said, "k1-9.01c") == [*OUT, *once * 3, "not_dialed"]
    assert steps(said, "k2-9.01c") == [*OUT, *once, "not_dialed"]
    assert steps(said, "k3-9.01c") == [*OUT, "not_dialed"]
    assert of(said, "k2-9.01c", "not_dialed")[0]["reasons"] == ["failed"]


def test_9_01d_only_the_open_presentations_command_can_come_back() -> None:
    """Not one that is still to come, that a later one has replaced, that came back before, or of an ended callback."""
    said = play("9.01d", NEXT_DAY)
    assert rejected(said, "k1-9.01d") == [["superseded"]] * 3
    assert rejected(said, "k2-9.01d") == [["superseded"]] and steps(said, "k2-9.01d")[-1] == "presented"
    assert rejected(said, "k3-9.01d") == [["callback_ended"]] and "completed" in steps(said, "k3-9.01d")
    assert rejected(said, "k4-9.01d") == [["callback_unknown"]]
    assert rejected(said, "k5-9.01d") == [["superseded"]]
    assert [len(of(said, f"k{number}-9.01d", "rescheduled")) for number in (1, 2, 5)] == [2, 1, 0]


def test_9_01e_one_that_was_moved_during_the_call_stays_open_in_either_order() -> None:
    said = play("9.01e", NEXT_DAY)
    assert steps(said, "k1-9.01e") == AGAIN
    assert steps(said, "k2-9.01e") == [*OUT, "not_dialed", "rescheduled", "due", "presented"]
    assert steps(said, "k3-9.01e") == AGAIN
    assert steps(said, "k4-9.01e") == [*OUT, "rescheduled", "rescheduled", "due", "presented"]
    for number in range(1, 5):
        assert presented(said, f"k{number}-9.01e") == ["2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z"]


def test_9_01f_a_return_displaces_no_reschedule_and_no_cancel() -> None:
    """Nor does one whose `retry_at` is out of order change anything."""
    said = play("9.01f", NEXT_DAY)
    assert presented(said, "k1-9.01f")[1] == presented(said, "k2-9.01f")[1] == "2026-11-23T15:04:00Z"
    assert steps(said, "k3-9.01f") == [*OUT, "rescheduled", "cancelled"]
    assert steps(said, "k4-9.01f") == [*OUT, "not_dialed", "rejected", "rejected"]
    assert presented(said, "k5-9.01f")[1] == "2026-11-24T15:00:00Z"
    assert rejected(said, "k6-9.01f") == [["due_before_scheduled"], ["too_far_ahead"]]
    assert of(said, "k6-9.01f", "rescheduled")[0]["due_at"] == "2026-12-23T15:03:00Z"


def test_9_01g_a_wrap_up_that_says_nothing_was_dialed_gives_its_callback_back() -> None:
    """Its rules run and row 9 holds; where a return says the same, the second of the two is refused."""
    said = play("9.01g", NEXT_DAY)
    assert steps(said, "k1-9.01g") == [*OUT, "not_dialed"]
    assert steps(said, "k2-9.01g") == [*AGAIN, "completed"]
    assert steps(said, "k3-9.01g") == AGAIN
    assert rejected(said, "k4-9.01g") == rejected(said, "k5-9.01g") == [["superseded"]]
    assert presented(said, "k4-9.01g") == presented(said, "k5-9.01g")
    assert steps(said, "k6-9.01g")[-1] == "not_dialed" and steps(said, "k7-9.01g")[-1] == "completed"
    (later,) = [one for one in said.commands if one["callback_id"] == "k8-9.01g"]
    assert later["attributes"] == {"skips": "1"}


def test_9_01h_a_code_of_a_refused_check_ends_it_and_a_lack_of_lines_does_not() -> None:
    said = play("9.01h", NEXT_DAY)
    ends = [steps(said, f"k{number}-9.01h") for number in range(1, 17)]
    assert ends == [[*OUT, "not_dialed"]] * 12 + [AGAIN] * 4


def test_9_01i_a_dialer_that_is_silent_after_its_command_has_expired_is_waited_for_no_longer() -> None:
    """Where the campaign says so, the command expires, and the system dials; a shorter time-out comes first."""
    said = play("9.01i", NEXT_DAY)
    ended = {one["contact_id"]: one["occurred_at"] for one in said.lifecycle if one["transition"] == "expired"}
    assert ended == {"c1": "2026-11-23T15:12:00Z", "c3": "2026-11-23T15:01:00Z"}
    assert [of_contact(said, contact)[-1] for contact in ("c2", "c4", "c5")] == ["dialing", "presented", "dialing"]


def test_9_01j_one_that_nobody_has_in_hand_is_given_back_by_its_wrap_up_at_its_own_time() -> None:
    said = play("9.01j", NEXT_DAY)
    assert of_contact(said, "c1") == ["scheduled", "due", "waiting", "not_dialed"]
    assert steps(said, "k2-9.01j") == ["scheduled", "not_dialed"]
    assert presented(said, "k3-9.01j") == ["2026-11-23T16:00:00Z"]
    assert of_contact(said, "c4")[-4:] == ["waiting", "rescheduled", "due", "waiting"]


def test_9_01k_a_call_whose_command_was_given_back_is_an_attempt_all_the_same() -> None:
    """Also where its wrap-up has the conversation in which the callback was arranged."""
    said = play("9.01k", NEXT_DAY)
    assert steps(said, "k1-9.01k") == [*OUT, "not_dialed", "rejected"]
    assert steps(said, "k2-9.01k") == [*OUT, "rescheduled", "completed"]
    assert answers(said) == [["contact_attempt_limit"]] * 2
