"""Actions on a real Kafka with a real worker, from the command line: exact by what the topics say."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.console.actions.events import event_id
from streams.console.actions.model import Action, RunState
from streams.console.actions.runs import Runs
from streams.console.view.model import CallbackKey, Filter
from streams.console.view.reader import Reader
from streams.console.view.view import View
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, configure, configured, feeder, reader
from topics.audit import ActedVia, ActionKind
from topics.callback_events import CallbackCancelled, CallbackScheduled, Owner, Source
from topics.catalog import CATALOG
from topics.codec import encode
from topics.partitions import partition_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(480)]

CALLBACKS, OTHERS = 2000, 50
NOW = datetime.now(UTC).replace(microsecond=0)
DUE, LATER = NOW + timedelta(days=2), NOW + timedelta(days=5)
WAIT_S = 120.0


@pytest.fixture
def cluster(kafka, prefix, tmp_path):
    """Topics of its own on the session's Kafka, that of the console too, and a worker."""
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        topic_admin.create(Clients(made.settings()), PARTITIONS, 1, CATALOG)
        made.worker().wait_ready()
        yield made


def scheduled(number: int, agent: str = "a7", **changes: Any) -> CallbackScheduled:
    return CallbackScheduled(
        event_id=f"s-{agent}-{number}",
        occurred_at=NOW,
        callback_id=f"k-{agent}-{number}",
        source=Source.WIDGET,
        campaign_id="P",
        contact_list_id=LIST,
        contact_id=f"x{number}",
        phone_number="+12125550101",
        due_at=DUE + timedelta(seconds=number),
        agent_id=agent,
        owner=Owner.PREFERRED,
        **changes,
    )


def command(cluster: Cluster, *words: object) -> list[str]:
    where = ["--broker", cluster.broker, "--prefix", cluster.prefix, "--folder", str(cluster.folder / "console")]
    return [sys.executable, "-m", "streams", *map(str, words), *where]


