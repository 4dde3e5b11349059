"""Adapters on a real Kafka: whatever is killed, each event is written once for a read_committed reader."""

import asyncio
import random
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from streams.adapters.genesys.adapter import Genesys
from streams.adapters.seam import Terms
from streams.base.clock import SystemClock
from streams.base.settings import Settings
from streams.dev.local import LocalWorker
from streams.engine.adapting.parts import Parts
from streams.engine.adapting.work import Work
from streams.kafka.clients import Clients
from streams.kafka.source_ends import SourceEnds
from streams.logic.partition.fitting import CATALOG_LIMITS
from streams.logic.partition.outputs import Outlet
from tests.kafka.cluster import PARTITIONS, Cluster, Reader, configured, feeder, reader
from tests.kafka.genesys import (
    adapter,
    after_call_work,
    campaign_that_calls_back,
    codes,
    make_topics,
    of_conversation,
    outbound,
    ready,
    send,
    set_clock,
)
from topics.of_adapters import OF_ADAPTERS
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

SOON_S = 90.0
LONG_AFTER_S = 5 * 3600
"""More than the window."""

JOINED, NO_CONTACT, NO_WRAP_UP = 160, 20, 20


@pytest.fixture(autouse=True)
def topics(cluster: Cluster) -> None:
    make_topics(cluster)
    make_topics(cluster, "vicidial")


def conversations(chance: random.Random) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each with its events: both halves in either order and some more than once, or one half alone."""
    made = []
    for number in range(JOINED + NO_CONTACT + NO_WRAP_UP):
        name = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        halves = [outbound(name, f"c{number}"), after_call_work(name)]
        if number >= JOINED:
            halves = halves[1:] if number < JOINED + NO_CONTACT else halves[:1]
        events = halves + [chance.choice(halves)] * chance.randrange(3)
        chance.shuffle(events)
        made.append((name, events))
    return made


def mixed(made: list[tuple[str, list[dict[str, Any]]]], chance: random.Random) -> list[dict[str, Any]]:
    """Events of all conversations, as they come: each conversation's in its order, over the whole stretch."""
    timed = [(at, event) for _, events in made for at, event in zip(_times(len(events), chance), events, strict=True)]
    return [event for _, event in sorted(timed, key=lambda one: one[0])]


def _times(count: int, chance: random.Random) -> list[float]:
    return sorted(chance.random() for _ in range(count))


@pytest.mark.parametrize("protocol", [1, 2])
async def test_each_wrap_up_is_joined_and_written_once_while_adapters_are_killed_and_come_and_go(
    cluster: Cluster, protocol: int
) -> None:
    """Halves in either order, late, repeated, on any partition; one that stays alone is one dead letter."""
    chance = random.Random(17)
    made = conversations(chance)
    events = mixed(made, chance)
    first = adapter(cluster, 1, transaction_protocol=protocol)
    await ready(first)
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter")) as read:
        second: LocalWorker | None = None
        for number, event in enumerate(events):
            await send(feed, event, chance)
            await asyncio.sleep(0.005)
            if number == len(events) // 5:
                await feed.flush()
                first.kill()
                first.revive()
            elif number == 2 * len(events) // 5:
                second = adapter(cluster, 2, transaction_protocol=protocol)  # The group is rebalanced.
            elif number == 3 * len(events) // 5:
                assert second is not None
                await ready(second)
                first.kill()
            elif number == 4 * len(events) // 5:
                first.revive()
        await feed.flush()
        assert second is not None
        second.stop()  # In good order, with everything that is in flight.
        await read.until(lambda: len(read.records["wrap-up"]) >= JOINED, SOON_S)
        assert read.records["dead-letter"] == []
        set_clock(cluster, LONG_AFTER_S)
        await read.until(lambda: len(read.records["dead-letter"]) >= NO_CONTACT + NO_WRAP_UP, SOON_S)
        await read.settle(2)
        written = [one["conversation_id"] for one in read.values("wrap-up")]
        assert sorted(written) == sorted(name for name, _ in made[:JOINED])
        assert codes(read.records["dead-letter"]) == ["no_partner"] * (NO_CONTACT + NO_WRAP_UP)
        alone = [one["detail"]["eventBody"]["conversationId"] for one in read.values("dead-letter")]
        assert sorted(alone) == sorted(name for name, _ in made[JOINED:])
        ids = [dict(one.headers)["ce_id"] for records in read.records.values() for one in records]
        assert len(set(ids)) == len(ids) == JOINED + NO_CONTACT + NO_WRAP_UP
        everything = [one.value for records in read.records.values() for one in records]
        assert not any(b"sister" in (value or b"") for value in everything)


