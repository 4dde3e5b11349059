"""An adapter on a secured Kafka has enough with the rights that are published, and each topic is written with them."""

import asyncio
import json
import random
from typing import Any

import msgspec
import pytest

from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.adapters.play import GOLDEN
from tests.kafka.cluster import PARTITIONS, Cluster, feeder, reader
from tests.kafka.genesys import adapter, after_call_work, outbound, ready, send
from tests.secured.kafka import Acls, SecuredKafka
from topics.of_adapters import OF_ADAPTERS
from topics.right import Right
from topics.rights import of_adapter

SOON_S = 60.0
CONVERSATION = "11111111-2222-4333-8444-555555555555"
REFUSED_WITHIN_S = 45.0


def topics_of(cluster: Cluster, name: str) -> None:
    topic_admin.create(Clients(cluster.settings()), PARTITIONS, 1, OF_ADAPTERS[name].by_name())


@pytest.mark.kafka
@pytest.mark.parametrize("name", OF_ADAPTERS)
async def test_an_adapter_writes_each_of_its_topics_with_the_rights_that_are_published(
    secured: SecuredKafka, cluster: Cluster, admin: Any, name: str
) -> None:
    settings, topics = cluster.settings(), OF_ADAPTERS[name]
    await asyncio.to_thread(topics_of, cluster, name)
    await Acls(admin).allow(of_adapter(name, settings.prefix, settings.app))
    one = adapter(cluster, 1, name, **secured.scram(), adapter_region="US")
    await ready(one)
    written = [str(topic) for topic in topics.written]
    async with feeder(cluster) as feed, reader(cluster, written) as read:
        for path in sorted(GOLDEN.glob(f"{name}-*.json")):
            for step in json.loads(path.read_text("utf-8"))["steps"]:
                if "raw" in step:
                    await send(feed, msgspec.json.encode(step["raw"]), random.Random(1), topics.raw.name)
        await feed.flush()
        await read.until(lambda: all(read.records[topic] for topic in written), SOON_S)
    assert one.exit_code is None


@pytest.mark.kafka
@pytest.mark.parametrize(
    "lacking", ["Read genesys-events", "Write genesys-keyed", "Read genesys-state", "Write ids", "Read group"]
)
async def test_an_adapter_without_one_of_its_rights_is_not_ready_or_ends_and_does_not_go_on_as_if_it_had_it(
    secured: SecuredKafka, cluster: Cluster, admin: Any, lacking: str
) -> None:
    settings = cluster.settings()
    await asyncio.to_thread(topics_of, cluster, "genesys")
    operation, what = lacking.split()
    rights = [_without(right, operation, what) for right in of_adapter("genesys", settings.prefix, settings.app)]
    await Acls(admin).allow([right for right in rights if right.operations])
    own: dict[str, Any] = {"transaction_timeout_s": 5, "adapter_window_s": 3600}
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter", "genesys-state")) as read:
        before = adapter(cluster, 0, **own)  # Inside, where no rights are asked for: there are rows to be read.
        await send(feed, after_call_work(CONVERSATION), random.Random(1))
        await feed.flush()
        await read.until(lambda: bool(read.records["genesys-state"]), SOON_S)
        before.stop()
        read.records["genesys-state"].clear()
        one = adapter(cluster, 1, **secured.scram(), **own)
        await send(feed, b"no json", random.Random(1))
        await send(feed, outbound(CONVERSATION, "c"), random.Random(1))
        await feed.flush()
        ended = await asyncio.to_thread(_ends, one)
        await read.poll()
        assert ended not in (None, 0) and not any(read.records.values())


def _without(right: Right, operation: str, what: str) -> Right:
    is_meant = right.name.endswith(what) or (what, right.resource) in (("ids", "transactionalId"), ("group", "group"))
    kept = tuple(one for one in right.operations if not (is_meant and one == operation))
    return right._replace(operations=kept)


def _ends(one: LocalWorker) -> int | None:
    return one.wait_ended(REFUSED_WITHIN_S)