def ringback(cluster: Cluster, *words: object, code: int = 0) -> list[Any]:
    """What a command says in JSON; it ends with this code."""
    done = subprocess.run(
        [*command(cluster, *words), "--json"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def many(cluster: Cluster) -> None:
    """Callbacks of one agent, and some of another, which nothing shall touch."""
    async with feeder(cluster) as feed:
        await configure(feed)
        await configured(cluster)
        for number in range(CALLBACKS):
            await feed.send("callback-scheduled", scheduled(number))
        for number in range(OTHERS):
            await feed.send("callback-scheduled", scheduled(number, "a8"))
        await feed.flush()


async def lifecycle(cluster: Cluster, records: int) -> list[dict[str, Any]]:
    """All there is on callback-lifecycle, which is so many records."""
    async with reader(cluster, ("callback-lifecycle",)) as read:
        await read.until(lambda: len(read.records["callback-lifecycle"]) >= records, WAIT_S)
        await read.settle(1.0)
        found = read.values("callback-lifecycle")
    assert len(found) == records
    return found


def by_event(records: list[dict[str, Any]], run: str) -> dict[str, list[str]]:
    """What each event of a run led to, by the id of its callback."""
    found = {}
    for number in range(CALLBACKS):
        name = f"k-a7-{number}"
        found[event_id(run, CallbackKey(LIST, f"x{number}", name))] = (name, list[str]())
    for record in records:
        if record["cause"]["event_id"] in found:
            found[record["cause"]["event_id"]][1].append(record["transition"])
    return dict(found.values())


async def test_two_thousand_are_moved_aborted_half_way_resumed_undone_reassigned_and_cancelled_exactly(cluster):
    await many(cluster)
    scheduled_first = CALLBACKS + OTHERS
    await lifecycle(cluster, scheduled_first)
    which = ["--agent", "a7", "--outstanding"]

    (plan,) = ringback(cluster, "callbacks", "move", *which, "--to", instant(LATER), "--dry-run")
    assert (plan["meant"], plan["sent"], len(plan["sample"])) == (CALLBACKS, 0, 5)

    # It is aborted from elsewhere when half has gone out.
    move = [*which, "--to", instant(LATER), "--run", "leavers", "--actor", "sup", "--reason", "on leave"]
    sending = subprocess.Popen(
        [*command(cluster, "callbacks", "move", *move, "--yes", "--rate", 250), "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    runs = Runs(cluster.folder / "console")
    until = time.monotonic() + WAIT_S
    while not any(run.name == "leavers" and run.sent >= CALLBACKS // 2 for run in runs.all()):
        assert time.monotonic() < until and sending.poll() is None
        time.sleep(0.1)
    ringback(cluster, "callbacks", "abort", "leavers", "--actor", "boss")
    out, _ = sending.communicate(timeout=WAIT_S)
    aborted = json.loads(out)
    assert sending.returncode == 6 and aborted["state"] == "aborted"
    assert CALLBACKS // 2 <= aborted["sent"] < CALLBACKS

    # What has gone out is applied, and nothing else.
    found = by_event(await lifecycle(cluster, scheduled_first + aborted["sent"]), "leavers")
    assert Counter(map(tuple, found.values())) == {
        ("rescheduled",): aborted["sent"],
        (): CALLBACKS - aborted["sent"],
    }

    (resumed,) = ringback(cluster, "callbacks", "resume", "leavers", "--yes", "--wait", WAIT_S)
    assert (resumed["sent"], resumed["applied"], resumed["refused"]) == (CALLBACKS, CALLBACKS, 0)
    records = await lifecycle(cluster, scheduled_first + CALLBACKS)
    assert set(map(tuple, by_event(records, "leavers").values())) == {("rescheduled",)}
    moved = [record for record in records if record["transition"] == "rescheduled"]
    assert {record["due_at"] for record in moved} == {instant(LATER)}
    assert {(record["facts"]["actor"], record["facts"]["reason"]) for record in moved} == {("sup", "on leave")}

    # Undone: each is due again when it was, to the second.
    (undone,) = ringback(cluster, "callbacks", "undo", "leavers", "--yes", "--wait", WAIT_S)
    assert (undone["meant"], undone["applied"], undone["undoes"]) == (CALLBACKS, CALLBACKS, "leavers")
    records = await lifecycle(cluster, scheduled_first + 2 * CALLBACKS)
    assert set(map(tuple, by_event(records, "leavers.undo").values())) == {("rescheduled",)}
    of_undo = {event_id("leavers.undo", CallbackKey(LIST, f"x{n}", f"k-a7-{n}")) for n in range(CALLBACKS)}
    back = {one["callback_id"]: one["due_at"] for one in records if one["cause"]["event_id"] in of_undo}
    assert back == {f"k-a7-{number}": instant(DUE + timedelta(seconds=number)) for number in range(CALLBACKS)}

    (given,) = ringback(
        cluster, "callbacks", "reassign", *which, "--to-agent", "a9", "--to-owner", "only", "--yes", "--run", "given",
        "--wait", WAIT_S,
    )  # fmt: skip
    assert (given["meant"], given["applied"]) == (CALLBACKS, CALLBACKS)
    records = await lifecycle(cluster, scheduled_first + 3 * CALLBACKS)
    assert set(map(tuple, by_event(records, "given").values())) == {("changed",)}
    assert {json.dumps(record["facts"]["after"]) for record in records if record["transition"] == "changed"} == {
        '{"agent_id": "a9", "owner": "only"}'
    }

    (off,) = ringback(
        cluster, "callbacks", "cancel", "--agent", "a9", "--yes", "--run", "off", "--wait", WAIT_S, "--actor", "sup"
    )
    assert (off["meant"], off["applied"]) == (CALLBACKS, CALLBACKS)
    records = await lifecycle(cluster, scheduled_first + 4 * CALLBACKS)
    assert set(map(tuple, by_event(records, "off").values())) == {("cancelled",)}
    # A run that is sent again under its name changes nothing, and a cancel is not taken back.
    refused = subprocess.run(
        command(cluster, "callbacks", "undo", "off", "--yes"), capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2 and "a cancel cannot be undone" in refused.stderr
    left = ringback(cluster, "callbacks", "list", "--outstanding", "--all")
    assert {row["callback_id"] for row in left} == {f"k-a8-{number}" for number in range(OTHERS)}
    await _is_audited(cluster)


async def _is_audited(cluster: Cluster) -> None:
    async with reader(cluster, ("console-audit",)) as read:
        await read.until(lambda: len(read.records["console-audit"]) >= 10, WAIT_S)
        found = [(one["run"], one["step"], one["actor"]) for one in read.values("console-audit")]
    me = found[-4][2]
    assert found == [
        ("leavers", "asked", "sup"),
        ("leavers", "aborted", "boss"),
        ("leavers", "resumed", me),
        ("leavers", "sent", "sup"),
        ("leavers.undo", "asked", me),
        ("leavers.undo", "sent", me),
        ("given", "asked", me),
        ("given", "sent", me),
        ("off", "asked", "sup"),
        ("off", "sent", "sup"),
    ]


async def test_what_the_worker_refuses_is_shown_with_why_and_ctrl_c_aborts_in_good_order(cluster):
    async with feeder(cluster) as feed:
        await configure(feed)
        await configured(cluster)
        for number in range(300):
            await feed.send("callback-scheduled", scheduled(number))
        await feed.flush()
        await lifecycle(cluster, 300)
        settings, folder = cluster.settings(), cluster.folder / "console"
        await Reader(settings, folder, Clients(settings)).catch_up()
        runs, view = Runs(folder), View(folder)
        action = Action(kind=ActionKind.MOVE, actor="sup", due_at=LATER)
        name = runs.plan(view, Filter(agent_id="a7"), action, ActedVia.COMMAND_LINE).name
        # Between the plan and its sending, one is called off.
        off = CallbackCancelled(
            event_id="off",
            occurred_at=NOW,
            callback_id="k-a7-3",
            campaign_id="P",
            contact_list_id=LIST,
            contact_id="x3",
        )
        await feed.send("callback-scheduled", off)
        await feed.flush()
    sent = await runs.send(name, Clients(settings))
    assert (sent.state, sent.asked) == (RunState.SENT, 300)
    await lifecycle(cluster, 601)
    (told,) = ringback(cluster, "callbacks", "runs", name, code=4)
    assert (told["applied"], told["refused"], told["refused_by_why"]) == (299, 1, {"callback_ended": 1})
    # A console that runs on the same folder reads for both, and goes on.
    console = asyncio.create_task(Reader(settings, folder, Clients(settings)).run())
    (shown,) = await asyncio.to_thread(ringback, cluster, "callbacks", "show", "k-a7-3")
    assert not console.done() and console.cancel()
    await asyncio.wait([console])
    assert [(one["run"], one["outcome"], one["why"]) for one in shown["asked"]] == [(name, "refused", "callback_ended")]
    assert shown["callback"]["standing"] == "cancelled"

    words = ["--agent", "a7", "--outstanding", "--by", "1h", "--yes", "--rate", 50, "--run", "slow"]
    sending = subprocess.Popen(
        [*command(cluster, "callbacks", "move", *words), "--json"], stdout=subprocess.PIPE, text=True
    )
    until = time.monotonic() + WAIT_S
    while not any(run.name == "slow" and run.sent for run in runs.all()):
        assert time.monotonic() < until and sending.poll() is None
        time.sleep(0.05)
    os.kill(sending.pid, signal.SIGINT)
    out, _ = sending.communicate(timeout=WAIT_S)
    assert sending.returncode == 130 and json.loads(out)["state"] == "aborted"
    assert runs.run("slow").state is RunState.ABORTED


async def _to_the_wrong_partition(feed: Feeder, event: CallbackScheduled) -> None:
    key = f"{LIST}|{event.contact_id}".encode()
    wrong = (partition_for(key, PARTITIONS) + 1) % PARTITIONS
    await feed.producer.send(
        feed.cluster.prefix + "callback-scheduled",
        encode(event),
        key=key,
        partition=wrong,
        headers=[("tracestate", b"x")],
    )


async def test_what_a_wrong_partitioner_sent_is_replayed_to_the_right_partitions_and_all_of_it_is_accepted(cluster):
    count = 60
    async with feeder(cluster) as feed:
        await configure(feed)
        await configured(cluster)
        for number in range(count):
            await _to_the_wrong_partition(feed, scheduled(number))
        await feed.flush()
    async with reader(cluster, ("dead-letter",)) as read:
        await read.until(lambda: len(read.records["dead-letter"]) >= count, WAIT_S)
        refused = {one.key: one.value for one in read.records["dead-letter"]}
    (group,) = ringback(cluster, "dead-letters", "list")
    assert (group["code"], group["count"]) == ("wrong_partition", count)
    assert sum(group["sent_to"].values()) == sum(group["belonging"].values()) == count
    assert group["sent_to"] != group["belonging"]

    (tried,) = ringback(cluster, "dead-letters", "replay", "--code", "wrong_partition", "--dry-run")
    assert (tried["meant"], tried["sent"]) == (count, 0)
    (replayed,) = ringback(cluster, "dead-letters", "replay", "--code", "wrong_partition", "--yes", "--wait", WAIT_S)
    assert (replayed["sent"], replayed["applied"], replayed["refused"]) == (count, count, 0)
    records = await lifecycle(cluster, count)
    assert {record["callback_id"] for record in records} == {f"k-a7-{number}" for number in range(count)}
    assert {record["transition"] for record in records} == {"scheduled"}

    async with reader(cluster, ("callback-scheduled",)) as read:
        await read.until(lambda: len(read.records["callback-scheduled"]) >= 2 * count, WAIT_S)
        anew = [one for one in read.records["callback-scheduled"] if dict(one.headers).get("ringback.replay.run")]
    assert {one.key: one.value for one in anew} == refused and len(anew) == count
    for one in anew:
        headers = dict(one.headers)
        assert one.partition == partition_for(one.key, PARTITIONS)
        assert headers["tracestate"] == b"x" and "ringback.error" not in headers
        assert headers["ringback.replay.topic"].decode() == f"{cluster.prefix}callback-scheduled"
        assert headers["ringback.replay.partition"] != str(one.partition).encode()
    # What was replayed is left out the next time.
    ringback(cluster, "dead-letters", "replay", "--code", "wrong_partition", "--yes", code=3)
    tail = ringback_tail(cluster)
    assert sum("refused: wrong_partition" in line for line in tail) == count


def ringback_tail(cluster: Cluster) -> list[str]:
    where = ["--broker", cluster.broker, "--prefix", cluster.prefix, "--since", "1d", "--until-now"]
    words = [sys.executable, "-m", "streams", "tail", *where]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()