async def test_an_adapter_that_wakes_up_after_it_was_replaced_is_fenced_and_joins_again(cluster: Cluster) -> None:
    """It slept in the middle of its work; what it did not commit, its successor did."""
    chance = random.Random(5)
    names = [str(uuid.UUID(int=number + 500, version=4)) for number in range(60)]
    one = adapter(cluster, 1)
    await ready(one)
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter")) as read:
        for number, name in enumerate(names):
            await send(feed, outbound(name, f"c{number}"), chance)
            await send(feed, after_call_work(name), chance)
            if number == 20:
                await feed.flush()
                one.signal(signal.SIGSTOP)
                two = adapter(cluster, 2)
        await feed.flush()
        await ready(two)
        await read.until(lambda: len(read.records["wrap-up"]) >= len(names), SOON_S)
        one.signal(signal.SIGCONT)
        await ready(one)
        last = str(uuid.UUID(int=999, version=4))
        await send(feed, outbound(last, "c"), chance)
        await send(feed, after_call_work(last), chance)
        await read.until(lambda: len(read.records["wrap-up"]) > len(names), SOON_S)
        await read.settle(2)
        assert sorted(one["conversation_id"] for one in read.values("wrap-up")) == sorted([*names, last])
        assert read.records["dead-letter"] == [] and one.exit_code is None


@pytest.mark.parametrize("protocol", [1, 2])
async def test_what_a_former_owner_of_a_partition_still_wants_to_write_is_refused(
    cluster: Cluster, protocol: int
) -> None:
    """It has read and decided, and knows of no rebalance: its transactional id is another's by then."""
    settings = cluster.settings(transaction_protocol=protocol)
    conversation = str(uuid.UUID(int=77, version=4))
    key = partition_for(conversation.encode(), PARTITIONS)
    raws = [TopicPartition(f"{cluster.prefix}genesys-events", number) for number in range(PARTITIONS)]
    held = [*raws, TopicPartition(f"{cluster.prefix}genesys-keyed", key)]
    async with (
        feeder(cluster) as feed,
        reader(cluster, ("genesys-events", "genesys-keyed", "wrap-up")) as read,
        owner(settings) as former,
        owner(settings) as later,
    ):
        for event in (outbound(conversation, "c"), after_call_work(conversation)):
            await send(feed, event, random.Random(8))
        await read.until(lambda: len(read.records["genesys-events"]) == 2, SOON_S)
        sent = by_partition(read, "genesys-events")
        await former.acquire(held)
        await later.acquire(held)
        with pytest.raises(ProducerFenced):
            await former.take(sent)
        await later.take(sent)
        await read.until(lambda: len(read.records["genesys-keyed"]) >= 2, SOON_S)
        joined = by_partition(read, "genesys-keyed")
        with pytest.raises(ProducerFenced):
            await former.take(joined)
        await later.take(joined)
        await later.take(joined)  # What was applied before is left out.
        await read.settle(2)
        assert len(read.records["genesys-keyed"]) == 2 and len(read.records["wrap-up"]) == 1


def by_partition(read: Reader, topic: str) -> dict[TopicPartition, list[Any]]:
    found: dict[TopicPartition, list[Any]] = {}
    for record in read.records[topic]:
        found.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
    return found


@asynccontextmanager
async def owner(settings: Settings) -> AsyncIterator[Parts]:
    """Who believes to own whatever it is told to acquire."""
    clients, clock, topics = Clients(settings), SystemClock(), OF_ADAPTERS["genesys"]
    mapping = Genesys(Terms())
    limits = {**CATALOG_LIMITS, **{name: 1024 * 1024 for name in topics.by_name()}}
    ends = SourceEnds(clients)
    work = Work(mapping, topics, PARTITIONS, Outlet(settings.prefix, limits))
    parts = Parts(settings, mapping, topics, work, clients, ends, clock, limits)
    try:
        yield parts
    finally:
        await parts.close()
        await ends.close()


