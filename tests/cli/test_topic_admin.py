"""Topics on a real Kafka: what is created, what is found to differ, and what a worker is told before it starts."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.catalog import CATALOG, NEEDED_TOPICS

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka, prefix):
    return Settings(broker=kafka.bootstrap, prefix=prefix)


@pytest.fixture
async def admin(kafka):
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    yield client
    await client.close()


def create(settings, partitions):
    """`create` and `check` bring an event loop of their own, so that a thread is needed here."""
    return asyncio.to_thread(topic_admin.create, Clients(settings), partitions)


def check(settings):
    return asyncio.to_thread(topic_admin.check, Clients(settings))


async def test_created_topics_are_those_of_the_catalog_and_can_be_written_at_once(settings, admin):
    created = await create(settings, 3)
    assert created == [settings.topic(name) for name in NEEDED_TOPICS]
    entries = {entry["topic"]: entry for entry in await admin.describe_topics(created)}
    assert {name: len(entry["partitions"]) for name, entry in entries.items()} == {
        settings.topic(name): topic.partition_count(3) for name, topic in NEEDED_TOPICS.items()
    }
    assert all(part["leader"] >= 0 for entry in entries.values() for part in entry["partitions"])
    assert (await check(settings)).differences == ()
    assert await topic_admin.contact_partitions(Clients(settings)) == 3


async def test_the_topic_of_the_console_is_created_where_that_is_asked_for(settings):
    clients = Clients(settings)
    await create(settings, 1)
    created = await asyncio.to_thread(topic_admin.create, clients, 1, None, CATALOG)
    assert created == [settings.topic("console-audit")]
    assert (await asyncio.to_thread(topic_admin.check, clients, None, None, CATALOG)).differences == ()


async def test_only_missing_topics_are_created(settings):
    await create(settings, 2)
    assert await create(settings, 2) == []


async def test_planted_differences_are_named_and_the_fatal_ones_keep_a_worker_from_starting(settings, admin):
    odd = settings.topic("contacts")
    await admin.create_topics([NewTopic(odd, 1, 1, topic_configs=CATALOG["contacts"].config())])
    await create(settings, 4)
    config = CATALOG["wrap-up"].config() | {"retention.ms": "1000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic("wrap-up"), config)])

    planted = {
        f"{odd}: has 1 partition, not 4",
        f"{settings.topic('wrap-up')}: retention.ms is 1000, not 3628800000",
    }
    # A setting that was changed is told a moment later.
    async with asyncio.timeout(10):
        while {str(difference) for difference in (await check(settings)).differences} != planted:
            await asyncio.sleep(0.1)
    assert {str(difference) for difference in (await check(settings)).fatal} == {f"{odd}: has 1 partition, not 4"}
    with pytest.raises(OperatorError) as error:
        await topic_admin.contact_partitions(Clients(settings))
    assert str(error.value) == f"topic {odd}: has 1 partition, not 4. See `ringback topics check`"


async def test_a_worker_on_an_empty_broker_is_told_to_create_the_topics(settings):
    with pytest.raises(OperatorError, match=r"none of the topics .*ringback topics create"):
        await topic_admin.contact_partitions(Clients(settings))


async def test_a_prefix_keeps_deployments_on_one_broker_apart(settings):
    await create(settings, 2)
    other = settings.model_copy(update={"prefix": f"{settings.prefix}other."})
    checked = await check(other)
    assert len(checked.fatal) == len(NEEDED_TOPICS)
