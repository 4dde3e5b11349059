"""`ringback import` on a real Kafka: a migration as docs/migrate.md tells it, and the same once more."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configured, feeder, reader
from topics.configuration import AttemptLimits, Campaign, CampaignStatus, DialingMode
from topics.events import PlacementOrigin, PlacementRequested
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

CONTACTS, TIMEOUT_S = 40, 60.0
TOPICS = (
    "contacts",
    "dnc-entries",
    "callback-scheduled",
    "wrap-up",
    "callback-lifecycle",
    "placement-decided",
    "dead-letter",
)


CALL = "L,c1,+12125550001,BUSY,2026-11-01T15:00:00Z"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def ago(**span: int) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="seconds")


def files(folder: Path) -> dict[str, Path]:
    """Every contact has a number and two calls of this week, and half of them a callback of tomorrow."""
    number = [f"+1212555{n:04d}" for n in range(CONTACTS)]
    return {
        "contacts": write(
            folder / "contacts.csv",
            "contact_list_id,contact_id,callable,time_zone,number.mobile",
            *(f"L,c{n},true,America/New_York,{number[n]}" for n in range(CONTACTS)),
        ),
        "attempts": write(
            folder / "attempts.csv",
            "campaign_id,contact_list_id,contact_id,phone_number,wrap_up_code,occurred_at",
            *(f"P,L,c{n},{number[n]},BUSY,{ago(days=day)}" for n in range(CONTACTS) for day in (1, 2, 400)),
        ),
        "callbacks": write(
            folder / "callbacks.csv",
            "campaign_id;contact_list_id;contact_id;phone_number;due_at;conversation_id",
            *(f"P;L;c{n};{number[n]};{ago(days=-1)};v{n}" for n in range(0, CONTACTS, 2)),
        ),
    }


def ringback(cluster: Cluster, *arguments: object) -> tuple[int, list[str], list[str]]:
    where = ["--broker", cluster.broker, "--prefix", cluster.prefix]
    command = [sys.executable, "-m", "streams", "import", *map(str, arguments), *where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def sent(told: tuple[int, list[str], list[str]]) -> int:
    """How many records a run has sent that ended well."""
    code, out, err = told
    assert (code, err) == (0, []), out
    return int(out[-1].removeprefix("sent ").split()[0])


async def configure(feed: Feeder) -> None:
    limits = AttemptLimits(max_attempts_per_contact=2, reset_period="days_7", time_zone="UTC")
    campaign = Campaign(
        campaign_id="P",
        dialing_mode=DialingMode.POWER,
        status=CampaignStatus.ON,
        contact_list_id="L",
        dnc_list_ids=("D",),
        attempt_limits=limits,
    )
    await feed.send("campaigns", campaign)
    await feed.flush()


async def ask(feed: Feeder, request_id: str) -> None:
    event = PlacementRequested(
        event_id=request_id, request_id=request_id, occurred_at=datetime.now(UTC), origin=PlacementOrigin.CAMPAIGN,
        campaign_id="P", contact_list_id="L", contact_id="c1", phone_number="+12125550001",
    )  # fmt: skip
    await feed.send("placement-requested", event)
    await feed.flush()


async def test_a_migration_counts_and_a_second_run_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    given = files(tmp_path)
    dnc = write(tmp_path / "dnc.csv", "phone_number", "+12125550001", "+12125550003")
    async with feeder(cluster) as feed, reader(cluster, TOPICS) as read:
        await configure(feed)
        bad = write(tmp_path / "bad.csv", *given["attempts"].read_text().splitlines(), f"gone,{CALL}")
        code, out, err = ringback(cluster, "attempts", bad)
        assert (code, out[0]) == (1, f"{bad}:{3 * CONTACTS + 2}: campaign_id: The campaign is not configured")
        assert err[0].startswith("ringback: 1 line is rejected, so nothing was sent")
        for attempts in ((given["attempts"],), ("--skip-rejects", bad)):
            assert sent(ringback(cluster, "dnc", "--list", "D", dnc)) == 2
            assert sent(ringback(cluster, "contacts", given["contacts"])) == CONTACTS
            assert sent(ringback(cluster, "callbacks", given["callbacks"])) == CONTACTS // 2
            assert sent(ringback(cluster, "attempts", *attempts)) == 3 * CONTACTS
        worker = cluster.worker()
        worker.wait_ready()
        await configured(cluster)
        await ask(feed, "q1")
        await read.until(lambda: len(read.records["placement-decided"]) == 1, TIMEOUT_S)
        (answer,) = read.values("placement-decided")
        assert answer["reasons"] == ["dnc", "contact_attempt_limit", "already_called_this_pass"]
        assert answer["facts"]["attempts"]["contact"] == {"count": 2, "limit": 2}
        await read.until(lambda: len(read.records["callback-lifecycle"]) == CONTACTS // 2, TIMEOUT_S)

        # The list becomes what the file says, and nothing else is heard of it all.
        shorter = write(tmp_path / "shorter.csv", "phone_number", "+12125550003", "+12125550005")
        code, out, _ = ringback(cluster, "dnc", "--list", "D", "--replace", shorter)
        assert code == 0 and out[-1] == "removed 1 entry from D"
        await configured(cluster)
        await ask(feed, "q2")
        await read.until(lambda: len(read.records["placement-decided"]) == 2, TIMEOUT_S)
        await read.settle(1)
    assert read.values("placement-decided")[1]["reasons"] == ["contact_attempt_limit", "already_called_this_pass"]
    assert {record["transition"] for record in read.values("callback-lifecycle")} == {"scheduled"}
    assert len(read.records["callback-lifecycle"]) == CONTACTS // 2 and read.records["dead-letter"] == []
    for topic in ("contacts", "wrap-up", "callback-scheduled"):
        assert {record.partition for record in read.records[topic]} == set(range(PARTITIONS))
        assert all(record.partition == partition_for(record.key, PARTITIONS) for record in read.records[topic])
    entries = [(record.key, record.value is None) for record in read.records["dnc-entries"]]
    assert entries[-3:] == [(b"D|+12125550003", False), (b"D|+12125550005", False), (b"D|+12125550001", True)]
