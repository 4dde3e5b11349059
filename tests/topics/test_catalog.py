"""The catalog says of each topic what the contract promises."""

import doctest
import subprocess
import sys

import pytest

import topics
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN, NEEDED_TOPICS
from topics.rights import of_worker
from topics.topic import DAY_MS, Cleanup, Direction, Scope, Topic

TOO_OLD_DAYS = 35
COMPACTED = {
    "contacts",
    "campaigns",
    "rule-sets",
    "callable-time-sets",
    "dnc-entries",
    "holds",
    "outstanding-callbacks",
    "contact-state",
}


def test_the_catalog_names_every_topic() -> None:
    assert set(CATALOG) == {
        *("wrap-up", "callback-scheduled", "placement-requested", "contacts"),
        *("campaigns", "rule-sets", "callable-time-sets", "dnc-entries", "campaign-recycle", "contact-list-cleared"),
        "holds",
        *("dial-preview", "dial-analysis", "placement-decided", "callback-lifecycle", "outstanding-callbacks"),
        *("dead-letter", "contact-state"),
        "console-audit",
    }
    assert all(name == topic.name for name, topic in CATALOG.items())


def test_a_worker_needs_every_topic_but_that_of_the_console_and_has_no_right_on_it() -> None:
    assert set(CATALOG) - set(NEEDED_TOPICS) == {"console-audit"}
    assert {right.name for right in of_worker("") if right.resource == "topic"} == set(NEEDED_TOPICS)


def test_contact_topics_all_have_the_contact_partition_count() -> None:
    contact = [topic for topic in CATALOG.values() if topic.scope is Scope.CONTACT]
    assert set(CONTACT_TOPICS_IN) < {topic.name for topic in contact}
    assert {topic.partition_count(12) for topic in contact} == {12}


def test_configuration_has_one_partition_and_so_one_order() -> None:
    assert {CATALOG[name].partition_count(12) for name in CONFIGURATION_TOPICS} == {1}


def test_compacted_topics_keep_the_last_record_of_a_key_for_ever() -> None:
    compacted = {topic.name for topic in CATALOG.values() if topic.cleanup is Cleanup.COMPACT}
    assert compacted == COMPACTED
    assert all(CATALOG[name].retention_ms is None for name in compacted)


@pytest.mark.parametrize("name", ["campaign-recycle", "contact-list-cleared"])
def test_recycles_and_clears_never_expire(name: str) -> None:
    config = CATALOG[name].config()
    assert (config["cleanup.policy"], config["retention.ms"]) == ("delete", "-1")


@pytest.mark.parametrize("name", ["wrap-up", "callback-scheduled"])
def test_contact_events_are_kept_longer_than_they_are_accepted(name: str) -> None:
    assert (CATALOG[name].retention_ms or 0) > TOO_OLD_DAYS * DAY_MS


def test_dead_letters_can_be_replayed_for_as_long_as_they_are_kept() -> None:
    assert 0 < (CATALOG["dead-letter"].retention_ms or 0) < TOO_OLD_DAYS * DAY_MS


def test_a_dead_letter_has_room_for_the_largest_event_and_its_headers() -> None:
    largest = max(int(topic.config()["max.message.bytes"]) for topic in CATALOG.values() if topic.values)
    assert int(CATALOG["dead-letter"].config()["max.message.bytes"]) >= largest + 512 * 1024


@pytest.mark.parametrize("topic", CATALOG.values(), ids=lambda topic: topic.name)
def test_every_topic_says_why_it_is_kept_as_it_is(topic: Topic) -> None:
    assert topic.reason.endswith(".")
    assert (topic.retention_ms is None) == (topic.cleanup is Cleanup.COMPACT)
    assert topic.values or topic.direction is Direction.INTERNAL or topic.name == "dead-letter"


def test_the_package_needs_msgspec_and_nothing_else() -> None:
    program = (
        "import pkgutil, sys, importlib, topics\n"
        "before = set(sys.modules)\n"
        "[importlib.import_module('topics.' + m.name) for m in pkgutil.iter_modules(topics.__path__)]\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print(*sorted(new))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    # msgspec looks for typing_extensions and does without.
    assert set(loaded.split()) - {"typing_extensions"} <= {"msgspec", "topics"}


def test_the_example_for_producers_runs() -> None:
    assert doctest.testmod(topics).failed == 0
    assert doctest.testmod(topics).attempted > 0
