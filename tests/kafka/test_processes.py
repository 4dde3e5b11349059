"""A worker of two processes on a real Kafka: what they share, and what is left when one of them, or all, are killed."""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.dev.local import LocalWorker
from tests.kafka.cluster import PARTITIONS, Cluster, configure, configured, feeder, reader
from tests.kafka.test_worker import SOON_S, scheduled

pytestmark = pytest.mark.kafka

CALLBACKS = 200


async def until(done: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SOON_S
    while not await asyncio.to_thread(done):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


def page(worker: LocalWorker) -> dict[str, Any]:
    return worker.status() or {"partitions": {}, "processes": {}}


def owners(worker: LocalWorker) -> dict[str, str]:
    """The process of each partition that is ready."""
    return {number: one["process"] for number, one in page(worker)["partitions"].items() if one["ready"]}


def shared(worker: LocalWorker) -> bool:
    return len(owners(worker)) == PARTITIONS and set(owners(worker).values()) == {"1", "2"}


def pids(worker: LocalWorker) -> dict[str, int]:
    return {name: one["pid"] for name, one in page(worker)["processes"].items()}


def metric(worker: LocalWorker, name: str, *labels: str) -> dict[str, float]:
    """The sum of the series with these labels, by process."""
    found: dict[str, float] = {}
    for line in worker.metrics().splitlines():
        if line.startswith(name + "{") and all(label in line for label in labels):
            process = re.search(r'process="(\w+)"', line)
            assert process
            found[process[1]] = found.get(process[1], 0) + float(line.rsplit(" ", 1)[1])
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def logged(worker: LocalWorker) -> list[dict[str, Any]]:
    return [json.loads(line) for line in worker.log.read_text().splitlines()]


async def test_two_processes_share_the_partitions_each_effect_comes_once_and_one_killed_stops_no_other(
    cluster: Cluster,
) -> None:
    topics = ["dial-preview", "callback-lifecycle"]
    async with feeder(cluster) as feed, reader(cluster, topics) as taken:
        await configure(feed)
        worker = cluster.worker(processes=2, instance_id="w")
        await until(lambda: shared(worker), "both hold partitions")
        await configured_all(cluster, worker)
        due = datetime.now(UTC) + timedelta(seconds=2)
        for number in range(CALLBACKS):
            await feed.send("callback-scheduled", scheduled(f"k{number}", f"c{number}", due))
        await feed.flush()
        await taken.until(lambda: len(taken.records["dial-preview"]) >= CALLBACKS, SOON_S)
        commands = metric(worker, "ringback_commands_total", 'topic="dial-preview"')
        assert sum(commands.values()) == CALLBACKS and all(commands[name] for name in ("1", "2"))
        events = metric(worker, "ringback_events_total", 'topic="callback-scheduled"', 'result="applied"')
        assert sum(events.values()) == CALLBACKS
        late = metric(worker, "ringback_lateness_seconds_count", 'topic="dial-preview"')
        assert late == commands

        victim, other = pids(worker)["2"], pids(worker)["1"]
        os.kill(victim, signal.SIGKILL)
        due = datetime.now(UTC) + timedelta(seconds=1)
        for number in range(CALLBACKS):
            await feed.send("callback-scheduled", scheduled(f"m{number}", f"c{number}", due))
        await feed.flush()
        await until(lambda: metric(worker, "ringback_process_restarts_total")["2"] == 1, "it is started again")
        await until(lambda: shared(worker) and worker_ready(worker), "both hold partitions again")
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 2 * CALLBACKS, SOON_S)
        await taken.settle(1.0)
        names = sorted(command["callback_id"] for command in taken.values("dial-preview"))
        assert names == sorted(f"{way}{number}" for way in "km" for number in range(CALLBACKS))
        assert pids(worker)["1"] == other
        ended = [line for line in logged(worker) if line.get("event") == "process_ended"]
        assert [(line["process"], line["number"], line["ended"]) for line in ended] == [("supervisor", "2", "SIGKILL")]

        running = pids(worker)
        worker.signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait_ended, SOON_S) == 0
        assert all(gone(pid) for pid in running.values())
        said = [(line["process"], line["message"]) for line in logged(worker)]
        assert {name for name, message in said if message == "stopped"} == {"supervisor", "1", "2"}


async def configured_all(cluster: Cluster, worker: LocalWorker) -> None:
    """Return when each process has read the configuration."""
    for name in ("1", "2"):

        class Part:
            def status(self, name: str = name) -> Any:
                return page(worker)["processes"][name]

        await configured(Cluster(cluster.broker, cluster.prefix, cluster.folder, workers=[Part()]))  # type: ignore[list-item]


def worker_ready(worker: LocalWorker) -> bool:
    ready, up = metric(worker, "ringback_worker_ready"), metric(worker, "ringback_process_up")
    return ready == up == {"1": 1, "2": 1}


async def test_a_process_that_hangs_is_on_the_page_as_such_and_the_partitions_of_the_other_go_on(
    cluster: Cluster,
) -> None:
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as taken:
        await configure(feed)
        worker = cluster.worker(processes=2, session_timeout_s=20, rebalance_timeout_s=20)
        await until(lambda: shared(worker) and worker_ready(worker), "both are ready")
        hangs = pids(worker)["2"]
        os.kill(hangs, signal.SIGSTOP)
        try:
            assert metric(worker, "ringback_process_up") == {"1": 1, "2": 0}
            assert metric(worker, "ringback_worker_ready") == {"1": 1, "2": 0}
            assert set(owners(worker).values()) == {"1"}
            later = datetime.now(UTC) + timedelta(hours=1)
            for number in range(CALLBACKS):
                await feed.send("callback-scheduled", scheduled(f"k{number}", f"c{number}", later))
            await feed.flush()
            await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= CALLBACKS // 8, SOON_S)
        finally:
            os.kill(hangs, signal.SIGCONT)
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= CALLBACKS, SOON_S)
        await until(lambda: worker_ready(worker), "it is well again")


async def test_when_the_supervisor_is_killed_its_processes_stop_and_another_one_goes_on(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(processes=2)
        await until(lambda: shared(worker), "both hold partitions")
        orphans = pids(worker)
        worker.kill()
        await until(lambda: all(gone(pid) for pid in orphans.values()), "the processes have ended")
        told = [line for line in logged(worker) if line.get("event") == "supervisor_gone"]
        assert {line["process"] for line in told} == {"1", "2"}
        worker.start()
        await until(lambda: shared(worker), "both hold partitions again")
        worker.stop()
        assert worker.exit_code == 0


async def test_what_every_process_refuses_ends_the_worker_with_the_same_code_and_one_reason_each(
    cluster: Cluster,
) -> None:
    worker = cluster.worker(processes=2, prefix=f"{cluster.prefix}none.")
    assert await asyncio.to_thread(worker.wait_ended, SOON_S) == 1
    told = [line for line in logged(worker) if line.get("event") in ("not_started", "ends")]
    assert told[0]["process"] in ("1", "2") and "topics" in told[0]["message"]
    assert told[-1]["process"] == "supervisor" and told[-1]["exit_code"] == 1
