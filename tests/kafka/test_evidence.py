"""Evidence of a real worker's day, from its topics and from an archive of them: the same list, and it holds."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.base.clock import SystemClock
from streams.cli.evidence_making import Wanted, make
from streams.kafka.clients import Clients
from tests.builders import NUMBER, campaign, cancelled, contact, rule, rule_set, scheduled, wrap_up
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configured, contacts_read, feeder, reader
from tests.waiting import GUARD_S
from topics.codec import contact_key
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
OTHER = "+13125550142"
DECIDED = ("callback-lifecycle", "placement-decided", "dead-letter")
NEVER = {"callable_time_set_id": "never", "times": [{"time_zone": "America/New_York", "slots": []}]}


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


async def send(feed: Feeder, topic: str, value: dict, key: str | None = None) -> None:
    key = key or contact_key(value["contact_list_id"], value["contact_id"])
    await feed.send(topic, msgspec.json.encode(value), key=key)


def number_of(phone_number: str) -> list[dict]:
    return [{"phone_number": phone_number, "column": "home", "type": "home", "callable": True}]


async def setting(cluster: Cluster, feed: Feeder) -> None:
    await send(feed, "rule-sets", rule_set(rule(minutes=0)), "R")
    await send(feed, "callable-time-sets", NEVER, "never")
    power = {"dialing_mode": "power", "rule_set_ids": ["R"], "dnc_list_ids": ["D"]}
    limits = {"max_attempts_per_number": 1, "reset_period": "never", "time_zone": "America/New_York"}
    await send(feed, "campaigns", campaign("P", **power), "P")
    await send(feed, "campaigns", campaign("H", callable_time_set_id="never", **power), "H")
    await send(feed, "campaigns", campaign("A", attempt_limits=limits, **power), "A")
    await send(feed, "campaigns", campaign("X", expire_after_s=1, status="off", **power), "X")
    for number in range(8):
        phone_number = NUMBER if number < 6 else OTHER
        await send(feed, "contacts", contact(f"c{number}", numbers=number_of(phone_number)))
    await feed.flush()
    await configured(cluster)
    (worker,) = cluster.workers
    await contacts_read(cluster, worker, 8)


async def day(feed: Feeder, now: datetime) -> None:
    """By contact, one way in which a call is made or not made, of the number; and calls of others beside it."""
    at, soon = text(now), text(now + timedelta(seconds=2))

    async def wrapped(contact_id: str, campaign_id: str, code: str = "AGAIN", **changes: object) -> None:
        given = {"contact_id": contact_id, "campaign_id": campaign_id, "occurred_at": at, "wrap_up_code": code}
        await send(feed, "wrap-up", wrap_up(f"v-{contact_id}-{campaign_id}-{code}", **given | changes))

    await wrapped("c0", "P")
    await wrapped("c1", "H")
    await wrapped("c2", "A")
    await wrapped("c3", "X")
    arranged = {"occurred_at": at, "due_at": text(now + timedelta(hours=1))}
    await send(feed, "callback-scheduled", scheduled("k4", contact_id="c4", **arranged))
    off = cancelled("k4", contact_id="c4", occurred_at=text(now + timedelta(seconds=1)), actor="sup", reason="moved")
    await send(feed, "callback-scheduled", off)
    shown = {"occurred_at": at, "due_at": soon}
    await send(feed, "callback-scheduled", scheduled("k5", contact_id="c5", **shown))
    await send(feed, "callback-scheduled", scheduled("k6", contact_id="c6", phone_number=OTHER, **shown))
    await wrapped("c7", "P", "DONE", phone_number=OTHER)
    await send(feed, "callback-scheduled", {**scheduled("k9", contact_id="c5", occurred_at=at), "owner": "nobody"})
    await feed.flush()


async def later(feed: Feeder) -> None:
    """The number is listed, a call is asked for, also for a contact that nobody knows; the campaign changes between."""
    now = SystemClock().now()
    entry = {"dnc_list_id": "D", "phone_number": NUMBER}
    await send(feed, "dnc-entries", entry, f"D|{NUMBER}")
    await send(feed, "campaigns", campaign("P", dialing_mode="progressive", dnc_list_ids=["D"]), "P")
    await feed.flush()
    await configured(feed.cluster)
    asked = {"origin": "campaign", "campaign_id": "P", "contact_list_id": "L", "phone_number": NUMBER}
    for contact_id in ("c5", "nobody"):
        request = {"event_id": f"p-{contact_id}", "request_id": f"p-{contact_id}", "occurred_at": text(now), **asked}
        await send(feed, "placement-requested", {**request, "contact_id": contact_id})
    await feed.flush()


def ringback(cluster: Cluster, folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "streams", *arguments]
    connection = {"RINGBACK_BROKER": cluster.broker, "RINGBACK_PREFIX": cluster.prefix}
    done = subprocess.run(
        command, env=os.environ | connection | {"PYTHONPATH": os.getcwd()}, cwd=folder, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def document(path: Path) -> dict:
    found: dict = json.loads(path.read_text().splitlines()[0])
    return found


def listed(found: dict) -> list[tuple]:
    return [(one["record"], one["effect"], one["words"], one["in_force"]) for one in with_force(found)]


def with_force(found: dict) -> list[dict]:
    return [{"in_force": [], **one} for one in found["said"]["entries"]]


async def test_a_day_of_a_worker_is_told_from_topics_and_archive_alike(cluster: Cluster, tmp_path: Path) -> None:
    cluster.worker().wait_ready()
    begin = SystemClock().now()
    async with feeder(cluster) as feed, reader(cluster, DECIDED) as read:
        await setting(cluster, feed)
        await day(feed, SystemClock().now())

        def transitions() -> list[str]:
            return [one["transition"] for one in read.values("callback-lifecycle")]

        await read.until(lambda: {"expired", "blocked", "cancelled", "dialing"} <= set(transitions())
                         and transitions().count("presented") == 2, GUARD_S)  # fmt: skip
        middle = SystemClock().now()
        await asyncio.sleep(1)  # An instant in an option has whole seconds.
        await later(feed)
        await read.until(lambda: len(read.records["placement-decided"]) == 2, GUARD_S)
    of_topics, of_archive, of_two = await asyncio.to_thread(made, cluster, tmp_path, begin, middle)
    for of_archives in (of_archive, of_two):
        assert listed(of_topics) == listed(of_archives) and of_topics["records"] == of_archives["records"]
        assert not any("hole" in one for one in of_archives["said"]["cannot_show"])
    told(of_topics)


def made(cluster: Cluster, folder: Path, begin: datetime, middle: datetime) -> tuple[dict, dict, dict]:
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "key.pem"], cwd=folder, check=True)
    end = SystemClock().now() + timedelta(minutes=5)
    period = ("--from", text(begin - timedelta(seconds=1)), "--to", text(end), "--key", "key.pem", "--number", NUMBER)
    said = ringback(cluster, folder, "evidence", *period, "-o", "topics.json")
    assert "a second" in said and NUMBER not in said
    ringback(cluster, folder, "export", "--archive", "-o", "all.archive")
    ringback(cluster, folder, "evidence", *period, "-o", "archive.json", "--archive", "all.archive")
    at = text(middle + timedelta(seconds=1))
    ringback(cluster, folder, "export", "--archive", "-o", "first.archive", "--until", at)
    ringback(cluster, folder, "export", "--archive", "-o", "second.archive", "--from", at)
    two = ("--archive", "first.archive", "--archive", "second.archive")
    ringback(cluster, folder, "evidence", *period, "-o", "two.json", *two)
    ringback(cluster, folder, "evidence", *period, "-o", "topics.html")
    said = ringback(cluster, folder, "evidence", "verify", "topics.json", "archive.json", "topics.html")
    assert said.count("nothing was changed") == 3
    raw = (folder / "topics.html").read_text()
    assert OTHER not in raw and "L|c6" not in raw and "k6" not in raw.split('<script type="application/json"')[0]
    of_topics, of_archive, of_two = (document(folder / f"{name}.json") for name in ("topics", "archive", "two"))
    return of_topics, of_archive, of_two


def told(found: dict) -> None:
    """Each way is there with its reasons, and with what was in force."""
    entries = found["said"]["entries"]
    by_contact = {
        f"c{number}": [one for one in entries if one.get("contact_id") == f"c{number}"] for number in range(8)
    }
    reasons = {who: {reason for one in some for reason in one.get("reasons", ())} for who, some in by_contact.items()}
    assert "outside_callable_time" in reasons["c1"]
    assert "number_attempt_limit" in reasons["c2"]
    assert "too_late" in reasons["c3"]
    assert by_contact["c6"] == by_contact["c7"] == []
    effects = {who: {one["effect"] for one in some} for who, some in by_contact.items()}
    assert {"made", "handed_out"} <= effects["c0"] and {"handed_out", "not_made"} <= effects["c5"]
    assert any("Cancelled by sup (moved)" in one["words"] for one in by_contact["c4"])
    assert any("dead letter" in one["words"] for one in by_contact["c5"])
    (unknown,) = [one for one in entries if one.get("contact_id") == "nobody"]
    assert {"dnc", "contact_unknown"} <= set(unknown["reasons"])
    records = {one["place"]: one for one in map(with_place, found["records"])}
    dialed = next(one for one in by_contact["c0"] if one["effect"] == "handed_out")
    modes = [json_of(records[campaign_of(one)["record"]])["dialing_mode"] for one in (dialed, unknown)]
    assert modes == ["power", "progressive"], "each has the record that was in force then"
    assert {one["agrees"] for one in (campaign_of(dialed), campaign_of(unknown)) if "agrees" in one} == {True}
    assert {one["topic"]: one["partition"] for one in found["read"]}["contacts"] == PARTITIONS - 1
    assert found["made"]["cluster_id"]


def with_place(record: dict) -> dict:
    return record | {"place": f"{record['topic']}/{record['partition']}/{record['offset']}"}


def json_of(record: dict) -> dict:
    found: dict = json.loads(base64.b64decode(record["value"]))
    return found


def campaign_of(entry: dict) -> dict:
    return next(one for one in entry["in_force"] if one["topic"] == "campaigns")


async def test_what_retention_has_taken_is_said_and_reading_begins_by_time(cluster: Cluster, tmp_path: Path) -> None:
    now = SystemClock().now()
    async with feeder(cluster) as feed:
        for number in range(20):
            await send(feed, "wrap-up", wrap_up(f"v{number}", event_id=f"w{number}", occurred_at=text(now)))
        await feed.flush()
        settings = cluster.settings()
        period = (now - timedelta(days=1), now + timedelta(days=1))
        whole, read = await make(settings, Wanted(NUMBER, *period, timedelta(0)), tmp_path, lambda *_: None)
        assert sum("wrap-up" in one for one in whole.said.cannot_show) == 0 and read >= 20
        later = Wanted(NUMBER, now + timedelta(hours=1), period[1], timedelta(0))
        none, _ = await make(settings, later, tmp_path, lambda *_: None)
        assert [one.records for one in none.read if one.topic == "wrap-up"] == [0] * PARTITIONS
        await trim(cluster, "wrap-up", 5)
        trimmed, _ = await make(settings, Wanted(NUMBER, *period, timedelta(0)), tmp_path, lambda *_: None)
    assert any("wrap-up: older records have been deleted" in one for one in trimmed.said.cannot_show)
    assert len([one for one in trimmed.records if one.topic == "wrap-up"]) == 15


async def trim(cluster: Cluster, topic: str, before: int) -> None:
    """Delete the first records of the partition that has any."""
    admin = Clients(cluster.settings()).admin()
    await admin.start()
    partition = TopicPartition(cluster.prefix + topic, partition_for(b"L|c1", PARTITIONS))
    await admin.delete_records({partition: RecordsToDelete(before_offset=before)})
    await admin.close()


async def test_the_commands_of_the_page_run_as_they_stand_there(cluster: Cluster, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert "evidence verify" in blocks[0] and "export --archive" in blocks[1]
    for script in blocks:
        said = await asyncio.to_thread(shell, cluster, tmp_path, script)
        assert "Traceback" not in said
    assert (tmp_path / "evidence.html").read_text().startswith("<!doctype html>")


def shell(cluster: Cluster, folder: Path, script: str) -> str:
    given = {"RINGBACK_BROKER": cluster.broker, "RINGBACK_PREFIX": cluster.prefix}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", script], env=os.environ | given | {"PATH": path}, cwd=folder, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
