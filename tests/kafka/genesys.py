"""Envelopes of Genesys Cloud as EventBridge gives them, and adapters to read them from a real Kafka."""

import asyncio
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder
from topics.of_adapters import OF_ADAPTERS

Json = dict[str, Any]

CAMPAIGN, LIST, RULES = (str(uuid.UUID(int=number, version=4)) for number in (1, 2, 3))
RAW = "genesys-events"


def envelope(topic: str, body: Json | None, at: datetime | None = None, object_id: str = CAMPAIGN) -> Json:
    """`topic` with `{id}` in it, as the rule of a bus sees it."""
    at = at or datetime.now(UTC)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": topic,
        "source": "aws.partner/genesys.com/cloud/org/ringback",
        "account": "1",
        "time": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": "eu-central-1",
        "resources": [],
        "detail": {"topicName": topic.replace("{id}", object_id), "version": "2", "eventBody": body},
    }


def of_conversation(kind: str, of: str, at: datetime | None = None, **body: Any) -> Json:
    at = at or datetime.now(UTC)
    told = {"eventTime": int(at.timestamp() * 1000), "conversationId": of, "mediaType": "VOICE"}
    topic = f"v2.detail.events.conversation.{{id}}.{kind}"
    return envelope(topic, told | {"direction": "OUTBOUND"} | body, at, of)


def outbound(conversation_id: str, contact_id: str, number: str = "+13125550142", **more: Any) -> Json:
    return of_conversation(
        "outbound", conversation_id, dnis=f"tel:{number}", outboundCampaignId=CAMPAIGN, outboundContactListId=LIST,
        outboundContactId=contact_id, **more,
    )  # fmt: skip


def after_call_work(conversation_id: str, code: str = "CB", **more: Any) -> Json:
    own = {"participantId": f"p-{conversation_id}", "sessionId": "s", "userId": "agent-1", "wrapupCode": code}
    return of_conversation("acw", conversation_id, **(own | {"wrapupNotes": "asked for her sister"} | more))


def campaign_that_calls_back(number: str) -> list[Json]:
    """A power campaign that is on, with contact c1 on its list, whom a rule calls back at once after the code CB."""
    rule = {
        "id": "again", "order": 0, "category": "DIALER_WRAPUP",
        "conditions": [{"type": "wrapupCondition", "codes": ["CB"]}],
        "actions": [{"type": "Action", "actionTypeName": "SCHEDULE_CALLBACK", "properties": {"callbackOffset": "0"}}],
    }  # fmt: skip
    campaign = {
        "id": CAMPAIGN, "name": "Renewals", "contactList": {"id": LIST}, "dialingMode": "power",
        "campaignStatus": "on", "ruleSets": [{"id": RULES}],
    }  # fmt: skip
    contact = {
        "id": "c1", "contactListId": LIST, "callable": True, "data": {"Cell": number, "Tier": "gold"},
        "phoneNumberStatus": {"Cell": {"callable": True}},
    }  # fmt: skip
    return [
        envelope("v2.outbound.campaigns.{id}", campaign),
        envelope("v2.outbound.rulesets.{id}", {"id": RULES, "rules": [rule]}, object_id=RULES),
        envelope("v2.outbound.contactlists.{id}.contacts", contact, object_id=LIST),
        envelope(
            "v2.outbound.contactlists.{id}",
            {"id": LIST, "phoneColumns": [{"columnName": "Cell", "type": "CELL"}]},
            object_id=LIST,
        ),
    ]


def make_topics(cluster: Cluster, name: str = "genesys") -> None:
    topic_admin.create(Clients(cluster.settings()), PARTITIONS, 1, OF_ADAPTERS[name].by_name())


def adapter(cluster: Cluster, number: int, name: str = "genesys", **changes: Any) -> LocalWorker:
    """A process that is started, and that ends with the cluster."""
    own = {
        "broker": cluster.broker,
        "prefix": cluster.prefix,
        "app": f"{cluster.prefix}app",
        "session_timeout_s": 3,
        "rebalance_timeout_s": 10,
        "clock_offset_file": cluster.folder / "offset",
    }
    log = cluster.folder / f"adapter-{number}.log"
    made = LocalWorker(log, command=("-m", "streams", "adapter", name), **(own | changes))
    made.start()
    cluster.workers.append(made)
    return made


async def send(feed: Feeder, value: Json | bytes, chance: random.Random, topic: str = RAW) -> None:
    """To any partition, under any key."""
    payload = value if isinstance(value, bytes) else msgspec.json.encode(value)
    key = chance.choice([None, b"any", chance.randbytes(3)])
    await feed.producer.send(feed.cluster.prefix + topic, payload, key=key, partition=chance.randrange(PARTITIONS))


def set_clock(cluster: Cluster, seconds: float) -> None:
    """Adapters are so far ahead from now on."""
    fresh = cluster.folder / "offset.new"
    fresh.write_text(str(seconds))
    fresh.rename(cluster.folder / "offset")


async def ready(*adapters: LocalWorker) -> None:
    for one in adapters:
        await asyncio.to_thread(one.wait_ready)


def codes(records: list[Any]) -> list[str]:
    """What dead letters say."""
    return sorted(dict(one.headers)["ringback.error"].decode() for one in records)


Done = Callable[[], bool]
