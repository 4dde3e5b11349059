"""Docs, rules.md, section 9, changes: what a change makes of a callback, whatever order it comes in."""

from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Contact
from streams.logic.decisions.field_changes import FIELDS
from tests.builders import (
    NUMBER,
    UNKNOWN_NUMBER,
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    changed,
    contact,
    instant,
    rescheduled,
    rule,
    scheduled,
    wrap_up,
)
from tests.logic.every_input import Life, at, promised, told
from topics.facts import ChangedFields

OTHER = "+12125550142"
DUE = "2026-11-23T15:00:00Z"


def known(worker: Worker) -> Contact:
    return decode_contact(worker.core.partitions[0].table[b"L|c1"])


def callback_of(worker: Worker) -> Callback:
    found = known(worker)
    (callback,) = (*found.callbacks, *found.ended)
    return callback


def fields(worker: Worker) -> Json:
    return {name: getattr(callback_of(worker), name) for name in FIELDS}


def presented(**changes: Any) -> Worker:
    worker = Worker(campaign(owner_expires_after_s=3600, owner_expiry="queue"))
    worker.schedule(scheduled(**changes))
    worker.run_to(DUE)
    return worker


def late(minute: int, **changes: Any) -> Json:
    """A change that occurred so many minutes after three."""
    return changed(event_id=f"f-{minute}", occurred_at=f"2026-11-23T15:{minute:02}:00Z", **changes)


def test_the_facts_name_every_field_that_can_be_changed() -> None:
    assert ChangedFields.__struct_fields__ == FIELDS


def test_a_change_says_what_was_and_what_is_and_of_numbers_the_last_two_digits() -> None:
    worker = Worker()
    worker.schedule(scheduled(notes="mornings"))
    said = worker.schedule(changed(phone_number=OTHER, notes="evenings", actor="s1", reason="asked for it"))
    assert said.topics == ["callback-lifecycle"], "no command, and the view reads as before"
    assert said.lifecycle[0]["facts"] == {
        "before": {"phone_number": "01", "notes": "mornings"},
        "after": {"phone_number": "42", "notes": "evenings"},
        "actor": "s1",
        "reason": "asked for it",
    }
    assert said.lifecycle[0]["due_at"] == DUE


def test_a_repeated_change_says_nothing_and_one_with_another_meaning_is_a_bad_event() -> None:
    worker = Worker()
    worker.schedule(scheduled())
    assert worker.schedule(changed(notes="a")).transitions == ["changed"]
    assert worker.schedule(changed(notes="a")).lines == []
    assert worker.schedule(changed(notes="b")).errors == ["id_reused"]


@pytest.mark.parametrize(
    ("carried", "transitions"),
    [
        ({"agent_id": "a9"}, ["changed", "presented"]),
        ({"phone_number": OTHER}, ["changed", "presented"]),
        ({"owner": "only", "agent_id": "a7"}, ["changed", "presented"]),
        ({"phone_number": OTHER, "owner": "preferred", "agent_id": "a9", "notes": "n"}, ["changed", "presented"]),
        ({"queue_id": "q2"}, ["changed"]),
        ({"notes": "n"}, ["changed"]),
        ({"agent_id": "a7", "phone_number": NUMBER, "owner": "anyone"}, ["changed"]),
    ],
)
def test_what_is_for_somebody_else_or_another_number_is_presented_anew_once(
    carried: Json, transitions: list[str]
) -> None:
    worker = presented()
    said = worker.schedule(late(10, **carried))
    assert said.transitions == transitions
    assert len(said.commands) == transitions.count("presented")
    assert said.views == []


def test_presented_anew_its_timers_count_from_then() -> None:
    worker = presented(owner="only")
    worker.schedule(late(50, agent_id="a9"))
    assert worker.run_to("2026-11-23T16:49:59Z").lines == []
    said = worker.run_to("2026-11-23T16:50:00Z")
    assert said.lifecycle[0]["facts"]["agent_id"] == "a9"
    assert said.lifecycle[0]["facts"]["presented_at"] == "2026-11-23T15:50:00Z"


