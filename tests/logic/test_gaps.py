"""The gap between the calls to a contact, one call at a time, and callbacks that wait for both."""

from typing import Any

import pytest
from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.exchange import LatenessCause
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Flight
from streams.logic.decisions.flights import FLIGHTS_MAX, begin, end_by_return
from streams.logic.decisions.lifecycle import InputKind
from streams.logic.decisions.step import Step
from tests.builders import NUMBER, Json, Worker, campaign, contact, instant, rescheduled, rule, scheduled, wrap_up
from tests.logic.every_input import DUE, MINUTE, configured, promised
from topics.records import Cause

AGAIN_AT = "2026-11-23T14:30:00Z"
DUE_AT = "2026-11-23T14:40:00Z"
"""When the callback of `by_rule` falls due."""

GAP: Json = {"min_gap_s": 3600}
ONE: Json = {"one_call_at_a_time_s": 3600}


def clock(text: str) -> str:
    """An instant of the day of these tests."""
    return f"2026-11-23T{text}Z"


def new_worker(**switches: Any) -> Worker:
    """A campaign P with these settings, and one of another team, O, that wants one call at a time for an hour."""
    return Worker(campaign(rule_set_ids=["R"], **switches), campaign("O", **ONE), rules=(rule(),))


def by_rule(worker: Worker, conversation_id: str = "v1", **changes) -> str:
    """The id of the callback that a wrap-up leads to."""
    value = wrap_up(conversation_id, wrap_up_code="AGAIN", occurred_at=AGAIN_AT, **changes)
    callback_id: str = worker.wrap_up(value).lifecycle[0]["callback_id"]
    return callback_id


def request(request_id: str = "q1", callback_id: str | None = None, **changes) -> Json:
    return {
        "event_id": f"p-{request_id}",
        "request_id": request_id,
        "occurred_at": AGAIN_AT,
        "origin": "callback" if callback_id else "campaign",
        "callback_id": callback_id,
        "campaign_id": "O",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        **changes,
    }


def ask(worker: Worker, at: str, *args, **changes) -> list[str]:
    """The reasons for which a call is refused, which O would place if nothing else is said."""
    value = request(*args, occurred_at=at, **changes)
    (answer,) = worker.send("placement-requested", {**value, "event_id": f"{value['event_id']}-{at}"}).of(
        "placement-decided"
    )
    assert answer["allowed"] is not bool(answer["reasons"])
    reasons: list[str] = answer["reasons"]
    return reasons


def called(worker: Worker, at: str, conversation_id: str = "v9", **changes):
    """A call of O is over."""
    return worker.wrap_up(wrap_up(conversation_id, occurred_at=at, **{"campaign_id": "O", **changes}))


def flights(worker: Worker) -> tuple[Flight, ...]:
    return decode_contact(worker.core.partitions[0].table[b"L|c1"]).flights


def callback_in(worker: Worker) -> Callback:
    (callback,) = decode_contact(worker.core.partitions[0].table[b"L|c1"]).callbacks
    return callback


def hours(worker: Worker, *slots: tuple[int, str, str]) -> None:
    """Open slots in New York, five hours behind."""
    slots_ = [{"day": day, "start": start, "stop": stop} for day, start, stop in slots]
    times = [{"time_zone": "America/New_York", "slots": slots_}]
    worker.send("callable-time-sets", {"callable_time_set_id": "T", "times": times})


ZONED = {"callable_time_set_id": "T", "reschedule_zone_blocked": True}


def test_where_nothing_is_set_nothing_is_remembered_or_looked_at():
    worker = Worker(rules=(rule(),))
    by_rule(worker)
    answer = worker.send("placement-requested", request(campaign_id="P")).of("placement-decided")[0]
    assert {"gap", "in_call"} & answer["facts"].keys() == set()
    assert worker.run_to(DUE_AT).transitions == ["due", "dialing"]
    assert flights(worker) == () and b"flights" not in worker.core.partitions[0].table[b"L|c1"]


