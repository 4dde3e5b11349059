"""A hundred thousand callbacks are moved in a minute, and an abort half-way is exact: `pytest -m long -s` prints it."""

import asyncio
import json
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from streams.console.actions.runs import Runs
from streams.importer.sending import send
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, read_to_end, reader
from tests.console.actions.test_with_a_worker import command
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, configure, configured, feeder
from topics.callback_events import CallbackScheduled, Owner, Source
from topics.catalog import CATALOG
from topics.codec import encode

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(900)]

CALLBACKS, GOAL_S, GUARD_S = 100_000, 60.0, 300.0
NOW = datetime.now(UTC).replace(microsecond=0)


def messages():
    for number in range(CALLBACKS):
        event = CallbackScheduled(
            event_id=f"s-{number}",
            occurred_at=NOW,
            callback_id=f"k-{number}",
            source=Source.WIDGET,
            campaign_id="P",
            contact_list_id=LIST,
            contact_id=f"x{number}",
            phone_number="+12125550101",
            due_at=NOW + timedelta(days=3),
            agent_id="a7",
            owner=Owner.PREFERRED,
        )
        yield f"{LIST}|x{number}".encode(), encode(event)


async def transitions(cluster: Cluster, transition: str) -> list[str]:
    """The callbacks of every record of this transition that is committed, as they stand on the topic."""
    clients, found = Clients(cluster.settings()), list[str]()

    def take(record: ReadRecord) -> None:
        value = json.loads(record.value or b"{}")
        if value["transition"] == transition:
            found.append(value["callback_id"])

    tps = [TopicPartition(f"{cluster.prefix}callback-lifecycle", number) for number in range(PARTITIONS)]
    async with reader(clients, tps) as consumer:
        await read_to_end(consumer, take)
    return found


async def all_of(cluster: Cluster, transition: str, count: int) -> list[str]:
    until = time.monotonic() + GUARD_S
    while len(found := await transitions(cluster, transition)) < count:
        assert time.monotonic() < until, (transition, len(found))
        await asyncio.sleep(2)
    return found


def ringback(cluster: Cluster, *words: object) -> list[str]:
    return [*command(cluster, "callbacks", *words), "--json"]


def said(words: list[str]) -> tuple[dict, float]:
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, timeout=GUARD_S, check=False)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout), time.monotonic() - began


@pytest.fixture
def cluster(kafka, prefix, tmp_path):
    """Topics of its own on the session's Kafka, that of the console too, and a worker."""
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        topic_admin.create(Clients(made.settings()), PARTITIONS, 1, CATALOG)
        made.worker().wait_ready()
        yield made


async def test_a_hundred_thousand_are_moved_within_a_minute_and_an_abort_half_way_is_exact(cluster):
    clients = Clients(cluster.settings())
    async with feeder(cluster) as feed:
        await configure(feed)
        await configured(cluster)
    await send(clients, f"{cluster.prefix}callback-scheduled", messages(), lambda _what, _count: None)
    await all_of(cluster, "scheduled", CALLBACKS)
    counted, read_s = said(ringback(cluster, "list", "--outstanding", "--count"))
    assert counted["count"] == CALLBACKS

    to = (NOW + timedelta(days=5)).isoformat()
    moved, took_s = said(
        ringback(cluster, "move", "--agent", "a7", "--to", to, "--yes", "--run", "r", "--wait", GUARD_S)
    )
    assert (moved["meant"], moved["applied"], moved["refused"]) == (CALLBACKS, CALLBACKS, 0)
    assert sorted(await transitions(cluster, "rescheduled")) == sorted(f"k-{n}" for n in range(CALLBACKS))
    print(f"\n{CALLBACKS:,} callbacks moved and read back in {took_s:.1f} s (goal {GOAL_S:g} s); "
          f"the folder was filled in {read_s:.1f} s")  # fmt: skip

    words = ["reassign", "--agent", "a7", "--to-agent", "a9", "--to-owner", "only", "--yes", "--run", "half"]
    sending = subprocess.Popen(ringback(cluster, *words), stdout=subprocess.PIPE, text=True)
    runs, until = Runs(cluster.folder / "console"), time.monotonic() + GUARD_S
    while not any(run.name == "half" and run.sent >= CALLBACKS // 2 for run in runs.all()):
        assert time.monotonic() < until and sending.poll() is None
        time.sleep(0.02)
    runs.ask_abort("half", "boss")
    aborted = json.loads(sending.communicate(timeout=GUARD_S)[0])
    assert aborted["state"] == "aborted" and CALLBACKS // 2 <= aborted["sent"] < CALLBACKS
    changed = await all_of(cluster, "changed", aborted["sent"])
    assert len(changed) == len(set(changed)) == aborted["sent"]
    print(f"aborted after {aborted['sent']:,} of {CALLBACKS:,}: the topic has as many, each once")
    resumed, _ = said(ringback(cluster, "resume", "half", "--yes", "--wait", GUARD_S))
    assert (resumed["sent"], resumed["applied"], resumed["refused"]) == (CALLBACKS, CALLBACKS, 0)
    assert sorted(await transitions(cluster, "changed")) == sorted(f"k-{n}" for n in range(CALLBACKS))
