"""Docs, rules.md, section 8 rows 2, 3 and 4: clocks, repeated events, and what a contact remembers."""

import json

import pytest

from streams.logic.contact.limits import ROW_BYTES_MAX
from streams.logic.contact.rows import encode_contact
from streams.logic.contact.state import Contact
from tests.builders import Worker, campaign, cancelled, contact, rescheduled, rule, scheduled, wrap_up
from topics.codec import BadEvent


def rows(worker: Worker) -> dict[str, dict]:
    """The rows of the contacts, decoded."""
    table = worker.core.partitions[0].table
    return {key.decode(): json.loads(row) for key, row in table.items() if b"|" in key}


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        ("wrap-up", wrap_up(wrap_up_code="AGAIN")),
        ("callback-scheduled", scheduled()),
        ("callback-scheduled", cancelled("unknown")),
        ("callback-scheduled", rescheduled("unknown")),
        ("callback-scheduled", scheduled(due_at="2026-11-23T14:00:00Z")),
    ],
)
def test_a_repeated_event_leads_to_no_output_at_all(topic, event):
    worker = Worker(rules=(rule(),))
    assert worker.send(topic, event).lines != []
    before = rows(worker)
    assert worker.send(topic, {**event, "occurred_at": "2026-11-23T14:31:00Z"}).lines == []
    assert rows(worker) == before


def test_the_same_event_id_on_another_topic_or_of_another_contact_is_another_event():
    worker = Worker(rules=(rule(),))
    worker.schedule(scheduled(event_id="e1"))
    assert worker.wrap_up(wrap_up(event_id="e1", wrap_up_code="AGAIN")).transitions == ["scheduled"]
    assert worker.schedule(scheduled(event_id="e1", contact_id="c2")).transitions == ["scheduled"]


def test_five_minutes_ahead_is_in_order_and_a_millisecond_more_is_not():
    worker = Worker()
    event = wrap_up(occurred_at="2026-11-23T14:35:00Z")
    assert worker.send("wrap-up", event, at="2026-11-23T14:30:00Z").lines == []
    event = wrap_up("v2", occurred_at="2026-11-23T14:35:00.001Z")
    assert worker.send("wrap-up", event, at="2026-11-23T14:30:00Z").errors == ["in_the_future"]


def test_35_days_back_is_in_order_and_a_second_more_is_not():
    worker = Worker()
    event = wrap_up(occurred_at="2026-10-19T14:30:00Z")
    assert worker.send("wrap-up", event, at="2026-11-23T14:30:00Z").lines == []
    event = wrap_up("v2", occurred_at="2026-10-19T14:29:59Z")
    assert worker.send("wrap-up", event, at="2026-11-23T14:30:00Z").errors == ["too_old"]


@pytest.mark.parametrize("event", [wrap_up(), scheduled(), rescheduled(), cancelled()])
@pytest.mark.parametrize(
    ("occurred_at", "error"),
    [("9999-12-31T23:59:59.999999Z", "in_the_future"), ("0001-01-01T00:00:00Z", "too_old")],
)
def test_a_clock_at_the_end_of_the_calendar_is_a_bad_event_like_any_other(event, occurred_at, error):
    topic = "callback-scheduled" if "type" in event else "wrap-up"
    said = Worker().send(topic, {**event, "occurred_at": occurred_at}, at="2026-11-23T14:30:00Z")
    assert said.errors == [error]


def test_a_contact_is_forgotten_35_days_after_its_last_event():
    worker = Worker(listed=())
    worker.wrap_up(wrap_up("v1"))
    worker.wrap_up(wrap_up("v2", occurred_at="2026-11-24T14:30:00Z"))
    worker.run_to("2026-12-29T14:30:00Z")
    assert list(rows(worker)) == ["L|c1"]
    worker.run_to("2026-12-29T14:30:00.001Z")
    assert rows(worker) == {}


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        ("callback-scheduled", scheduled(due_at="2026-11-23T14:00:00Z")),
        ("callback-scheduled", cancelled("unknown", occurred_at="2026-11-23T14:30:00Z")),
        ("wrap-up", wrap_up(callback_id="unknown")),
    ],
)
def test_an_event_is_known_again_at_the_last_instant_at_which_it_is_accepted(topic, event):
    worker = Worker()
    assert worker.send(topic, event).lines != []
    assert worker.send(topic, event, at="2026-12-28T14:30:00Z").lines == []
    assert worker.send(topic, event, at="2026-12-28T14:30:00.001Z").errors == ["too_old"]