async def test_a_half_whose_partner_waits_on_the_raw_topic_is_not_given_up_after_an_outage(cluster: Cluster) -> None:
    """The window is long over when the adapter comes back: what had been sent meanwhile counts."""
    chance = random.Random(4)
    names = [str(uuid.UUID(int=number + 100, version=4)) for number in range(40)]
    one = adapter(cluster, 1)
    await ready(one)
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter", "genesys-state")) as read:
        for name in names:
            await send(feed, after_call_work(name), chance)
        await feed.flush()
        await read.until(lambda: len(read.records["genesys-state"]) >= len(names), SOON_S)
        one.kill()
        for number, name in enumerate(names[1:]):
            await send(feed, outbound(name, f"c{number}"), chance)
        await feed.flush()
        set_clock(cluster, LONG_AFTER_S)
        one.revive()
        await read.until(lambda: bool(read.records["dead-letter"]), SOON_S)
        await read.until(lambda: len(read.records["wrap-up"]) >= len(names) - 1, SOON_S)
        await read.settle(2)
        assert sorted(one["conversation_id"] for one in read.values("wrap-up")) == sorted(names[1:])
        assert codes(read.records["dead-letter"]) == ["no_partner"]


async def test_a_half_is_not_given_up_while_its_partner_stands_behind_a_router_that_sleeps(cluster: Cluster) -> None:
    """Its window is over, and another member has the raw partition on which its partner is."""
    chance = random.Random(6)
    names = [str(uuid.UUID(int=number + 900, version=4)) for number in range(40)]
    slow: dict[str, Any] = {"session_timeout_s": 120}  # Nobody takes over from the one that sleeps.
    one, two = adapter(cluster, 1, **slow), adapter(cluster, 2, **slow)
    await ready(one, two)
    while not are_shared(raw_partitions(cluster, one), raw_partitions(cluster, two)):
        await asyncio.sleep(0.1)
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter", "genesys-state")) as read:
        for name in names:
            await send(feed, after_call_work(name), chance)
        await feed.flush()
        await read.until(lambda: len(read.records["genesys-state"]) >= len(names), SOON_S)
        asleep = raw_partitions(cluster, two)[0]
        two.signal(signal.SIGSTOP)
        for number, name in enumerate(names):
            event = msgspec.json.encode(outbound(name, f"c{number}"))
            await feed.producer.send(f"{cluster.prefix}genesys-events", event, partition=asleep)
        await feed.flush()
        set_clock(cluster, LONG_AFTER_S)
        while not overdue(one):
            await asyncio.sleep(0.1)
        await read.settle(4)
        assert read.records["dead-letter"] == []
        two.signal(signal.SIGCONT)
        await read.until(lambda: len(read.records["wrap-up"]) >= len(names), SOON_S)
        await read.settle(3)
        assert sorted(one["conversation_id"] for one in read.values("wrap-up")) == sorted(names)
        assert read.records["dead-letter"] == []


def raw_partitions(cluster: Cluster, one: LocalWorker) -> list[int]:
    """Those that an adapter holds."""
    held = (one.status() or {"held": []})["held"]
    begin = f"{cluster.prefix}genesys-events ["
    return [int(name.removeprefix(begin).removesuffix("]")) for name in held if name.startswith(begin)]


def are_shared(some: list[int], others: list[int]) -> bool:
    """Whether each has some, and no rebalance is under way, in which nobody has all."""
    return bool(some and others) and sorted(some + others) == list(range(PARTITIONS))


def overdue(one: LocalWorker) -> bool:
    """Whether rows are due that it does not give up."""
    found = [line for line in one.metrics().splitlines() if line.startswith("ringback_adapter_overdue_seconds{")]
    return float(found[0].rsplit(" ", 1)[1]) > 0