def test_a_gap_is_whole_to_the_second_and_a_later_attempt_begins_a_new_one():
    worker = new_worker(**GAP)
    called(worker, clock("14:30:00.500"))
    assert ask(worker, clock("15:30:00.400"), "q1", campaign_id="P") == ["too_soon"]
    assert ask(worker, clock("15:30:00.500"), "q2", campaign_id="P") == []
    called(worker, clock("15:40:00"), "v8")
    assert ask(worker, clock("16:39:59"), "q3", campaign_id="P") == ["too_soon"]


def test_an_earlier_attempt_that_is_heard_of_later_does_not_shorten_the_gap():
    worker = new_worker(**GAP)
    called(worker, clock("14:30:00"))
    called(worker, clock("14:31:00"), "v8", dialed_at=clock("13:00:00"))
    assert ask(worker, clock("15:29:59"), campaign_id="P") == ["too_soon"]


def test_the_reasons_stand_in_the_order_of_the_contract():
    worker = new_worker(**GAP, **ONE, dnc_list_ids=["D"])
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER})
    assert ask(worker, clock("14:00:00")) == []
    called(worker, clock("14:10:00"), campaign_id="P")
    assert ask(worker, clock("14:11:00"), "q2", campaign_id="P") == [
        "dnc",
        "already_called_this_pass",
        "too_soon",
        "in_call",
    ]


def test_a_callback_moved_for_a_gap_is_late_for_that():
    worker = new_worker(**GAP)
    by_rule(worker)
    assert worker.run_to(clock("15:29:59")).transitions == ["due", "rescheduled"]
    outcome = worker.core.partitions[0].fire(instant(clock("15:30:00")))
    assert outcome is not None
    assert [fired.cause for fired in outcome.fired] == [LatenessCause.GAP]


def test_a_gap_moves_also_where_the_campaign_does_not_move_for_closed_hours():
    worker = new_worker(**GAP, callable_time_set_id="T")
    hours(worker, (1, "09:00", "17:00"))
    by_rule(worker)
    assert worker.run_to(clock("15:30:00")).transitions == ["due", "rescheduled", "due", "dialing"]


def test_outside_of_the_hours_and_within_the_gap_it_moves_to_an_open_slot_after_the_gap():
    worker = new_worker(**GAP, **ZONED)
    hours(worker, (1, "10:00", "10:20"), (1, "11:00", "17:00"))
    by_rule(worker)
    (_, moved) = worker.run_to(DUE_AT).lifecycle
    assert (moved["reasons"], moved["due_at"]) == (["outside_callable_time", "too_soon"], clock("16:00:00"))
    assert worker.run_to(clock("16:00:00")).transitions == ["due", "dialing"]


def test_it_is_blocked_when_no_slot_opens_within_eight_days_of_the_end_of_the_gap():
    worker = new_worker(min_gap_s=40 * 24 * 3600, **ZONED)
    hours(worker, (1, "09:00", "17:00"))
    by_rule(worker)
    (_, moved) = worker.run_to(DUE_AT).lifecycle
    assert (moved["transition"], moved["due_at"]) == ("rescheduled", "2027-01-04T14:00:00Z")
    worker = new_worker(**GAP, **ZONED)
    hours(worker)
    by_rule(worker)
    (_, blocked) = worker.run_to(DUE_AT).lifecycle
    assert (blocked["transition"], blocked["reasons"]) == ("blocked", ["outside_callable_time", "too_soon"])
    assert blocked["facts"]["no_open_slot_within_days"] == 8


def test_a_preview_is_not_kept_back_unless_the_campaign_screens_it():
    worker = new_worker(**GAP)
    called(worker, clock("14:30:00"))
    worker.schedule(scheduled(occurred_at=clock("14:31:00"), due_at=clock("14:40:00")))
    assert worker.run_to(clock("14:40:00")).transitions == ["due", "presented"]
    assert ask(worker, clock("14:41:00"), "q1", "k1", campaign_id="P") == ["too_soon"]


