"""A worker with a campaign and its contacts, and events after which dialers of any language have something to do."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from tests.kafka.cluster import Cluster, Feeder, Reader, configured, contacts_read, feeder, reader
from topics.callback_events import CallbackScheduled, Source
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import ContactRecord, WrapUp
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

SOON_S = 120.0
LIST = "Kündschaft"
UNCALLABLE = "nicht-anrufen"
TOLD = (
    "callback-scheduled", "callback-lifecycle", "placement-requested", "placement-decided", "dead-letter",
    "dial-preview", "dial-analysis", "wrap-up",
)  # fmt: skip
ENDS = {"completed", "not_dialed", "expired", "blocked"}
BACK = Rule(
    rule_id="back",
    order=1,
    category=RuleCategory.WRAP_UP,
    conditions=(WrapUpCodeCondition(codes=("CALL-BACK",)),),
    actions=(ScheduleCallback(offset_minutes=0),),
)


def number(which: int) -> str:
    """A phone number of its own."""
    return f"+1212555{which:04d}"


@dataclass
class Story:
    """What is fed, and what is read of what workers and dialers write."""

    cluster: Cluster
    feed: Feeder
    taken: Reader

    async def until(self, done: Any) -> None:
        """Read until `done()`."""
        await self.taken.until(done, SOON_S)

    def commands(self) -> list[dict[str, Any]]:
        """Those that were written."""
        return self.taken.values("dial-preview") + self.taken.values("dial-analysis")

    def ended(self) -> dict[str, list[str]]:
        """How each callback ended, with the reasons."""
        steps = self.taken.values("callback-lifecycle")
        return {one["callback_id"]: [one["transition"], *one["reasons"]] for one in steps if one["transition"] in ENDS}

    def codes(self) -> dict[str, list[str]]:
        """The codes of the wrap-ups of each callback."""
        found: dict[str, list[str]] = {}
        for one in self.taken.values("wrap-up"):
            if one.get("callback_id"):
                found.setdefault(one["callback_id"], []).append(one["wrap_up_code"])
        return found

    def allowed(self) -> dict[str, bool]:
        """By callback, whether its latest placement request was allowed."""
        return {one["callback_id"]: one["allowed"] for one in self.taken.values("placement-decided")}

    def asked_by(self) -> list[str]:
        """The addresses of those who have sent placement requests, in order."""
        return list(dict.fromkeys(one["reply_to"] for one in self.taken.values("placement-requested")))

    def last_expiry(self) -> datetime:
        """When the last command expires that does."""
        return max(datetime.fromisoformat(one["expires_at"]) for one in self.commands() if one["expires_at"])

    async def promise(self, contact_ids: Iterable[str], first_number: int, campaign_id: str) -> None:
        """Callbacks of agents that fall due at once."""
        for which, contact_id in enumerate(contact_ids, first_number):
            event = CallbackScheduled(
                event_id=f"s-{contact_id}", occurred_at=datetime.now(UTC), callback_id=f"k-{contact_id}",
                source=Source.SCRIPT, campaign_id=campaign_id, contact_list_id=LIST, contact_id=contact_id,
                phone_number=number(which), due_at=in_s(0.1),
            )  # fmt: skip
            await self.feed.send("callback-scheduled", event)
        await self.feed.flush()

    async def call_back(self, contact_ids: Iterable[str], first_number: int) -> None:
        """Wrap-ups after which a rule has the system call these contacts at once."""
        for which, contact_id in enumerate(contact_ids, first_number):
            event = WrapUp(
                event_id=f"e-{contact_id}", occurred_at=datetime.now(UTC), conversation_id=f"v-{contact_id}",
                campaign_id="P", contact_list_id=LIST, contact_id=contact_id, phone_number=number(which),
                wrap_up_code="CALL-BACK",
            )  # fmt: skip
            await self.feed.send("wrap-up", event)
        await self.feed.flush()

    async def members(self) -> int:
        """How many dialers the group has."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.cluster.broker)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([f"{self.cluster.prefix}dialer"])
        finally:
            await admin.close()
        return len(answer.groups[0][5])

    async def forge_and_abort(self, command: dict[str, Any]) -> None:
        """Write commands into each partition in a transaction that is aborted: none of them was ever given."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.cluster.broker, transactional_id=f"{self.cluster.prefix}forger"
        )
        await producer.start()
        try:
            await producer.begin_transaction()
            for partition in range(self.cluster.partitions):
                forged = command | {"command_id": f"{partition:032x}", "phone_number": number(9000 + partition)}
                topic = f"{self.cluster.prefix}dial-analysis"
                await producer.send_and_wait(topic, json.dumps(forged).encode(), b"forged", partition)
            await producer.abort_transaction()
        finally:
            await producer.stop()


def callbacks(contact_ids: Iterable[str], first_number: int, due_at: datetime, campaign_id: str = "P") -> str:
    """Lines for a producer: one callback of each contact."""
    lines = [
        {
            "callback_id": f"k-{contact_id}", "campaign_id": campaign_id, "contact_list_id": LIST,
            "contact_id": contact_id, "phone_number": number(which), "occurred_at": in_s(0).isoformat(),
            "due_at": due_at.isoformat(), "notes": "Grüße",
        }
        for which, contact_id in enumerate(contact_ids, first_number)
    ]  # fmt: skip
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


@asynccontextmanager
async def story(cluster: Cluster, contact_ids: list[str]) -> AsyncIterator[Story]:
    """A worker knows the campaigns P and X, where a callback expires after three seconds, and these contacts."""
    async with feeder(cluster) as feed, reader(cluster, TOLD) as taken:
        await feed.send("rule-sets", RuleSet(rule_set_id="R", rules=(BACK,)))
        campaign: dict[str, Any] = {
            "dialing_mode": DialingMode.POWER, "status": CampaignStatus.ON, "contact_list_id": LIST,
            "rule_set_ids": ("R",),
        }  # fmt: skip
        await feed.send("campaigns", Campaign(campaign_id="P", **campaign))
        await feed.send("campaigns", Campaign(campaign_id="X", expire_after_s=3, **campaign))
        for contact_id in contact_ids:
            record = ContactRecord(contact_list_id=LIST, contact_id=contact_id, callable=contact_id != UNCALLABLE)
            await feed.send("contacts", record)
        await feed.flush()
        worker = cluster.worker()
        await asyncio.to_thread(worker.wait_ready, SOON_S)
        await configured(cluster)
        await contacts_read(cluster, worker, len(contact_ids))
        yield Story(cluster, feed, taken)


def in_s(seconds: float) -> datetime:
    """An instant ahead."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
