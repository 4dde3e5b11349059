"""What a consumer group has committed, and whether the cluster has the transactions that it is committed in."""

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.asking import ask_cluster
from streams.kafka.clients import Clients
from streams.kafka.features import check_transactions


async def committed_offsets(clients: Clients, group: str) -> dict[TopicPartition, int]:
    """What a group has committed, by full topic name; partitions without an offset are left out.

    Raises OperatorError.
    """

    async def look(admin: AIOKafkaAdminClient) -> dict[TopicPartition, int]:
        found = await admin.list_consumer_group_offsets(group)
        return {tp: one.offset for tp, one in found.items() if one.offset >= 0}

    return await ask_cluster(clients, look)


async def speaks(clients: Clients) -> None:
    """Raise OperatorError for a cluster that lacks the transactions that the settings ask for."""
    await ask_cluster(clients, lambda admin: check_transactions(admin, clients.settings))
