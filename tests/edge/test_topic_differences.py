"""Every way in which a broker's topics can differ from the catalog is named, and the dangerous ones are fatal."""

import dataclasses
from datetime import timedelta

import pytest

from streams.kafka.topic_differences import KAFKA_LIMIT, NEEDED, Actual, Difference, compare
from streams.storage.local_copy import AGE_MAX, CLOCKS_MAX
from topics.catalog import CATALOG, NEEDED_TOPICS


def broker(partitions=4, replicas=1):
    """Topics and settings of a broker that agrees with the catalog."""
    there = {
        f"p.{name}": Actual(topic.partition_count(partitions), replicas, led=True)
        for name, topic in NEEDED_TOPICS.items()
    }
    configs = {f"p.{name}": topic.config() | {"min.insync.replicas": "1"} for name, topic in NEEDED_TOPICS.items()}
    return there, configs


def differences(there, configs, partitions=None, replication=None):
    return [(str(found), found.fatal) for found in compare(there, configs, "p.", partitions, replication).differences]


def test_a_broker_that_agrees_has_no_difference():
    there, configs = broker()
    checked = compare(there, configs, "p.", None, None)
    assert checked.differences == ()
    assert checked.partitions == 4


def test_a_missing_topic_is_fatal():
    there, configs = broker()
    del there["p.wrap-up"]
    assert differences(there, configs) == [("p.wrap-up: is missing", True)]


def test_the_topic_of_the_console_is_looked_at_only_where_that_is_asked_for_and_stops_no_worker():
    there, configs = broker()
    assert compare(there, configs, "p.", None, None, CATALOG).differences == (
        Difference("p.console-audit", "is missing", fatal=False),
    )
    there["p.console-audit"], configs["p.console-audit"] = Actual(7, 1, led=True), {}
    assert compare(there, configs, "p.", None, None).differences == ()
    (found,) = compare(there, configs, "p.", None, None, CATALOG).differences
    assert str(found) == "p.console-audit: has 7 partitions, not 1" and not found.fatal


def test_on_an_empty_broker_every_topic_is_missing_and_no_count_is_known():
    checked = compare({}, {}, "p.", None, None)
    assert len(checked.fatal) == len(NEEDED_TOPICS)
    assert checked.partitions is None


def test_a_contact_topic_with_another_count_than_the_others_is_fatal():
    there, configs = broker()
    there["p.contacts"] = dataclasses.replace(there["p.contacts"], partitions=1)
    assert differences(there, configs) == [("p.contacts: has 1 partition, not 4", True)]


def test_a_configuration_topic_has_its_own_count_whatever_the_contact_topics_have():
    there, configs = broker()
    there["p.campaigns"] = dataclasses.replace(there["p.campaigns"], partitions=4)
    assert differences(there, configs) == [("p.campaigns: has 4 partitions, not 1", True)]


def test_a_count_that_is_asked_for_is_compared_with_every_contact_topic():
    there, configs = broker(partitions=4)
    found = differences(there, configs, partitions=6)
    assert ("p.wrap-up: has 4 partitions, not 6", True) in found
    assert not [text for text, _ in found if "campaigns" in text]


def test_retention_that_differs_is_named_and_not_fatal():
    there, configs = broker()
    configs["p.wrap-up"] |= {"retention.ms": "604800000"}
    assert differences(there, configs) == [("p.wrap-up: retention.ms is 604800000, not 3628800000", False)]


def test_a_changelog_that_forgets_is_fatal():
    there, configs = broker()
    configs["p.contact-state"] |= {"cleanup.policy": "compact,delete"}
    assert differences(there, configs) == [("p.contact-state: cleanup.policy is compact,delete, not compact", True)]


@pytest.mark.parametrize(("milliseconds", "fatal"), [("86400000", True), ("604800001", False)])
def test_a_changelog_on_which_removals_are_gone_too_soon_is_fatal(milliseconds: str, fatal: bool):
    there, configs = broker()
    configs["p.contact-state"] |= {"delete.retention.ms": milliseconds}
    text = f"p.contact-state: delete.retention.ms is {milliseconds}, not 604800000"
    assert differences(there, configs) == [(text, fatal)]


def test_state_on_disk_is_too_old_long_before_removals_are_gone_from_the_changelog():
    retention_ms = int(CATALOG["contact-state"].config()["delete.retention.ms"])
    assert timedelta(milliseconds=retention_ms) > 2 * (AGE_MAX + CLOCKS_MAX)


def test_replication_counts_only_when_it_is_asked_for():
    there, configs = broker(replicas=2)
    assert differences(there, configs) == []
    found = differences(there, configs, replication=3)
    assert ("p.wrap-up: has 2 replicas, not 3", False) in found
    assert ("p.wrap-up: min.insync.replicas is 1, not 2", False) in found


@pytest.mark.parametrize("name", NEEDED)
def test_a_topic_that_cannot_take_what_a_worker_has_to_write_is_fatal_and_one_that_takes_less_than_usual_is_not(name):
    there, configs = broker()
    for bytes_max, fatal in ((NEEDED[name] - 1, True), (NEEDED[name], False)):
        configs[f"p.{name}"] = {**configs[f"p.{name}"], "max.message.bytes": str(bytes_max)}
        ((text, is_fatal),) = differences(there, configs)
        assert is_fatal is fatal and f"max.message.bytes is {bytes_max}" in text
        assert not fatal or f"needs {NEEDED[name]}" in text


def test_what_each_topic_takes_is_learned_and_taken_for_the_usual_where_the_broker_does_not_say():
    there, configs = broker()
    configs["p.dead-letter"]["max.message.bytes"] = "70000"
    del configs["p.wrap-up"]["max.message.bytes"]
    limits = compare(there, configs, "p.", None, None).limits
    assert (limits["dead-letter"], limits["wrap-up"], limits["campaigns"]) == (70000, KAFKA_LIMIT, 1024 * 1024)
