"""Docs, rules.md, rule 3.12: a contact whose latest record was refused, and what its partition remembers of that."""

from typing import Any

import orjson
import pytest

from streams.logic.contact.exchange import Arrived, Outcome, Result
from streams.logic.contact.rows import decode_contact
from streams.logic.partition.partition import Partition
from tests.builders import Json, Worker, contact, instant, scheduled, wrap_up
from topics.partitions import partition_for

KEY = b"L|c1"
AT = instant("2026-11-23T14:30:00Z")


def sent(partition: Partition, value: bytes | None, key: bytes = KEY, number: int | None = None) -> Outcome:
    number = partition.number if number is None else number
    return partition.apply(Arrived("contacts", number, 7, key, value, 1795446000123), AT)


def unreadable(partition: Partition, key: bytes = KEY) -> bool:
    row = partition.table.get(key)
    return row is not None and decode_contact(row).unreadable


def text(**changes: Any) -> bytes:
    return orjson.dumps(contact(**changes))


def home(key: bytes = KEY, partitions: int = 4) -> Partition:
    """The partition of a key, of a worker that knows no contact."""
    worker = Worker(partitions=partitions, listed=())
    worker.run_to("2026-11-23T14:30:00Z")
    return worker.core.partitions[partition_for(key, partitions)]


@pytest.mark.parametrize("value", [b"", b"\xff", b"{", b"[]", b"7", b"{}", text(contact_id="c2"), text(contact_id="")])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_record_that_cannot_be_read_leaves_its_contact_unreadable(value: bytes, is_known: bool) -> None:
    partition = home()
    if is_known:
        sent(partition, text())
    outcome = sent(partition, value)
    assert [record.topic for record in outcome.records] == ["dead-letter"] and list(outcome.writes) == [KEY]
    assert outcome.counts == {("contacts", "contact", Result.DEAD_LETTER): 1}
    assert unreadable(partition)


def test_a_repeated_bad_record_is_a_dead_letter_and_changes_nothing() -> None:
    partition = home()
    sent(partition, b"{")
    outcome = sent(partition, b"[")
    assert len(outcome.records) == 1 and outcome.writes == {}


def test_a_good_record_ends_it_even_if_it_says_what_the_last_one_said_and_so_does_a_tombstone() -> None:
    partition = home()
    for good in (text(), None):
        sent(partition, text())
        sent(partition, b"{")
        assert unreadable(partition)
        sent(partition, good)
        assert not unreadable(partition)
    assert KEY not in partition.table


@pytest.mark.parametrize("key", [b"no bar", b"|c1", b"L|", b"\xff|c1", b"L|" + b"x" * 257])
def test_a_key_that_no_contact_has_leaves_nothing_behind(key: bytes) -> None:
    partition = home(key)
    outcome = sent(partition, b"{", key)
    assert len(outcome.records) == 1 and outcome.writes == {} and partition.table.keys() <= {b"ringback.partition"}


def test_a_bad_record_in_another_partition_leaves_nothing_behind() -> None:
    worker = Worker(partitions=4, listed=())
    worker.run_to("2026-11-23T14:30:00Z")
    partition = worker.core.partitions[(partition_for(KEY, 4) + 1) % 4]
    assert sent(partition, b"{").writes == {} and sent(partition, text()).writes == {}


def test_a_record_that_is_too_large_to_keep_leaves_its_contact_unreadable_too() -> None:
    partition = home()
    sent(partition, text())
    outcome = sent(partition, text(attributes={"long": "x" * 70_000}))
    assert outcome.dead == {"too_large": 1} and unreadable(partition)


def test_of_a_record_that_counts_in_part_the_part_is_kept_and_the_dead_letter_is_written() -> None:
    partition = home()
    outcome = sent(partition, text(callable="yes", attributes={"plan": "gold", "age": 7}))
    assert outcome.counts == {("contacts", "contact", Result.APPLIED): 1} and outcome.dead == {"invalid_cell": 1}
    kept = decode_contact(partition.table[KEY])
    assert kept.attributes == {"plan": "gold"} and kept.listed is not None and not kept.listed.callable


def test_it_is_remembered_when_all_else_of_the_contact_is_forgotten() -> None:
    worker = Worker(listed=())
    worker.send("contacts", {}, at="2026-11-23T14:00:00Z", key="L|c1")
    worker.wrap_up(wrap_up())
    worker.run_to("2027-02-01T00:00:00Z")
    assert unreadable(worker.core.partitions[0])


def answer(worker: Worker, at: str) -> list[str]:
    request: Json = {
        "event_id": f"p-{at}", "request_id": f"q-{at}", "occurred_at": at, "origin": "callback", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    (decided,) = worker.send("placement-requested", request).of("placement-decided")
    reasons: list[str] = decided["reasons"]
    return reasons


def test_a_preview_goes_out_and_its_placement_is_refused_until_the_record_is_repaired() -> None:
    worker = Worker()
    worker.schedule(scheduled())
    worker.send("contacts", {}, at="2026-11-23T14:40:00Z", key="L|c1")
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["due", "presented"]
    assert answer(worker, "2026-11-23T15:01:00Z") == ["contact_unreadable"]
    worker.send("contacts", contact(), at="2026-11-23T15:02:00Z")
    assert answer(worker, "2026-11-23T15:03:00Z") == []
