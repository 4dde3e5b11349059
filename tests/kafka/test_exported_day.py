"""What a real worker did comes out again when its topics are exported and run through the simulator, unchanged."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta

import msgspec
import pytest

from streams.base.clock import SystemClock
from streams.simulator.lines import read_lines
from streams.simulator.simulate import VirtualWorker, Written
from tests.builders import campaign, cancelled, contact, rescheduled, rule, rule_set, scheduled, wrap_up
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configured, contacts_read, feeder, reader
from tests.waiting import GUARD_S
from topics.codec import contact_key

pytestmark = pytest.mark.kafka
CONTACTS = 40
COMMANDS = ("dial-preview", "dial-analysis")
SOON = timedelta(seconds=4)


def number_of(number: int) -> str:
    return f"+1212555{number:04d}"


async def send(feed: Feeder, topic: str, value: dict, key: str) -> None:
    await feed.send(topic, msgspec.json.encode(value), key=key)


async def morning(cluster: Cluster, feed: Feeder) -> None:
    """Callbacks by rules and by agents; some are moved, some called off, some of numbers that are not to be called."""
    now = SystemClock().now()
    at, soon = f"{now:%Y-%m-%dT%H:%M:%SZ}", now + SOON
    for number in range(CONTACTS):
        who = {"contact_id": f"c{number}", "phone_number": number_of(number), "occurred_at": at}
        key = contact_key("L", who["contact_id"])
        if number % 2:
            await send(feed, "wrap-up", wrap_up(f"v{number}", wrap_up_code="AGAIN", **who), key)
            continue
        due = soon + timedelta(milliseconds=50 * number)
        await send(feed, "callback-scheduled", scheduled(f"k{number}", due_at=due.isoformat(), **who), key)
        if number % 8 == 2:
            later = rescheduled(f"k{number}", event_id=f"m{number}", contact_id=who["contact_id"], occurred_at=at,
                                due_at=(due + SOON).isoformat())  # fmt: skip
            await send(feed, "callback-scheduled", later, key)
        if number % 8 == 4:
            off = cancelled(f"k{number}", event_id=f"o{number}", contact_id=who["contact_id"], occurred_at=at)
            await send(feed, "callback-scheduled", off, key)
    await feed.flush()


async def setting(cluster: Cluster, feed: Feeder) -> None:
    await send(feed, "rule-sets", rule_set(rule(minutes=0)), "R")
    await send(feed, "campaigns", campaign(dialing_mode="power", rule_set_ids=["R"], dnc_list_ids=["D"]), "P")
    for number in (3, 9):
        entry = {"dnc_list_id": "D", "phone_number": number_of(number)}
        await send(feed, "dnc-entries", entry, f"D|{number_of(number)}")
    for number in range(CONTACTS):
        dialed = [{"phone_number": number_of(number), "column": "home", "type": "home", "callable": True}]
        await send(feed, "contacts", contact(f"c{number}", numbers=dialed), contact_key("L", f"c{number}"))
    await feed.flush()
    await configured(cluster)
    (worker,) = cluster.workers
    await contacts_read(cluster, worker, CONTACTS)


def simulated(path: str) -> dict[str, str]:
    """Topic by command id of all that the simulator writes for these lines."""
    worker, found = VirtualWorker(PARTITIONS), list[Written]()
    for line in read_lines((path,)):
        found += worker.arrive(line)
    found += worker.advance(SystemClock().now())
    commands = [one.record for one in found if one.record.topic in COMMANDS]
    return {json.loads(one.value or b"")["command_id"]: one.topic for one in commands}


async def test_an_exported_day_simulated_unchanged_has_the_commands_of_the_worker(cluster: Cluster, tmp_path) -> None:
    cluster.worker().wait_ready()
    async with feeder(cluster) as feed, reader(cluster, COMMANDS) as read:
        await setting(cluster, feed)
        await morning(cluster, feed)
        # Of 20 by rule two are not to be called; of 20 by an agent five are called off.
        await read.until(lambda: sum(map(len, read.records.values())) >= CONTACTS - 7, GUARD_S)
        await read.settle(1.0)
        written = {one["command_id"]: topic for topic in COMMANDS for one in read.values(topic)}
    assert len(written) == CONTACTS - 7
    path = tmp_path / "day.jsonl"
    command = [sys.executable, "-m", "streams", "export", "--broker", cluster.broker, "--prefix", cluster.prefix]
    done = await asyncio.to_thread(subprocess.run, [*command, "-o", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert simulated(str(path)) == written
