"""What the doctor says of a user's rights on a Kafka that asks for them, and what it can see with few of its own."""

import asyncio
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.base.clock import SystemClock
from streams.doctor.examination import Chosen, Doctor
from streams.doctor.findings import Check, Finding, Report, Result
from streams.doctor.judgement.permissions import in_words
from streams.kafka.clients import Clients
from tests.doctor.worlds import all_is_well, faults, some_group_is_used
from tests.kafka.cluster import Cluster
from tests.secured.kafka import Acls, SecuredKafka
from topics.rights import COMMANDS, Resource, Right, of_doctor, of_worker

pytestmark = pytest.mark.kafka

TOLD_S = 90.0


async def examined(secured: SecuredKafka, cluster: Cluster, **chosen: Any) -> Report:
    return await Doctor(Clients(cluster.settings(**secured.scram())), SystemClock(), Chosen(**chosen)).examine()


def of_rights(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.check is Check.RIGHTS]


async def missing(secured: SecuredKafka, cluster: Cluster, wanted: set[str], **chosen: Any) -> list[Finding]:
    """The rights that are missing, when they are those that are wanted: brokers are told a moment later."""
    async with asyncio.timeout(TOLD_S):
        while True:
            found = of_rights(await examined(secured, cluster, **chosen))
            if {one.seen for one in found if one.result is Result.PROBLEM} == wanted:
                return found
            await asyncio.sleep(0.1)


async def test_each_right_that_a_worker_lacks_is_named_and_no_other(
    secured: SecuredKafka, cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    prefix, acls = cluster.prefix, Acls(admin)
    rights = of_worker(prefix, cluster.settings().app)
    await some_group_is_used(cluster)
    nothing = await missing(secured, cluster, said(*rights), role="worker")
    assert all("python -m topics.rights worker" in (one.change or "") for one in nothing)
    await acls.allow(rights)
    assert [one.result for one in await missing(secured, cluster, set(), role="worker")] == [Result.OK]
    taken = [
        Right(Resource.TOPIC, f"{prefix}dial-preview", ("Write",)),
        Right(Resource.TOPIC, f"{prefix}dnc-entries", ("Read",)),
        Right(Resource.TOPIC, f"{prefix}holds", ("DescribeConfigs",)),
        next(one for one in rights if one.resource is Resource.GROUP),
        next(one for one in rights if one.resource is Resource.TRANSACTIONAL_ID),
    ]
    for right in taken:
        await acls.take(right)
    found = await missing(secured, cluster, said(*taken), role="worker")
    assert {one.seen for one in found} >= {
        f"no right to Write topic {prefix}dial-preview",
        f"no right to Read topic {prefix}dnc-entries",
        f"no right to DescribeConfigs topic {prefix}holds",
    }


def said(*rights: Right) -> set[str]:
    """What is told of rights that are missing: those to do the same together."""
    return {f"no right to {one}" for one, _ in in_words(rights)}


async def test_a_producer_of_some_topics_is_asked_for_the_rights_on_these_alone(
    secured: SecuredKafka, cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    topic = f"{cluster.prefix}wrap-up"
    await missing(secured, cluster, {f"no right to Write topic {topic}"}, role="producer", topics=("wrap-up",))
    await Acls(admin).allow([Right(Resource.TOPIC, topic, ("Write",))])
    (good,) = await missing(secured, cluster, set(), role="producer", topics=("wrap-up",))
    assert good.seen == "this user may do all that `producer` needs: 1 right"
    found = of_rights(await examined(secured, cluster, role="producer"))
    others = [right for right in COMMANDS["producer"](cluster.prefix, "") if right.name != topic]
    assert {one.seen for one in found} == said(*others)


async def test_with_its_own_rights_it_sees_everything_but_the_clock_and_names_what_its_user_is_good_for(
    secured: SecuredKafka, cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    await all_is_well(cluster)
    await Acls(admin).allow(of_doctor(cluster.prefix))
    await missing(secured, cluster, set(), role="doctor")
    report = await examined(secured, cluster)
    unseen = [one for one in report.findings if one.result is Result.COULD_NOT_LOOK]
    assert [one.check for one in unseen] == [Check.CLOCK] and "no right to Describe the cluster" in unseen[0].seen
    assert faults(report) == []
    (rights,) = of_rights(report)
    assert "topics check" in rights.seen and "doctor" in rights.seen and "worker" not in rights.seen


async def test_with_no_right_at_all_it_says_what_it_could_not_look_at(secured: SecuredKafka, cluster: Cluster) -> None:
    report = await examined(secured, cluster)
    (rights,) = of_rights(report)
    assert rights.result is Result.WARNING
    unseen = {one.check: one.seen for one in report.findings if one.result is Result.COULD_NOT_LOOK}
    assert set(unseen) == set(Check) - {Check.VERSIONS, Check.RIGHTS}
    assert "no right to Describe topic" in unseen[Check.TOPICS]


async def test_who_may_describe_the_cluster_has_the_clock_measured(secured: SecuredKafka, cluster: Cluster) -> None:
    """The listener of administrators."""
    report = await Doctor(Clients(cluster.settings()), SystemClock(), Chosen()).examine()
    (clock,) = [one for one in report.findings if one.check is Check.CLOCK]
    assert clock.result is Result.OK and abs(float(clock.figures["ahead_s"])) < 60
