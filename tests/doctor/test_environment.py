"""Rights, versions and topics: what is missing is named, with what would mend it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.doctor.examination import Chosen
from streams.doctor.findings import Result
from streams.doctor.judgement import permissions, topics_there, versions
from streams.doctor.judgement.permissions import ROLES, Permitted, lacking, probe_of
from streams.doctor.judgement.versions import Broker, Installed
from streams.kafka.topic_differences import Checked, Difference
from topics.catalog import NEEDED_TOPICS
from topics.rights import COMMANDS, Resource, Right, of_worker

EVERY = frozenset({"Read", "Write", "Create", "Describe", "DescribeConfigs"})
NEW = Broker({0: 12, 1: 17, 3: 13, 11: 9, 24: 5}, {"metadata.version": 27, "transaction.version": 2})
HERE = Installed("0.4.0", "3.11.2", {"aiokafka": ("0.14.0", "0.14.0"), "faust-streaming": ("0.15.4", "0.15.3")})


def permitted(rights: list[Right]) -> Permitted:
    """Exactly these rights, and what they bring along."""
    of = {resource: {one.name: frozenset(one.operations) | {"Describe"} for one in rights if one.resource is resource}
          for resource in Resource}  # fmt: skip
    ids = {probe_of(one): True for one in rights if one.resource is Resource.TRANSACTIONAL_ID}
    return Permitted(of[Resource.TOPIC], of[Resource.GROUP], ids)


@pytest.mark.parametrize("role", COMMANDS)
def test_a_user_with_exactly_the_rights_of_a_role_lacks_nothing_of_it(role: str) -> None:
    rights = COMMANDS[role]("x.", "app")
    (finding,) = permissions.of_role(role, rights, permitted(rights), "give it")
    assert finding.result is Result.OK


@given(st.sampled_from([*COMMANDS]), st.data())
def test_each_right_that_is_taken_away_is_named_and_no_other(role: str, data: st.DataObject) -> None:
    rights = COMMANDS[role]("x.", "app")
    taken = data.draw(st.sampled_from(rights))
    has = permitted([one for one in rights if one is not taken])
    gone = {Resource.TOPIC: has.topics, Resource.GROUP: has.groups, Resource.TRANSACTIONAL_ID: has.ids}[taken.resource]
    empty: Any = False if taken.resource is Resource.TRANSACTIONAL_ID else frozenset()
    gone[probe_of(taken) if taken.prefixed else taken.name] = empty  # type: ignore[index]
    (finding,) = permissions.of_role(role, rights, has, "give it")
    assert finding.result is Result.PROBLEM and finding.change == "give it"
    assert taken.name in finding.seen and all(one in finding.seen for one in taken.operations)


def test_what_kafka_does_not_say_is_no_lack() -> None:
    rights = of_worker("x.", "app")
    unsaid = msgspec.structs.replace(permitted(rights), groups={"app": None})
    missing, unknown = lacking(rights, unsaid)
    assert missing == [] and [one.name for one in unknown] == ["app"]
    assert permissions.of_role("worker", rights, unsaid, "")[0].result is Result.COULD_NOT_LOOK


def test_rights_to_do_the_same_are_told_together() -> None:
    rights = [
        Right(Resource.TOPIC, "x.a", ("Read", "Write")),
        Right(Resource.TOPIC, "x.b", ("Read", "Write")),
        Right(Resource.TOPIC, "x.c", ("Read",)),
        Right(Resource.GROUP, "app", ("Read",)),
        Right(Resource.TRANSACTIONAL_ID, "app-", ("Write",), prefixed=True),
    ]
    assert permissions.in_words(rights) == [
        ("Read and Write topics x.a and x.b", 4),
        ("Read topic x.c", 1),
        ("Read group app", 1),
        ("Write transactional ids that begin with app-", 1),
    ]


def test_create_on_the_cluster_is_create_on_every_topic() -> None:
    rights = COMMANDS["topics create"]("x.", "app")
    described = Permitted({one.name: EVERY - {"Create"} for one in rights}, on_cluster=frozenset({"Create"}))
    assert lacking(rights, described) == ([], [])


def test_without_a_role_those_are_named_that_a_user_has_enough_for() -> None:
    rights = {role: COMMANDS[role]("x.", "app") for role in COMMANDS}
    every = {one.name: EVERY for some in rights.values() for one in some}
    ids = {probe_of(one): True for some in rights.values() for one in some}
    assert permissions.of_any(rights, Permitted(every, every, ids))[0].seen == (
        "this user may do everything that any command needs"
    )
    nothing = Permitted(dict.fromkeys(every, frozenset()), dict.fromkeys(every, frozenset()), dict.fromkeys(ids, False))
    assert permissions.of_any(rights, nothing)[0].result is Result.WARNING
    dialer = msgspec.structs.replace(nothing, topics={**nothing.topics, **permitted(rights["dialer"]).topics},
                                     groups={**nothing.groups, **permitted(rights["dialer"]).groups})  # fmt: skip
    (finding,) = permissions.of_any(rights, dialer)
    assert finding.result is Result.OK and "dialer" in finding.seen and "worker" not in finding.seen


def test_roles_are_words_of_the_command_line() -> None:
    assert ROLES["adapter-genesys"] == "adapter genesys" and set(ROLES.values()) == set(COMMANDS)
    assert all(Chosen(role=role).catalog() for role in COMMANDS)
    assert set(Chosen().catalog()) == set(NEEDED_TOPICS)
    assert "genesys-keyed" in Chosen(role="adapter genesys").catalog()
    assert list(Chosen(topics=("wrap-up",)).catalog()) == ["wrap-up"] == Chosen(topics=("wrap-up",)).sampled()


def test_new_brokers_are_told_with_their_features_and_what_is_installed_here() -> None:
    (finding,) = versions.judge([NEW, msgspec.structs.replace(NEW, features={"metadata.version": 25})], HERE, 1)
    assert finding.result is Result.OK and finding.figures == {"metadata.version": 25, "transaction.version": 0}
    assert "2 brokers with metadata.version 25" in finding.seen
    assert "aiokafka 0.14.0, faust-streaming 0.15.4, written for 0.15.3" in finding.seen


def test_old_brokers_are_told_with_what_that_means() -> None:
    old = msgspec.structs.replace(NEW, apis={**NEW.apis, 3: 9})
    found = versions.judge([NEW, old], HERE, 1)
    assert [one.result for one in found] == [Result.WARNING, Result.OK]
    assert found[0].seen.startswith("1 of 2 brokers is older than Kafka 2.8") and "upgrade" in (found[0].change or "")
    ancient = versions.judge([Broker({}, {})], HERE, 1)
    assert [one.result for one in ancient] == [Result.PROBLEM] * 3 + [Result.WARNING] * 2 + [Result.OK]


def test_transactions_that_the_cluster_lacks_keep_a_worker_from_starting() -> None:
    lacking_them = msgspec.structs.replace(NEW, features={"transaction.version": 1})
    found = versions.judge([NEW, lacking_them], HERE, 2)
    assert found[0].result is Result.PROBLEM and "transaction_protocol to 1" in (found[0].change or "")
    assert versions.judge([NEW], HERE, 2)[0].result is Result.OK


def test_topics_that_differ_are_told_one_by_one_and_those_that_are_missing_together() -> None:
    differences = (
        Difference("x.wrap-up", "is missing", fatal=True),
        Difference("x.holds", "is missing", fatal=True),
        Difference("x.contacts", "has 1 partition, not 4", fatal=True),
        Difference("x.dead-letter", "retention.ms is 1000, not 2592000000", fatal=False),
    )
    missing, unequal, setting = topics_there.judge(Checked(4, differences), NEEDED_TOPICS, "x.")
    assert missing.seen == f"2 topics of {len(NEEDED_TOPICS)} are missing: x.wrap-up and x.holds"
    assert "ringback topics create" in (missing.change or "")
    assert (unequal.result, unequal.topic) == (Result.PROBLEM, "x.contacts") and "another prefix" in (
        unequal.change or ""
    )
    assert setting.result is Result.WARNING
    assert setting.change == (
        "kafka-configs.sh --bootstrap-server ... --alter --topic x.dead-letter --add-config retention.ms=2592000000"
    )
    (good,) = topics_there.judge(Checked(4, ()), NEEDED_TOPICS, "x.")
    assert good.seen == f"{len(NEEDED_TOPICS)} topics as in the catalog, contact topics with 4 partitions"
    every = tuple(Difference(f"x.{name}", "is missing", fatal=True) for name in NEEDED_TOPICS)
    assert "--prefix" in topics_there.judge(Checked(None, every), NEEDED_TOPICS, "x.")[0].seen
