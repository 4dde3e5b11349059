"""A contact that is erased: nothing of it is left, and nothing that occurred before brings it back."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.erasures import digest_of
from streams.logic.contact.limits import ERASURE_KEPT, EVENT_AGE_MAX
from streams.logic.partition.own_rows import ERASED_KEY, decode_erased, erased_key, is_contact
from streams.simulator.lines import parse_line
from tests.builders import (
    NUMBER,
    Json,
    Said,
    Worker,
    cancelled,
    changed,
    contact,
    instant,
    rescheduled,
    returned,
    rule,
    scheduled,
    wrap_up,
)
from tests.logic.test_properties import RULES, histories, text, told

DAY = "2026-11-23T"
AT = f"{DAY}15:05:00Z"
KEY = b"L|c1"
FORGOTTEN = (b"c1", NUMBER.encode(), NUMBER[1:].encode())


def erased(event_id: str = "x1", occurred_at: str = AT, **changes: Any) -> Json:
    return {
        "type": "erased",
        "event_id": event_id,
        "occurred_at": occurred_at,
        "contact_list_id": "L",
        "contact_id": "c1",
        **changes,
    }


def asked(request_id: str = "q1", **changes: Any) -> Json:
    return {
        "event_id": f"p-{request_id}",
        "request_id": request_id,
        "occurred_at": f"{DAY}15:06:00Z",
        "origin": "callback",
        "callback_id": "k1",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        **changes,
    }


def rows(worker: Worker) -> dict[bytes, bytes]:
    """The rows of all its partitions but their own row of configuration."""
    found: dict[bytes, bytes] = {}
    for partition in worker.core.partitions:
        found |= {key: row for key, row in partition.table.items() if is_contact(key) or key.startswith(ERASED_KEY)}
    return found


def erased_worker() -> Worker:
    """A worker whose contact had a callback presented, and was erased five minutes later."""
    worker = Worker(rules=(rule(),))
    worker.schedule(scheduled(notes=f"call {NUMBER}"))
    assert worker.run_to(f"{DAY}15:00:00Z").transitions == ["due", "presented"]
    worker.schedule(erased())
    return worker


def test_nothing_is_left_but_a_digest_and_when_it_was() -> None:
    worker = erased_worker()
    ((key, row),) = rows(worker).items()
    assert key == erased_key(KEY) and digest_of(KEY).encode() in key
    assert not any(text in key + row for text in (*FORGOTTEN, b"x1", b"k1"))
    erasure = decode_erased(row)
    assert (erasure.occurred_at, erasure.up_to) == (instant(AT), instant(AT))
    assert worker.core.partitions[0].next_at() is None


def test_the_view_and_the_state_get_their_tombstones_even_if_nothing_is_known_of_the_contact() -> None:
    """Whatever may stand there, by whomever it was written."""
    worker = Worker(listed=())
    line = parse_line(orjson.dumps({"topic": "callback-scheduled", "at": AT, "value": erased()}), "test")
    outcome = worker.core.partitions[0].apply(worker.core._arrived(line), instant(AT))
    assert [(record.topic, record.key, record.value) for record in outcome.records] == [
        ("outstanding-callbacks", KEY, None)
    ]
    assert outcome.writes[KEY] is None and outcome.writes.keys() == {KEY, erased_key(KEY)}


def test_the_record_of_an_end_says_no_more_than_that_the_contact_was_erased() -> None:
    worker = Worker()
    worker.schedule(scheduled(due_at=f"{DAY}17:00:00Z"))
    said = worker.schedule(erased(actor="dpo-2", reason=f"asked by {NUMBER}"))
    (record,) = said.lifecycle
    assert (record["transition"], record["reasons"], record["facts"]) == ("cancelled", ["erased"], {})
    assert NUMBER not in str(said.lines) and "dpo-2" not in str(said.lines)


def test_an_event_without_a_name_is_refused() -> None:
    said = Worker().send("callback-scheduled", erased(contact_id=" "), key="L| ")
    assert said.errors == ["invalid"]


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        ("callback-scheduled", scheduled()),
        ("callback-scheduled", scheduled("k2", occurred_at=AT, due_at=f"{DAY}17:00:00Z")),
        ("callback-scheduled", rescheduled()),
        ("callback-scheduled", cancelled("k9")),
        ("callback-scheduled", changed(notes="n")),
        ("callback-scheduled", returned(occurred_at=f"{DAY}15:30:00Z")),
        ("wrap-up", wrap_up(wrap_up_code="AGAIN")),
        ("wrap-up", wrap_up(wrap_up_code="AGAIN", occurred_at=AT)),
        ("wrap-up", wrap_up(wrap_up_code="AGAIN", occurred_at=f"{DAY}15:30:00Z", callback_id="k1")),
        ("wrap-up", wrap_up(wrap_up_code="AGAIN", occurred_at=f"{DAY}15:30:00Z", dialed_at=AT)),
        ("wrap-up", wrap_up(history=True, occurred_at="2025-11-23T14:30:00Z")),
        ("callback-scheduled", erased()),
        ("callback-scheduled", erased("x0", f"{DAY}15:04:00Z")),
    ],
)
def test_what_is_of_before_leads_to_nothing(topic: str, value: Json) -> None:
    worker = erased_worker()
    before = rows(worker)
    said = worker.send(topic, value, f"{DAY}15:40:00Z")
    assert (said.lines, rows(worker)) == ([], before)


@pytest.mark.parametrize(
    ("topic", "value", "led_to"),
    [
        ("placement-requested", asked(), ["contact_unknown", "callback_unknown"]),
        ("placement-requested", asked(origin="campaign", callback_id=None), ["contact_unknown"]),
        ("callback-scheduled", rescheduled(occurred_at=f"{DAY}15:30:00Z"), ["callback_unknown"]),
        ("callback-scheduled", changed(notes="n", occurred_at=f"{DAY}15:30:00Z"), ["callback_unknown"]),
    ],
)
def test_who_asks_about_an_erased_contact_is_answered_and_not_remembered(
    topic: str, value: Json, led_to: list[str]
) -> None:
    worker = erased_worker()
    before = rows(worker)
    for _ in range(2):
        (line,) = worker.send(topic, value, f"{DAY}15:40:00Z").lines
        assert line["value"]["reasons"] == led_to
    assert rows(worker) == before


def test_a_record_that_was_written_before_does_not_bring_the_contact_back_and_a_later_one_does() -> None:
    """The tombstone of `contacts` may be read after, and what stood before it."""
    worker = erased_worker()
    before = rows(worker)
    core = worker.core.partitions[0]
    line = parse_line(orjson.dumps({"topic": "contacts", "at": AT, "value": contact()}), "test")
    core.apply(worker.core._arrived(line), instant(f"{DAY}15:06:00Z"))
    assert rows(worker) == before
    worker.send("contacts", contact(), f"{DAY}15:06:00Z")
    assert KEY in rows(worker)


def test_what_is_dated_after_the_erasure_is_of_after_even_if_it_came_before() -> None:
    """A promise is not lost for a clock that is ahead, or since a worker was down and met one topic before another."""
    worker = Worker()
    ahead = scheduled(occurred_at=f"{DAY}15:08:00Z", due_at=f"{DAY}17:00:00Z")
    worker.schedule(ahead, f"{DAY}15:04:00Z")
    assert worker.schedule(erased(), AT).reasons == [["erased"]]
    between = scheduled("k2", occurred_at=f"{DAY}15:06:00Z", due_at=f"{DAY}17:00:00Z")
    assert worker.schedule(between).transitions == ["scheduled"]
    assert worker.schedule(ahead, f"{DAY}15:09:00Z").transitions == ["scheduled"]


def test_erased_twice_is_erased_once_and_what_came_between_is_erased_too() -> None:
    worker = erased_worker()
    worker.schedule(scheduled("k2", occurred_at=f"{DAY}15:10:00Z", due_at=f"{DAY}17:00:00Z"))
    assert worker.schedule(erased(), f"{DAY}15:11:00Z").lines == [], "the same once more"
    said = worker.schedule(erased("x2", f"{DAY}15:12:00Z"))
    assert said.reasons == [["erased"]] and said.views == [None]
    assert list(rows(worker)) == [erased_key(KEY)]
    assert worker.schedule(scheduled("k2", occurred_at=f"{DAY}15:10:00Z", due_at=f"{DAY}17:00:00Z")).lines == []


def test_a_partition_that_is_acquired_anew_still_knows() -> None:
    worker = erased_worker()
    worker.restart()
    assert worker.schedule(scheduled()).lines == [] and list(rows(worker)) == [erased_key(KEY)]


def test_it_is_remembered_as_long_as_events_of_before_are_accepted_and_no_longer_than_it_says() -> None:
    worker = Worker()
    until = "2026-12-01T00:00:00Z"
    worker.schedule(erased(remembered_until=until))
    (row,) = (row for key, row in rows(worker).items() if key.startswith(ERASED_KEY))
    assert decode_erased(row).until - instant(AT) == EVENT_AGE_MAX + timedelta(milliseconds=1)
    last = decode_erased(row).until
    outcome = worker.core.partitions[0].configure(last)
    assert outcome.writes == {erased_key(KEY): None} and rows(worker) == {}
    assert worker.core.partitions[0].configure(last).writes == {}


@pytest.mark.parametrize(
    ("changes", "kept"),
    [({}, ERASURE_KEPT), ({"remembered_until": "2027-11-23T15:05:00Z"}, timedelta(days=365))],
)
def test_without_a_word_it_is_remembered_longer_than_any_topic_of_the_catalog_keeps_records(
    changes: Json, kept: timedelta
) -> None:
    worker = Worker()
    worker.schedule(erased(**changes))
    (row,) = (row for key, row in rows(worker).items() if key.startswith(ERASED_KEY))
    assert decode_erased(row).until == instant(AT) + kept


def test_other_contacts_of_the_partition_are_not_touched() -> None:
    worker = Worker(listed=("c1", "c2"))
    worker.schedule(scheduled("k2", contact_id="c2", due_at=f"{DAY}16:00:00Z"))
    before = rows(worker)[b"L|c2"]
    worker.schedule(erased())
    assert rows(worker)[b"L|c2"] == before
    late = scheduled("k3", contact_id="c2", event_id="late", due_at=f"{DAY}16:00:00Z")
    assert worker.schedule(late).transitions == ["scheduled"]
    assert worker.run_to(f"{DAY}16:00:00Z").transitions == ["due", "presented"] * 2


def test_a_program_of_a_version_before_takes_the_row_for_none_of_a_contact() -> None:
    """It has no `|`, begins otherwise than what such a program looks at, and has no callbacks."""
    worker = erased_worker()
    ((key, row),) = rows(worker).items()
    assert not is_contact(key) and orjson.loads(row).keys() == {"version", "erased"}


@st.composite
def erasures(draw) -> tuple[list[tuple[str, str, Json]], int]:
    """A history, and the place at which one of its contacts is erased."""
    history = draw(histories())
    return history, draw(st.integers(1, len(history)))


def of_contact(value: Json) -> bool:
    return value.get("contact_id") == "c1" and "contact_list_id" in value


@settings(max_examples=300, deadline=None)
@given(erasures())
def test_in_any_history_nothing_of_an_erased_contact_is_left_and_what_comes_again_brings_nothing_back(drawn) -> None:
    history, place = drawn
    worker = Worker(rules=RULES)
    for at, topic, value in history[:place]:
        told(worker, topic, value, at)
    worker.run_to(worker.at)
    said = worker.schedule(erased(occurred_at=worker.at), worker.at)
    assert set(map(tuple, said.reasons)) <= {("erased",)} and said.views == [None]
    outstanding = {record["callback_id"] for record in said.lifecycle}
    assert len(outstanding) == len(said.lifecycle)
    assert KEY not in rows(worker)
    # Everything that was sent before comes once more, in its order.
    again = Said([])
    for _, topic, value in history[:place]:
        if of_contact(value) and topic != "contacts":
            again.lines += told(worker, topic, value, worker.at).lines
    assert {line["topic"] for line in again.lines} <= {"placement-decided"}
    assert KEY not in rows(worker)
    later = worker.run_to(text(60 * 24 * 60))
    assert [line for line in later.lines if line["key"] == "L|c1"] == []


@settings(max_examples=150, deadline=None)
@given(erasures())
def test_in_any_history_a_contact_that_comes_back_is_as_if_it_had_never_been_there(drawn) -> None:
    """Compared with a worker that has never heard of it."""
    history, place = drawn
    erased_one, fresh = Worker(rules=RULES), Worker(rules=RULES, listed=())
    for at, topic, value in history[:place]:
        told(erased_one, topic, value, at)
        if not of_contact(value):
            told(fresh, topic, value, at)
    at = max(erased_one.at, fresh.at)
    erased_one.schedule(erased(occurred_at=at), at)
    for worker in (erased_one, fresh):
        worker.run_to(at)
    assert rest(erased_one, history[place:], at) == rest(fresh, history[place:], at)


def rest(worker: Worker, history: list[tuple[str, str, Json]], since: str) -> list[Json]:
    """What a worker says of the contact, at events that all occur after an instant; without the offsets of causes."""
    said: list[Json] = []
    for number, (at, topic, value) in enumerate(history):
        moved = (
            {**value, "occurred_at": later(since, number + 1), "event_id": f"n{number}"} if of_contact(value) else value
        )
        for name in ("due_at", "window_end_at"):
            if moved.get(name) and of_contact(value):
                moved = {**moved, name: later(moved[name], 3600)}
        if topic == "wrap-up" or moved.get("type") == "returned":
            continue  # Of what is not known, these two are of before.
        said += told(worker, topic, moved, max(at, later(since, number + 1))).lines
    said += worker.run_to(text(60 * 24 * 60)).lines
    for line in said:
        if line["value"] and "cause" in line["value"]:
            line["value"]["cause"]["offset"] = None
    return [line for line in said if line["key"] == "L|c1"]


def later(at: str, seconds: int) -> str:
    return str((instant(at) + timedelta(seconds=seconds)).isoformat()).replace("+00:00", "Z")