def test_an_event_from_a_clock_ahead_is_remembered_until_it_is_too_old_by_its_own():
    worker = Worker()
    event = wrap_up(occurred_at="2026-11-23T14:35:00Z")
    worker.send("wrap-up", event, at="2026-11-23T14:30:00Z")
    worker.run_to("2026-12-28T14:34:59Z")
    assert list(rows(worker)) == ["L|c1"]
    assert worker.send("wrap-up", event, at="2026-12-28T14:35:01Z").errors == ["too_old"]


def test_a_contact_is_not_forgotten_while_a_callback_is_outstanding():
    worker = Worker()
    worker.schedule(scheduled())
    worker.schedule(rescheduled(due_at="2026-12-23T14:00:00Z"))
    worker.run_to("2026-12-29T00:00:00Z")
    assert list(rows(worker)) == ["L|c1"]


def test_what_a_timer_ended_is_remembered_from_that_end():
    worker = Worker(listed=())
    worker.schedule(scheduled())
    worker.run_to("2026-11-30T15:00:00Z")
    worker.run_to("2027-01-04T15:00:00Z")
    assert list(rows(worker)) == ["L|c1"]
    worker.run_to("2027-01-04T15:00:00.001Z")
    assert rows(worker) == {}


def test_a_contacts_record_and_its_totals_stay_until_its_tombstone():
    worker = Worker()
    worker.send("contacts", contact(attributes={"name": "Ann"}))
    worker.wrap_up(wrap_up())
    worker.run_to("2027-03-01T00:00:00Z")
    row = rows(worker)["L|c1"]
    assert (row["attributes"], row["attempts_total"]) == ({"name": "Ann"}, 1)
    assert "seen" not in row and "conversations" not in row
    worker.send("contacts", None, key="L|c1")
    assert rows(worker) == {}


def test_a_tombstone_leaves_the_memory_of_a_contact_for_its_time():
    worker = Worker()
    worker.send("contacts", contact(attributes={"name": "Ann"}))
    worker.schedule(scheduled())
    worker.schedule(cancelled())
    worker.send("contacts", None, key="L|c1")
    assert "attributes" not in rows(worker)["L|c1"]
    assert worker.schedule(scheduled(), at="2026-11-24T00:00:00Z").lines == []


def test_a_tombstone_for_a_contact_that_nobody_knows_changes_nothing():
    worker = Worker(listed=())
    assert worker.send("contacts", None, key="L|c9").lines == []
    assert rows(worker) == {}


def test_at_most_256_event_ids_conversations_and_ends_are_remembered():
    worker = Worker()
    for number in range(260):
        worker.schedule(scheduled(f"k{number}", conversation_id=f"v{number}"))
        worker.schedule(cancelled(f"k{number}"))
        worker.schedule(cancelled(f"unknown{number}"))
    row = rows(worker)["L|c1"]
    assert [len(row[name]) for name in ("seen", "conversations", "cancels")] == [256, 256, 256]
    assert len(row["ended"]) <= 256
    assert row["ended"][-1]["callback_id"] == "k259"


def test_long_ids_do_not_fill_the_row():
    worker = Worker()
    for number in range(256):
        worker.wrap_up(wrap_up(f"{number:0256}", event_id=f"{number:0256}"))
    assert len(json.dumps(rows(worker)["L|c1"])) < ROW_BYTES_MAX
    assert worker.wrap_up(wrap_up(f"{255:0256}", event_id="another")).lines == []


def test_the_oldest_ends_give_way_before_a_row_grows_too_large():
    worker = Worker()
    for number in range(300):
        worker.schedule(scheduled(f"k{number}", notes="x" * 1000))
        worker.schedule(cancelled(f"k{number}"))
    assert len(json.dumps(rows(worker)["L|c1"])) <= ROW_BYTES_MAX


