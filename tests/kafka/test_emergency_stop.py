"""The commands of docs/operate.md that stop everything and let go, typed against a worker on a real Kafka."""

import asyncio
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.dev.local import LocalWorker
from tests.kafka.cluster import Cluster, configure, configured, feeder, reader
from topics.callback_events import CallbackScheduled, Owner, Source

pytestmark = pytest.mark.kafka

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
SECTION = PAGE.partition("## The emergency stop\n")[2].partition("\n## ")[0]
STOP, STOP_CAMPAIGN, LET_GO, SHOW = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def typed(cluster: Cluster, block: str) -> str:
    """What a block of the page says, with the names and the broker of this cluster."""
    script = block.replace("127.0.0.1:9092", cluster.settings().broker).replace("ringback.", cluster.prefix)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def has_read(worker: LocalWorker, records: int) -> None:
    deadline = time.monotonic() + 30
    while (status := worker.status()) is None or status["configuration"]["holds"] != records:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_the_commands_of_the_page_stop_everything_and_let_go(cluster: Cluster) -> None:
    if shutil.which("kcat") is None:
        pytest.skip("the page's commands need kcat, which this machine does not have")
    worker = cluster.worker()
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview", "callback-lifecycle"]) as read:
        await configure(feed)
        await configured(cluster)
        typed(cluster, STOP)
        typed(cluster, STOP_CAMPAIGN)
        await has_read(worker, 2)
        now = datetime.now(UTC)
        await feed.send(
            "callback-scheduled",
            CallbackScheduled(
                event_id="s1", occurred_at=now, callback_id="k1", source=Source.WIDGET, campaign_id="P",
                contact_list_id="L", contact_id="ann", phone_number="+12125550101", due_at=now, agent_id="a7",
                owner=Owner.ANYONE,
            ),
        )  # fmt: skip
        await feed.flush()
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 3, 30)
        assert [one["transition"] for one in read.values("callback-lifecycle")] == ["scheduled", "due", "waiting"]
        assert read.records["dial-preview"] == []
        typed(cluster, LET_GO)
        await read.until(lambda: len(read.records["dial-preview"]) == 1, 30)
    assert typed(cluster, SHOW).splitlines()[-2:] == ["stop\tNULL", "stop-spring\tNULL"]
