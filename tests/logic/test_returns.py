"""What was not dialed: commands that come back, and wrap-ups that say the same."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.rows import decode_contact, encode_contact
from streams.logic.contact.state import Contact
from streams.logic.contact.system_codes import NO_RULES_IN_PREVIEW, NOT_DIALED, PREFIX, is_refused_check
from tests.builders import (
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    clear,
    instant,
    rescheduled,
    returned,
    rule,
    scheduled,
    wrap_up,
)

SKIP = PREFIX + "PREVIEW-SKIPPED"
DAY = "2026-11-23T"
TOMORROW = "2026-11-24T15:00:00Z"


def at(minute: float, hour: int = 15) -> str:
    return str((instant(f"{DAY}{hour}:00:00Z") + timedelta(minutes=minute)).isoformat()).replace("+00:00", "Z")


def presented(**settings: Any) -> Worker:
    """A worker whose callback k1 was presented at 15:00."""
    worker = Worker(campaign(rule_set_ids=["R"], **settings), rules=(rule(),))
    worker.schedule(scheduled(occurred_at=at(-60)))
    assert worker.run_to(at(0)).transitions == ["due", "presented"]
    return worker


def row(worker: Worker, contact_id: str = "c1") -> Contact:
    return decode_contact(worker.core.partitions[0].table[f"L|{contact_id}".encode()])


def standing(worker: Worker) -> Callback:
    (callback,) = row(worker).callbacks
    return callback


def back(event_id: str = "u1", minute: float = 2, presentation: int = 1, **changes: Any) -> Json:
    return returned(event_id=event_id, occurred_at=at(minute), presentation=presentation, **changes)


def moved(event_id: str, minute: float, due_at: str = TOMORROW) -> Json:
    return rescheduled(event_id=event_id, occurred_at=at(minute), due_at=due_at)


def test_a_return_is_no_attempt_and_leaves_no_timer_and_no_view() -> None:
    worker = presented()
    said = worker.schedule(back())
    assert (said.transitions, said.views) == (["not_dialed"], [None])
    assert row(worker).attempts_total == 0
    assert worker.run_to("2026-12-23T15:00:00Z").lines == []


def test_a_repeated_return_says_nothing_and_a_second_one_of_the_command_is_refused() -> None:
    worker = presented(on_returned="again")
    assert worker.schedule(back()).transitions == ["rescheduled"]
    assert worker.schedule(back()).lines == []
    said = worker.schedule(back("u2", 3))
    assert (said.transitions, said.reasons) == (["rejected"], [["superseded"]])
    assert standing(worker).returns == 1


def test_an_id_that_comes_again_for_another_command_is_a_bad_event() -> None:
    worker = presented(on_returned="again")
    worker.schedule(back())
    worker.run_to(at(7))
    assert worker.schedule(back(minute=8, presentation=2)).errors == ["id_reused"]


def test_a_return_names_a_command_of_ours_a_reason_of_the_list_and_a_callback() -> None:
    worker = presented()
    for changes in ({"reason": "busy"}, {"reason": None}, {"command_id": None}, {"command_id": ""}):
        assert worker.schedule(back(**changes)).errors == ["invalid"]
    assert standing(worker).status == "presented"


def test_a_campaign_that_is_gone_or_cannot_be_read_lets_nothing_go_again() -> None:
    for record in (None, {"campaign_id": "P"}):
        worker = presented(on_returned="again")
        worker.send("campaigns", record, key="P")
        said = worker.schedule(back())
        assert (said.transitions, said.reasons) == (["not_dialed"], [["skipped"]])


def test_the_campaign_is_looked_up_when_the_return_is_applied() -> None:
    worker = presented()
    worker.send("campaigns", campaign(on_returned="again"))
    assert worker.schedule(back()).transitions == ["rescheduled"]


def test_it_is_counted_over_the_callbacks_life_and_somebodys_reschedule_does_not_start_it_anew() -> None:
    worker = presented(on_returned="again", returns_max=1)
    worker.schedule(back())
    worker.schedule(moved("m1", 3, at(10)))
    assert worker.run_to(at(10)).transitions == ["due", "presented"]
    said = worker.schedule(back("u2", 11, presentation=2))
    assert said.transitions == ["not_dialed"] and said.lifecycle[0]["facts"]["returns"] == 1


def test_a_retry_is_at_most_thirty_days_and_an_hour_ahead_and_not_before_the_return() -> None:
    latest = str((instant(at(2)) + timedelta(days=30, hours=1)).isoformat()).replace("+00:00", "Z")
    for retry_at, reasons in (
        (at(2), ["returned"]),
        (latest, ["returned"]),
        (at(1.99), ["due_before_scheduled"]),
        (latest.replace(":02:00Z", ":02:00.001Z"), ["too_far_ahead"]),
    ):
        for on_returned in ("again", "end"):
            said = presented(on_returned=on_returned).schedule(back(retry_at=retry_at))
            expected = ["skipped"] if (on_returned, reasons) == ("end", ["returned"]) else reasons
            assert said.reasons == [expected], retry_at


def test_the_rejection_of_a_return_says_when_it_was_to_be_due_again_if_it_said_so() -> None:
    worker = presented(on_returned="again")
    assert worker.schedule(back("u1", retry_at=at(1))).lifecycle[0]["facts"]["asked_for"] == at(1)
    assert "asked_for" not in worker.schedule(back("u2", presentation=7)).lifecycle[0]["facts"]


def test_a_retry_at_this_very_instant_goes_out_at_once_and_its_command_can_come_back_too() -> None:
    worker = presented(on_returned="again")
    worker.schedule(back("u1", 0, retry_at=at(0)))
    assert worker.run_to(at(0)).transitions == ["due", "presented"]
    assert worker.schedule(back("u2", 0, presentation=2)).transitions == ["rescheduled"]


def test_a_command_of_version_2_has_no_instant_of_its_own_and_can_come_back() -> None:
    worker = presented(on_returned="again")
    before = row(worker)
    (partition,) = worker.core.partitions
    as_stored = replace(before, callbacks=tuple(replace(one, commanded_at=None) for one in before.callbacks))
    partition.table[b"L|c1"] = encode_contact(as_stored, None).replace(b'"version":3', b'"version":2')
    worker.restart()
    assert standing(worker).commanded_at is None
    assert worker.schedule(back()).transitions == ["rescheduled"]
    assert worker.schedule(back("u2", 3)).reasons == [["superseded"]]


def test_the_command_that_is_due_again_is_late_from_its_new_time_and_expires_by_it() -> None:
    worker = presented(on_returned="again", expire_after_s=600)
    worker.schedule(back(retry_at=at(60)))
    said = worker.run_to(at(60))
    assert (said.commands[0]["due_at"], said.commands[0]["expires_at"]) == (at(60), at(70))
    assert said.commands[0]["presentation"] == 2


def test_what_was_moved_to_an_open_slot_and_comes_back_is_promised_anew() -> None:
    slots = [{"day": day, "start": "10:00", "stop": "23:59"} for day in range(1, 8)]
    worker = Worker()
    worker.send(
        "callable-time-sets",
        {"callable_time_set_id": "T", "times": [{"time_zone": "America/New_York", "slots": slots}]},
    )
    worker.send(
        "campaigns",
        campaign(screen_previews=True, reschedule_zone_blocked=True, callable_time_set_id="T", on_returned="again"),
    )
    worker.schedule(scheduled(occurred_at=at(-120), due_at=at(-60)))  # 09:00 in New York.
    said = worker.run_to(at(0))
    assert said.transitions == ["due", "rescheduled", "due", "presented"]
    assert standing(worker).first_due_at == instant(at(-60))
    worker.schedule(back())
    assert (standing(worker).first_due_at, standing(worker).due_at) == (None, instant(at(7)))


def test_an_owner_that_may_be_silent_gets_it_again() -> None:
    worker = Worker(campaign(on_returned="again"))
    worker.schedule(scheduled(occurred_at=at(-60), owner="only"))
    worker.run_to(at(0))
    worker.schedule(back())
    (command,) = worker.run_to(at(7)).commands
    assert (command["owner"], command["agent_id"]) == ("only", "a7")
    assert worker.run_to("2026-11-24T15:06:59Z").transitions == []
    assert worker.run_to("2026-11-24T15:07:00Z").transitions == ["owner_expired"]


def test_a_clear_reaches_a_callback_that_was_moved_in_a_call_that_came_back() -> None:
    worker = Worker(rules=(rule(minutes=30),))
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", occurred_at=at(-30)))
    (name,) = (one.callback_id for one in row(worker).callbacks)
    worker.run_to(at(0))
    worker.schedule(returned(name, occurred_at=at(2)))
    worker.send("contact-list-cleared", clear(occurred_at=at(3)), at=at(3))
    said = worker.schedule({**moved("m1", 1), "callback_id": name}, at=at(4))
    assert said.transitions == ["rescheduled", "cancelled"]


def test_a_return_leaves_an_early_call_open_that_began_later() -> None:
    """Presented 15:00, moved 15:03 to the evening, placed 15:10; the first command comes back, then the call ends."""
    worker = presented()
    worker.schedule(moved("m1", 3, at(300)))
    worker.send("placement-requested", request(10), at=at(10))
    assert worker.schedule(back("u1", 5), at=at(11)).lines == []
    assert len(standing(worker).presented) == 2
    said = worker.wrap_up(wrap_up("v5", callback_id="k1", occurred_at=at(15)))
    assert said.transitions == ["completed"]


def request(minute: float) -> Json:
    return {
        "event_id": "p1",
        "request_id": "q1",
        "occurred_at": at(minute),
        "origin": "callback",
        "callback_id": "k1",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": scheduled()["phone_number"],
    }


def test_a_return_closes_its_own_presentation_and_not_the_one_before() -> None:
    """Presented 15:00, moved, presented 15:10, given back; the wrap-up of the first call is its first, and counts."""
    worker = presented(on_returned="again")
    worker.schedule(moved("m1", 3, at(10)))
    worker.run_to(at(10))
    worker.schedule(back("u1", 11, presentation=2))
    said = worker.wrap_up(wrap_up("v1", callback_id="k1", occurred_at=at(5)), at=at(12))
    assert said.lines == [] and row(worker).attempts_total == 1
    assert standing(worker).left_open_by == "w-v1"


def test_nobody_asked_for_a_call_after_a_return_so_its_wrap_up_completes() -> None:
    """The presentation is closed, so that the reschedule within it keeps nothing open any more."""
    worker = presented()
    worker.schedule(moved("m1", 3))
    worker.schedule(back("u1", 5))
    said = worker.wrap_up(wrap_up("v5", callback_id="k1", occurred_at=at(30)))
    assert said.transitions == ["completed"] and row(worker).attempts_total == 1


def test_a_skip_of_an_agent_who_has_lost_the_callback_to_the_queue_is_superseded() -> None:
    worker = Worker(campaign(owner_expiry="queue", owner_expires_after_s=3600))
    worker.schedule(scheduled(occurred_at=at(-60), owner="only"))
    worker.run_to(at(60))
    skip = wrap_up("v1", callback_id="k1", occurred_at=at(59), wrap_up_code=SKIP)
    said = worker.wrap_up(skip, at=at(61))
    assert said.reasons == [["superseded"]] and said.lifecycle[0]["facts"]["refused"] == "callback_id"
    assert standing(worker).status == "presented"
    assert worker.schedule(back("u1", 62, presentation=2)).transitions == ["not_dialed"]


def test_a_later_code_of_a_skipped_call_is_still_a_later_code() -> None:
    worker = presented()
    worker.wrap_up(wrap_up("v1", callback_id="k1", occurred_at=at(2), wrap_up_code=SKIP))
    assert worker.wrap_up(wrap_up("v1", event_id="w2", callback_id="k1", occurred_at=at(3))).lines == []
    assert row(worker).attempts_total == 0


def test_the_rules_of_a_skip_run_when_the_callback_has_ended() -> None:
    rules = rule(conditions=[{"type": "wrap_up_code", "codes": [SKIP]}])
    worker = Worker(rules=(rules,))
    worker.schedule(scheduled(occurred_at=at(-60)))
    worker.run_to(at(0))
    said = worker.wrap_up(wrap_up("v1", callback_id="k1", occurred_at=at(2), wrap_up_code=SKIP))
    assert said.transitions == ["not_dialed", "scheduled"]


def test_a_code_that_the_campaign_counts_as_an_attempt_completes() -> None:
    worker = presented(attempt_codes=[SKIP], on_returned="again")
    said = worker.wrap_up(wrap_up("v1", callback_id="k1", occurred_at=at(2), wrap_up_code=SKIP))
    assert said.transitions == ["completed"]


def test_every_system_code_that_is_no_attempt_tells_of_a_check_unless_of_an_agent_an_error_or_the_lines() -> None:
    codes = NOT_DIALED | {code for code in NO_RULES_IN_PREVIEW if code.endswith("-SKIPPED")} | {SKIP}
    again = {code.removeprefix(PREFIX) for code in codes if not is_refused_check(code)}
    assert again == {"PREVIEW-SKIPPED", "INTERNAL-ERROR-SKIPPED", "NO-ACTIVE-EDGES", "EXTERNALLY-THROTTLED"}
    assert is_refused_check(PREFIX + "NO-CALLABLE-NUMBERS-SKIPPED")
    assert not is_refused_check("DNC-SKIPPED") and not is_refused_check(PREFIX + "STUCK-INTERACTION")


def test_a_code_of_a_refused_check_ends_it_however_many_returns_are_left() -> None:
    worker = presented(on_returned="again")
    worker.schedule(back())
    worker.run_to(at(7))
    skip = wrap_up("v1", callback_id="k1", occurred_at=at(8), wrap_up_code=PREFIX + "DNC-SKIPPED")
    said = worker.wrap_up(skip)
    assert said.transitions == ["not_dialed"] and said.lifecycle[0]["facts"]["returns"] == 1


def test_the_silent_are_waited_for_from_the_expiry_of_their_command() -> None:
    """The earlier of that and the time-out, as the campaign had them when the command went out."""
    cases: tuple[tuple[dict[str, Any], float], ...] = (
        ({"expire_after_s": 300, "silent_after_expiry_s": 60}, 6),
        ({"expire_after_s": 300, "silent_after_expiry_s": 60, "outcome_timeout_s": 360}, 6),
        ({"expire_after_s": 300, "silent_after_expiry_s": 60, "outcome_timeout_s": 359}, 359 / 60),
    )
    for limits, ends_at in cases:
        worker = Worker(campaign(rule_set_ids=["R"], **limits), rules=(rule(minutes=30),))
        worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", occurred_at=at(-30)))
        worker.run_to(at(0))
        worker.send("campaigns", campaign(rule_set_ids=["R"]))
        said = worker.run_to(at(ends_at - 1 / 60))
        assert said.lines == []
        said = worker.run_to(at(ends_at))
        assert (said.transitions, said.reasons) == (["expired"], [["no_outcome"]])


def test_the_end_of_one_whose_dialer_may_be_silent_says_when_its_command_expired() -> None:
    cases: tuple[tuple[dict[str, Any], str | None], ...] = (
        ({"silent_after_expiry_s": 60}, at(5)),
        ({"outcome_timeout_s": 360}, None),
    )
    for limits, expected in cases:
        worker = Worker(campaign(rule_set_ids=["R"], expire_after_s=300, **limits), rules=(rule(minutes=30),))
        worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", occurred_at=at(-30)))
        worker.run_to(at(0))
        (ended,) = worker.run_to(at(6)).lifecycle
        assert (ended["reasons"], ended["facts"].get("expires_at")) == (["no_outcome"], expected)


def test_a_word_in_time_ends_the_silence() -> None:
    limits: dict[str, Any] = {"expire_after_s": 300, "silent_after_expiry_s": 60, "on_returned": "again"}
    worker = Worker(campaign(rule_set_ids=["R"], **limits), rules=(rule(minutes=30),))
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", occurred_at=at(-30)))
    worker.run_to(at(0))
    (name,) = (one.callback_id for one in row(worker).callbacks)
    worker.schedule(returned(name, occurred_at=at(5), reason="expired"))
    assert worker.run_to(at(10)).transitions == ["due", "dialing"]


OTHERS = {
    "moved in the call": moved("m1", 3),
    "moved after it": moved("m2", 6, at(90)),
    "moved, to sooner": moved("m3", 4, at(8)),
    "cancelled": cancelled(event_id="x1", occurred_at=at(7)),
}


@pytest.mark.parametrize("on_returned", ["end", "again"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_return_and_what_somebody_asked_for_end_the_same_in_either_order(name: str, on_returned: str) -> None:
    """The end of a callback may have another name: a cancel that finds it ended closes it for good."""
    found = []
    for events in permutations((back("u1", 5), OTHERS[name])):
        worker = presented(on_returned=on_returned)
        for event in events:
            worker.schedule(event, at=at(7.5))
        left = [(one.status, one.due_at, one.returns, one.moved_at) for one in row(worker).callbacks]
        ahead = worker.run_to("2026-11-25T00:00:00Z").lines
        found.append((left, [line["at"] for line in ahead if line["topic"] == "dial-preview"]))
    assert found[0] == found[1]


KINDS = st.sampled_from([*["back", "skip", "move", "place"] * 3, "done", "cancel"])


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[float, str, float, int]]:
    """What arrives at which minute: its kind, how long before it occurred, and what it names or asks for."""
    steps = draw(
        st.lists(st.tuples(st.integers(1, 9), KINDS, st.integers(0, 4), st.integers(0, 12)), min_size=1, max_size=12)
    )
    minute, history = 0.0, []
    for gap, kind, ago, number in steps:
        minute += gap
        history.append((minute, kind, minute - ago, number))
    return history


def tell(worker: Worker, number: int, told: tuple[float, str, float, int]) -> tuple[Json, Said]:
    minute, kind, occurred, what = told
    name = {"event_id": f"e{number}", "occurred_at": at(occurred)}
    latest = standing(worker).presentation if row(worker).callbacks else 1
    match kind:
        case "back":
            value = returned(presentation=max(1, latest - what % 2), **name)
        case "move":
            value = rescheduled(due_at=at(occurred + what), **name)
        case "cancel":
            value = cancelled(**name)
        case "place":
            return {}, worker.send(
                "placement-requested", request(minute) | {"request_id": f"q{number}", **name}, at(minute)
            )
        case _:
            code = SKIP if kind == "skip" else "DONE"
            value = wrap_up(f"v{number}", callback_id="k1", wrap_up_code=code, **name)
            return {}, worker.wrap_up(value, at(minute))
    return value, worker.schedule(value, at(minute))


@given(
    st.integers(-3, 10), st.integers(6, 10), st.integers(0, 60), st.sampled_from(["end", "again"]), st.integers(0, 1)
)
@settings(max_examples=60)
def test_a_reschedule_at_any_time_ends_the_same_before_a_return_and_after_it(
    moved_at: int, over_at: int, minutes: int, on_returned: str, returns_max: int
) -> None:
    """Both arrive when both have occurred and neither time has come: timers go by arrival."""
    found = []
    for events in permutations((back("u1", over_at), moved("m1", moved_at, at(11 + minutes)))):
        worker = presented(on_returned=on_returned, returns_max=returns_max)
        for event in events:
            worker.schedule(event, at=at(10))
        left = [(one.due_at, one.returns, one.moved_at) for one in row(worker).callbacks]
        found.append((left, [(one["due_at"], one["presentation"]) for one in worker.run_to(at(300)).commands]))
    assert found[0] == found[1]


@given(histories(), st.sampled_from(["end", "again"]), st.sampled_from([None, 0, 1]))
@settings(max_examples=120)
def test_every_return_of_the_open_command_has_one_outcome(history, on_returned, returns_max) -> None:
    """It ends, goes again, or was moved in the call; all others are refused. None is dialed too often for it."""
    worker = presented(on_returned=on_returned, returns_max=returns_max)
    lived: list[Json] = []
    commanded, over = at(0), False
    for number, told in enumerate(history):
        passed = worker.run_to(at(told[0])).lifecycle
        for one in passed:
            if one["transition"] == "presented":
                commanded, over = one["occurred_at"], False
        before = row(worker)
        event, said = tell(worker, number, told)
        own = [one for one in said.lifecycle if one["cause"]["event_id"] == f"e{number}"]
        lived += passed + said.lifecycle
        if event.get("type") == "returned":
            latest = bool(before.callbacks) and event == {**event, **latest_command(before)}
            assert (latest and not over) == (own == [] or own[0]["transition"] != "rejected")
            over = over or latest
            check_outcome(before, row(worker), own)
        elif "type" not in event:
            over = over or (told[1] != "place" and instant(at(told[2])) >= instant(commanded))
    again = [one for one in lived if one["reasons"] == ["returned"]]
    assert len(again) <= (3 if returns_max is None else returns_max) * (on_returned == "again")
    assert row(worker).attempts_total <= sum(kind == "done" for _, kind, _, _ in history)


def latest_command(before: Contact) -> Json:
    (callback,) = before.callbacks
    return {"command_id": returned(presentation=callback.presentation)["command_id"]}


def check_outcome(before: Contact, after: Contact, own: list[Json]) -> None:
    if own:
        (record,) = own
        assert (record["transition"], record["reasons"][0]) in {
            ("not_dialed", "skipped"),
            ("rescheduled", "returned"),
            ("rejected", "superseded"),
            ("rejected", "callback_ended"),
        }
        return
    # Moved in the call: it stays where it was, and is given back.
    (old,), (new,) = before.callbacks, after.callbacks
    assert (old.status, old.due_at, old.timer) == (new.status, new.due_at, new.timer)
    assert len(new.given_back) == min(4, len(old.given_back) + 1) and new.left_open_by is not None


def test_the_record_of_a_contact_without_returns_is_as_it_was() -> None:
    worker = Worker()
    worker.schedule(scheduled(occurred_at=at(-60)))
    (partition,) = worker.core.partitions
    stored = partition.table[b"L|c1"]
    assert b"given_back" not in stored and b"returns" not in stored
