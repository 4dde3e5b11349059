"""Docs, rules.md, section 9: windows; what becomes of a callback that was missed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.rows import decode_contact
from tests.builders import (
    Json,
    Said,
    Worker,
    campaign,
    changed,
    contact,
    hold,
    instant,
    rescheduled,
    returned,
    rule,
    scheduled,
    wrap_up,
)

NEW_YORK = ZoneInfo("America/New_York")
NEXT_DAY: Json = {"on_missed": "next_day"}
WINDOW: Json = {"due_at": "2026-11-23T15:00:00Z", "window_end_at": "2026-11-23T16:00:00Z"}
TIMED: Json = {"callable_time_set_id": "T"}


def hours(*slots: tuple[int, str, str], zone: str = "America/New_York") -> Json:
    given = [{"day": day, "start": start, "stop": stop} for day, start, stop in slots]
    return {"callable_time_set_id": "T", "times": [{"time_zone": zone, "slots": given}]}


def late(worker: Worker, at: str, **changes) -> Said:
    """What becomes of an agent's callback that arrives at an instant, when its window is over."""
    said = worker.schedule(scheduled(**{**WINDOW, **changes}), at=at)
    said.lines += worker.run_to(at).lines
    return said


def waiting(**changes) -> tuple[Worker, str]:
    """A worker whose campaign is off, and a rule's callback that somebody moved into the window."""
    worker = Worker(campaign(status="off", rule_set_ids=["R"], **changes), rules=(rule(),))
    callback_id = worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]["callback_id"]
    worker.schedule(rescheduled(callback_id, occurred_at="2026-11-23T14:35:00Z", **WINDOW))
    return worker, callback_id


def moved(said: Said) -> list[tuple[str, str]]:
    """When the callback is due next and when its window ends, of each window that was missed."""
    return [
        (record["due_at"], record["facts"]["window_end_at"])
        for record in said.lifecycle
        if (record["transition"], record["reasons"]) == ("rescheduled", ["window_over"])
    ]


def request(at: str, number: int = 1, **changes) -> Json:
    return {
        "event_id": f"p{number}",
        "request_id": f"q{number}",
        "occurred_at": at,
        "origin": "callback",
        "callback_id": "k1",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": "+12125550101",
        **changes,
    }


def test_a_window_is_in_the_facts_of_what_brought_it():
    worker = Worker()
    assert worker.schedule(scheduled(**WINDOW)).lifecycle[0]["facts"]["window_end_at"] == WINDOW["window_end_at"]
    said = worker.schedule(rescheduled(window_end_at="2026-11-24T17:00:00Z"))
    assert said.lifecycle[0]["facts"]["window_end_at"] == "2026-11-24T17:00:00Z"


def test_a_callback_without_a_window_knows_of_none():
    worker = Worker()
    assert "window_end_at" not in worker.schedule(scheduled()).lifecycle[0]["facts"]
    row = worker.core.partitions[0].table[b"L|c1"]
    assert b"window" not in row and b"missed" not in row


def test_an_id_that_comes_again_with_another_window_is_no_repeat():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    assert worker.schedule(scheduled(**WINDOW)).lines == []
    assert worker.schedule(scheduled(**{**WINDOW, "window_end_at": "2026-11-23T17:00:00Z"})).errors == ["id_reused"]
    assert worker.schedule(scheduled(due_at=WINDOW["due_at"])).errors == ["id_reused"]
    worker.schedule(rescheduled())
    assert worker.schedule(rescheduled(window_end_at="2026-11-24T16:00:00Z")).errors == ["id_reused"]


def test_a_reschedule_without_a_window_ends_it_and_what_is_presented_then_does_not_expire():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    worker.schedule(rescheduled(due_at="2026-11-23T17:00:00Z"))
    (command,) = worker.run_to("2026-11-23T18:00:00Z").commands
    assert (command["due_at"], command["expires_at"]) == ("2026-11-23T17:00:00Z", None)


def test_a_superseded_reschedule_brings_no_window():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled(occurred_at="2026-11-23T14:50:00Z", **WINDOW))
    older = rescheduled(event_id="r2", occurred_at="2026-11-23T14:45:00Z", window_end_at="2026-11-24T16:00:00Z")
    assert worker.schedule(older).reasons == [["superseded"]]
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["expires_at"] == WINDOW["window_end_at"]


