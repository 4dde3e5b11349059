"""Docs, rules.md, section 9.4: rules that call callbacks off, those that are heard of afterwards too."""

from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.limits import CALL_OFFS_KEPT
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Contact
from tests.builders import (
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    contact,
    instant,
    rescheduled,
    returned,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)

ALL = {"scope": "contact", "origins": ["agent", "rule"]}
SOLD_AT = "2026-11-23T15:00:00Z"
TOMORROW = "2026-11-24T15:00:00Z"
FACTS = {"cancelled_by": "wrap-up", "rule_set_id": "R", "rule_id": "sold"}


def sale(**changes: Any) -> Json:
    """A rule for SOLD that calls callbacks off: all of them unless it is said otherwise."""
    conditions = [{"type": "wrap_up_code", "codes": ["SOLD"]}]
    return rule("sold", conditions=conditions, actions=[{"type": "cancel_callbacks", **ALL, **changes}])


def a_worker(*rules: Json, **changes: Any) -> Worker:
    """Two campaigns that dial by themselves; AGAIN schedules a callback after ten minutes."""
    worker = Worker(campaign(rule_set_ids=["R"], **changes), campaign("P2", rule_set_ids=["R"]))
    worker.send("rule-sets", rule_set(*(rules or (sale(),)), rule()))
    worker.send("contacts", contact())
    return worker


def sold(conversation_id: str = "v9", **changes: Any) -> Json:
    return wrap_up(conversation_id, **{"wrap_up_code": "SOLD", "occurred_at": SOLD_AT, **changes})


def ended_by(said: Said) -> dict[str, Json]:
    """The callbacks that were cancelled, each with its facts."""
    return {one["callback_id"]: one["facts"] for one in said.lifecycle if one["transition"] == "cancelled"}


def contact_of(worker: Worker) -> Contact:
    (row,) = [row for key, row in worker.core.partitions[0].table.items() if key == b"L|c1"]
    return decode_contact(row)


def promised(worker: Worker, callback_id: str = "k1", **changes: Any) -> Said:
    return worker.schedule(scheduled(callback_id, **{"due_at": TOMORROW, **changes}))


# ---- whose


@pytest.mark.parametrize("origins", [[], ["agent"], ["rule"], ["agent", "rule"]], ids=["none", "agent", "rule", "both"])
@pytest.mark.parametrize("scope", ["campaign", "contact"])
def test_the_callbacks_of_these_origins_and_this_scope_are_cancelled(scope: str, origins: list[str]) -> None:
    worker = a_worker(sale(scope=scope, origins=origins))
    for campaign_id in ("P", "P2"):
        promised(worker, f"agent-{campaign_id}", campaign_id=campaign_id)
        later = {"wrap_up_code": "AGAIN", "campaign_id": campaign_id, "occurred_at": "2026-11-23T14:58:00Z"}
        worker.wrap_up(wrap_up(f"v-{campaign_id}", **later))
    known = {(str(one.origin), one.campaign_id): one.callback_id for one in contact_of(worker).callbacks}
    assert len(known) == 4
    expected = {known[origin, name] for origin in origins for name in ("P", "P2")[: 1 if scope == "campaign" else 2]}
    ended = ended_by(worker.wrap_up(sold()))
    assert set(ended) == expected
    assert all(facts == FACTS for facts in ended.values())


def test_the_cause_is_the_wrap_up_whenever_the_callback_arrives() -> None:
    worker = a_worker()
    promised(worker)
    (_, record) = [*promised(worker, "k0").lifecycle, *worker.wrap_up(sold()).lifecycle][:2]
    late = promised(worker, "k2").lifecycle
    assert [one["transition"] for one in late] == ["scheduled", "cancelled"]
    assert record["cause"] == late[1]["cause"] and record["cause"]["event_id"] == "w-v9"
    assert late[1]["facts"] == record["facts"] == FACTS


