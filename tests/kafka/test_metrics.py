"""The metrics of a worker are what the topics say: states, what is overdue and why, ends, lag, transactions."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from streams.dev.local import LocalWorker
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, configure, feeder, reader
from tests.kafka.counted import counted
from tests.kafka.test_worker import SOON_S, cancelled, scheduled, settled
from topics.configuration import Campaign, CampaignStatus, DialingMode, Hold

pytestmark = pytest.mark.kafka

STOPPED = Campaign(campaign_id="off", dialing_mode=DialingMode.POWER, status=CampaignStatus.ON, contact_list_id=LIST)
HOLD = Hold(hold_id="h", campaign_id="off", reason="wrong script", actor="ops")


async def shown(worker: LocalWorker, holds: Callable[[], bool]) -> None:
    """Return when the page shows it: gauges are a second old at most."""
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, worker.metrics()
        await asyncio.sleep(0.2)


async def test_gauges_and_counters_say_what_the_topics_say(cluster: Cluster) -> None:
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview", "dial-analysis"]) as commands:
        await configure(feed)
        await feed.send("campaigns", STOPPED)
        await feed.send("holds", HOLD)
        worker = cluster.worker(metrics_campaigns="off, other")
        now = datetime.now(UTC)
        far, near, soon = now + timedelta(hours=1), now + timedelta(seconds=55), now + timedelta(seconds=1)
        later = [scheduled(f"far-{n}", f"c{n}", far) for n in range(5)]
        nearly = [scheduled(f"near-{n}", f"c{10 + n}", near) for n in range(3)]
        due = [scheduled(f"due-{n}", f"c{20 + n}", soon) for n in range(2)]
        held = [replace(scheduled(f"off-{n}", f"c{30 + n}", soon), campaign_id="off") for n in range(4)]
        await settled(cluster, feed, *later, *nearly, *due, *held)
        await feed.send("callback-scheduled", cancelled("far-0", "c0"))
        await commands.until(lambda: sum(map(len, commands.records.values())) == len(due), SOON_S)

        def value(metric: str, **labels: str) -> float:
            return counted(worker, metric, **labels)

        await shown(worker, lambda: "ringback_callbacks_overdue{" in worker.metrics())
        await shown(worker, lambda: value("ringback_callbacks_overdue", waits_for="hold") == len(held))
        await shown(worker, lambda: value("ringback_transitions_total", transition="cancelled") == 1)
        await shown(worker, lambda: value("ringback_consumer_lag") == 0)
        in_hand = sum(value("ringback_callbacks_outstanding", state=state) for state in ("presented", "dialing"))
        assert in_hand == len(due) == value("ringback_commands_total")
        await shown(worker, lambda: value("ringback_command_age_seconds_bucket", le="+Inf") == len(due))
        assert value("ringback_callbacks_outstanding", state="waiting") == len(held)
        assert value("ringback_callbacks_outstanding") == len(later) - 1 + len(nearly) + len(due) + len(held)
        assert value("ringback_callbacks_overdue", waits_for="worker") == 0
        oldest_s = value("ringback_oldest_overdue_seconds", waits_for="hold")
        assert 0 < oldest_s <= PARTITIONS * ((datetime.now(UTC) - soon).total_seconds() + 1)
        assert value("ringback_overdue_seconds_bucket", waits_for="hold", le="+Inf") == len(held)
        if datetime.now(UTC) < near - timedelta(seconds=5):
            assert value("ringback_callbacks_due_within_minute") == len(nearly)
        assert value("ringback_transitions_total", transition="waiting") == len(held)
        assert value("ringback_transition_reasons_total", transition="waiting", reason="on_hold") == len(held)
        assert value("ringback_campaign_outstanding", campaign="off", state="waiting") == len(held)
        assert value("ringback_campaign_overdue", campaign="off") == len(held)
        assert value("ringback_campaign_outstanding", campaign="other") == 0
        assert value("ringback_event_to_effect_seconds_count", topic="callback-scheduled") == 15
        assert value("ringback_events_total", topic="callback-scheduled", type="cancelled") == 1
        assert value("ringback_producer_epochs_total") == PARTITIONS == value("ringback_contact_partitions")
        assert value("ringback_restore_progress_ratio") == PARTITIONS
        assert value("ringback_restore_remaining_records") == 0
        assert value("ringback_configuration_records", topic="campaigns") == 2
        assert value("ringback_rebalances_total") >= 1 and value("ringback_transactions_total") > 0
        page = worker.metrics()
        assert 'campaign="P"' not in page, "nobody named it"


async def test_a_restarted_worker_shows_the_same_callbacks(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await configure(feed)
        await feed.send("campaigns", STOPPED)
        await feed.send("holds", HOLD)
        worker = cluster.worker()
        soon, far = datetime.now(UTC) + timedelta(seconds=1), datetime.now(UTC) + timedelta(hours=1)
        held = [replace(scheduled(f"off-{n}", f"c{n}", soon), campaign_id="off") for n in range(8)]
        await settled(cluster, feed, *held, *(scheduled(f"far-{n}", f"c{20 + n}", far) for n in range(8)))
        await shown(worker, lambda: "ringback_callbacks_overdue{" in worker.metrics())
        await shown(worker, lambda: counted(worker, "ringback_callbacks_overdue", waits_for="hold") == 8)
        worker.kill()
        worker.start()
        worker.wait_ready()
        await shown(worker, lambda: "ringback_callbacks_overdue{" in worker.metrics())
        await shown(worker, lambda: counted(worker, "ringback_callbacks_overdue", waits_for="hold") == 8)
        assert counted(worker, "ringback_callbacks_outstanding", state="scheduled") == 8
        assert counted(worker, "ringback_callbacks_outstanding", state="waiting") == 8
