"""Configuration that cannot be accepted, on a real Kafka: by the thousand, and too much for anybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from streams.dev.local import LocalWorker
from tests.kafka.cluster import LIST, Cluster, Feeder, Reader, configure, configured, feeder, reader
from tests.kafka.counted import counted
from tests.kafka.test_worker import scheduled

pytestmark = pytest.mark.kafka

IN_BULK = 5_000
SOON_S = 90.0
CALLBACKS = 20


async def refused_in_bulk(feed: Feeder, first: int) -> None:
    """Do Not Call entries as an import writes them that knows another format."""
    for n in range(first, first + IN_BULK):
        await feed.send("dnc-entries", b'{"list":"house","number":"+1%010d"}' % n, key=f"house|+1{n:010}")
    await feed.flush()


@asynccontextmanager
async def fed(cluster: Cluster) -> AsyncIterator[tuple[Feeder, Reader]]:
    async with feeder(cluster) as feed, reader(cluster, ["dead-letter", "dial-preview"]) as taken:
        await configure(feed)
        yield feed, taken


def offsets(taken: Reader) -> list[int]:
    return [int(dict(one.headers)["__connect.errors.offset"]) for one in taken.records["dead-letter"]]


async def promise(feed: Feeder, name: str) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.5)
    for n in range(CALLBACKS):
        await feed.send("callback-scheduled", scheduled(f"{name}{n}", f"c{n}", due))
    await feed.flush()


def dialed(taken: Reader, name: str) -> int:
    return sum(one["callback_id"].startswith(name) for one in taken.values("dial-preview"))


async def test_records_that_are_refused_in_bulk_are_dead_letters_once_each_and_hold_no_callback_up(
    cluster: Cluster,
) -> None:
    """Before the start, while it runs, and over a worker that is killed in the middle of it."""
    async with fed(cluster) as (feed, taken):
        await refused_in_bulk(feed, 0)
        await promise(feed, "first-")
        worker = cluster.worker()
        await taken.until(lambda: dialed(taken, "first-") == CALLBACKS, SOON_S)
        await taken.until(lambda: len(taken.records["dead-letter"]) >= IN_BULK, SOON_S)
        assert counted(worker, "ringback_dead_letters_total", code="invalid") == IN_BULK
        assert counted(worker, "ringback_transactions_total") >= IN_BULK / 500, "in portions"

        await refused_in_bulk(feed, IN_BULK)
        await promise(feed, "second-")
        await taken.until(lambda: len(taken.records["dead-letter"]) > 1.2 * IN_BULK, SOON_S)
        worker.kill()
        cluster.revive()
        await taken.until(lambda: dialed(taken, "second-") == CALLBACKS, SOON_S)
        await taken.until(lambda: len(taken.records["dead-letter"]) >= 2 * IN_BULK, SOON_S)
        await taken.settle(1.0)
    assert offsets(taken) == list(range(2 * IN_BULK))
    assert cluster.workers[0].exit_code is None


def rules(count: int, **changes: object) -> list[dict[str, object]]:
    return [{"rule_id": f"r{n}", "order": n, "category": "wrap_up", **changes} for n in range(count)]


def wrap_up(conversation: str) -> bytes:
    return orjson.dumps({
        "event_id": conversation, "occurred_at": datetime.now(UTC), "conversation_id": conversation,
        "campaign_id": "P", "contact_list_id": LIST, "contact_id": "c1", "phone_number": "+12125550101",
        "wrap_up_code": "CB",
    })  # fmt: skip


def errors(taken: Reader) -> list[str]:
    return [dict(one.headers)["ringback.error"].decode() for one in taken.records["dead-letter"]]


async def test_a_rule_set_over_its_bounds_is_refused_and_one_that_needs_too_much_work_refuses_the_event(
    cluster: Cluster,
) -> None:
    contains = {
        "type": "contact_attribute", "attribute": "long", "operator": "contains", "value": "x", "value_type": "string",
    }  # fmt: skip
    async with fed(cluster) as (feed, taken):
        worker: LocalWorker = cluster.worker()
        worker.wait_ready()
        await feed.send("rule-sets", orjson.dumps({"rule_set_id": "R", "rules": rules(5001)}), key="R")
        await feed.flush()
        await taken.until(lambda: errors(taken) == ["invalid"], SOON_S)
        message = dict(taken.records["dead-letter"][0].headers)["__connect.errors.exception.message"].decode()
        assert "5001 rules" in message and "5000" in message and "$.rules" in message

        await feed.send("wrap-up", wrap_up("v1"), key=f"{LIST}|c1")
        await feed.flush()
        await taken.until(lambda: errors(taken)[1:] == ["rule_set_unreadable"], SOON_S)

        contact = {"contact_list_id": LIST, "contact_id": "c1", "attributes": {"long": "y" * 58_000}}
        await feed.send("contacts", orjson.dumps(contact), key=f"{LIST}|c1")
        dear = rules(5000, conditions=[contains])
        await feed.send("rule-sets", orjson.dumps({"rule_set_id": "R", "rules": dear}), key="R")
        await feed.flush()
        await configured(cluster)
        await taken.until(lambda: counted(worker, "ringback_events_total", topic="contacts") > 400, SOON_S)
        for n in range(50):
            await feed.send("wrap-up", wrap_up(f"w{n}"), key=f"{LIST}|c1")
        await promise(feed, "others-")
        await taken.until(lambda: dialed(taken, "others-") == CALLBACKS, SOON_S)
        await taken.until(lambda: len(errors(taken)) == 52, SOON_S)
        assert set(errors(taken)[2:]) == {"too_much_work"} and worker.exit_code is None