def test_an_event_that_would_make_the_row_too_large_is_a_dead_letter():
    worker = Worker()
    for number in range(6):
        worker.schedule(scheduled(f"k{number}", notes="x" * 10_000))
    before = rows(worker)
    assert worker.schedule(scheduled("k9", notes="x" * 10_000)).errors == ["too_large"]
    assert rows(worker) == before
    assert worker.schedule(cancelled("k1")).transitions == ["cancelled"]


def test_a_row_that_is_too_large_already_may_still_shrink_or_stay():
    contact = Contact(version=1, contact_list_id="L", contact_id="c1", attributes={"a": "x" * (ROW_BYTES_MAX + 9)})
    row = encode_contact(contact, b"y" * 2 * ROW_BYTES_MAX)
    assert len(row) > ROW_BYTES_MAX
    assert encode_contact(contact, row) == row
    with pytest.raises(BadEvent):
        encode_contact(contact, row[:-1])


def taken(worker: Worker) -> int:
    """Bytes of the contact's row."""
    return len(worker.core.partitions[0].table[b"L|c1"])


def full(topic: str, event: dict, *campaigns, rules=(), left: int = 10) -> Worker:
    """A worker that has heard the event; the contact's attributes take all of the row but `left` bytes."""
    size = 1
    for _ in range(2):
        worker = Worker(*campaigns, rules=rules)
        worker.send("contacts", contact(attributes={"a": "x" * size}))
        assert worker.send(topic, event).transitions == ["scheduled"]
        size += ROW_BYTES_MAX - left - taken(worker)
    assert taken(worker) == ROW_BYTES_MAX - left
    return worker


@pytest.mark.parametrize("left", [0, 10, 100])
def test_a_callback_goes_out_of_a_row_that_is_full(left):
    worker = full("callback-scheduled", scheduled(), left=left)
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["due", "presented"]
    assert worker.run_to("2026-11-30T15:00:00Z").transitions == ["expired"]


def test_the_queue_gets_a_callback_of_a_row_that_is_full():
    worker = full("callback-scheduled", scheduled(owner="only"), campaign(owner_expiry="queue"))
    worker.run_to("2026-11-23T15:00:00Z")
    assert worker.run_to("2026-11-24T15:00:00Z").transitions == ["presented"]


def waiting_in_a_full_row() -> Worker:
    """A worker with a callback that waits for its campaign."""
    off = campaign(status="off", rule_set_ids=["R"])
    worker = full("wrap-up", wrap_up(wrap_up_code="AGAIN"), off, rules=(rule(),))
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["due", "waiting"]
    return worker


def test_a_callback_is_released_from_a_row_that_is_full():
    worker = waiting_in_a_full_row()
    worker.send("campaigns", campaign(rule_set_ids=["R"]))
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["dialing"]


def test_a_limit_that_is_set_later_reaches_what_waits_in_a_row_that_is_full():
    worker = waiting_in_a_full_row()
    worker.send("campaigns", campaign(status="off", rule_set_ids=["R"], expire_after_s=3600))
    assert worker.run_to("2026-11-23T15:40:00Z").transitions == ["expired"]


def test_a_row_that_is_full_takes_the_outcome_of_a_callback_and_nothing_else():
    worker = full("callback-scheduled", scheduled(), campaign(rule_set_ids=["R"]), rules=(rule(),))
    worker.run_to("2026-11-23T15:00:00Z")
    assert taken(worker) > ROW_BYTES_MAX
    assert worker.wrap_up(wrap_up("v5", occurred_at="2026-11-23T15:01:00Z")).errors == ["too_large"]
    outcome = wrap_up(
        "v6",
        occurred_at="2026-11-23T15:02:00Z",
        callback_id="k1",
        wrap_up_code="AGAIN",
        phone_column="x" * 256,
        attributes={"b": "y" * 1000},
    )
    assert worker.wrap_up(outcome).transitions == ["completed", "scheduled"]
    assert taken(worker) > ROW_BYTES_MAX + 1000


def test_what_comes_with_the_end_of_a_callback_does_not_fill_the_row_without_bound():
    worker = full("callback-scheduled", scheduled())
    large = wrap_up("v6", callback_id="k1", attributes={"b": "y" * (ROW_BYTES_MAX + 1000)})
    assert worker.wrap_up(large).errors == ["too_large"]
    assert worker.schedule(cancelled()).transitions == ["cancelled"]