def test_a_callback_that_has_waited_is_moved_when_it_is_released():
    worker = new_worker(**GAP, status="off")
    by_rule(worker)
    assert worker.run_to(DUE_AT).transitions == ["due", "waiting"]
    worker.send("campaigns", campaign(rule_set_ids=["R"], **GAP), clock("14:50:00"))
    assert worker.run_to(clock("14:50:00")).transitions == ["rescheduled"]
    assert worker.run_to(clock("15:30:00")).transitions == ["due", "dialing"]


def test_a_callback_presented_again_is_not_refused_for_its_own_call():
    worker = new_worker(**ONE)
    callback_id = by_rule(worker)
    assert worker.run_to(DUE_AT).transitions == ["due", "dialing"]
    moved = rescheduled(callback_id, occurred_at=clock("14:42:00"), due_at=clock("14:50:00"))
    worker.schedule(moved)
    assert worker.run_to(clock("14:50:00")).transitions == ["due", "dialing"]
    assert [(flight.since, flight.until) for flight in flights(worker)] == [
        (instant(clock("14:50:00")), instant(clock("15:50:00")))
    ]


def test_a_wrap_up_that_is_a_later_code_ends_no_call():
    worker = new_worker(**ONE)
    called(worker, clock("14:00:00"), "v5")
    by_rule(worker)
    assert worker.run_to(DUE_AT).transitions == ["due", "dialing"]
    worker.wrap_up(wrap_up("v1", event_id="w-late", occurred_at=clock("14:41:00"), wrap_up_code="OTHER"))
    assert ask(worker, clock("14:42:00")) == ["already_called_this_pass", "in_call"]


def test_a_wrap_up_of_the_time_before_ends_no_call():
    worker = new_worker()
    assert ask(worker, clock("14:00:00")) == []
    called(worker, clock("14:01:00"), history=True)
    assert len(flights(worker)) == 1


def test_a_wrap_up_that_cannot_be_applied_ends_no_call():
    worker = new_worker()
    assert ask(worker, clock("14:00:00")) == []
    worker.send("campaigns", None, clock("14:01:00"), key="O")
    assert called(worker, clock("14:02:00")).errors == ["campaign_unknown"]
    assert len(flights(worker)) == 1


def test_the_wrap_up_of_a_call_that_was_not_placed_ends_it_too_and_is_no_attempt():
    worker = new_worker(**GAP, **ONE)
    assert ask(worker, clock("14:00:00")) == []
    called(worker, clock("14:01:00"), wrap_up_code="ININ-OUTBOUND-INTERNAL-ERROR-SKIPPED")
    assert ask(worker, clock("14:02:00"), "q2", campaign_id="P") == []


def test_a_cancel_ends_no_call_and_its_wrap_up_does():
    worker = new_worker(**ONE)
    callback_id = by_rule(worker)
    worker.run_to(DUE_AT)
    cancel = {**rescheduled(callback_id, occurred_at=clock("14:41:00")), "type": "cancelled"}
    del cancel["due_at"]
    assert worker.schedule(cancel).transitions == ["cancelled"]
    assert ask(worker, clock("14:42:00")) == ["in_call"]
    worker.wrap_up(wrap_up("v2", occurred_at=clock("14:43:00"), callback_id=callback_id))
    assert ask(worker, clock("14:44:00"), "q2") == []


