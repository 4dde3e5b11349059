"""Refused configuration records: kept in bounded memory, said in portions, each exactly once and in order."""

import random
import time
import tracemalloc
from datetime import UTC, datetime

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import report_on
from streams.logic.configuration.recycles import Recycles
from streams.logic.configuration.reports import PORTION_BYTES_MAX, PORTION_MAX, Recalled
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import META_KEY, Outcome, Partition
from tests.builders import Worker, campaign, clear, key_of, rule, scheduled, wrap_up
from topics.catalog import CONFIGURATION_TOPICS

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def bad(topic: str, offset: int, size: int = 40) -> Arrived:
    return Arrived(topic, 0, offset, b"house|+1%010d" % offset, b"x" * size, 0)


def refused(count: int, topic: str = "dnc-entries", size: int = 40) -> Configuration:
    configuration = Configuration()
    for offset in range(count):
        configuration.apply(bad(topic, offset, size), NOW)
    return configuration


def first(configuration: Configuration, rows: dict[bytes, bytes] | None = None) -> Partition:
    partition = Partition(0, 1, configuration, dict(rows or {}))
    partition.ready(NOW)
    return partition


def offsets(outcome: Outcome) -> list[int]:
    return [int(dict(record.headers)["__connect.errors.offset"]) for record in outcome.records]


def read_again(configuration: Configuration, topic: str, count: int, at_once: int) -> None:
    """As the worker does it: some records after the offset that is wanted, or nothing if nothing is."""
    after = configuration.reports.wanted.get(topic)
    if after is None or configuration.reports.is_recalled(topic):
        return
    through = min(after + at_once, count - 1)
    found = (report_on(bad(topic, offset), Recycles()) for offset in range(after + 1, through + 1))
    configuration.reports.recall(Recalled(topic, after, through, [one for one in found if one]))


@pytest.mark.parametrize("topic", CONFIGURATION_TOPICS)
def test_whatever_number_is_refused_each_becomes_one_dead_letter_in_order_and_a_few_are_kept(topic: str) -> None:
    count = 5 * PORTION_MAX + 7
    configuration = refused(count, topic)
    assert len(list(configuration.reports)) == PORTION_MAX
    partition, said = first(configuration), []
    while True:
        outcome = partition.configure(NOW)
        assert len(outcome.records) <= PORTION_MAX
        assert sum(outcome.dead.values()) == len(outcome.records), "each is counted"
        said += offsets(outcome)
        if not outcome and not configuration.reports.wanted:
            break
        read_again(configuration, topic, count, 300)
    assert said == list(range(count))


def test_a_callback_that_is_due_goes_out_after_the_first_portion_and_waits_for_no_other() -> None:
    configuration = refused(PORTION_MAX - 100)
    configuration.apply(Arrived("campaigns", 0, 0, b"P", orjson.dumps(campaign(dialing_mode="preview")), 0), NOW)
    for offset in range(1, PORTION_MAX - 100):
        configuration.apply(bad("campaigns", offset), NOW)
    partition, event = first(configuration), scheduled("k1", due_at="2026-11-25T13:00:00Z")
    partition.apply(Arrived("callback-scheduled", 0, 0, key_of(event), orjson.dumps(event), 0), NOW)
    assert len(partition.configure(NOW).records) == PORTION_MAX
    fired = partition.fire(NOW)
    assert fired is not None and "dial-preview" in [record.topic for record in fired.records]
    assert partition.configure(NOW).records, "there is more to be said"


