"""What the probes of real workers answer while they, their broker or somebody's transaction stand still."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP, SIGUSR2
from typing import Any

import pytest

from streams.dev.local import POLL_S, LocalWorker
from tests.faults.brokers import Brokers
from tests.kafka.cluster import CONTACTS, LIST, PARTITIONS, Cluster, configure, feeder
from tests.kafka.counted import counted
from tests.kafka.test_kafka_of_others import open_transactions
from tests.kafka.test_worker import scheduled, settled
from tests.waiting import until
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

Answer = tuple[int, dict[str, Any]]
NOTHING: Answer = (0, {"status": "", "reasons": [], "waits_for": {}})
SOON_S = 120.0


def ask(worker: LocalWorker, probe: str) -> Answer:
    """The code and the body; 0 when there is no answer."""
    try:
        with urllib.request.urlopen(f"{worker._url()}{probe}", timeout=2) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError):
        return NOTHING


async def answered(worker: LocalWorker, probe: str, code: int, who: str = "") -> Answer:
    """The first answer with this code, and that names this as waiting."""
    deadline = time.monotonic() + SOON_S
    while True:
        answer = await asyncio.to_thread(ask, worker, probe)
        if answer[0] == code and (not who or who in answer[1]["waits_for"]):
            return answer
        assert time.monotonic() < deadline and worker.exit_code is None, (answer, worker.last_words())
        await asyncio.sleep(POLL_S)


async def ready(*workers: LocalWorker) -> None:
    """Return when all of them are, and live and have started."""
    for worker in workers:
        await answered(worker, "readyz", 200)
        assert ask(worker, "livez")[1] == {"status": "live", "reasons": [], "waits_for": {}}
        assert ask(worker, "startupz")[0] == 200


def held(*workers: LocalWorker) -> list[int]:
    """The partitions that they hold by their own account."""
    return sorted(int(number) for worker in workers for number in (worker.status() or {"partitions": {}})["partitions"])


def said(worker: LocalWorker, words: str) -> list[str]:
    """The messages of its log that have these words."""
    lines = worker.log.read_text(errors="replace").splitlines()
    messages = [str(json.loads(line)["message"]) for line in lines if line.startswith("{")]
    return [message for message in messages if words in message]


async def test_from_its_start_on_it_lives_and_it_is_ready_no_sooner_than_each_partition(cluster: Cluster) -> None:
    worker, seen, starting = cluster.worker(), set[tuple[str, ...]](), set[int]()
    while True:
        (_, live), (started_code, _), (code, body) = (ask(worker, one) for one in ("livez", "startupz", "readyz"))
        if code == 200:
            break
        assert worker.exit_code is None and live["status"] in ("live", "")
        assert code == 0 or (body["status"] == "not_ready" and body["reasons"] and body["waits_for"])
        starting.add(started_code)
        seen |= {tuple(body["waits_for"])}
    status = worker.status()
    assert status is not None and [one["ready"] for one in status["partitions"].values()] == [True] * PARTITIONS
    assert ask(worker, "startupz") == (200, {"status": "started", "reasons": [], "waits_for": {}})
    assert counted(worker, "ringback_worker_ready") == counted(worker, "ringback_broker_connected") == 1
    assert counted(worker, "ringback_last_exit_info", reason="none") == 1
    assert ("worker",) in seen and starting - {0} == {503}, (seen, starting)


async def test_a_worker_that_joins_is_ready_when_it_has_its_share(cluster: Cluster) -> None:
    first = cluster.worker()
    await ready(first)
    second = cluster.worker()
    await ready(second, first)
    await until(lambda: held(first, second) == list(range(PARTITIONS)) and held(second), SOON_S, POLL_S)
    more = [cluster.worker() for _ in range(PARTITIONS - 1)]  # One has nothing to do then, and is ready for it.
    await ready(*more, first, second)
    await until(lambda: held(first, second, *more) == list(range(PARTITIONS)), SOON_S, POLL_S)
    await ready(*more, first, second)
    assert [] in [held(worker) for worker in cluster.workers]


async def test_a_worker_that_stood_still_beyond_its_session_is_live_when_it_is_woken_and_ready_when_it_has_rejoined(
    cluster: Cluster,
) -> None:
    first, second = cluster.worker(), cluster.worker()
    await ready(first, second)
    await until(lambda: len(held(first)) == len(held(second)) == PARTITIONS // 2, SOON_S, POLL_S)
    first.signal(SIGSTOP)
    assert ask(first, "livez") == NOTHING
    await until(lambda: len(held(second)) == PARTITIONS, SOON_S, POLL_S)
    await ready(second)
    first.signal(SIGCONT)
    assert (await answered(first, "livez", 200))[1]["status"] == "live"
    await until(lambda: len(held(first)) == len(held(second)) == PARTITIONS // 2, SOON_S, POLL_S)
    await ready(first, second)
    assert first.exit_code is None and said(first, "the event loop did not run for")


async def test_a_blocked_loop_is_neither_live_nor_ready_within_seconds_and_keeps_its_partitions(
    cluster: Cluster,
) -> None:
    """The heartbeats come from a thread of their own: nobody else would find out."""
    file = cluster.folder / "blocked"
    cluster.command = ("-m", "tests.kafka.blocked_worker", str(file))
    worker = cluster.worker()
    await ready(worker)
    generation = (worker.status() or {})["generation"]
    file.touch()
    worker.signal(SIGUSR2)
    _, body = await answered(worker, "readyz", 503)
    assert body["waits_for"]["loop"]["for"] == "its next turn"
    assert "the event loop has not run since" in body["reasons"][0]
    assert counted(worker, "ringback_worker_ready") == 0
    _, body = await answered(worker, "livez", 503)
    assert body["status"] == "not_live" and "loop" in body["waits_for"]
    assert counted(worker, "ringback_loop_stalled_seconds") > 4
    assert ask(worker, "startupz")[0] == 200 and ask(worker, "healthz")[0] == 503
    await asyncio.sleep(2 * cluster.settings().session_timeout_s)
    file.unlink()
    await ready(worker)
    status = worker.status()
    assert status is not None and status["generation"] == generation and len(status["partitions"]) == PARTITIONS
    (at,), (over,) = said(worker, "it is at"), said(worker, "the event loop did not run for")
    assert "stand_still" in at and float(over.split(" for ")[1].split(" s")[0]) > 6
    assert counted(worker, "ringback_loop_stalled_seconds") == 0


async def test_somebodys_hung_transaction_on_dnc_entries_is_named_and_holds_up_neither_who_works_nor_who_starts(
    cluster: Cluster,
) -> None:
    topic = f"{cluster.prefix}dnc-entries"
    worker = cluster.worker()
    await ready(worker)
    async with open_transactions(cluster, "dnc-entries") as (producer,):
        _, body = await answered(worker, "readyz", 200, topic)
        assert body["waits_for"][topic]["for"].startswith("the end of a transaction that somebody has open since")
        assert (body["status"], body["reasons"]) == ("ready", [])
        joining = cluster.worker()
        await answered(joining, "readyz", 200, topic)
        await until(lambda: len(held(worker)) == len(held(joining)) == PARTITIONS // 2, SOON_S, POLL_S)
        for one in (worker, joining):
            await answered(one, "readyz", 200, topic)
        await producer.abort_transaction()
    for one in (worker, joining):
        await until(lambda one=one: ask(one, "readyz")[1]["waits_for"] == {}, SOON_S, POLL_S)  # type: ignore[misc]


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """One node that these tests stop and kill."""
    with Brokers(tmp_path_factory.mktemp("brokers"), 1) as made:
        yield made


@pytest.fixture
def alone(brokers: Brokers, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics on that node."""
    with Cluster(brokers.direct, prefix, tmp_path) as made:
        yield made


