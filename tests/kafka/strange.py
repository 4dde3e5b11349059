"""Records as other clients make them, and topics as other people set them."""

import json
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.clients import client_options
from tests.edge.test_fetched import seal
from tests.kafka.cluster import PARTITIONS, Cluster
from topics.catalog import CATALOG
from topics.partitions import partition_for


async def set_topics(cluster: Cluster, names: Iterable[str], **changes: str) -> None:
    """Give topics the settings of the catalog, with changes; underscores stand for the dots in their names."""
    changed = {name.replace("_", "."): value for name, value in changes.items()}
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, cluster.prefix + name, CATALOG[name].config() | changed)
        for name in names
    ]
    admin = AIOKafkaAdminClient(**client_options(cluster.settings()))
    await admin.start()
    try:
        for response in await admin.alter_configs(resources):
            assert not any(code for code, *_ in response.resources), response
    finally:
        await admin.close()


async def send(
    cluster: Cluster, topic: str, key: bytes, value: bytes | dict[str, Any], codec: str | None = None
) -> tuple[int, int]:
    """One record of any size, compressed by a codec; returns its partition and offset."""
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    partition = partition_for(key, CATALOG[topic].partition_count(PARTITIONS))
    producer = AIOKafkaProducer(
        **client_options(cluster.settings()), compression_type=codec, max_request_size=200_000_000
    )
    await producer.start()
    try:
        sent = await producer.send_and_wait(cluster.prefix + topic, payload, key=key, partition=partition)
        return sent.partition, sent.offset
    finally:
        await producer.stop()


async def send_with_a_header_that_is_no_text(cluster: Cluster, topic: str, key: bytes, value: bytes) -> None:
    """One record with two headers, of which the name of the second is not UTF-8: other clients write any bytes."""
    partition = partition_for(key, CATALOG[topic].partition_count(PARTITIONS))
    producer = AIOKafkaProducer(**client_options(cluster.settings()))
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(key=key, value=value, timestamp=None, headers=[("good", b"1"), ("wrong", b"2")])
        batch.close()
        data = bytearray(batch._builder.build())
        place = data.find(b"wrong")
        data[place : place + 5] = b"\xff\xfe\xfd\xfc\xfb"
        seal(data)
        batch._buffer = bytes(data)
        await (await producer.send_batch(batch, cluster.prefix + topic, partition=partition))
    finally:
        await producer.stop()
