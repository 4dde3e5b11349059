"""A request of a transaction whose answer never comes, on a connection that nobody closes: only its timeout tells."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.faults.brokers import NETWORKS, Brokers
from tests.faults.faults import Fault
from tests.faults.frames import V2, Api
from tests.faults.run import run_on
from tests.faults.stage import Stage
from tests.faults.swallowed import Swallowing, What
from tests.faults.test_late_copies import READ_AGAIN
from tests.kafka.cluster import PARTITIONS, Cluster, Reader, configure, feeder, reader
from tests.kafka.test_networks import said
from tests.kafka.test_worker import scheduled
from topics.partitions import partition_for

pytestmark = [pytest.mark.kafka, pytest.mark.long]

TRANSACTION_TIMEOUT_S = 24.0
"""Of which a third is what a request of it may take."""
SOON_S = 90.0
REQUESTS = (
    "ProduceRequest", "AddPartitionsToTxnRequest", "AddOffsetsToTxnRequest", "EndTxnRequest", "TxnOffsetCommitRequest"
)  # fmt: skip
OUTPUTS = ["dial-preview", "callback-lifecycle"]


class Patient(Cluster):
    """Its workers find out sooner than others that there is no answer."""

    def _given(self, changes: dict[str, Any]) -> dict[str, Any]:
        return {"transaction_timeout_s": TRANSACTION_TIMEOUT_S} | super()._given(changes)


@pytest.fixture(scope="module")
def proxies() -> Swallowing:
    return Swallowing(NETWORKS)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory, proxies: Swallowing) -> Iterator[Brokers]:
    """One node, which workers reach through proxies."""
    with Brokers(tmp_path_factory.mktemp("brokers"), 1, proxies) as made:
        yield made


@pytest.fixture
def cluster(brokers: Brokers, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    with Patient(brokers.direct, prefix, tmp_path) as made:
        yield made


def contacts() -> dict[int, str]:
    """One of each partition."""
    return {partition_for(f"L|c{number}".encode(), PARTITIONS): f"c{number}" for number in range(40)}


def presented(read: Reader) -> set[str]:
    return {one["callback_id"] for one in read.values("dial-preview")}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", What)
async def test_a_partition_whose_request_had_no_answer_gets_a_new_epoch_in_place_and_the_others_go_on(
    cluster: Cluster, brokers: Brokers, proxies: Swallowing, what: What
) -> None:
    of, doubtful = contacts(), 1
    app = cluster.settings().app
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as read:

        async def send(name: str, partition: int) -> str:
            await feed.send(
                "callback-scheduled", scheduled(name, of[partition], datetime.now(UTC) + timedelta(seconds=1))
            )
            await feed.flush()
            return name

        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied())
        worker.wait_ready()
        names = {await send(f"first-{number}", number) for number in of}
        await read.until(lambda: presented(read) >= names, SOON_S)
        generation = (worker.status() or {})["generation"]
        for api in Api:
            wanted = proxies.swallow(api, what, app, f"{app}-{doubtful}")
            late = await send(f"{api.name}-late", doubtful)
            await read.until(lambda: wanted.done, SOON_S)  # noqa: B023
            others = {await send(f"{api.name}-{number}", number) for number in of if number != doubtful}
            await read.until(lambda: presented(read) >= others, SOON_S)  # noqa: B023
            assert late not in presented(read), "it waits, and the others do not wait for it"
            later = await send(f"{api.name}-later", doubtful)
            await read.until(lambda: presented(read) >= {late, later}, SOON_S)  # noqa: B023
            names |= others | {late, later}
            seen = proxies.seen[f"{app}-{doubtful}".encode()]
            assert seen.epochs == sorted(seen.epochs) and len(seen.epochs) > 1
            assert seen.transactions_begun_after_an_end(seen.epochs[0]) == 0
        await read.settle(2.0)
        assert worker.exit_code is None and (worker.status() or {})["generation"] == generation
        steps = Counter((one["callback_id"], one["transition"]) for one in read.values("callback-lifecycle"))
        assert {name for name, _ in steps} == names and set(steps.values()) == {1}
        assert Counter(one["callback_id"] for one in read.values("dial-preview")) == Counter(names)
    doubts = said(worker, f"partition {doubtful}: in doubt about a transaction")
    for request in REQUESTS:
        assert any(f"{request} had no answer: RequestTimedOutError" in one for one in doubts), doubts


def swallowed(kinds: Iterable[Api]) -> Callable[[Stage, random.Random], Awaitable[float]]:
    """A request and an answer of each kind are swallowed, of whoever sends the next. From the last one."""

    async def make(stage: Stage, chance: random.Random) -> float:
        proxies = stage.brokers.proxies
        assert isinstance(proxies, Swallowing), "this network swallows nothing"
        for api, what in product(kinds, What):
            wanted = proxies.swallow(api, what, stage.cluster.settings().app)
            deadline = time.monotonic() + SOON_S
            while not (wanted.name and len(proxies.seen[wanted.name].epochs) > 1):
                assert time.monotonic() < deadline, f"no new epoch after {api.name}, {what.name}"
                await asyncio.sleep(0.05)
        return await stage.works_since(datetime.now(UTC))

    return make


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("protocol", "kinds"), [(1, Api), (2, V2)])
def test_requests_without_an_answer_lose_and_repeat_nothing_under_load_and_end_no_worker(
    brokers: Brokers, prefix: str, tmp_path: Path, protocol: int, kinds: Iterable[Api]
) -> None:
    fault = Fault("requests and answers swallowed", swallowed(kinds), in_place=True)
    with Patient(brokers.proxied(), prefix, tmp_path, protocol=protocol) as cluster:
        run = asyncio.run(run_on(brokers, cluster, [fault], random.Random(12)))
        read_again = sum(worker.log.read_text("utf-8").count(READ_AGAIN) for worker in cluster.workers)
    assert run.verdict.lines() == []
    assert run.verdict.commands > 0
    assert (read_again == 0) is (protocol == 2)