def completed(**changes) -> Worker:
    """A worker with callback k1, presented at 15:00 and completed at 15:10."""
    worker = Worker()
    worker.schedule(scheduled(**changes))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.wrap_up(wrap_up("v5", callback_id="k1", occurred_at="2026-11-23T15:10:00Z"))
    return worker


def in_the_call(**changes) -> Json:
    return rescheduled(
        event_id="r2", occurred_at="2026-11-23T15:05:00Z", **{"due_at": "2026-11-24T15:00:00Z", **changes}
    )


def test_a_remembered_reschedule_brings_its_window_when_the_callback_is_reopened():
    worker = completed()
    after = {"due_at": "2026-11-25T15:00:00Z", "window_end_at": "2026-11-25T16:00:00Z"}
    said = worker.schedule(rescheduled(occurred_at="2026-11-23T15:20:00Z", **after))
    assert said.reasons == [["callback_ended"]] and said.lifecycle[0]["facts"]["remembered"]
    said = worker.schedule(in_the_call(), at="2026-11-23T15:30:00Z")
    assert said.lifecycle[0]["facts"]["window_end_at"] == "2026-11-25T16:00:00Z"
    assert worker.run_to("2026-11-25T15:00:00Z").commands[0]["expires_at"] == "2026-11-25T16:00:00Z"


def test_a_reopened_callback_has_the_window_of_the_reschedule_that_reopens_it_and_not_that_of_before():
    worker = completed(**WINDOW)
    assert worker.schedule(in_the_call(), at="2026-11-23T17:00:00Z").transitions == ["rescheduled"]
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["expires_at"] is None


def test_wrap_up_and_reschedule_end_the_same_in_both_orders():
    ends = []
    window = {"window_end_at": "2026-11-24T16:00:00Z"}
    for wrapped_up_first in (True, False):
        worker = Worker()
        worker.schedule(scheduled(**WINDOW))
        worker.run_to("2026-11-23T15:00:00Z")
        done = ("wrap-up", wrap_up("v5", callback_id="k1", occurred_at="2026-11-23T15:10:00Z"))
        again = ("callback-scheduled", in_the_call(**window))
        for topic, value in (done, again) if wrapped_up_first else (again, done):
            worker.send(topic, value, at="2026-11-23T15:20:00Z")
        ends.append(worker.run_to("2026-11-25T15:00:00Z").commands)
    assert ends[0] == ends[1] and ends[0][0]["expires_at"] == window["window_end_at"]


def test_a_second_presentation_expires_with_the_window_when_the_campaigns_limit_has_passed():
    queue: Json = {"owner_expires_after_s": 3600, "owner_expiry": "queue", "expire_after_s": 1800}
    worker = Worker(campaign(**queue))
    worker.schedule(scheduled(owner="only", **{**WINDOW, "window_end_at": "2026-11-23T18:00:00Z"}))
    first, second = worker.run_to("2026-11-23T16:00:00Z").commands
    assert (first["expires_at"], second["expires_at"]) == ("2026-11-23T15:30:00Z", "2026-11-23T18:00:00Z")


def test_an_answer_before_the_callback_is_due_is_good_no_longer_than_its_window():
    worker = Worker(campaign(answer_valid_s=7200))
    worker.schedule(scheduled(**WINDOW))
    (answer,) = worker.send("placement-requested", request("2026-11-23T14:50:00Z")).of("placement-decided")
    assert answer["valid_until"] == WINDOW["window_end_at"]


def test_after_the_windows_end_the_other_reasons_are_named_too():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("contacts", contact(callable=False))
    (answer,) = worker.send("placement-requested", request("2026-11-23T16:00:00Z")).of("placement-decided")
    assert answer["reasons"] == ["contact_uncallable", "window_over"]


def test_a_call_of_the_campaigns_own_is_not_refused_for_a_window():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    own = request("2026-11-23T16:30:00Z", origin="campaign", callback_id=None)
    assert worker.send("placement-requested", own).of("placement-decided")[0]["allowed"]


def test_a_reschedule_after_the_windows_end_moves_what_an_agent_has():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    worker.run_to("2026-11-23T16:30:00Z")
    worker.schedule(rescheduled(occurred_at="2026-11-23T16:30:00Z"))
    assert worker.run_to("2026-11-24T15:00:00Z").transitions == ["due", "presented"]


