"""A little of everything that a worker does: each topic that it reads is written, and it writes each of its own."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kafka.cluster import Cluster, Feeder, configured, feeder, reader
from topics.callback_events import CallbackScheduled, Owner, Source
from topics.configuration import Campaign, CampaignStatus, DialingMode, DncEntry
from topics.events import (
    CampaignRecycle,
    ContactListCleared,
    ContactRecord,
    PlacementOrigin,
    PlacementRequested,
    WrapUp,
)
from topics.rights import WRITTEN_TOPICS
from topics.rules import AppendToDnc, Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

NUMBER = "+12125550101"
RESULTS = tuple(name for name in WRITTEN_TOPICS if name != "contact-state")


async def configure(feed: Feeder) -> None:
    """Campaign, rules, contacts, and a record on every other configuration topic."""
    rules = (
        Rule(
            rule_id="again", order=1, category=RuleCategory.WRAP_UP,
            conditions=(WrapUpCodeCondition(codes=("CB",)),), actions=(ScheduleCallback(offset_minutes=1),),
        ),
        Rule(
            rule_id="never", order=2, category=RuleCategory.WRAP_UP,
            conditions=(WrapUpCodeCondition(codes=("DNC",)),), actions=(AppendToDnc(),),
        ),
    )  # fmt: skip
    await feed.send("rule-sets", RuleSet(rule_set_id="R", rules=rules))
    campaign = Campaign(
        campaign_id="P", dialing_mode=DialingMode.POWER, status=CampaignStatus.ON, contact_list_id="L",
        rule_set_ids=("R",), dnc_list_ids=("D",),
    )  # fmt: skip
    await feed.send("campaigns", campaign)
    await feed.send("callable-time-sets", b"{}", key="T")
    await feed.send("dnc-entries", DncEntry(dnc_list_id="D", phone_number="+12125550199"))
    at = datetime.now(UTC) - timedelta(days=1)
    await feed.send("campaign-recycle", CampaignRecycle(event_id="r1", occurred_at=at, campaign_id="other"))
    await feed.send("contact-list-cleared", ContactListCleared(event_id="c1", occurred_at=at, contact_list_id="other"))
    for contact_id in ("ann", "bob", "cid"):
        await feed.send("contacts", ContactRecord(contact_list_id="L", contact_id=contact_id, callable=True))
    await feed.flush()


async def events(feed: Feeder, turn: int = 0) -> None:
    """What leads to a record on each of the worker's topics, within a second or two; another `turn` is other calls."""
    now = datetime.now(UTC)
    of_contact: dict[str, Any] = {"campaign_id": "P", "contact_list_id": "L", "phone_number": NUMBER}
    await feed.send(
        "callback-scheduled",
        CallbackScheduled(
            event_id=f"s{turn}", occurred_at=now, callback_id=f"k{turn}", source=Source.WIDGET, contact_id="ann",
            due_at=now + timedelta(seconds=1), agent_id="a7", owner=Owner.PREFERRED, **of_contact,
        ),
    )  # fmt: skip
    before = now - timedelta(seconds=59)
    for number, (contact_id, code, at) in enumerate((("bob", "CB", before), ("cid", "DNC", now))):
        await feed.send(
            "wrap-up",
            WrapUp(
                event_id=f"w{number}-{turn}", occurred_at=at, conversation_id=f"v{number}-{turn}", wrap_up_code=code,
                contact_id=contact_id, **of_contact | {"phone_number": f"+1212555{2 * turn + number + 200:04d}"},
            ),
        )  # fmt: skip
    await feed.send(
        "placement-requested",
        PlacementRequested(
            event_id=f"p{turn}", request_id=f"q{turn}", occurred_at=now, origin=PlacementOrigin.CALLBACK,
            callback_id=f"k{turn}", contact_id="ann", **of_contact,
        ),
    )  # fmt: skip
    await feed.send("callback-scheduled", b"{", key="L|ann")
    await feed.flush()


async def do_everything(cluster: Cluster, timeout_s: float) -> set[str]:
    """All of it with the worker that runs; returns the topics that it has written nothing to in this time."""
    async with feeder(cluster) as feed:
        await configure(feed)
        await configured(cluster, timeout_s)
        await events(feed)
    before = {name: int(name == "dnc-entries") for name in RESULTS}

    def missing(records: dict[str, list[Any]]) -> set[str]:
        return {name for name, already in before.items() if len(records[name]) <= already}

    async with reader(cluster, RESULTS) as taken:
        with suppress(TimeoutError):
            await taken.until(lambda: not missing(taken.records), timeout_s)
        return missing(taken.records)
