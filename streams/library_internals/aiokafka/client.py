"""The client below each consumer, producer and admin client: where it takes connections and asks for metadata.

Faust's clients meet those of ours here. Source: docs/decisions/0029-connections-of-a-worker.md.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaConnectionError, KafkaError, LeaderNotAvailableError

from streams.library_internals.aiokafka.protocol import Request

METADATA_UNANSWERED = 'Unable to request metadata from "%s:%s": %s'
"""What aiokafka logs with host, port and error of an address that took a connection; it raises none of them."""

take_connection = AIOKafkaClient._get_conn
"""aiokafka's own, as it was before `intercept`: an open connection to a node, or None."""
update_metadata = AIOKafkaClient._metadata_update
"""The same: whether one of the known brokers has answered about the cluster."""
look_up_coordinator = AIOKafkaClient.coordinator_lookup
"""The same: the node of a coordinator. It asserts that a broker is known."""


def intercept(
    take: Callable[..., Awaitable[Any]], update: Callable[[Any, Any, Any], Awaitable[bool]],
    look_up: Callable[[Any, int, str], Awaitable[Any]],
) -> None:  # fmt: skip
    """Have every client of this process take connections, ask for metadata, and look up coordinators, through these."""
    AIOKafkaClient._get_conn = take
    AIOKafkaClient._metadata_update = update
    AIOKafkaClient.coordinator_lookup = look_up


def connections(client: Any) -> list[Any]:
    """Those that a client holds: all have to be replaced when one was forgotten by the network."""
    return list(client._conns.values())


def brokers(client: Any) -> dict[Any, Any]:
    """The brokers that a client knows, by node id."""
    known: dict[Any, Any] = client.cluster._brokers
    return known


def know_brokers(client: Any, brokers: dict[Any, Any]) -> None:
    """Have a client know other brokers, and leave the topics: a lost one would lead to a rebalance."""
    client.cluster._brokers = dict(brokers)


async def bootstrapped(client: Any) -> dict[Any, Any] | None:
    """The brokers as an address of the settings names them now, with nothing changed in the client; None if none does.

    aiokafka asks these addresses once in the life of a client.
    """
    again = copy.copy(client)
    again.cluster, again._conns = ClusterMetadata(), {}
    again._sync_task = client  # It has one already, as far as it is asked: none is started.
    try:
        await again.bootstrap()
    except KafkaConnectionError:
        return None
    await asyncio.gather(*(connection.close() for connection in again._conns.values()))
    return brokers(again)


async def ask(admin: AIOKafkaAdminClient, request: Request, node: int | None = None) -> Any:
    """The answer of a broker, of some broker without `node`, to a request that no method of the admin client sends."""
    return await admin._send_request(request, node)


async def ask_leader(consumer: Any, tp: TopicPartition, request: Request) -> Any:
    """The answer of the leader of a partition to a request that no method of a consumer sends.

    Raises KafkaError. Who is the leader is looked up again for the next question if this one found none.
    """
    client = consumer._client
    await client._wait_on_metadata(tp.topic)
    leader = client.cluster.leader_for_partition(tp)
    try:
        if leader is None or leader < 0:
            raise LeaderNotAvailableError(f"{tp.topic}-{tp.partition}")
        return await client.send(leader, request)
    except KafkaError:
        await look_for_leaders(consumer)
        raise


async def look_for_leaders(consumer: Any) -> None:
    """Have a consumer ask for metadata: another broker may lead a partition by now."""
    await consumer._client.force_metadata_update()