def test_a_release_at_the_very_end_comes_too_late():
    worker, _ = waiting()
    worker.run_to("2026-11-23T15:30:00Z")
    said = worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T16:00:00Z")
    said.lines += worker.run_to("2026-11-23T16:00:00Z").lines
    assert (said.transitions, said.reasons, said.commands) == (["expired"], [["window_over"]], [])


def test_a_release_before_the_end_goes_out_and_the_command_says_up_to_when():
    worker, _ = waiting()
    worker.run_to("2026-11-23T15:30:00Z")
    worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:59:59Z")
    (command,) = worker.run_to("2026-11-23T16:00:00Z").commands
    assert command["expires_at"] == WINDOW["window_end_at"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"expire_after_s": 1800}, "too_late"), ({"expire_after_s": 3600}, "window_over"), ({}, "window_over")],
)
def test_of_a_limit_and_a_window_that_passed_in_an_outage_the_earlier_decides(changes, reason):
    said = late(Worker(campaign(**changes)), "2026-11-23T20:00:00Z")
    assert (said.transitions, said.reasons[-1]) == (["scheduled", "due", "expired"], [reason])


def test_what_waits_is_not_ended_while_a_rule_set_cannot_be_read_and_is_missed_as_soon_as_it_can():
    worker, callback_id = waiting(**NEXT_DAY)
    worker.send("rule-sets", {"rule_set_id": "R", "rules": "no list"}, at="2026-11-23T15:10:00Z")
    assert worker.run_to("2026-11-23T18:00:00Z").lines == []
    worker.send("rule-sets", {"rule_set_id": "R", "rules": []}, at="2026-11-23T18:00:00Z")
    said = worker.run_to("2026-11-23T18:00:00Z")
    assert moved(said) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]
    assert said.lifecycle[0]["callback_id"] == callback_id


def test_what_waits_for_a_campaign_that_is_gone_ends_as_missed_if_its_window_is_over_and_else_as_blocked():
    for at, end in (("2026-11-23T15:59:59Z", "blocked"), ("2026-11-23T16:30:00Z", "expired")):
        worker, _ = waiting(**NEXT_DAY)
        worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T15:30:00Z", key="P")
        said = worker.send("campaigns", None, at=at, key="P")
        said.lines += worker.run_to(at).lines
        assert said.transitions[-1] == end


def unreadable_then(on_hold: bool) -> tuple[Worker, Said]:
    """An agent's callback that nobody presented in its window, while its campaign cannot be read."""
    worker = Worker(campaign(**NEXT_DAY))
    if on_hold:
        worker.send("holds", hold(campaign_id="P"))
        worker.schedule(scheduled(**WINDOW))
        worker.run_to("2026-11-23T15:10:00Z")
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T15:20:00Z", key="P")
    said = worker.run_to("2026-11-23T16:20:00Z") if on_hold else late(worker, "2026-11-23T16:20:00Z")
    return worker, said


def test_an_agents_callback_that_was_missed_ends_with_its_campaign_also_if_that_could_not_be_read():
    for on_hold in (False, True):
        worker, _ = unreadable_then(on_hold)
        said = worker.send("campaigns", None, at="2026-11-23T17:00:00Z", key="P")
        said.lines += worker.run_to("2026-11-23T17:00:00Z").lines
        assert (said.transitions, said.reasons) == (["expired"], [["window_over"]])
        assert said.lifecycle[0]["cause"]["topic"] == "campaigns"


def test_what_a_hold_lets_go_after_its_window_waits_until_its_campaign_can_be_read():
    worker, _ = unreadable_then(on_hold=True)
    worker.send("holds", None, at="2026-11-23T17:00:00Z", key="h1")
    assert worker.run_to("2026-11-23T18:00:00Z").lines == []
    worker.restart()
    worker.send("campaigns", campaign(**NEXT_DAY), at="2026-11-23T18:00:00Z")
    said = worker.run_to("2026-11-24T15:00:00Z")
    assert moved(said) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]
    assert said.transitions[-1] == "presented"


def test_what_a_gap_moves_beyond_the_window_is_missed_at_its_end():
    worker, _ = waiting(min_gap_s=7200)
    worker.send("campaigns", campaign(rule_set_ids=["R"], min_gap_s=7200))
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.transitions == ["due", "rescheduled", "expired"]
    assert said.reasons[1:] == [["too_soon"], ["window_over"]]


