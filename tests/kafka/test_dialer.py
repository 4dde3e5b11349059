"""The example of a dialer, as its own process on a real Kafka: it takes commands, asks, dials and says how it ended."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.cluster import Cluster, Feeder, Reader, configured, feeder, reader
from tests.kafka.cluster import configure as configure_many
from tests.kafka.test_placement import NUMBER, OF_CONTACT, configure
from tests.kafka.test_worker import SOON_S
from topics.callback_events import CallbackScheduled, Source

pytestmark = pytest.mark.kafka

DIALER = Path(__file__).parents[2] / "examples" / "dialer.py"
ENDS = {"completed", "not_dialed"}
MANY = 300


class Dialers:
    """Processes of the example, in one group; their output together in `log`."""

    def __init__(self, cluster: Cluster) -> None:
        self.log = cluster.folder / "dialer.log"
        self.running: list[subprocess.Popen[bytes]] = []
        self._arguments = [sys.executable, str(DIALER), cluster.broker, cluster.prefix]

    def start(self) -> None:
        with self.log.open("a") as out:
            self.running.append(subprocess.Popen(self._arguments, stdout=out, stderr=subprocess.STDOUT))

    def kill(self, number: int) -> None:
        self.running[number].kill()
        self.running[number].wait()


@contextmanager
def dialing(cluster: Cluster) -> Iterator[Dialers]:
    """Two of them."""
    dialers = Dialers(cluster)
    try:
        for _ in range(2):
            dialers.start()
        yield dialers
    finally:
        for number in range(len(dialers.running)):
            dialers.kill(number)


def ended(taken: Reader) -> dict[str, list[str]]:
    """How each callback ended, with the reasons."""
    steps = taken.values("callback-lifecycle")
    return {one["callback_id"]: [one["transition"], *one["reasons"]] for one in steps if one["transition"] in ENDS}


async def schedule(feed: Feeder, number: int, due_in: timedelta, **about: Any) -> None:
    now = datetime.now(UTC)
    event = CallbackScheduled(
        event_id=f"s{number}", occurred_at=now, callback_id=f"k{number}", source=Source.WIDGET,
        phone_number=NUMBER, due_at=now + due_in, **about,
    )  # fmt: skip
    await feed.send("callback-scheduled", event)


async def test_the_example_of_a_dialer_dials_what_is_allowed_and_gives_back_what_is_not(cluster: Cluster) -> None:
    """Four callbacks of agents: three of a contact that is known, one of a contact that nobody knows."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle", "placement-decided"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        await asyncio.to_thread(worker.wait_ready, SOON_S)
        await configured(cluster)
        with dialing(cluster) as dialers:
            for number in range(4):
                await schedule(
                    feed, number, timedelta(seconds=1), **OF_CONTACT | ({"contact_id": "nobody"} if number == 3 else {})
                )
            await feed.flush()
            await taken.until(lambda: len(ended(taken)) == 4, 2 * SOON_S)
        assert ended(taken) == {
            "k0": ["completed"],
            "k1": ["completed"],
            "k2": ["completed"],
            "k3": ["not_dialed", "failed"],
        }
        decided = taken.values("placement-decided")
        assert {one["callback_id"] for one in decided} == {"k0", "k1", "k2", "k3"}
        assert all(one["reply_to"] for one in decided)
        assert dialers.log.read_text().count("dials ") == 3


async def test_a_dialer_that_is_killed_and_one_that_comes_lose_no_command(cluster: Cluster) -> None:
    """Both make the group share the partitions anew, in the middle of commands."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as taken:
        await configure_many(feed)
        worker = cluster.worker()
        await asyncio.to_thread(worker.wait_ready, SOON_S)
        await configured(cluster)
        with dialing(cluster) as dialers:
            for number in range(MANY):
                about = {"campaign_id": "P", "contact_list_id": "L", "contact_id": f"c{number}"}
                await schedule(feed, number, timedelta(milliseconds=20 * number), **about)
            await feed.flush()
            await taken.until(lambda: len(ended(taken)) >= MANY // 10, SOON_S)
            dialers.start()
            await taken.until(lambda: len(ended(taken)) >= MANY // 2, SOON_S)
            dialers.kill(0)
            await taken.until(lambda: len(ended(taken)) == MANY, 2 * SOON_S)
            assert [process.poll() for process in dialers.running[1:]] == [None, None], dialers.log.read_text()
        assert set(map(tuple, ended(taken).values())) == {("completed",)}
        # At a rebalance each of them may have one in hand that another reads again: two there were, then three.
        assert MANY <= dialers.log.read_text().count("dials ") <= MANY + 2 + 3
