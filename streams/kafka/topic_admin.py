"""The topics of the catalog on a real broker: make those that are missing, name what differs in those that are there.

It never changes or deletes a topic: partitions cannot be taken back, and retention is the operator's to decide.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.kafka.asking import ask_cluster
from streams.kafka.clients import Clients
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.features import check_transactions
from streams.kafka.installations import be_alone
from streams.kafka.topic_differences import Actual, Checked, compare, durability
from streams.kafka.topic_ids import TopicMetadata, ask_topics
from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import MetadataRequest
from topics.catalog import NEEDED_TOPICS
from topics.topic import Topic

VISIBLE_TIMEOUT_S = 15
REPLICATION_USUAL = 3

Found = TypeVar("Found")
Topics = Mapping[str, Topic]


def create(
    clients: Clients | Settings, partitions: int, replication: int | None = None, catalog: Topics = NEEDED_TOPICS
) -> list[str]:
    """Create the topics that are missing and wait until they can be written; returns their full names.

    partitions: of every contact topic. replication: None takes 3, or as many brokers as there are.
    clients: or the settings to make them from. Raises OperatorError when the broker does not answer or refuses.
    """
    given = _of(clients)
    return _run(given, lambda admin: _create(admin, given, partitions, replication, catalog))


def check(
    clients: Clients | Settings,
    partitions: int | None = None,
    replication: int | None = None,
    catalog: Topics = NEEDED_TOPICS,
) -> Checked:
    """Compare the broker's topics with the catalog; nothing is asked about topics that are not in `catalog`.

    partitions: of every contact topic; None takes what most of them have. replication: None accepts any.
    clients: or the settings to make them from. Raises OperatorError when the broker does not answer.
    """
    given = _of(clients)
    return _run(given, lambda admin: _check(admin, given.settings, partitions, replication, catalog))


async def differences(clients: Clients, catalog: Topics) -> Checked:
    """The same for whoever has an event loop: contact topics may have as many partitions as most of them have.

    Raises OperatorError.
    """
    return await ask_cluster(clients, lambda admin: _check(admin, clients.settings, None, None, catalog))


async def contact_partitions(clients: Clients) -> int:
    """How many partitions the contact topics have. Raises as `fit_topics` does."""
    return (await fit_topics(clients)).partitions or 0


async def fit_topics(clients: Clients, catalog: Topics = NEEDED_TOPICS) -> Checked:
    """The topics, for a worker or adapter that is about to start; `partitions` is never None.

    Raises OperatorError when the broker does not answer, and with one line for each fatal difference.
    """
    checked = await differences(clients, catalog)
    if checked.partitions is None:
        raise OperatorError(
            f"none of the topics is on {clients.settings.broker}. "
            "Create them with `ringback topics create` (same --prefix)"
        )
    if checked.fatal:
        cure = "See `ringback topics check`"
        raise OperatorError("\n".join(f"topic {difference}. {cure}" for difference in checked.fatal))
    return checked


async def be_welcome(clients: Clients) -> None:
    """Raise OperatorError for a cluster on which this worker must not go on.

    It lacks the transactions that the settings ask for, an installation with other topics has our consumer group, or
    it is silent.
    """

    async def look(admin: AIOKafkaAdminClient) -> None:
        await check_transactions(admin, clients.settings)
        await be_alone(admin, clients.settings)

    await ask_cluster(clients, look)


async def topic_metadata(clients: Clients, names: Iterable[str]) -> dict[str, TopicMetadata]:
    """Ids and partitions of topics by full name, as far as the broker has them. Raises OperatorError."""
    wanted = list(names)
    return await ask_cluster(clients, lambda admin: ask_topics(admin, wanted))


async def partitions_of(clients: Clients, topic: str) -> int:
    """How many partitions a topic has by its full name, 0 if it is not there. Raises OperatorError."""
    there = await ask_cluster(clients, lambda admin: _visible(admin, [topic]))
    return there[topic].partitions if topic in there else 0


async def cluster_id(clients: Clients) -> str:
    """What the cluster calls itself: the same topic elsewhere holds other records. Raises OperatorError."""

    async def ask(admin: AIOKafkaAdminClient) -> str:
        return str((await admin.describe_cluster())["cluster_id"])

    return await ask_cluster(clients, ask)


async def configs_of(clients: Clients, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The settings of those of these topics that this user can see, by full name. Raises OperatorError."""
    wanted = list(names)

    async def look(admin: AIOKafkaAdminClient) -> dict[str, dict[str, str]]:
        there = await _topics(admin)
        return await _configs(admin, [name for name in wanted if name in there])

    return await ask_cluster(clients, look)


