"""Do Not Call entries reach every worker, and a restart reads only those that are newer than its snapshot."""

import re

import pytest

from tests.kafka.cluster import Cluster, Feeder, feeder
from topics.configuration import DncEntry

pytestmark = pytest.mark.kafka


async def append(feed: Feeder, numbers: range) -> None:
    for number in numbers:
        await feed.send("dnc-entries", DncEntry(dnc_list_id="D", phone_number=f"+1212555{number:04d}"))
    await feed.flush()


async def test_a_restart_reads_only_what_is_newer_than_the_snapshot(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await append(feed, range(1000))
        worker = cluster.worker(state_dir=cluster.folder / "state")
        worker.wait_ready()
        worker.stop()
        await append(feed, range(1000, 1010))
        worker.start()
        worker.wait_ready()
    log = worker.log.read_text()
    read = [int(count) for count in re.findall(r"read (\d+) configuration records", log)]
    assert read == [1000, 10]
    assert "took up 1000 entries" in log
    status = worker.status()
    assert status is not None and status["configuration"]["dnc-entries"] == 1010
