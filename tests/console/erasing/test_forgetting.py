"""By when a topic has forgotten, by its settings on the broker, and what is said where it never does."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.console.erasing.foreseen import foreseen
from streams.console.erasing.forgetting import CHECKED_EVERY_MS, Forgets, How, Kept, forgets, last_of
from streams.console.erasing.traces import LATEST_COUNTS, SEARCHED, Trace, Traces
from topics.catalog import CATALOG
from topics.names import TopicName
from topics.of_adapters import ADAPTER_TOPICS
from topics.topic import DAY_MS, Cleanup, Scope

NEWEST = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NEWEST_MS = int(NEWEST.timestamp() * 1000)
SLACK = timedelta(milliseconds=CHECKED_EVERY_MS + 60_000)
DELETING = {"cleanup.policy": "delete", "retention.ms": str(42 * DAY_MS), "segment.ms": str(7 * DAY_MS)}
COMPACTED = {
    "cleanup.policy": "compact",
    "max.compaction.lag.ms": str(7 * DAY_MS),
    "delete.retention.ms": str(35 * DAY_MS),
    "segment.ms": str(7 * DAY_MS),
}


def of(config: Mapping[str, str | None], newest_ms: int = NEWEST_MS, ahead_ms: int | None = None) -> Forgets:
    return forgets(TopicName.WRAP_UP, Kept.of(config), newest_ms, ahead_ms)


def test_a_topic_that_deletes_has_forgotten_a_retention_after_its_segment_could_be_closed() -> None:
    found = of(dict(DELETING))
    assert (found.how, found.at, found.record_at) == (How.DELETES, NEWEST + timedelta(days=49) + SLACK, None)


def test_a_record_of_the_future_in_the_same_partition_keeps_its_segment_for_longer() -> None:
    ahead = NEWEST_MS + 30 * DAY_MS
    assert of(dict(DELETING), ahead_ms=ahead).at == NEWEST + timedelta(days=72) + SLACK
    assert of(dict(DELETING), ahead_ms=NEWEST_MS + DAY_MS).at == of(dict(DELETING)).at


def test_a_compacted_topic_forgets_the_record_first_and_its_key_with_the_tombstone() -> None:
    found = of(dict(COMPACTED))
    assert found.record_at == NEWEST + timedelta(days=7) + SLACK
    assert (found.how, found.at) == (How.COMPACTS, NEWEST + timedelta(days=7 + 35 + 7) + 2 * SLACK)


def test_it_cleans_no_sooner_than_its_least_lag() -> None:
    found = of(COMPACTED | {"min.compaction.lag.ms": str(9 * DAY_MS)})
    assert found.record_at == NEWEST + timedelta(days=9) + SLACK


@pytest.mark.parametrize(
    ("changes", "to_do"),
    [
        (DELETING | {"retention.ms": "-1"}, "set retention.ms of the topic"),
        (COMPACTED | {"max.compaction.lag.ms": str(2**63 - 1)}, "set max.compaction.lag.ms of the topic"),
        (COMPACTED | {"max.compaction.lag.ms": None}, "set max.compaction.lag.ms of the topic"),
    ],
)
def test_one_that_has_no_limit_never_forgets_and_it_is_said_what_to_do(changes: Any, to_do: str) -> None:
    found = of(changes)
    assert (found.how, found.at, found.to_do) == (How.NEVER, None, to_do)


def test_of_a_topic_that_does_both_the_sooner_counts() -> None:
    both = {**DELETING, **COMPACTED, "cleanup.policy": "compact, delete"}
    assert of(both).how is How.DELETES  # Both take 49 days, and the deletion no second lag.
    assert of(both | {"delete.retention.ms": "1000"}).how is How.COMPACTS
    assert of(both | {"max.compaction.lag.ms": str(2**63 - 1)}).at == NEWEST + timedelta(days=49) + SLACK
    assert of(both | {"retention.ms": "-1"}).how is How.COMPACTS


def test_what_the_broker_does_not_say_is_as_kafka_has_it() -> None:
    assert of({}).at == NEWEST + timedelta(days=14) + SLACK


def test_no_time_is_beyond_the_calendar() -> None:
    assert of(dict(DELETING), newest_ms=2**62).at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_the_last_of_several_counts_and_none_where_one_never_forgets() -> None:
    one, two = of(dict(DELETING)), of(dict(COMPACTED))
    assert last_of([one, two]) == two.at and last_of([one, of(DELETING | {"retention.ms": "-1"})]) is None
    assert last_of([]) is None


KEPT = {topic.name: Kept.of(topic.config() | {"segment.ms": str(7 * DAY_MS)}) for topic in CATALOG.values()}


def by_topic(traces: Traces | None, adapters: bool = False) -> dict[TopicName, Forgets]:
    kept = KEPT | ({topic.name: Kept.of(topic.config()) for topic in ADAPTER_TOPICS.values()} if adapters else {})
    return {one.topic: one for one in foreseen(kept, traces, NEWEST)}


def test_every_topic_that_may_name_a_contact_is_searched_and_no_other() -> None:
    assert {topic.name for topic in CATALOG.values() if topic.scope is not Scope.CAMPAIGN} == set(SEARCHED)
    assert set(LATEST_COUNTS) == {TopicName.CONTACTS, TopicName.OUTSTANDING_CALLBACKS, TopicName.CONTACT_STATE}


def test_without_a_look_every_topic_may_have_something_of_now() -> None:
    assert by_topic(None).keys() == set(SEARCHED)


def test_of_what_was_found_the_newest_record_counts_and_where_there_is_none_there_is_nothing_to_forget() -> None:
    old = NEWEST_MS - 20 * DAY_MS
    found = by_topic(Traces({TopicName.WRAP_UP: Trace(records=3, newest_ms=old)}))
    assert found.keys() == {TopicName.WRAP_UP, TopicName.CALLBACK_SCHEDULED, *LATEST_COUNTS}
    assert found[TopicName.WRAP_UP].at == NEWEST + timedelta(days=29) + SLACK
    assert found[TopicName.CALLBACK_SCHEDULED].at == NEWEST + timedelta(days=49) + SLACK, "it has the erasure"


def test_what_is_cancelled_is_told_on_the_lifecycle_and_counts_from_now() -> None:
    old = NEWEST_MS - 20 * DAY_MS
    traces = Traces({TopicName.CALLBACK_LIFECYCLE: Trace(records=1, newest_ms=old)})
    assert by_topic(traces)[TopicName.CALLBACK_LIFECYCLE].at == NEWEST + timedelta(days=77) + SLACK
    view = Trace(records=1, newest_ms=old, last={b"L|c1": b'{"callbacks":[{"callback_id":"k1"}]}'})
    traces.by_topic[TopicName.OUTSTANDING_CALLBACKS] = view
    assert traces.outstanding == 1 and view.standing == 1
    assert by_topic(traces)[TopicName.CALLBACK_LIFECYCLE].at == NEWEST + timedelta(days=97) + SLACK


def test_what_adapters_remember_is_counted_in_where_there_are_any() -> None:
    found = by_topic(Traces(), adapters=True)
    states = [
        one for name, one in found.items() if name in ADAPTER_TOPICS and ADAPTER_TOPICS[name].cleanup is Cleanup.COMPACT
    ]
    assert len(states) == 2 and all(one.record_at == NEWEST + timedelta(days=52) + SLACK for one in states)
    assert len(found) == len(LATEST_COUNTS) + 1 + len(ADAPTER_TOPICS)


def test_numbers_are_those_of_the_record_and_of_the_state_and_what_cannot_be_read_has_none() -> None:
    record = b'{"numbers":[{"phone_number":"+12125550101"},{}]}'
    state = b'{"callbacks":[{"phone_number":"+12125550102"}],"listed":{"numbers":[{"phone_number":"+12125550103"}]}}'
    traces = Traces(
        {
            TopicName.CONTACTS: Trace(last={b"a": record, b"b": b"{", b"c": None}),
            TopicName.CONTACT_STATE: Trace(last={b"a": state}),
        }
    )
    assert traces.numbers() == {"+12125550101", "+12125550102", "+12125550103"}
    assert traces.is_empty and traces.outstanding == 0