def test_another_contact_is_left_alone() -> None:
    worker = a_worker()
    promised(worker, contact_id="c2")
    assert ended_by(worker.wrap_up(sold())) == {}


# ---- since when


@pytest.mark.parametrize(
    ("occurred_at", "stays"),
    [("2026-11-23T14:59:59.999999Z", False), (SOLD_AT, True), ("2026-11-23T15:00:00.000001Z", True)],
)
@pytest.mark.parametrize("late", [False, True], ids=["outstanding", "arrives later"])
def test_what_was_arranged_before_the_wrap_up_is_called_off_and_what_was_arranged_then_stays(
    occurred_at: str, stays: bool, late: bool
) -> None:
    worker = a_worker()
    events = [("callback-scheduled", scheduled(occurred_at=occurred_at, due_at="2026-11-24T15:00:00Z"))]
    events.insert(0 if late else 1, ("wrap-up", sold()))
    for topic, value in events:
        worker.send(topic, value, "2026-11-23T15:01:00Z")
    assert bool(contact_of(worker).callbacks) is stays


@pytest.mark.parametrize("late", [False, True], ids=["outstanding", "arrives later"])
def test_what_was_arranged_in_this_very_conversation_stays(late: bool) -> None:
    worker = a_worker()
    if late:
        worker.wrap_up(sold())
        promised(worker, conversation_id="v9")
    else:
        promised(worker, conversation_id="v9")
        worker.wrap_up(sold())
    promised(worker, "k2", conversation_id="v8")
    assert [one.callback_id for one in contact_of(worker).callbacks] == ["k1"]


@pytest.mark.parametrize("late", [False, True], ids=["outstanding", "arrives later"])
def test_what_was_arranged_in_the_call_of_a_callback_stays(late: bool) -> None:
    """A callback's own call has the conversation id of the call in which the callback was arranged."""
    worker = a_worker()
    promised(worker, "own", conversation_id="v1", due_at="2026-11-23T14:50:00Z")
    worker.wrap_up(wrap_up("v1", wrap_up_code="OTHER"))
    worker.run_to("2026-11-23T14:50:00Z")
    during = scheduled("during", conversation_id="v1", occurred_at="2026-11-23T14:52:00Z", due_at=TOMORROW)
    events = [("callback-scheduled", during), ("wrap-up", sold("v1", event_id="w-own", callback_id="own"))]
    for topic, value in reversed(events) if late else events:
        worker.send(topic, value)
    assert [one.callback_id for one in contact_of(worker).callbacks] == ["during"]


@pytest.mark.parametrize("late", [False, True], ids=["outstanding", "arrives later"])
def test_what_an_earlier_call_of_this_conversation_arranged_does_not_stay(late: bool) -> None:
    worker = a_worker(sale(), rule("later", minutes=1440, conditions=[{"type": "wrap_up_code", "codes": ["LATER"]}]))
    promised(worker, "own", conversation_id="v1", due_at="2026-11-23T14:50:00Z")
    worker.run_to("2026-11-23T14:50:00Z")
    ends = [wrap_up("v1", wrap_up_code="LATER"), sold("v1", event_id="w-own", callback_id="own")]
    said = [worker.wrap_up(value).transitions for value in (reversed(ends) if late else ends)]
    assert said == (
        [["completed"], ["scheduled", "cancelled"]] if late else [["scheduled"], ["completed", "cancelled"]]
    )
    assert contact_of(worker).callbacks == ()


@pytest.mark.parametrize("is_returned", [False, True], ids=["open", "given back before"])
def test_a_call_whose_command_was_given_back_has_an_earlier_call_all_the_same(is_returned: bool) -> None:
    """It was placed, whoever said otherwise: what its conversation had arranged before it is called off."""
    worker = a_worker(sale(), rule("later", minutes=1440, conditions=[{"type": "wrap_up_code", "codes": ["LATER"]}]))
    promised(worker, "own", conversation_id="v1", due_at="2026-11-23T14:50:00Z")
    worker.wrap_up(wrap_up("v1", wrap_up_code="LATER"))
    worker.run_to("2026-11-23T14:50:00Z")
    if is_returned:
        worker.schedule(returned("own", occurred_at="2026-11-23T14:51:00Z"))
    said = worker.wrap_up(sold("v1", event_id="w-own", callback_id="own"))
    assert said.transitions == (["rejected", "cancelled"] if is_returned else ["completed", "cancelled"])
    assert contact_of(worker).callbacks == ()


