"""A campaign with contacts whom a dialer calls, and events that make it call them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.logic.contact.ids import rule_callback_id
from tests.kafka.cluster import configured
from tests.telephony.stack import Telephony
from topics.callback_events import CallbackScheduled, Source
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import CallAnalysis, ContactRecord, WrapUp
from topics.rules import CallAnalysisCondition, Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

CALL_BACK = "CALL-BACK"
"""The code after which a rule calls back at once, with call analysis."""


BACK = Rule(
    rule_id="back",
    order=1,
    category=RuleCategory.WRAP_UP,
    conditions=(WrapUpCodeCondition(codes=(CALL_BACK,)),),
    actions=(ScheduleCallback(offset_minutes=0),),
)
LADDER = Rule(
    rule_id="ladder",
    order=1,
    category=RuleCategory.WRAP_UP,
    conditions=(CallAnalysisCondition(results=(CallAnalysis.BUSY,)),),
    actions=(ScheduleCallback(offsets_minutes=(0, 0)),),
)


async def begin(phones: Telephony, contacts: int = 10, **of_campaign: Any) -> None:
    """A worker that knows a power campaign, which calls back after `CALL_BACK`, and its contacts c0, c1 and so on.

    of_campaign: other settings of it; the rule set `ladder` calls a busy line again, twice.
    """
    feed = phones.feed
    await feed.send("rule-sets", RuleSet(rule_set_id="back", rules=(BACK,)))
    await feed.send("rule-sets", RuleSet(rule_set_id="ladder", rules=(LADDER,)))
    campaign: dict[str, Any] = {"dialing_mode": DialingMode.POWER, "queue_id": "desk", "rule_set_ids": ("back",)}
    await feed.send(
        "campaigns",
        Campaign(campaign_id="P", status=CampaignStatus.ON, contact_list_id="L", **campaign | of_campaign),
    )
    for which in range(contacts):
        await feed.send("contacts", ContactRecord(contact_list_id="L", contact_id=f"c{which}", callable=True))
    await feed.flush()
    await phones.worker()
    await configured(phones.cluster)


def called_back(contact_id: str, event_id: str | None = None) -> str:
    """The id of the callback that a rule arranges after this wrap-up, `call_back`'s unless it is another."""
    return rule_callback_id("L", contact_id, event_id or f"e-{contact_id}")


async def call_back(phones: Telephony, contact_id: str, number: str, **changes: Any) -> None:
    """A wrap-up after which a rule has the system call this number at once."""
    fields: dict[str, Any] = {
        "event_id": f"e-{contact_id}",
        "occurred_at": datetime.now(UTC),
        "conversation_id": f"v-{contact_id}",
        "wrap_up_code": CALL_BACK,
    }
    about = {"campaign_id": "P", "contact_list_id": "L", "contact_id": contact_id, "phone_number": number}
    await phones.feed.send("wrap-up", WrapUp(**fields | about | changes))
    await phones.feed.flush()


async def promise(phones: Telephony, callback_id: str, contact_id: str, number: str, **changes: Any) -> None:
    """An agent's callback that falls due at once: a preview."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "event_id": f"s-{callback_id}",
        "occurred_at": now,
        "callback_id": callback_id,
        "source": Source.WIDGET,
        "due_at": now + timedelta(milliseconds=1),
    }
    about = {"campaign_id": "P", "contact_list_id": "L", "contact_id": contact_id, "phone_number": number}
    await phones.feed.send("callback-scheduled", CallbackScheduled(**fields | about | changes))
    await phones.feed.flush()