def test_a_change_after_the_end_presents_nothing_anew():
    worker = Worker()
    worker.schedule(scheduled(**WINDOW))
    worker.run_to("2026-11-23T15:00:00Z")
    assert worker.schedule(changed(agent_id="a8", occurred_at="2026-11-23T16:00:00Z")).transitions == ["changed"]


def test_an_agent_who_comes_to_own_the_contact_does_not_get_what_was_missed():
    worker, _ = waiting()
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T15:30:00Z", key="P")
    said = worker.schedule(scheduled(occurred_at="2026-11-23T16:00:00Z", due_at="2026-11-23T17:00:00Z"))
    assert said.transitions == ["scheduled"]


def test_the_next_day_is_presented_as_the_first_one_would_have_been():
    worker = Worker(campaign(**NEXT_DAY))
    said = late(worker, "2026-11-23T16:00:00Z", owner="only")
    assert moved(said) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]
    (command,) = worker.run_to("2026-11-24T15:00:00Z").commands
    assert (command["owner"], command["agent_id"], command["presentation"]) == ("only", "a7", 1)
    assert command["expires_at"] == "2026-11-24T16:00:00Z"


def test_after_a_long_outage_the_next_day_is_the_next_one_from_now():
    said = late(Worker(campaign(**NEXT_DAY)), "2026-12-10T15:00:00Z")
    assert moved(said) == [("2026-12-10T15:00:00Z", "2026-12-10T16:00:00Z")]
    said = late(Worker(campaign(**NEXT_DAY)), "2026-12-10T15:00:01Z")
    assert moved(said) == [("2026-12-11T15:00:00Z", "2026-12-11T16:00:00Z")]


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        # Over midnight: the evening of the day on which it ends.
        (("2026-11-24T03:00:00Z", "2026-11-24T07:00:00Z"), "2026-11-24T07:00:00Z", "2026-11-25T03:00:00Z"),
        # Of a day and a half: it cannot begin before it is over.
        (("2026-11-24T15:00:00Z", "2026-11-26T03:00:00Z"), "2026-11-26T03:00:00Z", "2026-11-26T15:00:00Z"),
        # Of exactly a day: the next one begins where it ends.
        (("2026-11-24T15:00:00Z", "2026-11-25T15:00:00Z"), "2026-11-25T15:00:00Z", "2026-11-25T15:00:00Z"),
    ],
)
def test_a_window_that_lasts_into_another_day_begins_again_no_sooner_than_it_ended(window, at, expected):
    worker = Worker(campaign(**NEXT_DAY))
    said = late(worker, at, due_at=window[0], window_end_at=window[1])
    ((due_at, window_end_at),) = moved(said)
    assert due_at == expected
    assert instant(window_end_at) - instant(due_at) == instant(window[1]) - instant(window[0])


def test_a_window_that_the_clock_leaves_out_is_on_no_such_day():
    """From half past two to three in New York: on 2027-03-14 the clock shows neither, nor anything in between."""
    worker = Worker(campaign(**NEXT_DAY))
    window = {"due_at": "2027-03-13T07:30:00Z", "window_end_at": "2027-03-13T08:00:00Z"}
    said = late(worker, "2027-03-13T08:00:00Z", occurred_at="2027-03-12T20:00:00Z", **window)
    assert moved(said) == [("2027-03-15T06:30:00Z", "2027-03-15T07:00:00Z")]


def test_a_window_that_the_clock_cuts_is_what_is_left_of_it():
    worker = Worker(campaign(**NEXT_DAY))
    window = {"due_at": "2027-03-13T07:30:00Z", "window_end_at": "2027-03-13T08:30:00Z"}
    said = late(worker, "2027-03-13T08:30:00Z", occurred_at="2027-03-12T20:00:00Z", **window)
    assert moved(said) == [("2027-03-14T07:00:00Z", "2027-03-14T07:30:00Z")]