def test_the_callback_that_the_same_wrap_up_schedules_stays() -> None:
    both = rule("both", actions=[{"type": "schedule_callback", "offset_minutes": 5}, sale()["actions"][0]])
    worker = a_worker(both)
    promised(worker)
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN", occurred_at=SOLD_AT))
    assert said.transitions == ["cancelled", "scheduled"] and said.lifecycle[1]["facts"]["rule_id"] == "both"


def test_what_it_called_off_is_not_outstanding_for_a_rule_that_keeps() -> None:
    """Callbacks are scheduled when all other actions have been carried out."""
    keep = {"type": "schedule_callback", "offset_minutes": 5, "if_outstanding": "keep"}
    worker = a_worker(rule("keep", conditions=[{"type": "wrap_up_code", "codes": ["SOLD"]}], actions=[keep]), sale())
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN", occurred_at="2026-11-23T14:55:00Z"))
    assert worker.wrap_up(sold()).transitions == ["cancelled", "scheduled"]


def test_a_wrap_up_that_comes_late_arranges_what_a_later_one_has_called_off_already() -> None:
    worker = a_worker()
    worker.wrap_up(sold())
    said = worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:59:00Z"))
    assert said.transitions == ["scheduled", "cancelled"]


# ---- in which state


def test_in_every_state_and_what_was_presented_is_answered_with_its_end() -> None:
    worker = a_worker(status="on")
    promised(worker, "shown", due_at="2026-11-23T14:40:00Z")
    worker.wrap_up(wrap_up("v2", campaign_id="P2", wrap_up_code="AGAIN"))
    worker.run_to("2026-11-23T14:45:00Z")
    worker.send("campaigns", campaign("P2", rule_set_ids=["R"], status="off"))
    worker.wrap_up(wrap_up("v3", campaign_id="P2", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:46:00Z"))
    worker.run_to("2026-11-23T14:57:00Z")
    promised(worker, "to come")
    assert [str(one.status) for one in contact_of(worker).callbacks] == ["presented", "dialing", "waiting", "scheduled"]
    said = worker.wrap_up(sold())
    assert said.transitions == ["cancelled"] * 4 and said.views == [None]
    request = {
        "event_id": "p1", "request_id": "q1", "occurred_at": SOLD_AT, "origin": "callback", "callback_id": "shown",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    (answer,) = worker.send("placement-requested", request).of("placement-decided")
    assert answer["reasons"] == ["callback_ended"]


def test_the_wrap_up_completes_its_own_callback_and_cancels_the_others() -> None:
    worker = a_worker()
    promised(worker, due_at="2026-11-23T14:40:00Z")
    promised(worker, "k2")
    worker.run_to("2026-11-23T14:40:00Z")
    assert worker.wrap_up(sold(callback_id="k1")).transitions == ["completed", "cancelled"]


# ---- later


def moved_in_the_call(late: bool, **changes: Any) -> Worker:
    """k1 is presented at 14:40, moved during that call to the next day, and SOLD at 15:00. late: the move is."""
    worker = a_worker()
    promised(worker, due_at="2026-11-23T14:40:00Z", **changes)
    worker.run_to("2026-11-23T14:40:00Z")
    move, end = rescheduled(occurred_at="2026-11-23T14:50:00Z"), sold(callback_id="k1")
    events = [("wrap-up", end), ("callback-scheduled", move)][:: 1 if late else -1]
    for topic, value in events:
        worker.send(topic, value, "2026-11-23T15:01:00Z")
    return worker


@pytest.mark.parametrize("conversation_id", [None, "v1", "v9"])
@pytest.mark.parametrize("late", [False, True], ids=["moved first", "reopened"])
def test_a_callback_that_was_moved_in_that_call_is_called_off_though_the_move_reopens_it(
    late: bool, conversation_id: str | None
) -> None:
    worker = moved_in_the_call(late, conversation_id=conversation_id)
    assert contact_of(worker).callbacks == ()
    (ended,) = contact_of(worker).ended
    assert str(ended.status) == "cancelled"


def test_a_reopened_callback_counts_as_if_it_had_been_open_all_along() -> None:
    worker = a_worker()
    promised(worker, due_at="2026-11-23T14:40:00Z")
    worker.run_to("2026-11-23T14:40:00Z")
    worker.wrap_up(wrap_up("v1", callback_id="k1", occurred_at="2026-11-23T14:45:00Z"))
    assert worker.wrap_up(sold()).transitions == []
    said = worker.schedule(rescheduled(occurred_at="2026-11-23T14:42:00Z"))
    assert said.transitions == ["rescheduled", "cancelled"]
    assert (said.lifecycle[1]["facts"], said.lifecycle[1]["cause"]["event_id"]) == (
        {**FACTS, "left_open_by": "w-v1"},
        "w-v9",
    )


def test_a_remembered_cancel_is_named_before_a_rule_and_a_rule_before_a_clear() -> None:
    worker = a_worker()
    worker.wrap_up(sold())
    worker.send("contact-list-cleared", {"event_id": "z1", "occurred_at": SOLD_AT, "contact_list_id": "L"})
    late = wrap_up("v1", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:50:00Z")
    assert [one["facts"] for one in worker.wrap_up(late).lifecycle][1:] == [FACTS]
    worker.schedule(cancelled("k3", occurred_at=SOLD_AT))
    assert promised(worker, "k3").lifecycle[-1]["facts"] == {}


def test_sixteen_call_offs_are_remembered_the_latest_by_their_instants() -> None:
    worker = a_worker(sale(scope="campaign"))
    worker.at = "2026-11-23T17:00:00Z"
    minutes = [30, *range(29), 29]
    for number in minutes:
        worker.wrap_up(sold(f"v{number}", occurred_at=f"2026-11-23T15:{number:02}:00Z"))
    kept = contact_of(worker).call_offs
    assert [one.occurred_at.minute for one in kept] == list(range(31 - CALL_OFFS_KEPT, 31))


def test_rules_of_one_wrap_up_that_say_the_same_are_remembered_once() -> None:
    codes = [{"type": "wrap_up_code", "codes": ["SOLD"]}]
    narrow = [
        {"type": "cancel_callbacks", "scope": "campaign", "origins": list(origins)}
        for size in (0, 1, 2)
        for origins in combinations(["rule", "agent"], size)
    ]
    worker = a_worker(sale(origins=["rule", "agent", "rule"]), rule("more", conditions=codes, actions=narrow))
    worker.wrap_up(sold())
    (one,) = contact_of(worker).call_offs
    assert (one.rule_id, one.origins, one.campaign_id) == ("sold", ("agent", "rule"), None)


def test_a_later_code_calls_nothing_off() -> None:
    worker = a_worker()
    promised(worker)
    worker.wrap_up(wrap_up("v9", wrap_up_code="OTHER"))
    assert worker.wrap_up(sold("v9", event_id="later")).lines == []


def test_a_pre_call_rule_calls_nothing_off() -> None:
    worker = a_worker({**sale(), "category": "pre_call", "conditions": []})
    promised(worker)
    request = {
        "event_id": "p1", "request_id": "q1", "occurred_at": SOLD_AT, "origin": "callback", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    said = worker.send("placement-requested", request)
    assert (said.lifecycle, said.of("placement-decided")[0]["allowed"]) == ([], True)
    assert contact_of(worker).call_offs == () and len(contact_of(worker).callbacks) == 1


def test_a_contact_that_is_forgotten_has_nothing_called_off() -> None:
    worker = a_worker()
    worker.wrap_up(sold())
    worker.run_to("2027-01-31T00:00:00Z")
    assert contact_of(worker).call_offs == ()


# ---- in whichever order


def test_the_order_of_the_two_topics_makes_no_difference() -> None:
    """Everything that a wrap-up can come before or after, on the topic of callbacks."""
    told = [
        scheduled("k1", due_at="2026-11-24T15:00:00Z"),
        rescheduled("k1", occurred_at="2026-11-23T14:55:00Z", due_at="2026-11-25T15:00:00Z"),
        rescheduled("k1", event_id="r2", occurred_at="2026-11-23T15:02:00Z", due_at="2026-11-26T15:00:00Z"),
        scheduled("k2", conversation_id="v9", occurred_at="2026-11-23T14:59:00Z", due_at="2026-11-24T16:00:00Z"),
        scheduled("k3", occurred_at="2026-11-23T15:03:00Z", due_at="2026-11-24T17:00:00Z"),
        cancelled("k3", occurred_at="2026-11-23T15:04:00Z"),
    ]
    ends = set()
    for place in range(len(told) + 1):
        worker = a_worker()
        for value in [*told[:place], sold(), *told[place:]]:
            worker.send("wrap-up" if "wrap_up_code" in value else "callback-scheduled", value, "2026-11-23T15:04:00Z")
        known = contact_of(worker)
        ends.add(tuple(sorted((one.callback_id, str(one.status)) for one in (*known.callbacks, *known.ended))))
    assert ends == {(("k1", "cancelled"), ("k2", "scheduled"), ("k3", "cancelled"))}


def text(minute: int) -> str:
    """An instant so many minutes after the beginning."""
    at = instant("2026-11-23T14:00:00Z") + timedelta(minutes=minute)
    return str(at.isoformat()).replace("+00:00", "Z")


@st.composite
def happenings(draw: st.DrawFn, number: int, now: int) -> tuple[str, Json]:
    """One event that arrives at minute `now` and occurred up to half an hour before."""
    common = {"event_id": f"e{number}", "occurred_at": text(now - draw(st.integers(0, 30)))}
    kind = draw(st.sampled_from(["scheduled", "rescheduled", "AGAIN", "DONE", "SOLD"]))
    named, due_at = draw(st.sampled_from(["k1", "k2", "k3"])), text(now + draw(st.integers(0, 60)))
    if kind == "scheduled":
        conversation_id = draw(st.none() | st.integers(0, number).map(lambda of: f"v{of}"))
        name = draw(st.sampled_from(["P", "P2"]))
        return "callback-scheduled", scheduled(
            named, campaign_id=name, conversation_id=conversation_id, due_at=due_at, **common
        )
    if kind == "rescheduled":
        return "callback-scheduled", rescheduled(named, due_at=due_at, **common)
    called = draw(st.none() | st.just(named))
    return "wrap-up", wrap_up(f"v{number}", wrap_up_code=kind, callback_id=called, **common)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, str, Json]]:
    now, told = 60, []
    for number, gap in enumerate(draw(st.lists(st.integers(0, 20), min_size=1, max_size=CALL_OFFS_KEPT))):
        now += gap
        told.append((text(now), *draw(happenings(number, now))))
    return told


@settings(max_examples=150)
@given(histories())
def test_over_any_history_nothing_is_outstanding_that_a_sale_called_off(history: list[tuple[str, str, Json]]) -> None:
    worker, sales = a_worker(), list[Json]()
    for at, topic, value in history:
        worker.send(topic, value, at)
        sales += [value] if value.get("wrap_up_code") == "SOLD" else []
        for callback, sale_of in product(contact_of(worker).callbacks, sales):
            earlier = callback.scheduled_at < instant(sale_of["occurred_at"])
            assert not earlier or callback.conversation_id == sale_of["conversation_id"]
