"""Workers on networks that forget and are cut, and brokers that go, move, or lose a log."""

import asyncio
import json
import re
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.dev.local import POLL_S, LocalWorker
from streams.kafka.reconnecting import PING_AFTER_S
from streams.kafka.request_timeouts import ANSWER_S, DATA_ANSWER_S
from streams.worker.ending import EXIT_BROKEN
from tests.faults.brokers import Brokers
from tests.faults.proxy import HOST
from tests.faults.run import LOG_SHORTER
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configure, feeder, reader
from tests.kafka.test_worker import scheduled, settled
from tests.ports import reserved_ports
from tests.waiting import until
from topics.partitions import partition_for

pytestmark = [pytest.mark.kafka, pytest.mark.long]

SOON_S = 60.0
AWAY_S = 13.0


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """One node, which workers reach through proxies."""
    with Brokers(tmp_path_factory.mktemp("brokers"), 1) as made:
        yield made


@pytest.fixture
def cluster(brokers: Brokers, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of its own; feeders and readers do not go through proxies."""
    if not brokers.runs(0):
        brokers.start(0)
        brokers.await_started(0)
    with Cluster(brokers.direct, prefix, tmp_path) as made:
        yield made
    brokers.proxies.restore()


@pytest.fixture
def other(brokers: Brokers, cluster: Cluster) -> Iterator[Cluster]:
    """Another installation on the same Kafka."""
    folder = cluster.folder / "other"
    folder.mkdir()
    with Cluster(brokers.direct, f"{cluster.prefix}other.", folder) as made:
        yield made


def said(worker: LocalWorker, words: str) -> list[str]:
    """The messages of its log that have these words."""
    lines = worker.log.read_text(errors="replace").splitlines()
    messages = [str(json.loads(line)["message"]) for line in lines if line.startswith("{")]
    return [message for message in messages if words in message]


def not_ready(worker: LocalWorker) -> str:
    """What /readyz says while it is not ready, else nothing."""
    try:
        with urllib.request.urlopen(f"{worker._url()}readyz", timeout=5):
            return ""
    except urllib.error.HTTPError as answer:
        return answer.read().decode()
    except (OSError, ValueError):
        return ""


async def commands_of(cluster: Cluster, feed: Feeder, *names: str, due_s: float = 1.0) -> list[str]:
    """Have callbacks fall due; returns those that have gone out when all have."""
    async with reader(cluster, ["dial-preview"]) as taken:
        for number, name in enumerate(names):
            due = datetime.now(UTC) + timedelta(seconds=due_s)
            await feed.send("callback-scheduled", scheduled(name, f"c{number}", due))
        await feed.flush()
        await taken.until(lambda: {one["callback_id"] for one in taken.values("dial-preview")} >= set(names), SOON_S)
        return [one["callback_id"] for one in taken.values("dial-preview") if one["callback_id"] in names]


def lateness_s(worker: LocalWorker) -> float:
    """Of all commands together."""
    lines = (line for line in worker.metrics().splitlines() if line.startswith("ringback_lateness_seconds_sum{"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def lose_logs(brokers: Brokers, cluster: Cluster) -> None:
    """The disk of the only copy of what schedules callbacks is replaced."""
    brokers.kill(0)
    for log in brokers.data(0).glob(f"{cluster.prefix}callback-scheduled-*"):
        shutil.rmtree(log)
    brokers.start(0)
    brokers.await_started(0)


async def test_a_network_that_forgets_idle_connections_ends_no_worker_and_holds_up_a_callback_for_a_moment(
    brokers: Brokers, cluster: Cluster
) -> None:
    """A NAT or load balancer: the due callback is the first to use connections that nobody has told us are dead."""
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied())
        worker.wait_ready()
        # Whatever is slow the first time is over, so that the connections are idle soon after the second.
        await settled(cluster, feed, scheduled("later", "c2", datetime.now(UTC) + timedelta(hours=1)))
        due = datetime.now(UTC) + timedelta(seconds=PING_AFTER_S + 8)
        await settled(cluster, feed, scheduled("k1", "c1", due))
        await asyncio.sleep(PING_AFTER_S + 3)
        assert brokers.proxies.forget(idle_s=PING_AFTER_S + 1) > 0
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 1, SOON_S)
        assert worker.exit_code is None
        assert lateness_s(worker) < ANSWER_S  # No request was waited for until it timed out.


async def test_a_network_that_forgets_every_connection_at_once_ends_no_worker(
    brokers: Brokers, cluster: Cluster
) -> None:
    """A firewall that starts again: fetches, heartbeats and transactions are under way."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied())
        worker.wait_ready()
        await commands_of(cluster, feed, "k1")
        brokers.proxies.forget()
        assert await commands_of(cluster, feed, "k2") == ["k2"]
        assert worker.exit_code is None


async def test_an_event_is_heard_soon_though_the_network_has_forgotten_the_fetch_that_waits_for_it(
    brokers: Brokers, cluster: Cluster
) -> None:
    """Nothing tells a fetch that waits for a record from one whose answer will never come, but its own wait."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as taken:
        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied())
        worker.wait_ready()
        await settled(cluster, feed, scheduled("k1", "c1", datetime.now(UTC)))
        await asyncio.sleep(PING_AFTER_S + 1)  # The connection is idle by then, and tested before it is used.
        before = {one["callback_id"] for one in taken.values("callback-lifecycle")}
        brokers.proxies.forget()
        began = time.monotonic()
        await feed.send("callback-scheduled", scheduled("k2", "c2", datetime.now(UTC) + timedelta(hours=1)))
        await feed.flush()
        await taken.until(lambda: "k2" in {one["callback_id"] for one in taken.values("callback-lifecycle")}, SOON_S)
        took = time.monotonic() - began
        assert "k2" not in before and took < ANSWER_S < DATA_ANSWER_S, f"{took:.1f} s: it waited for its timeout"
        assert worker.exit_code is None


@pytest.mark.parametrize("phase", ["starting", "joining", "restoring", "working"])
async def test_a_worker_that_is_asked_to_stop_ends_whatever_it_waits_for(
    brokers: Brokers, cluster: Cluster, phase: str
) -> None:
    """The network is cut in each phase; nothing that it waits for comes within the minute of its transaction."""
    words = {"joining": "metrics and health on", "restoring": "assigned partitions"}
    async with feeder(cluster) as feed:
        await configure(feed)
        if phase == "starting":
            brokers.proxies.cut(0)
        worker = cluster.worker(broker=brokers.proxied(), session_timeout_s=60)
        await until(lambda: said(worker, words.get(phase, "time zones")), poll_s=POLL_S)
        if phase == "working":
            worker.wait_ready()
            await commands_of(cluster, feed, "k1")
        brokers.proxies.cut(0)
        for number in range(20):
            await feed.send("callback-scheduled", scheduled(f"x{number}", f"c{number}", datetime.now(UTC)))
        await asyncio.sleep(1.0)
        worker.signal(signal.SIGTERM)
        assert worker.wait_ended(20.0) == 0
        assert said(worker, "asked to stop")


async def test_a_broker_that_is_gone_while_nothing_happens_is_noticed_told_once_and_waited_for(
    brokers: Brokers, cluster: Cluster, other: Cluster
) -> None:
    """Two workers, of which one is told to wait for less long than the broker is away."""
    async with feeder(cluster) as feed:
        await configure(feed)
        patient = cluster.worker(broker=brokers.proxied())
        patient.wait_ready()
        hasty = other.worker(broker=brokers.proxied(), transaction_timeout_s=AWAY_S)
        hasty.wait_ready()
        # One each second for longer than a minute: however long the rest takes here, one falls due meanwhile.
        begin = datetime.now(UTC) + timedelta(seconds=8)
        await settled(cluster, feed, *(
            scheduled(f"d{second}", f"d{second}", begin + timedelta(seconds=second)) for second in range(80)
        ))  # fmt: skip
        began = time.monotonic()
        brokers.kill(0)
        assert hasty.wait_ended(SOON_S) == EXIT_BROKEN
        assert "no broker since" in said(hasty, "the worker ends")[-1]
        await until(lambda: "no broker since" in not_ready(patient), poll_s=POLL_S)
        lasted = time.monotonic() - began
        tries = [at for at in brokers.proxies.opened if at > began]
        assert len(tries) <= 2 * (10 * lasted + 10)
        brokers.start(0)
        brokers.await_started(0)
        await until(lambda: patient.exit_code is not None or not not_ready(patient), poll_s=POLL_S)
        assert await commands_of(cluster, feed, "k2") == ["k2"]
        (gone,), (back,) = said(patient, "no broker since"), said(patient, "a broker answers again")
        assert re.search(r"\b[1-9]\d* callbacks due", gone) and "callbacks due" in back
        assert patient.exit_code is None
        lines = [json.loads(line) for line in patient.log.read_text().splitlines()]
        events = [line.get("event") for line in lines]
        between = lines[events.index("no_broker") : events.index("broker_back") + 1]
        assert [line["logger"] for line in between if line["logger"].startswith("aiokafka")] == []
        assert lines[-1]["level"] not in ("error", "critical"), "the last word of a worker in good health"


async def test_a_broker_that_comes_back_elsewhere_is_found_by_an_address_of_the_settings(
    brokers: Brokers, cluster: Cluster
) -> None:
    """A new pod, a new advertised name: nothing that the worker knew of its brokers is right any more."""
    (port,) = reserved_ports(HOST, 1)
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(broker=f"{brokers.proxied()},{HOST}:{port}")
        worker.wait_ready()
        assert await commands_of(cluster, feed, "k1") == ["k1"]
        brokers.kill(0)
        brokers.move(0, port)
        brokers.start(0)
        brokers.await_started(0)
    async with feeder(cluster) as feed:
        assert await commands_of(cluster, feed, "k2") == ["k2"]
        assert worker.exit_code is None
        assert not said(worker, LOG_SHORTER), "the broker leads its logs anew, and has all of them"


async def test_a_log_that_is_lost_while_a_worker_reads_it_is_read_from_its_beginning(
    brokers: Brokers, cluster: Cluster
) -> None:
    """The disk of the only copy is replaced: what was at the same offsets before are other records."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied())
        names = [f"a{number}" for number in range(10)]
        assert sorted(await commands_of(cluster, feed, *names)) == names
        lose_logs(brokers, cluster)
    async with feeder(cluster) as feed:
        later = [f"b{number}" for number in range(5)]
        assert sorted(await commands_of(cluster, feed, *later)) == later
        assert {partition_for(f"L|c{number}".encode(), PARTITIONS) for number in range(10)} == set(range(PARTITIONS))
        # Also where nothing came since, or as much as had been read before: the worker looks who leads a log.
        await until(lambda: len(said(worker, LOG_SHORTER)) >= PARTITIONS, poll_s=POLL_S)
        gaps = f'ringback_log_gaps_total{{kind="shorter",topic="callback-scheduled"}} {PARTITIONS}.0'
        await until(lambda: gaps in worker.metrics(), poll_s=POLL_S)
        assert worker.exit_code is None


@pytest.mark.parametrize("protocol", [1, 2])
async def test_a_log_that_was_lost_and_has_grown_since_is_read_from_its_beginning_by_the_next_worker(
    brokers: Brokers, cluster: Cluster, protocol: int
) -> None:
    """Its offsets go on beyond those that were committed, so that these tell nothing; the epochs of its leader do."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(broker=brokers.proxied(), transaction_protocol=protocol)
        names = [f"a{number}" for number in range(10)]
        assert sorted(await commands_of(cluster, feed, *names)) == names
        worker.stop()
        lose_logs(brokers, cluster)
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        later = {f"b{number}" for number in range(40)}
        for number, name in enumerate(sorted(later)):
            due = datetime.now(UTC) + timedelta(seconds=1)
            await feed.send("callback-scheduled", scheduled(name, f"c{number % 10}", due))
        await feed.flush()
        worker.start()
        await taken.until(lambda: {one["callback_id"] for one in taken.values("dial-preview")} >= later, SOON_S)
        assert len(said(worker, "what was read of it ends at 0 now, and other records go on")) == PARTITIONS
        worker.stop()
        worker.start()
        worker.wait_ready()
        assert len(said(worker, LOG_SHORTER)) == PARTITIONS, "it is known now"