def test_the_next_window_begins_where_the_first_one_did_however_late_its_day_opened():
    """From nine to noon, which is open from eleven on Tuesdays, and from nine on Wednesdays."""
    worker = Worker(campaign(status="off", rule_set_ids=["R"], **NEXT_DAY, **TIMED), rules=(rule(),))
    slots = hours((2, "11:00", "17:00"), (3, "09:00", "17:00"))
    worker.send("callable-time-sets", slots)
    callback_id = worker.wrap_up(wrap_up(wrap_up_code="AGAIN")).lifecycle[0]["callback_id"]
    window = {"due_at": "2026-11-23T14:50:00Z", "window_end_at": "2026-11-23T17:00:00Z"}
    worker.schedule(rescheduled(callback_id, occurred_at="2026-11-23T14:35:00Z", **window))
    assert moved(worker.run_to("2026-11-25T00:00:00Z")) == [
        ("2026-11-24T16:00:00Z", "2026-11-24T17:00:00Z"),
        ("2026-11-25T14:50:00Z", "2026-11-25T17:00:00Z"),
    ]


def test_a_day_that_opens_when_the_window_ends_is_not_open():
    worker = Worker(campaign(**NEXT_DAY, **TIMED))
    worker.send("callable-time-sets", hours((2, "11:00", "17:00"), (4, "10:59", "17:00")))
    assert moved(late(worker, "2026-11-23T16:00:00Z")) == [("2026-11-26T15:59:00Z", "2026-11-26T16:00:00Z")]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2027-03-13T06:30:00Z", [("2027-03-21T06:30:00Z", "2027-03-21T07:00:00Z")]),
        ("2027-03-13T06:29:59Z", []),
    ],
)
def test_a_window_that_begins_exactly_eight_days_later_still_counts(at, expected):
    """Open on Sundays, from half past two to three; on the first of them the clock of New York leaves that out."""
    worker = Worker(campaign(**NEXT_DAY, **TIMED))
    worker.send("callable-time-sets", hours((7, "02:30", "03:00")))
    window = {"due_at": "2027-03-12T07:30:00Z", "window_end_at": "2027-03-12T08:00:00Z"}
    said = late(worker, at, occurred_at="2027-03-11T20:00:00Z", **window)
    assert moved(said) == expected
    assert said.transitions[-1] == ("rescheduled" if expected else "expired")


def test_where_nobody_knows_the_hours_or_can_read_them_the_next_day_counts():
    for times in (None, {"callable_time_set_id": "T", "times": "no list"}):
        worker = Worker(campaign(**NEXT_DAY, **TIMED))
        if times is not None:
            worker.send("callable-time-sets", times, key="T")
        assert moved(late(worker, "2026-11-23T16:00:00Z")) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]


def test_where_nobody_knows_the_zone_no_day_is_open():
    worker = Worker(campaign(**NEXT_DAY, **TIMED))
    worker.send("callable-time-sets", hours((2, "00:00", "24:00")))
    worker.send("contacts", contact(time_zone="Nowhere/Atall"))
    assert late(worker, "2026-11-23T16:00:00Z").transitions[-1] == "expired"


def test_an_end_for_want_of_an_open_day_says_so_and_no_other_end_does():
    for options, days in ((NEXT_DAY, 8), ({**NEXT_DAY, "missed_max": 0}, None), ({}, None)):
        worker = Worker(campaign(**options, **TIMED))
        worker.send("callable-time-sets", hours((1, "12:00", "13:00")))
        facts = late(worker, "2026-11-23T16:00:00Z").lifecycle[-1]["facts"]
        assert (facts["missed"], facts.get("no_open_slot_within_days")) == (1, days)


SLOTS: Json = {**TIMED, "screen_previews": True, "reschedule_zone_blocked": True}


def test_a_slot_that_opens_when_the_window_ends_is_beyond_it():
    worker = Worker(campaign(**SLOTS))
    worker.send("callable-time-sets", hours((1, "11:00", "12:00")))
    worker.schedule(scheduled(**WINDOW))
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.transitions == ["due", "rescheduled", "expired"]


def test_on_its_next_day_a_callback_is_as_if_no_slot_had_ever_moved_it():
    worker = Worker(campaign(**SLOTS, **NEXT_DAY))
    worker.send("callable-time-sets", hours((1, "11:00", "12:00"), (2, "09:00", "12:00")))
    worker.schedule(scheduled(**WINDOW))
    said = worker.run_to("2026-11-24T15:00:00Z")
    assert moved(said) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]
    assert "first_due_at" not in said.lifecycle[-1]["facts"]
    (callback,) = decode_contact(worker.core.partitions[0].table[b"L|c1"]).callbacks
    assert (callback.first_due_at, callback.moved_for) == (None, None)
    assert callback.window_start_at == instant("2026-11-24T15:00:00Z")


