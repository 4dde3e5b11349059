"""What writes to the topics of a world, well or badly, and what the doctor finds there."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.base.clock import Clock, SystemClock
from streams.doctor.examination import Chosen, Doctor
from streams.doctor.findings import Check, Finding, Report, Result
from streams.kafka.clients import Clients, client_options
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, configure, feeder
from topics.catalog import CATALOG
from topics.codec import encode
from topics.events import WrapUp
from topics.partitions import partition_for

NUMBER = "+12125550173"
CONTACTS = [f"c{number}-{NUMBER}" for number in range(60)]
"""Contacts of whom nothing may be told: their ids are numbers."""


def wrap_up(contact_id: str, name: str = "w", at: datetime | None = None, **changes: Any) -> WrapUp:
    return WrapUp(
        event_id=f"{name}-{contact_id}", occurred_at=at or datetime.now(UTC), conversation_id=f"v-{contact_id}",
        campaign_id="P", contact_list_id=LIST, contact_id=contact_id, phone_number=NUMBER, wrap_up_code="CB", **changes,
    )  # fmt: skip


def as_json(contact_id: str, **changes: Any) -> dict[str, Any]:
    """The same as another program makes it."""
    made: dict[str, Any] = json.loads(encode(wrap_up(contact_id)))
    return made | changes


async def all_is_well(cluster: Cluster) -> None:
    """Configuration, contacts and events as they should be."""
    async with feeder(cluster) as feed:
        await configure(feed)
        for contact_id in CONTACTS[:20]:
            await feed.send("wrap-up", wrap_up(contact_id))
        await feed.flush()


async def send(
    cluster: Cluster,
    records: Iterable[tuple[bytes | None, bytes | None]],
    topic: str = "wrap-up",
    at: timedelta = timedelta(0),
    headers: list[tuple[str, bytes]] | None = None,
    **options: Any,
) -> None:
    """Keys and values, in the partition of the key."""
    producer: Any = AIOKafkaProducer(**client_options(cluster.settings()), **options)
    stamp = int((datetime.now(UTC) + at).timestamp() * 1000)
    async with producer:
        for key, value in records:
            partition = partition_for(key or b"", CATALOG[topic].partition_count(PARTITIONS))
            await producer.send_and_wait(
                cluster.prefix + topic, value, key=key, partition=partition, timestamp_ms=stamp, headers=headers or []
            )


async def some_group_is_used(cluster: Cluster) -> None:
    """From then on Kafka says what may be done to groups."""
    consumer: Any = AIOKafkaConsumer(
        f"{cluster.prefix}holds", group_id=f"{cluster.prefix}other", bootstrap_servers=cluster.broker
    )
    async with consumer:
        async with asyncio.timeout(60):
            while not consumer.assignment():
                await consumer.getmany(timeout_ms=100)


def kcat(
    cluster: Cluster,
    values: Iterable[dict[str, Any]],
    *options: str,
    key: str | None = "{contact_list_id}|{contact_id}",
) -> None:
    """Values as kcat sends them, with its default partitioner unless `options` say something else."""
    lines = [("" if key is None else key.format(**value) + "\t") + json.dumps(value) for value in values]
    keyed = [] if key is None else ["-K", "\t"]
    command = ["kcat", "-P", "-b", cluster.broker, "-t", f"{cluster.prefix}wrap-up", *keyed, *options]
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True, timeout=60, capture_output=True)


async def examined(
    cluster: Cluster, clock: Clock | None = None, changes: dict[str, Any] | None = None, **chosen: Any
) -> Report:
    clients = Clients(cluster.settings(**(changes or {})))
    return await asyncio.wait_for(Doctor(clients, clock or SystemClock(), Chosen(**chosen)).examine(), 90)


def faults(report: Report) -> list[Finding]:
    """Problems and warnings."""
    return [one for one in report.findings if one.result in (Result.PROBLEM, Result.WARNING)]


def the_fault(report: Report, check: Check, result: Result = Result.PROBLEM) -> Finding:
    """The only thing that is wrong in a world, which nothing else follows from."""
    (finding,) = faults(report)
    assert (finding.check, finding.result) == (check, result), finding
    assert finding.change, "a fault without a cure"
    assert [one for one in report.findings if one.result is Result.COULD_NOT_LOOK] == []
    return finding
