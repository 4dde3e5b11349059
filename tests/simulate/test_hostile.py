"""Whatever is sent, it is taken in or it is a dead letter with a reason, and what is good goes on as if nothing was."""

from collections import Counter
from datetime import timedelta

import pytest

from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker, Written
from tests.builders import Said, Worker, contact, instant, scheduled
from tests.hostile import AT, STOPPING, hostile
from topics.codec import ErrorCode
from topics.partitions import partition_for

GOOD_EVERY = 100
SEED = 3
"""Its records meet each of the codes that are asked for more than once."""


def errors(written: list[Written]) -> list[Written]:
    return [one for one in written if one.record.topic == "dead-letter"]


@pytest.mark.timeout(240)
def test_ten_thousand_hostile_records_are_taken_in_or_refused_with_a_reason() -> None:
    """A bug of ours would end the simulator."""
    worker, now = Worker(partitions=4), instant(AT)
    core: VirtualWorker = worker.core
    counts: Counter[str] = Counter()
    for number, record in enumerate(hostile(seed=SEED)):
        now += timedelta(milliseconds=500)
        if record.partition not in (None, partition_for(record.key or b"", 4)):
            continue  # The simulator sends every record where it belongs; Kafka does not.
        said = list(core.arrive(Line(record.topic, now, record.key, record.value)))
        for one in errors(said):
            headers = dict(one.record.headers)
            assert one.record.value == record.value and one.record.key == record.key
            assert headers["ringback.error"].decode() in set(ErrorCode) - {ErrorCode.INTERNAL_ERROR}
            counts[headers["ringback.error"].decode()] += 1
        counts["taken in"] += not errors(said)
        if number % GOOD_EVERY == 0:
            good_is_unharmed(worker, f"good-{number}", now)
    list(core.advance(now + timedelta(days=60)))
    assert counts["taken in"] > 1900
    assert {code for code, count in counts.items() if count} >= {
        "undecodable", "invalid", "invalid_cell", "unknown_type", "wrong_key", "in_the_future", "too_old",
        "campaign_unknown", "campaign_unreadable",
    }  # fmt: skip


def good_is_unharmed(worker: Worker, contact_id: str, now) -> None:
    """A callback for somebody else is still scheduled and presented."""
    at = now.isoformat()
    worker.at = at
    said = worker.send("contacts", contact(contact_id, contact_list_id="Good"), at=at)
    event = scheduled(contact_id=contact_id, contact_list_id="Good", campaign_id="Good", occurred_at=at, due_at=at)
    said = worker.send("callback-scheduled", event, at=at)
    said = Said(list(worker.core.advance(now)))
    assert [command["contact_id"] for command in said.commands if command["contact_list_id"] == "Good"] == [contact_id]


def test_two_thousand_hostile_holds_stop_everything_or_nothing_and_tombstones_of_their_keys_let_go() -> None:
    worker, now, keys = Worker(), instant(AT), set()
    holds = worker.core.configuration.holds
    for record in hostile(2000, topics=[STOPPING]):
        now += timedelta(milliseconds=500)
        said = list(worker.core.arrive(Line(record.topic, now, record.key, record.value)))
        assert len(errors(said)) <= 1
        keys.add(record.key)
        if errors(said) and record.key in (b"h1", b"h2"):
            assert [one.unreadable for one in holds.on("nobody") if one.hold_id == record.key.decode()] == [True]
    assert holds.stops("nobody")
    for key in keys - {None}:
        list(worker.core.arrive(Line(STOPPING, now, key, None)))
    assert not any(holds.stops(name) for name in ("nobody", "P", "Q", ""))
    good_is_unharmed(worker, "good", now)


def test_no_header_of_a_dead_letter_quotes_the_event() -> None:
    core, now = Worker(partitions=4).core, instant(AT)
    secrets = (b"x" * 300, b"drop table", b"jndi", b"passwd", b"+12125550101", b"9" * 200)
    for record in hostile(3000, seed=2):
        for one in errors(list(core.arrive(Line(record.topic, now, record.key, record.value)))):
            headers = [value for _, value in one.record.headers]
            assert not [secret for secret in secrets for value in headers if secret in value]