def back(brokers: Brokers, fault: str) -> None:
    """The broker is there again."""
    if fault == "stopped":
        brokers.signal(0, SIGCONT)
    else:
        brokers.start(0)
        brokers.await_started(0)


@pytest.mark.parametrize("fault", ["stopped", "killed"])
async def test_a_broker_that_is_away_makes_a_worker_not_ready_before_it_is_back_and_no_longer(
    brokers: Brokers, alone: Cluster, fault: str
) -> None:
    """A callback falls due meanwhile: its partition is named too, since nothing that it does can be committed."""
    number = 1
    contacts = [f"c{n}" for n in range(CONTACTS) if partition_for(f"{LIST}|c{n}".encode(), PARTITIONS) == number]
    async with feeder(alone) as feed:
        await configure(feed)
        worker = alone.worker()
        await ready(worker)
        # One each second for longer than a minute: however long the rest takes here, one falls due meanwhile.
        begin = datetime.now(UTC) + timedelta(seconds=4)
        await settled(alone, feed, *(
            scheduled(f"k-{contact}", contact, begin + timedelta(seconds=second))
            for second, contact in enumerate(contacts)
        ))  # fmt: skip
    if fault == "stopped":
        brokers.signal(0, SIGSTOP)
    else:
        brokers.kill(0)
    try:
        _, body = await answered(worker, "readyz", 503, "broker")
        assert any(reason.startswith("no broker since ") for reason in body["reasons"])
        assert counted(worker, "ringback_broker_connected") == counted(worker, "ringback_worker_ready") == 0
        _, body = await answered(worker, "readyz", 503, f"partition {number}")
        assert body["waits_for"][f"partition {number}"]["for"] == "its open transaction to be committed"
        assert ask(worker, "livez") == (200, {"status": "live", "reasons": [], "waits_for": {}})
        assert ask(worker, "startupz")[0] == 200
    finally:
        back(brokers, fault)
    # What had fallen due may keep it from being ready once more, for as long as that takes.
    gauges = ("ringback_broker_connected", "ringback_worker_ready")
    await until(lambda: {counted(worker, gauge) for gauge in gauges} == {1}, poll_s=POLL_S)
    assert worker.exit_code is None


async def test_what_ended_a_worker_is_known_to_its_next_run(cluster: Cluster) -> None:
    worker = cluster.worker()
    await ready(worker)
    for end, reason in ((worker.kill, "killed"), (worker.stop, "stopped")):
        end()
        worker.start()
        await ready(worker)
        assert counted(worker, "ringback_last_exit_info", reason=reason) == 1
    assert len(said(worker, "was not stopped in good order: killed")) == 1
    assert len(said(worker, "the last run of this worker")) == 1