def test_no_window_leads_to_another_where_the_campaign_allows_none():
    said = late(Worker(campaign(**NEXT_DAY, missed_max=0)), "2026-11-23T16:00:00Z")
    assert (said.transitions[-1], said.lifecycle[-1]["facts"]["missed"]) == ("expired", 1)


def test_three_windows_lead_to_another_where_the_campaign_says_nothing_and_a_reschedule_begins_anew():
    worker, callback_id = waiting(**NEXT_DAY)
    assert len(moved(worker.run_to("2026-11-25T20:00:00Z"))) == 3
    window = {"due_at": "2026-11-26T15:00:00Z", "window_end_at": "2026-11-26T16:00:00Z"}
    again = rescheduled(callback_id, event_id="r2", occurred_at="2026-11-25T20:00:00Z", **window)
    worker.schedule(again)
    said = worker.run_to("2026-12-05T00:00:00Z")
    assert len(moved(said)) == 3
    assert (said.transitions[-1], said.lifecycle[-1]["facts"]["missed"]) == ("expired", 4)


def test_the_wrap_up_of_a_call_made_before_the_window_was_missed_completes_the_callback_on_its_next_day():
    worker, callback_id = waiting(**NEXT_DAY)
    worker.run_to("2026-11-23T15:59:00Z")
    worker.send("campaigns", campaign(rule_set_ids=["R"], **NEXT_DAY, dial_rate_per_s=0.0001))
    placed = request("2026-11-23T15:59:30Z", callback_id=callback_id)
    assert worker.send("placement-requested", placed).of("placement-decided")[0]["allowed"]
    worker.run_to("2026-11-23T16:00:00Z")
    done = wrap_up("v9", callback_id=callback_id, occurred_at="2026-11-23T16:05:00Z")
    assert worker.wrap_up(done).transitions[-1] == "completed"


def test_a_restart_changes_nothing_of_a_window():
    worker, _ = waiting(**NEXT_DAY)
    worker.run_to("2026-11-23T15:30:00Z")
    worker.restart()
    assert moved(worker.run_to("2026-11-23T16:00:00Z")) == [("2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z")]
    worker.restart()
    assert worker.run_to("2026-11-24T15:00:00Z").transitions == ["due", "waiting"]


START = instant("2027-03-10T12:00:00Z")
"""Four days before the clocks of New York go forward."""


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@st.composite
def campaigns(draw) -> Json:
    return campaign(
        rule_set_ids=["R"],
        status=draw(st.sampled_from(["on", "off"])),
        on_missed=draw(st.sampled_from(["end", "next_day", "next_day"])),
        missed_max=draw(st.sampled_from([None, 0, 1])),
        expire_after_s=draw(st.sampled_from([None, 7200])),
        callable_time_set_id=draw(st.sampled_from([None, "T"])),
        screen_previews=draw(st.booleans()),
        reschedule_zone_blocked=draw(st.booleans()),
        owner_expires_after_s=3600,
        owner_expiry=draw(st.sampled_from(["end", "queue"])),
        on_returned=draw(st.sampled_from(["end", "again"])),
        min_gap_s=draw(st.sampled_from([None, 7200])),
        dial_rate_per_s=draw(st.sampled_from([None, 0.001])),
        paced=draw(st.sampled_from([["released"], ["released", "moved", "due"]])),
    )


KINDS = [
    "scheduled",
    "scheduled",
    "rescheduled",
    "campaign",
    "placement",
    "wrap-up",
    "returned",
    "changed",
    "hold",
    "unreadable",
]
KEYS = {"campaigns": "P", "holds": "h1"}


