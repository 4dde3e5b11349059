"""Placement requests on a real Kafka: answered once, after what had arrived before them, never ahead of the gate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.kafka.cluster import Cluster, Feeder, Reader, feeder, reader
from topics.callback_events import CallbackCancelled, CallbackScheduled, Source
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import ContactRecord, PlacementOrigin, PlacementRequested, WrapUp

pytestmark = pytest.mark.kafka

NUMBER = "+12125550101"
TIMEOUT_S = 90.0
OF_CONTACT: dict[str, Any] = {"campaign_id": "P", "contact_list_id": "L", "contact_id": "c1"}


def now() -> datetime:
    return datetime.now(UTC)


async def configure(feed: Feeder) -> None:
    await feed.send(
        "campaigns",
        Campaign(campaign_id="P", dialing_mode=DialingMode.POWER, status=CampaignStatus.ON, contact_list_id="L"),
    )
    await feed.send("contacts", ContactRecord(contact_list_id="L", contact_id="c1", callable=True))
    await feed.flush()


async def schedule(feed: Feeder, callback_id: str = "k1") -> None:
    event = CallbackScheduled(
        event_id=f"s-{callback_id}", occurred_at=now(), callback_id=callback_id, source=Source.WIDGET,
        phone_number=NUMBER, due_at=now() + timedelta(days=1), **OF_CONTACT,
    )  # fmt: skip
    await feed.send("callback-scheduled", event)


async def ask(feed: Feeder, request_id: str, event_id: str | None = None) -> None:
    event = PlacementRequested(
        event_id=event_id or f"p-{request_id}", request_id=request_id, occurred_at=now(),
        origin=PlacementOrigin.CALLBACK, callback_id="k1", phone_number=NUMBER, **OF_CONTACT,
    )  # fmt: skip
    await feed.send("placement-requested", event)
    await feed.flush()


async def backlog(feed: Feeder, count: int) -> None:
    for number in range(count):
        event = WrapUp(
            event_id=f"w{number}", occurred_at=now(), conversation_id=f"v{number}", phone_number=NUMBER,
            wrap_up_code="DONE", **OF_CONTACT,
        )  # fmt: skip
        await feed.send("wrap-up", event)


async def answers(taken: Reader, count: int) -> list[tuple[str, list[str]]]:
    await taken.until(lambda: len(taken.records["placement-decided"]) >= count, TIMEOUT_S)
    await taken.settle(0.5)
    return [(one["request_id"], one["reasons"]) for one in taken.values("placement-decided")]


async def test_a_request_is_answered_and_a_repeated_one_gets_the_same_answer(cluster: Cluster) -> None:
    async with feeder(cluster) as feed, reader(cluster, ["placement-decided"]) as taken:
        await configure(feed)
        cluster.worker().wait_ready()
        await schedule(feed)
        await feed.flush()
        await ask(feed, "q1")
        assert await answers(taken, 1) == [("q1", [])]
        await feed.send("contacts", ContactRecord(contact_list_id="L", contact_id="c1", callable=False))
        await feed.flush()
        await ask(feed, "q1", "again")
        await ask(feed, "q2")
        assert await answers(taken, 3) == [("q1", []), ("q1", []), ("q2", ["contact_uncallable"])]
        first, again, _ = taken.records["placement-decided"]
        assert first.value == again.value


async def test_what_was_sent_during_an_outage_is_applied_before_a_request_is_answered(cluster: Cluster) -> None:
    """A backlog of wrap-ups and a cancel wait, the request after them; they are on three topics."""
    async with feeder(cluster) as feed, reader(cluster, ["placement-decided"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        worker.wait_ready()
        await schedule(feed)
        await feed.flush()
        await ask(feed, "q1")
        assert await answers(taken, 1) == [("q1", [])]
        worker.kill()
        await backlog(feed, 5000)
        await feed.send(
            "callback-scheduled", CallbackCancelled(event_id="x", occurred_at=now(), callback_id="k1", **OF_CONTACT)
        )
        await feed.flush()
        await ask(feed, "q2")
        worker.start()
        assert await answers(taken, 2) == [("q1", []), ("q2", ["callback_ended"])]


async def test_a_request_behind_a_backlog_is_answered_after_it(cluster: Cluster) -> None:
    """While the worker runs: thousands of wrap-ups and a cancel were written before the request is."""
    async with feeder(cluster) as feed, reader(cluster, ["placement-decided"]) as taken:
        await configure(feed)
        cluster.worker().wait_ready()
        await schedule(feed)
        await feed.flush()
        await backlog(feed, 5000)
        await feed.send(
            "callback-scheduled", CallbackCancelled(event_id="x", occurred_at=now(), callback_id="k1", **OF_CONTACT)
        )
        await feed.flush()
        await ask(feed, "q1")
        assert await answers(taken, 1) == [("q1", ["callback_ended"])]