async def test_from_configuration_and_envelopes_to_a_dial_command_with_no_step_by_hand(cluster: Cluster) -> None:
    chance = random.Random(9)
    worker = cluster.worker()
    one = adapter(cluster, 1, adapter_region="US", adapter_attributes="Tier")
    async with (
        feeder(cluster) as feed,
        reader(cluster, ("campaigns", "rule-sets", "contacts", "dial-analysis", "dead-letter")) as read,
    ):
        for event in campaign_that_calls_back("(312) 555-0142"):
            await send(feed, event, chance)
        await feed.flush()
        await read.until(lambda: all(read.records[name] for name in ("campaigns", "rule-sets", "contacts")), SOON_S)
        await ready(one, worker)
        await configured(Cluster(cluster.broker, cluster.prefix, cluster.folder, workers=[worker]))
        await send(feed, after_call_work("11111111-2222-4333-8444-555555555555"), chance)
        await send(feed, outbound("11111111-2222-4333-8444-555555555555", "c1"), chance)
        await read.until(lambda: bool(read.records["dial-analysis"]), SOON_S)
        command = read.values("dial-analysis")[0]
        assert (command["contact_id"], command["phone_number"]) == ("c1", "+13125550142")
        assert command["attributes"] == {"Tier": "gold"}
        assert read.records["dead-letter"] == []


async def test_what_is_no_envelope_is_a_dead_letter_with_its_place_and_stops_nothing(cluster: Cluster) -> None:
    chance = random.Random(2)
    at = datetime.now(UTC)
    ready_to_pair = "21111111-2222-4333-8444-555555555555"
    async with feeder(cluster) as feed, reader(cluster, ("wrap-up", "dead-letter")) as read:
        await send(feed, b"no json", chance)
        await send(feed, b'{"detail-type": "v2.detail.events.conversation.{id}.acw", "detail": {}}', chance)
        await send(feed, of_conversation("flow.start", ready_to_pair), chance)
        await send(feed, outbound(ready_to_pair, "c", number="5550142"), chance)
        await send(feed, after_call_work(ready_to_pair, at=at - timedelta(seconds=1)), chance)
        await feed.flush()
        one = adapter(cluster, 1)
        await ready(one)
        await read.until(lambda: len(read.records["dead-letter"]) >= 3, SOON_S)
        assert codes(read.records["dead-letter"]) == ["invalid", "not_e164", "undecodable"]
        for letter in read.records["dead-letter"]:
            headers = dict(letter.headers)
            assert headers["__connect.errors.topic"].decode() == cluster.prefix + "genesys-events"
        assert 'ringback_adapter_skipped_total{adapter="genesys",reason="not_used"} 1.0' in one.metrics()
        assert read.records["wrap-up"] == []


async def test_a_callback_of_vicidial_is_scheduled_moved_and_called_off(cluster: Cluster) -> None:
    chance = random.Random(3)
    row = {
        "callback_id": 7, "lead_id": 42, "list_id": 998, "campaign_id": "SALES", "status": "ACTIVE",
        "entry_time": "2027-03-09 14:00:00", "callback_time": "2027-03-10 10:30:00", "user": "6666",
        "recipient": "USERONLY", "comments": "her sister", "phone_code": "1", "phone_number": "3125550142",
    }  # fmt: skip
    one = adapter(cluster, 1, "vicidial", adapter_time_zone="America/Chicago")
    await ready(one)
    async with feeder(cluster) as feed, reader(cluster, ("callback-scheduled", "dead-letter")) as read:
        for number, change in enumerate((
            {}, {}, {"callback_time": "2027-03-11 09:00:00", "modify_date": "2027-03-09 15:00:00"},
            {"status": "DEAD", "modify_date": "2027-03-09 16:00:00"},
        )):  # fmt: skip
            await send(feed, msgspec.json.encode(row | change), chance, "vicidial-events")
            await feed.flush()
            await read.until(lambda: len(read.records["callback-scheduled"]) >= (1, 1, 2, 3)[number], SOON_S)  # noqa: B023
        told = read.values("callback-scheduled")
        assert [one["type"] for one in told] == ["scheduled", "rescheduled", "cancelled"]
        assert told[1]["due_at"] == "2027-03-11T15:00:00Z" and told[0]["owner"] == "only"
        assert not read.records["dead-letter"]