@st.composite
def histories(draw) -> list[tuple[str, str, Json | None]]:
    """Events in the order of their arrival, up to ten hours after they occurred: (arrives at, topic, value)."""
    now, told = START, [(text(START), "campaigns", draw(campaigns()))]
    for number in range(draw(st.integers(2, 10))):
        now += timedelta(minutes=draw(st.integers(1, 900)))
        occurred_at = now - timedelta(minutes=draw(st.sampled_from([0, 0, 20, 600])))
        due_at = occurred_at + timedelta(minutes=draw(st.integers(0, 1500)))
        window = {"due_at": text(due_at), "window_end_at": text(due_at + timedelta(minutes=draw(st.integers(1, 400))))}
        common = {"event_id": f"e{number}", "occurred_at": text(occurred_at)}
        callback_id = draw(st.sampled_from(["k1", "k2"]))
        match draw(st.sampled_from(KINDS)):
            case "scheduled":
                owner = draw(st.sampled_from(["anyone", "only"]))
                told.append((text(now), "callback-scheduled", scheduled(callback_id, owner=owner, **window, **common)))
            case "rescheduled":
                told.append((text(now), "callback-scheduled", rescheduled(callback_id, **window, **common)))
            case "campaign":
                told.append((text(now), "campaigns", draw(campaigns())))
            case "placement":
                asked = request(text(occurred_at), number, callback_id=callback_id)
                told.append((text(now), "placement-requested", asked))
            case "returned":
                told.append((text(now), "callback-scheduled", returned(callback_id, draw(st.integers(1, 2)), **common)))
            case "changed":
                told.append((text(now), "callback-scheduled", changed(callback_id, agent_id=f"a{number}", **common)))
            case "hold":
                told.append((text(now), "holds", draw(st.sampled_from([None, hold(campaign_id="P")]))))
            case "unreadable":
                told.append((text(now), "campaigns", draw(st.sampled_from([None, {"campaign_id": "P"}]))))
            case _:
                named = draw(st.sampled_from([None, callback_id]))
                value = wrap_up(f"v{number}", wrap_up_code="AGAIN", callback_id=named, **common)
                told.append((text(now), "wrap-up", value))
    return told


def lived(history: list[tuple[str, str, Json | None]]) -> Said:
    worker, said = Worker(rules=(rule(),)), Said([])
    worker.send("callable-time-sets", hours(*((day, "09:00", "17:00") for day in range(1, 6))))
    for at, topic, value in history:
        said.lines += worker.send(topic, value, at=at, key=KEYS.get(topic)).lines
    said.lines += worker.run_to("2027-05-30T00:00:00Z").lines
    return said


@settings(max_examples=60)
@given(histories())
def test_no_command_and_no_allowed_call_is_in_no_window(history):
    end: dict[str, str | None] = {}
    for line in lived(history).lines:
        value = line["value"]
        if line["topic"] == "callback-lifecycle" and value["transition"] in ("scheduled", "rescheduled"):
            if value["reasons"] in ([], ["window_over"]) and "first_due_at" not in value["facts"]:
                end[value["callback_id"]] = value["facts"].get("window_end_at")
        elif line["topic"].startswith("dial-") or (line["topic"] == "placement-decided" and value["allowed"]):
            window_end_at = end.get(value["callback_id"])
            assert window_end_at is None or instant(line["at"]) < instant(window_end_at)
            good_until = value["expires_at"] if line["topic"].startswith("dial-") else value["valid_until"]
            assert window_end_at is None or instant(good_until) <= instant(window_end_at)


@settings(max_examples=60)
@given(histories())
def test_what_was_missed_ends_or_has_a_later_window_by_whole_days_of_the_clock(history):
    said = lived(history)
    ended: set[str] = set()
    for record in said.lifecycle:
        facts, transition = record["facts"], record["transition"]
        assert record["callback_id"] not in ended or transition == "rejected"
        if record["reasons"] == ["window_over"]:
            assert transition in ("expired", "rescheduled")
            before = facts.get("previous_window_end_at") or facts["window_end_at"]
            assert instant(before) <= instant(record["occurred_at"])
        if transition == "rescheduled" and record["reasons"] == ["window_over"]:
            old, new = (instant(facts[name]) for name in ("previous_window_end_at", "window_end_at"))
            assert instant(record["occurred_at"]) <= instant(record["due_at"]) < new
            _check_shift(old.astimezone(NEW_YORK), new.astimezone(NEW_YORK))
        if transition in ("expired", "owner_expired", "blocked"):
            ended.add(record["callback_id"])


def _check_shift(old: datetime, new: datetime) -> None:
    """The same time on a later date; the first after the gap where the clock leaves that out."""
    assert new.date() > old.date()
    wanted = datetime.combine(new.date(), old.time())
    assert new.replace(tzinfo=None) == wanted or (wanted.hour == 2 and (new.hour, new.minute) == (3, 0))