@pytest.mark.parametrize("seed", range(20))
def test_none_is_lost_or_said_twice_whenever_more_come_and_the_partition_changes_hands(seed: int) -> None:
    chance = random.Random(seed)
    count, told = 4 * PORTION_MAX, 0
    rows: dict[bytes, bytes] = {}
    said: list[int] = []
    configuration = Configuration()
    partition = first(configuration)
    while said[-1:] != [count - 1]:
        for offset in range(told, min(told + chance.choice((0, 1, 50, 800)), count)):
            configuration.apply(bad("rule-sets", offset), NOW)
            told = offset + 1
        if chance.random() < 0.2:
            if chance.random() < 0.5:  # To a worker that has just read everything.
                configuration = refused(told, "rule-sets")
            partition = first(configuration, rows)
        outcome = partition.configure(NOW)
        rows |= {key: row for key, row in outcome.writes.items() if row is not None}
        said += offsets(outcome)
        if chance.random() < 0.5:
            read_again(configuration, "rule-sets", told, chance.randint(1, 700))
    assert said == list(range(count)) and set(rows) == {META_KEY}


def test_a_partition_whose_state_is_read_anew_says_again_what_had_not_been_committed() -> None:
    configuration = refused(3)
    before = first(configuration)
    assert offsets(before.configure(NOW)) == [0, 1, 2]
    configuration.apply(bad("dnc-entries", 3), NOW)
    assert offsets(before.configure(NOW)) == [3]
    again = first(configuration)
    assert offsets(again.configure(NOW)) == [] and configuration.reports.wanted == {"dnc-entries": -1}
    read_again(configuration, "dnc-entries", 4, 10)
    assert offsets(again.configure(NOW)) == [0, 1, 2, 3]


def test_what_is_said_at_once_is_bounded_in_bytes_and_a_record_that_is_larger_goes_alone() -> None:
    configuration = refused(3, "campaigns", PORTION_BYTES_MAX + 1)
    assert len(list(configuration.reports)) == 1
    configuration = refused(5, "campaigns", PORTION_BYTES_MAX // 4)
    assert sum(len(report.arrived.value or b"") for report in configuration.reports) <= PORTION_BYTES_MAX


def test_memory_does_not_grow_with_the_number_of_records_that_were_refused() -> None:
    def taken(count: int) -> int:
        tracemalloc.start()
        configuration = refused(count, "contact-list-cleared")
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size if list(configuration.reports) else 0

    few, many = taken(PORTION_MAX), taken(8 * PORTION_MAX)
    assert many < 1.5 * few


def test_of_a_refusal_neither_traceback_nor_what_led_to_it_is_kept() -> None:
    for topic in CONFIGURATION_TOPICS:
        (report,) = refused(1, topic).reports
        fault = report.bad_event  # type: ignore[union-attr]
        assert fault.__traceback__ is None and fault.__context__ is None and fault.__cause__ is None


def test_a_refused_do_not_call_entry_is_nothing_that_a_partition_looks_at() -> None:
    configuration = refused(10)
    assert configuration.version == 0 and configuration.reports.news == 10
    other = Partition(1, 2, configuration, {})
    other.ready(NOW)
    other.configure(NOW)
    assert other.configure(NOW) == Outcome()


def test_a_change_costs_the_same_however_many_records_were_refused_before_it() -> None:
    def cost(count: int) -> float:
        configuration = refused(count)
        partition = first(configuration)
        while partition.configure(NOW) or configuration.reports.wanted:
            read_again(configuration, "dnc-entries", count, PORTION_MAX)
        tries = []
        for offset in range(50):
            configuration.apply(bad("contact-list-cleared", offset), NOW)
            began = time.process_time()
            partition.configure(NOW)
            tries.append(time.process_time() - began)
        return sorted(tries)[len(tries) // 2]

    assert cost(16 * PORTION_MAX) < 4 * cost(PORTION_MAX)


def test_a_campaign_that_was_refused_among_many_holds_its_callbacks_against_what_came_meanwhile() -> None:
    worker = Worker(rules=(rule(minutes=60),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    worker.send("campaigns", campaign(rule_set_ids="R"))
    for number in range(2_000):
        worker.send("campaigns", {"campaign_id": f"X{number}"})
    worker.send("contact-list-cleared", clear(), at="2026-11-23T14:50:00Z")
    worker.restart()
    said = worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:00:00Z")
    said.lines += worker.run_to("2026-11-23T16:00:00Z").lines
    assert said.transitions == ["cancelled"]
