"""A little traffic of campaigns, and a dialer, for the pictures of the dashboards. All numbers are fictional."""

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.base.settings import make
from streams.kafka.clients import client_options
from topics.catalog import CATALOG
from topics.codec import encode, value_key
from topics.configuration import Campaign, CampaignStatus, DialingMode, DncEntry, Paced
from topics.events import (
    CallbackScheduled,
    ContactNumber,
    ContactRecord,
    PlacementOrigin,
    PlacementRequested,
    Source,
    WrapUp,
)
from topics.partitions import partition_for
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

PREFIX = "ringback."
LIST = "people"
CONTACTS = 3000
PER_SECOND = 6
CAMPAIGNS = {"spring": 6, "renewals": 3, "survey": 1, "evening": 0.4, "lottery": 1}
"""Campaigns, and their share of the callbacks: evening is off, and lottery names callable times that nobody sent."""
NUMBER = "+12025550{:03}"
ZONE = "America/New_York"
OUTCOMES = 0.93
"""Share of commands for which the dialer sends a wrap-up."""


def campaigns() -> Iterable[Campaign]:
    """The campaigns of `CAMPAIGNS`."""
    for name in CAMPAIGNS:
        yield Campaign(
            campaign_id=name,
            dialing_mode=DialingMode.PREVIEW if name == "renewals" else DialingMode.POWER,
            status=CampaignStatus.OFF if name == "evening" else CampaignStatus.ON,
            contact_list_id=LIST,
            dnc_list_ids=("house",),
            callable_time_set_id="not-sent" if name == "lottery" else None,
            dial_rate_per_s=0.3 if name == "survey" else None,
            paced=(Paced.DUE,) if name == "survey" else (Paced.RELEASED,),
            rule_set_ids=("again",),
        )


class Side:
    """What platforms and dialers send."""

    def __init__(self, producer: Any, partitions: int) -> None:
        self._producer, self._partitions = producer, partitions
        self._count = 0
        self._random = random.Random(14)  # noqa: S311

    async def send(self, topic: str, value: msgspec.Struct | bytes, key: str | None = None) -> None:
        """One event; bytes are sent as they are."""
        made = encode(value) if isinstance(value, msgspec.Struct) else value
        named = (key or value_key(topic, value)).encode()  # type: ignore[arg-type]
        partition = partition_for(named, CATALOG[topic].partition_count(self._partitions))
        await self._producer.send(PREFIX + topic, made, key=named, partition=partition)

    def _event(self) -> dict[str, Any]:
        self._count += 1
        return {"event_id": f"e-{self._count}", "occurred_at": datetime.now(UTC)}

    async def configure(self) -> None:
        """Campaigns, contacts and a Do Not Call list."""
        again = Rule(
            rule_id="again", order=1, category=RuleCategory.WRAP_UP,
            conditions=(WrapUpCodeCondition(codes=("BUSY",)),), actions=(ScheduleCallback(offset_minutes=1),),
        )  # fmt: skip
        await self.send("rule-sets", RuleSet(rule_set_id="again", rules=(again,)))
        for campaign in campaigns():
            await self.send("campaigns", campaign)
        for number in range(CONTACTS):
            phone = ContactNumber(
                column="mobile", type="cell", phone_number=NUMBER.format(number % 1000), callable=True, time_zone=ZONE
            )
            contact = ContactRecord(
                contact_list_id=LIST, contact_id=f"c-{number}", callable=True, time_zone=ZONE, numbers=(phone,)
            )
            await self.send("contacts", contact)
        for number in range(40):
            await self.send("dnc-entries", DncEntry(dnc_list_id="house", phone_number=NUMBER.format(number)))
        await self._producer.flush()

    async def a_callback(self) -> None:
        """A callback by an agent, or a call for which a rule schedules one; now and then a placement, or no JSON."""
        number = self._random.randrange(CONTACTS)
        (campaign,) = self._random.choices(list(CAMPAIGNS), weights=list(CAMPAIGNS.values()))
        about: dict[str, Any] = {
            "campaign_id": campaign, "contact_list_id": LIST, "contact_id": f"c-{number}",
            "phone_number": NUMBER.format(number % 1000),
        }  # fmt: skip
        if self._random.random() < 0.6:
            await self._a_call(about, "BUSY")
            return
        event = self._event()
        due = datetime.now(UTC) + timedelta(seconds=self._random.uniform(2, 90))
        scheduled = CallbackScheduled(
            **event, **about, callback_id=f"cb-{self._count}", source=Source.WIDGET, due_at=due, notes=None
        )
        await self.send("callback-scheduled", scheduled)
        if self._random.random() < 0.2:
            asked = PlacementRequested(
                **self._event(), **about, request_id=f"r-{self._count}", origin=PlacementOrigin.CAMPAIGN
            )
            await self.send("placement-requested", asked)
        if self._random.random() < 0.01:
            await self.send("callback-scheduled", b"{", f"{LIST}|c-{number}")

    async def an_outcome(self, command: dict[str, Any]) -> None:
        """What the dialer says of a command: mostly a wrap-up, sometimes a return, sometimes nothing."""
        if self._random.random() > OUTCOMES:
            return
        names = ("campaign_id", "contact_list_id", "contact_id", "callback_id")
        about = {name: command[name] for name in names}
        if self._random.random() < 0.04:
            event = self._event()
            returned = {**event, **about, "type": "returned", "command_id": command["command_id"], "reason": "no_agent"}
            await self.send(
                "callback-scheduled", orjson.dumps(returned), f"{about['contact_list_id']}|{about['contact_id']}"
            )
            return
        await self._a_call({**about, "phone_number": command["phone_number"]}, "DONE")

    async def _a_call(self, about: dict[str, Any], code: str) -> None:
        event = self._event()
        await self.send("wrap-up", WrapUp(**event, **about, conversation_id=event["event_id"], wrap_up_code=code))


async def _dialer(consumer: Any, side: Side) -> None:
    async for record in consumer:
        await side.an_outcome(orjson.loads(record.value))


async def traffic(broker: str, partitions: int, seconds: float) -> None:
    """Send callbacks for so long, and answer for the commands that come."""
    options = client_options(make(broker=broker))
    producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)
    commands = AIOKafkaConsumer(
        f"{PREFIX}dial-preview", f"{PREFIX}dial-analysis", **options, isolation_level="read_committed",
        auto_offset_reset="earliest", group_id="dialer",
    )  # fmt: skip
    async with producer, commands:
        side = Side(producer, partitions)
        await side.configure()
        dialer = asyncio.create_task(_dialer(commands, side))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await side.a_callback()
            await asyncio.sleep(1 / PER_SECOND)
        dialer.cancel()
        with suppress(asyncio.CancelledError):
            await dialer