def test_after_a_change_of_its_number_a_callback_has_the_column_of_that_number() -> None:
    worker = Worker(campaign(rule_set_ids=["R"], status="on"), rules=(rule(minutes=30),), listed=())
    numbers = [
        {"column": name, "type": "CELL", "phone_number": number} for name, number in (("w", OTHER), ("m", NUMBER))
    ]
    worker.send("contacts", contact(numbers=[{**one, "callable": True} for one in numbers]))
    for number, conversation in ((OTHER, "v1"), (NUMBER, "v2")):
        again = wrap_up(conversation, contact_id="c1", wrap_up_code="AGAIN", phone_column="given")
        (callback_id,) = {one["callback_id"] for one in worker.wrap_up(again).lifecycle}
        worker.schedule(changed(callback_id, phone_number=number))
    said = worker.run_to(DUE)
    assert sorted(one["phone_column"] for one in said.commands) == ["m", "w"], "also if a change says the same number"


def test_once_its_window_is_over_a_preview_is_changed_and_not_presented_anew() -> None:
    life = promised().fire()
    assert life.contact is not None
    (callback,) = life.contact.callbacks
    ends_at = life.now + timedelta(minutes=5)
    windowed = replace(life.contact, callbacks=(replace(callback, window_end_at=ends_at),))
    for when, presentations in ((ends_at - timedelta(seconds=1), 2), (ends_at, 1)):
        after = Life(windowed, life.now).send(
            told("callback-scheduled", changed(callback.callback_id, occurred_at=at(when), agent_id="a9")), now=when
        )
        assert after.contact is not None
        assert (after.contact.callbacks[0].presentation, after.contact.callbacks[0].agent_id) == (presentations, "a9")


