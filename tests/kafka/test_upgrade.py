"""Workers are replaced by those of the next version, one by one and under load: nothing is lost or repeated."""

import asyncio
import json
from contextlib import suppress
from signal import SIGTERM

import pytest

from streams.logic.upgrades import ROW_VERSION
from tests.kafka.cluster import Cluster, feeder, reader
from tests.kafka.kills import EVENTS_PER_S, OUTPUTS, SETTLE_S, Sent, configure, feed_events, verify
from tests.kafka.test_worker import SOON_S

pytestmark = pytest.mark.kafka

NEXT = ("-m", "tests.kafka.next_version")
SECONDS = 18.0


async def test_a_rolling_restart_to_the_next_version_under_load_loses_and_repeats_nothing(cluster: Cluster) -> None:
    sent, turns, codes = Sent(), 0, list[int | None]()

    def replace_one_after_the_other() -> None:
        """The first after a third of the load, the second after two thirds."""
        nonlocal turns
        turns += 1
        replaced = len(codes)
        if replaced < 2 and len(sent.preview) + len(sent.analysis) > EVENTS_PER_S * SECONDS * (replaced + 1) / 3:
            worker = cluster.workers[replaced]
            worker.signal(SIGTERM)
            codes.append(worker.wait_ended(SOON_S))
            cluster.replace(replaced, NEXT)

    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        for name in ("one", "two"):
            worker = cluster.worker(instance_id=name)
            await asyncio.to_thread(worker.wait_ready, SOON_S)
        await feed_events(feed, sent, EVENTS_PER_S, SECONDS, replace_one_after_the_other)
        expected = len(sent.preview) + len(sent.analysis)
        with suppress(TimeoutError):  # The verifier says what is missing.
            await taken.until(
                lambda: len(taken.records["dial-preview"]) + len(taken.records["dial-analysis"]) >= expected, 60
            )
        await taken.settle(SETTLE_S)
        versions = {json.loads(row.value)["version"] for row in taken.records["contact-state"] if row.value}
    assert codes == [0, 0] and [worker.exit_code for worker in cluster.workers] == [None, None]
    assert versions == {ROW_VERSION, ROW_VERSION + 1}
    assert verify(sent, taken) == []