def _of(given: Clients | Settings) -> Clients:
    return given if isinstance(given, Clients) else Clients(given)


def _run(clients: Clients, work: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, Found]]) -> Found:
    return asyncio.run(ask_cluster(clients, work))


async def _create(
    admin: AIOKafkaAdminClient, clients: Clients, partitions: int, replication: int | None, catalog: Topics
) -> list[str]:
    settings = clients.settings
    brokers = len((await admin.describe_cluster())["brokers"])
    replicas = replication or min(REPLICATION_USUAL, brokers)
    there = await _visible(admin, map(settings.topic, catalog))
    missing = [topic for topic in catalog.values() if settings.topic(topic.name) not in there]
    new = [
        NewTopic(
            settings.topic(topic.name),
            topic.partition_count(partitions),
            replicas,
            topic_configs=topic.config() | durability(replicas),
        )
        for topic in missing
    ]
    if new:
        response = await admin.create_topics(new, timeout_ms=clients.answer_s * 1000)
        for name, code, message, *_ in response.topic_errors:
            # Somebody else may create the same topics at the same moment.
            if for_code(code) is TopicAuthorizationFailedError:
                raise OperatorError(f"this user has no right to Create topic {name}. {RIGHTS}")
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise OperatorError(f"the broker refuses to create {name}: {message or for_code(code).__name__}")
    names = [topic.name for topic in new]
    await _await_visible(admin, names)
    return names


async def _await_visible(admin: AIOKafkaAdminClient, names: Iterable[str]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + VISIBLE_TIMEOUT_S
    while loop.time() < deadline:
        there = await _topics(admin)
        waiting = [name for name in names if name not in there or not there[name].led]
        if not waiting:
            return
        await asyncio.sleep(0.1)
    raise OperatorError(f"{waiting[0]} was created but has no leader after {VISIBLE_TIMEOUT_S} s. Look at the brokers")


async def _check(
    admin: AIOKafkaAdminClient, settings: Settings, partitions: int | None, replication: int | None, catalog: Topics
) -> Checked:
    there = await _visible(admin, map(settings.topic, catalog))
    configs = await _configs(admin, [name for name in map(settings.topic, catalog) if name in there])
    return compare(there, configs, settings.prefix, partitions, replication, catalog)


async def _visible(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Actual]:
    """The topics that there are. Raises OperatorError for those of `names` that this user may not see."""
    there = await _topics(admin)
    missing = [name for name in names if name not in there]
    if not missing:
        return there
    # A topic without the right to describe it looks as if it were not there; only a request by its name shows it.
    answer = await ask(admin, MetadataRequest(missing, allow_auto_topic_creation=False))
    codes = {entry["topic"]: entry["error_code"] for entry in answer.to_object()["topics"]}
    hidden = [name for name, code in codes.items() if for_code(code) is TopicAuthorizationFailedError]
    if hidden:
        raise OperatorError(
            f"this user has no right to Describe topic {', '.join(sorted(hidden))}. "
            f"Read and Write bring it along; {RIGHTS}"
        )
    return there


async def _topics(admin: AIOKafkaAdminClient) -> dict[str, Actual]:
    # All topics are asked for: to ask for one by name would create it on a broker that creates topics by itself.
    return {entry["topic"]: _actual(entry["partitions"]) for entry in await admin.describe_topics()}


def _actual(partitions: list[dict[str, Any]]) -> Actual:
    replicas = min((len(partition["replicas"]) for partition in partitions), default=0)
    return Actual(len(partitions), replicas, bool(partitions) and all(part["leader"] >= 0 for part in partitions))


async def _configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    responses = await admin.describe_configs(resources) if resources else []
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for code, message, _, name, entries in response.resources:
            if for_code(code) is TopicAuthorizationFailedError:
                raise OperatorError(f"this user has no right to DescribeConfigs of topic {name}. {RIGHTS}")
            if code:
                raise OperatorError(f"the broker does not give the settings of {name}: {message}")
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
