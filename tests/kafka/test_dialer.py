"""The example of a dialer, as its own process on a real Kafka: it takes commands, asks, dials and says how it ended."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kafka.cluster import Cluster, configured, feeder, reader
from tests.kafka.test_placement import NUMBER, OF_CONTACT, configure
from tests.kafka.test_worker import SOON_S
from topics.callback_events import CallbackScheduled, Source

pytestmark = pytest.mark.kafka

DIALER = Path(__file__).parents[2] / "examples" / "dialer.py"
ENDS = {"completed", "not_dialed"}


@contextmanager
def dialing(cluster: Cluster) -> Iterator[Path]:
    """Two of the example's processes, in one group; their output together."""
    log = cluster.folder / "dialer.log"
    arguments = [sys.executable, str(DIALER), cluster.broker, cluster.prefix]
    with log.open("w") as out:
        running = [subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT) for _ in range(2)]
        try:
            yield log
        finally:
            for process in running:
                process.kill()
                process.wait()


async def test_the_example_of_a_dialer_dials_what_is_allowed_and_gives_back_what_is_not(cluster: Cluster) -> None:
    """Four callbacks of agents: three of a contact that is known, one of a contact that nobody knows."""
    now = datetime.now(UTC)
    due = now + timedelta(seconds=1)
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle", "placement-decided"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        await asyncio.to_thread(worker.wait_ready, SOON_S)
        await configured(cluster)
        with dialing(cluster) as log:
            for number in range(4):
                about = OF_CONTACT | ({"contact_id": "nobody"} if number == 3 else {})
                event = CallbackScheduled(
                    event_id=f"s{number}", occurred_at=now, callback_id=f"k{number}", source=Source.WIDGET,
                    phone_number=NUMBER, due_at=due, **about,
                )  # fmt: skip
                await feed.send("callback-scheduled", event)
            await feed.flush()

            def ended() -> dict[str, list[str]]:
                steps = taken.values("callback-lifecycle")
                return {
                    one["callback_id"]: [one["transition"], *one["reasons"]]
                    for one in steps
                    if one["transition"] in ENDS
                }

            await taken.until(lambda: len(ended()) == 4, 2 * SOON_S)
        assert ended() == {
            "k0": ["completed"],
            "k1": ["completed"],
            "k2": ["completed"],
            "k3": ["not_dialed", "failed"],
        }
        decided = taken.values("placement-decided")
        assert len(decided) == 4 and all(one["reply_to"] for one in decided)
        assert log.read_text().count("dials ") == 3