def test_an_answer_that_is_repeated_begins_no_call_that_has_ended_and_none_that_it_refused():
    worker = new_worker()
    assert ask(worker, clock("14:00:00")) == []
    called(worker, clock("14:00:20"))
    assert ask(worker, clock("14:00:40")) == []
    assert flights(worker) == ()
    worker = new_worker()
    worker.schedule(scheduled(campaign_id="O", occurred_at=clock("14:00:00"), due_at=clock("20:00:00")))
    assert ask(worker, clock("14:00:00"), "q1", "k1") == []
    worker.send("contacts", contact(callable=False), clock("14:02:00"))
    assert ask(worker, clock("14:02:00"), "q1", "k1") == ["contact_uncallable"]
    assert ask(worker, clock("14:02:30"), "q1", "k1") == ["contact_uncallable"]
    assert [flight.since for flight in flights(worker)] == [instant(clock("14:00:00"))]


def test_calls_that_are_over_are_forgotten_when_the_next_one_begins():
    worker = new_worker()
    assert ask(worker, clock("14:00:00")) == []
    assert ask(worker, clock("15:00:00"), "q2") == []
    assert [flight.request_id for flight in flights(worker)] == ["q2"]


def test_a_contact_remembers_so_many_calls_and_no_more():
    (contact_, settings_) = promised().contact, configured("one call, limited").campaigns["P"]
    assert contact_ is not None
    step = Step(contact_, InputKind.PLACEMENT_REQUESTED, Cause(partition=0), configured(), DUE)
    for number in range(20):
        begin(step, settings_, None, f"q{number}")
    assert [flight.request_id for flight in step.contact.flights] == [f"q{number}" for number in range(4, 20)]
    assert len(step.contact.flights) == FLIGHTS_MAX


def test_a_command_that_comes_back_ends_the_call_for_its_callback_and_no_other():
    (contact_, settings_) = promised().contact, configured("one call, limited").campaigns["P"]
    assert contact_ is not None
    step = Step(contact_, InputKind.RETURNED, Cause(partition=0), configured(), DUE)
    (callback,) = contact_.callbacks
    callback = replace(callback, presented=(DUE - 5 * MINUTE, DUE - MINUTE))
    begin(step, settings_, callback.callback_id)
    begin(step, settings_, "k2", "q2")
    end_by_return(step, callback, DUE - 5 * MINUTE)
    assert [flight.callback_id for flight in step.contact.flights] == [callback.callback_id, "k2"], "of a later one"
    end_by_return(step, callback, DUE - MINUTE)
    assert [flight.callback_id for flight in step.contact.flights] == ["k2"]


def test_callbacks_of_all_campaigns_are_let_go_the_oldest_first():
    callers = [campaign(name, rule_set_ids=["R"], **ONE) for name in ("P", "P2", "O")]
    worker = Worker(*callers, rules=(rule(),))
    first = by_rule(worker, "v1", campaign_id="P2")
    second = worker.wrap_up(wrap_up("v2", wrap_up_code="AGAIN", occurred_at=clock("14:31:00")))
    assert ask(worker, clock("14:39:00")) == []
    assert worker.run_to(clock("14:41:00")).transitions == ["due", "rescheduled"] * 2
    said = called(worker, clock("14:50:00"))
    assert said.transitions == ["rescheduled"] * 2
    assert {one["due_at"] for one in said.lifecycle} == {clock("14:50:00")}
    # The one that goes first is in flight for the other, up to its own hour.
    said = worker.run_to(clock("14:50:00"))
    assert sorted(said.transitions) == ["dialing", "due", "due", "rescheduled"]
    assert {one["callback_id"] for one in said.lifecycle} == {first, second.lifecycle[0]["callback_id"]}
    assert said.lifecycle[-1]["due_at"] == clock("15:50:00")