def test_what_is_dialed_keeps_its_command() -> None:
    worker = Worker(rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    (command,) = worker.run_to("2026-11-23T14:40:00Z").commands
    said = worker.schedule(changed(command["callback_id"], phone_number=OTHER, agent_id="a9", owner="only"))
    assert (said.transitions, said.commands) == (["changed"], [])


def test_an_owner_does_not_come_back_without_an_agent() -> None:
    """The agent of a later change had the callback, and their time is over."""
    worker = presented(owner="only")
    worker.schedule(late(10, agent_id="a9"))
    assert worker.run_to("2026-11-23T16:10:00Z").commands[0]["owner"] == "anyone"
    said = worker.schedule(late(5, agent_id="a8", owner="only"), at="2026-11-23T16:20:00Z")
    assert (said.transitions, said.reasons) == (["rejected"], [["superseded"]])
    assert (fields(worker)["owner"], fields(worker)["agent_id"]) == ("anyone", None)


def test_a_change_of_one_that_was_never_changed_and_went_to_the_queue_counts_as_any() -> None:
    worker = presented(owner="only")
    assert worker.run_to("2026-11-23T16:00:00Z").commands[0]["owner"] == "anyone"
    said = worker.schedule(late(59, agent_id="a8", owner="only"), at="2026-11-23T16:20:00Z")
    assert said.transitions == ["changed", "presented"]


def test_a_cancel_is_compared_with_reschedules_and_not_with_changes() -> None:
    worker = presented()
    worker.schedule(late(10, notes="n"))
    assert worker.schedule(cancelled(occurred_at="2026-11-23T15:05:00Z")).transitions == ["cancelled"]


def test_changes_make_nothing_of_who_has_the_contact() -> None:
    worker = Worker()
    worker.schedule(scheduled(owner="only"))
    worker.schedule(changed(agent_id="a9", owner="preferred", queue_id="q2"))
    assert known(worker).owners["P"].agent_id == "a7"


def test_a_contact_that_nobody_changed_has_a_row_as_before() -> None:
    worker = presented()
    row = worker.core.partitions[0].table[b"L|c1"]
    assert not any(name in row for name in (b"changes", b"presented_anew", b"as_ended"))


# ---- orders


START = instant(DUE)
VALUES = {
    "phone_number": st.sampled_from([NUMBER, OTHER, "+12125550143"]),
    "agent_id": st.sampled_from(["a7", "a8", "a9"]),
    "queue_id": st.sampled_from(["q1", "q2"]),
    "notes": st.sampled_from(["n1", "n2", "n3"]),
}


def text(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


@st.composite
def carried(draw: st.DrawFn) -> Json:
    names = draw(st.sets(st.sampled_from(sorted(VALUES)), min_size=1))
    found: Json = {name: draw(VALUES[name]) for name in sorted(names)}
    owner = draw(st.sampled_from([None, "anyone", "preferred", "only"]))
    if owner is not None:
        found |= {"owner": owner} | ({"agent_id": draw(VALUES["agent_id"])} if owner != "anyone" else {})
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[bool, list[Json]]:
    """Whether the callback is presented by then, and changes and reschedules in the order of their arrival."""
    minutes = draw(st.lists(st.integers(1, 25), min_size=1, max_size=6, unique=True))
    events = []
    for number, minute in enumerate(minutes):
        when = START + timedelta(minutes=minute)
        common: Json = {"event_id": f"e{number}", "occurred_at": text(when), **draw(carried())}
        if draw(st.sampled_from([True, True, False])):
            events.append(changed(**common))
        else:
            events.append(rescheduled(due_at=text(when + timedelta(days=1)), **common))
    return draw(st.booleans()), events


def after(events: list[Json], is_presented: bool) -> tuple[Worker, Said]:
    worker, said = Worker(campaign(owner_expiry="end")), Said([])
    due_at = DUE if is_presented else "2026-11-23T20:00:00Z"
    said.lines += worker.schedule(scheduled(due_at=due_at, notes="n0")).lines
    said.lines += worker.run_to("2026-11-23T15:30:00Z").lines
    for number, event in enumerate(events):
        said.lines += worker.schedule(event, at=f"2026-11-23T15:30:{number:02}Z").lines
    return worker, said


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_fields_are_those_of_the_latest_changes_in_whatever_order_they_come(history: Any, random: Any) -> None:
    is_presented, events = history
    expected = {"phone_number": NUMBER, "agent_id": "a7", "owner": "anyone", "queue_id": None, "notes": "n0"}
    for event in sorted(events, key=lambda event: event["occurred_at"]):
        expected |= {name: event[name] for name in FIELDS if name in event}
    shuffled = list(events)
    random.shuffle(shuffled)
    for order in (events, shuffled):
        worker, said = after(order, is_presented)
        assert fields(worker) == expected
        assert errors_of(said) == []
    moves = [event for event in events if event["type"] == "rescheduled"]
    latest = max(moves, key=lambda event: event["occurred_at"])["due_at"] if moves else None
    assert latest is None or callback_of(worker).due_at == instant(latest), "the time is compared apart"


def errors_of(said: Said) -> list[str]:
    """What is wrong about the commands: a change of a preview for somebody leads to one, if it stays; no other does."""
    wrong, state = [], ""
    records = [*said.lifecycle, {"transition": "end"}]
    for record, following in pairwise(records):
        if record["transition"] == "changed":
            names = {*record["facts"]["before"], *record["facts"]["after"]}
            stays = state == "presented" and following["transition"] != "rescheduled"
            anew = stays and not names.isdisjoint(("phone_number", "agent_id", "owner"))
            if (following["transition"] == "presented") is not anew:
                wrong.append(f"{state}, {names}")
        elif record["transition"] != "rejected":
            state = {"rescheduled": "scheduled"}.get(record["transition"], record["transition"])
    presented = [record for record in said.lifecycle if record["transition"] == "presented"]
    return wrong + ["commands"] * (len(presented) != len(said.commands))


CALL = [
    changed(event_id="f1", occurred_at="2026-11-23T15:02:00Z", agent_id="a9", notes="n1"),
    rescheduled(event_id="m1", occurred_at="2026-11-23T15:03:00Z", due_at="2026-11-24T15:00:00Z", queue_id="q2"),
    changed(event_id="f2", occurred_at="2026-11-23T15:04:00Z", agent_id="a8"),
    wrap_up(occurred_at="2026-11-23T15:05:00Z", callback_id="k1", conversation_id="v9"),
]


@pytest.mark.parametrize("lag_s", [0, 20, 90])
@pytest.mark.parametrize(
    "events", list(permutations(CALL)), ids=lambda events: "-".join(one["event_id"] for one in events)
)
def test_a_call_with_changes_and_a_move_ends_the_same_in_every_order(events: Any, lag_s: int) -> None:
    """Arriving while the call lasts, or after it."""
    worker = presented(owner="preferred")
    when = instant("2026-11-23T15:05:00Z") - timedelta(seconds=2 * lag_s)
    for event in events:
        when = max(when + timedelta(seconds=lag_s or 1), instant(event["occurred_at"]))
        topic = "wrap-up" if "wrap_up_code" in event else "callback-scheduled"
        worker.send(topic, event, at=text(when))
    found = callback_of(worker)
    assert (found.status, found.due_at) == ("scheduled", instant("2026-11-24T15:00:00Z"))
    assert (found.agent_id, found.queue_id, found.notes) == ("a8", "q2", "n1")
    assert found.as_ended is None
    assert worker.run_to("2026-11-24T15:00:00Z").commands[0]["agent_id"] == "a8"


def test_a_change_that_is_invalid_is_not_remembered_either() -> None:
    worker = presented()
    worker.wrap_up(wrap_up("v9", occurred_at="2026-11-23T15:05:00Z", callback_id="k1"))
    said = worker.schedule(late(2, phone_number=UNKNOWN_NUMBER, notes="n"))
    assert (said.reasons, said.lifecycle[0]["facts"]) == ([["callback_ended"]], {"event_type": "changed"})
    bad = rescheduled(occurred_at="2026-11-23T15:03:00Z", phone_number=UNKNOWN_NUMBER)
    assert worker.schedule(bad).reasons == [["invalid_number"]], "it would have reopened it"
    assert callback_of(worker).as_ended is None


def test_presentations_that_changes_led_to_are_remembered_within_bounds() -> None:
    worker = presented()
    for minute in range(1, 21):
        assert worker.schedule(late(minute, agent_id=f"b{minute}", notes="n")).transitions == ["changed", "presented"]
    callback = callback_of(worker)
    assert callback.presentation == 21
    assert len(callback.presented) == 4 and callback.presented_anew == callback.presented
    assert len(callback.changes) == 2


def test_a_preview_that_is_presented_anew_is_not_screened_again() -> None:
    worker = Worker(campaign(screen_previews=True))
    worker.schedule(scheduled())
    assert worker.run_to(DUE).transitions == ["due", "presented"]
    worker.send("contacts", contact(callable=False))
    assert worker.schedule(late(10, agent_id="a9")).transitions == ["changed", "presented"]


def test_a_change_of_a_campaign_that_is_gone_is_applied_and_presented() -> None:
    worker = Worker()
    worker.schedule(scheduled(campaign_id="nobody"))
    worker.run_to(DUE)
    said = worker.schedule(late(10, campaign_id="nobody", agent_id="a9"))
    assert said.transitions == ["changed", "presented"]


def test_a_restart_between_two_changes_makes_no_difference() -> None:
    worker = presented(owner="only")
    worker.schedule(late(10, agent_id="a9"))
    worker.restart()
    assert worker.schedule(late(5, agent_id="a8")).reasons == [["superseded"]]
    assert worker.schedule(late(20, owner="anyone")).transitions == ["changed", "presented"]
