"""How a partition keeps up with the configuration: what it has seen, and what it reports."""

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.limits import STATE_ROW_BYTES_MAX
from streams.logic.partition.partition import Arrived, Outcome, Partition
from tests.builders import Worker, campaign, clear, instant, key_of, recycle, rule, rule_set, scheduled, wrap_up

NOW = instant("2026-11-23T15:00:00Z")
AT_1500_MS = 1_795_446_000_000


def told(topic: str, value, key: bytes, offset: int = 0, timestamp_ms: int = AT_1500_MS) -> Arrived:
    return Arrived(topic, 0, offset, key, orjson.dumps(value), timestamp_ms)


def fire_all(partition: Partition, now=NOW) -> Outcome:
    total = Outcome()
    while (outcome := partition.fire(now)) is not None:
        total.merge(outcome)
    return total


def test_a_clear_that_is_read_while_another_is_being_applied_is_applied_as_well():
    configuration = Configuration()
    partition = Partition(0, 1, configuration, {})
    partition.ready(NOW)
    for offset, (campaign_id, list_id) in enumerate((("P", "L"), ("P2", "M"))):
        value = campaign(campaign_id, contact_list_id=list_id, rule_set_ids=["R"])
        configuration.apply(told("campaigns", value, campaign_id.encode(), offset), NOW)
    configuration.apply(told("rule-sets", rule_set(rule(minutes=60)), b"R"), NOW)
    for offset, (campaign_id, list_id) in enumerate((("P", "L"), ("P2", "M"))):
        event = wrap_up(wrap_up_code="AGAIN", campaign_id=campaign_id, contact_list_id=list_id)
        partition.apply(told("wrap-up", event, key_of(event), offset), NOW)
    configuration.apply(told("contact-list-cleared", clear("z1"), b"L", 0), NOW)
    partition.configure(NOW)
    configuration.apply(told("contact-list-cleared", clear("z2", contact_list_id="M"), b"M", 1), NOW)
    # The timer task gets its turn before the partition has looked at the second one.
    fire_all(partition)
    partition.configure(NOW)
    fire_all(partition)
    assert partition.census.outstanding == 0


@pytest.mark.parametrize("timestamp_ms", [1_795_446_000_000_000, 2**63 - 1])
@pytest.mark.parametrize(("topic", "value", "key"), [
    ("campaign-recycle", recycle(), b"P"),
    ("contact-list-cleared", clear(), b"L"),
])  # fmt: skip
def test_a_record_with_an_impossible_timestamp_is_a_bad_event(topic, value, key, timestamp_ms):
    configuration = Configuration()
    configuration.apply(told(topic, value, key, timestamp_ms=timestamp_ms), NOW)
    partition = Partition(0, 1, configuration, {})
    partition.ready(NOW)
    record = partition.configure(NOW).records[0]
    assert dict(record.headers)["ringback.error"] == b"invalid"
    assert (record.value, record.timestamp_ms) == (orjson.dumps(value), timestamp_ms)
    assert configuration.recycles.latest("P") is None and configuration.clears == {}


class Bug(Exception):
    """A bug of ours."""


MESSAGE = "with +12125550101 in it"


def test_a_configuration_record_that_meets_a_bug_is_quarantined_and_the_bug_is_logged_once(monkeypatch):
    def failing(rules):
        raise Bug(MESSAGE)

    monkeypatch.setattr("streams.logic.configuration.prepared.compile_rule_set", failing)
    configuration = Configuration()
    configuration.apply(told("rule-sets", rule_set(rule()), b"R"), NOW)
    partition = Partition(0, 1, configuration, {})
    partition.ready(NOW)
    outcome = partition.configure(NOW)
    headers = dict(outcome.records[0].headers)
    assert headers["ringback.error"] == b"internal_error"
    assert headers["__connect.errors.exception.class.name"] == b"Bug"
    assert b"555" not in headers["__connect.errors.exception.message"]
    (bug,) = outcome.bugs
    assert (bug.kind, bug.what) == ("configuration", "Bug")
    assert "in failing" in bug.where and "2125550101" not in bug.where
    configuration.apply(told("campaigns", campaign(), b"P"), NOW)
    assert partition.configure(NOW).bugs == []


def test_a_clear_that_came_while_nobody_could_read_the_campaign_is_applied_after_a_restart_too():
    worker = Worker(rules=(rule(minutes=60),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    worker.send("campaigns", campaign(rule_set_ids="R"))
    worker.send("contact-list-cleared", clear(), at="2026-11-23T14:50:00Z")
    worker.restart()
    said = worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:00:00Z")
    said.lines += worker.run_to("2026-11-23T16:00:00Z").lines
    assert said.transitions == ["cancelled"]


def test_what_a_recycle_did_not_cancel_by_the_settings_of_its_day_stays_when_another_campaign_can_be_read_again():
    worker = Worker(campaign(), campaign("Q"))
    worker.schedule(scheduled(due_at="2026-11-23T20:00:00Z"))
    worker.send("campaigns", campaign("Q", rule_set_ids="R"))
    worker.send("campaign-recycle", recycle(), at="2026-11-23T14:50:00Z")
    worker.send("campaigns", campaign(recycle_cancels=["agent"]), at="2026-11-23T14:55:00Z")
    said = worker.send("campaigns", campaign("Q"), at="2026-11-23T15:00:00Z")
    said.lines += worker.run_to("2026-11-23T16:00:00Z").lines
    assert said.transitions == []


def told_at_once(worker, names, **changes):
    """Records of many campaigns, which a partition looks at together."""
    for offset, name in enumerate(names[:-1], start=10_000):
        worker.core.configuration.apply(told("campaigns", campaign(name, **changes), name.encode(), offset), NOW)
    return worker.send("campaigns", campaign(names[-1], **changes), at="2026-11-23T14:45:00Z")


def test_a_change_that_is_about_something_else_writes_no_row_however_many_campaigns_cannot_be_read():
    worker = Worker(campaign("P"))
    told_at_once(worker, [f"{number:04}-" + "n" * 200 for number in range(500)], rule_set_ids="R")
    worker.core.configuration.apply(told("campaigns", campaign("P", status="off"), b"P", 20_000), NOW)
    assert worker.core.partitions[0].configure(NOW).writes == {}


@pytest.mark.parametrize("restarted", [False, True])
def test_of_however_many_campaigns_that_cannot_be_read_the_row_has_room_and_no_clear_is_forgotten(restarted):
    many = [f"{number:04}-" + "n" * 200 for number in range(1500)]
    first, last = many[0], many[-1]
    worker = Worker(*(campaign(name, rule_set_ids=["R"]) for name in (first, last)), rules=(rule(minutes=60),))
    for name in (first, last):
        worker.wrap_up(wrap_up(wrap_up_code="AGAIN", campaign_id=name, event_id=name, conversation_id=name))
    told_at_once(worker, many, rule_set_ids="R")
    assert 16 * 1024 < max(map(len, worker.core.partitions[0].table.values())) < STATE_ROW_BYTES_MAX
    worker.send("contact-list-cleared", clear(), at="2026-11-23T14:45:00Z")
    if restarted:
        worker.restart()
    said = told_at_once(worker, many, rule_set_ids=["R"])
    said.lines += worker.run_to("2026-11-23T16:00:00Z").lines
    assert said.transitions == ["cancelled", "cancelled"]
    assert max(map(len, worker.core.partitions[0].table.values())) < 10_000