def test_what_was_moved_for_closed_hours_or_by_somebody_is_not_let_go():
    worker = new_worker(**ONE, **ZONED)
    hours(worker, (1, "11:00", "17:00"))
    callback_id = by_rule(worker)
    assert worker.run_to(DUE_AT).transitions == ["due", "rescheduled"]
    assert ask(worker, clock("14:45:00")) == []
    hours(worker, (1, "09:00", "17:00"))
    assert called(worker, clock("14:50:00")).transitions == []
    assert ask(worker, clock("15:55:00"), "q2", campaign_id="P") == ["already_called_this_pass"]
    worker = new_worker(**ONE)
    callback_id = by_rule(worker)
    assert ask(worker, clock("14:35:00")) == []
    worker.run_to(DUE_AT)
    worker.schedule(rescheduled(callback_id, occurred_at=clock("14:41:00"), due_at=clock("17:00:00")))
    assert called(worker, clock("14:50:00")).transitions == []
    assert callback_in(worker).due_at == instant(clock("17:00:00"))


def test_nothing_goes_later_because_a_call_has_ended():
    """The attempt begins a new gap: that is found out when the callback is due."""
    worker = new_worker(min_gap_s=600, **ONE)
    assert ask(worker, clock("14:00:00"), "q0") == []
    by_rule(worker, dialed_at=clock("14:00:00"))
    assert worker.run_to(DUE_AT).transitions == ["due", "rescheduled"]
    assert callback_in(worker).due_at == instant(clock("15:00:00"))
    assert called(worker, clock("14:55:00")).transitions == []
    (_, moved) = worker.run_to(clock("15:00:00")).lifecycle
    assert (moved["reasons"], moved["due_at"]) == (["too_soon"], clock("15:05:00"))


def test_it_is_let_go_into_an_open_slot():
    worker = new_worker(**ONE, **ZONED)
    hours(worker, (1, "09:00", "09:45"), (1, "10:00", "10:10"), (1, "11:00", "12:00"))
    by_rule(worker)
    assert ask(worker, clock("14:39:00")) == []
    assert worker.run_to(DUE_AT).transitions == ["due", "rescheduled"]
    assert callback_in(worker).due_at == instant(clock("16:00:00"))
    (sooner,) = called(worker, clock("14:50:00")).lifecycle
    assert sooner["due_at"] == clock("15:00:00")


def test_a_campaign_that_no_longer_wants_one_call_at_a_time_waits_for_none():
    worker = new_worker(**ONE)
    by_rule(worker)
    assert ask(worker, clock("14:35:00")) == []
    worker.send("campaigns", campaign(rule_set_ids=["R"]), clock("14:36:00"))
    assert worker.run_to(DUE_AT).transitions == ["due", "dialing"]


LIMITED: Json = {"expire_after_s": 3600}


def test_the_limit_counts_from_the_slot_that_a_callback_moved_to_before_a_gap_kept_it_back():
    worker = new_worker(**ONE, **ZONED, **LIMITED)
    hours(worker, (1, "12:00", "17:00"))
    by_rule(worker)
    assert worker.run_to(clock("16:30:00")).transitions == ["due", "rescheduled"]
    assert ask(worker, clock("16:30:00")) == []
    said = worker.run_to(clock("17:29:59"))
    assert (said.transitions, said.reasons[1]) == (["due", "rescheduled"], ["in_call"])
    assert said.lifecycle[1]["facts"]["first_due_at"] == DUE_AT
    (command,) = worker.run_to(clock("17:30:00")).commands
    assert (command["due_at"], command["expires_at"]) == (clock("17:30:00"), clock("18:00:00"))


def test_a_slot_after_a_gap_does_not_begin_the_limit_anew():
    worker = new_worker(min_gap_s=1800, **ZONED, **LIMITED)
    hours(worker, (1, "09:00", "17:00"))
    by_rule(worker)
    assert worker.run_to(clock("14:59:59")).transitions == ["due", "rescheduled"]
    hours(worker, (1, "10:30", "17:00"))
    assert worker.run_to(clock("15:00:00")).reasons == [[], ["outside_callable_time"]]
    (command,) = worker.run_to(clock("15:30:00")).commands
    assert command["expires_at"] == clock("15:40:00")


def test_at_its_limit_it_is_too_late_even_if_it_would_fit_at_that_instant():
    worker = new_worker(min_gap_s=4200, **LIMITED)
    by_rule(worker)
    assert worker.run_to(clock("15:39:59")).transitions == ["due", "rescheduled"]
    said = worker.run_to(clock("15:40:00"))
    assert (said.transitions, said.reasons, said.commands) == (["expired"], [["too_late"]], [])
    assert said.views == [None]


@pytest.mark.parametrize("later", [{"expire_after_s": 7200}, {}])
def test_a_limit_that_is_gone_when_it_is_reached_lets_it_wait_for_its_due_time(later):
    worker = new_worker(min_gap_s=5400, **LIMITED)
    by_rule(worker)
    worker.run_to(DUE_AT)
    worker.send("campaigns", campaign(rule_set_ids=["R"], min_gap_s=5400, **later), clock("15:00:00"))
    assert worker.run_to(clock("15:59:59")).transitions == []
    assert worker.run_to(clock("16:00:00")).transitions == ["due", "dialing"]


def test_one_whose_campaign_is_gone_at_its_limit_is_blocked_when_it_is_due():
    worker = new_worker(min_gap_s=5400, **LIMITED)
    by_rule(worker)
    worker.run_to(DUE_AT)
    worker.send("campaigns", None, clock("15:00:00"), key="P")
    assert worker.run_to(clock("15:59:59")).transitions == []
    said = worker.run_to(clock("16:00:00"))
    assert (said.transitions, said.reasons[1]) == (["due", "blocked"], ["campaign_unknown"])


def test_one_that_a_call_kept_back_to_its_limit_is_let_go_before_it():
    worker = new_worker(**ONE, **LIMITED)
    by_rule(worker)
    assert ask(worker, clock("14:39:00")) == []
    worker.send("campaigns", campaign("O", one_call_at_a_time_s=36000), clock("14:39:30"))
    assert ask(worker, clock("14:39:40"), "q1") == []
    assert worker.run_to(clock("15:39:00")).transitions == ["due", "rescheduled"]
    assert called(worker, clock("15:39:30")).transitions == ["rescheduled"]
    (command,) = worker.run_to(clock("15:39:30")).commands
    assert command["expires_at"] == clock("15:40:00")


def test_a_partition_that_is_built_from_its_rows_goes_on_as_before():
    worker = new_worker(**GAP, **ONE)
    by_rule(worker)
    assert ask(worker, clock("14:35:00")) == []
    worker.restart()
    assert worker.run_to(DUE_AT).reasons == [[], ["too_soon", "in_call"]]
    worker.restart()
    assert ask(worker, clock("14:50:00"), "q2") == ["in_call"]
    called(worker, clock("14:51:00"))
    worker.restart()
    assert worker.run_to(clock("15:51:00")).transitions == ["due", "rescheduled", "due", "dialing"]


def test_one_that_a_gap_moved_and_that_comes_back_undialed_keeps_its_limit():
    """It was called ahead of its time when its campaign had dropped the gap, and nothing was dialed."""
    worker = new_worker(min_gap_s=5400, **LIMITED, on_returned="again")
    callback_id = by_rule(worker)
    assert worker.run_to(DUE_AT).transitions == ["due", "rescheduled"]
    worker.send("campaigns", campaign(rule_set_ids=["R"], **LIMITED, on_returned="again"), clock("15:00:00"))
    assert ask(worker, clock("15:00:00"), "q1", callback_id, campaign_id="P") == []
    skipped = "ININ-OUTBOUND-INTERNAL-ERROR-SKIPPED"
    value = wrap_up("v2", occurred_at=clock("15:01:00"), callback_id=callback_id, wrap_up_code=skipped)
    assert worker.wrap_up(value).reasons == [["returned"]]
    assert worker.run_to(clock("15:39:59")).transitions == []
    assert worker.run_to(clock("15:40:00")).reasons == [["too_late"]]
