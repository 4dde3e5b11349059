"""The callbacks that the benchmarks have scheduled, as events. Pure: every instant is an argument.

Half of them are arranged by an agent and go out as previews, half by a rule of a power campaign and go out for
analysis. Each belongs to a contact of its own.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from streams.logic.contact.ids import rule_callback_id
from topics.callback_events import CallbackScheduled, Source
from topics.codec import encode, value_key
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import ContactNumber, ContactRecord, WrapUp
from topics.names import TopicName
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

CAMPAIGN = "bench"
LIST = "bench"
CODE = "BUSY"
RULE_AFTER = timedelta(minutes=30)
LATER_CODE = "LATER"
LATER_AFTER = timedelta(days=20)
AGENT_AHEAD = timedelta(minutes=5)
"""How long before the due time an agent arranged a callback, at least; what lies further ahead is arranged now."""

_AREAS = ("212", "617", "404", "312", "512", "303", "602", "206", "415", "808")


class Message(NamedTuple):
    """One record to send; `topic` without prefix."""

    topic: str
    key: bytes
    value: bytes


class Call(NamedTuple):
    """A callback to be scheduled by `message`. record: of its contact, without which nothing is dialed."""

    callback_id: str
    due_at: datetime
    message: Message
    record: Message


def configuration() -> tuple[Message, ...]:
    """A power campaign that is on, with a rule for each of the two distances."""
    campaign = Campaign(
        campaign_id=CAMPAIGN,
        dialing_mode=DialingMode.POWER,
        status=CampaignStatus.ON,
        contact_list_id=LIST,
        rule_set_ids=(CAMPAIGN,),
    )
    rules = RuleSet(rule_set_id=CAMPAIGN, rules=(_rule(1, CODE, RULE_AFTER), _rule(2, LATER_CODE, LATER_AFTER)))
    return message(TopicName.CAMPAIGNS, campaign), message(TopicName.RULE_SETS, rules)


def calls(prefix: str, dues: Sequence[datetime], now: datetime, first: int = 0) -> Iterator[Call]:
    """A callback for each due time. prefix: of the contact ids, so that no two calls share contacts. first: number."""
    for number, due_at in enumerate(dues, first):
        contact_id = f"{prefix}-{number:07d}"
        yield _by_rule(contact_id, number, due_at, now) if number % 2 else _by_agent(contact_id, number, due_at, now)


def far(count: int, now: datetime) -> list[datetime]:
    """Due times that no benchmark lives to see, over 6 hours."""
    return [now + LATER_AFTER - timedelta(milliseconds=6 * 3_600_000 * n // count) for n in range(count)]


def evenly(start: datetime, per_second: float, seconds: float) -> list[datetime]:
    """Due times from `start` on, in whole milliseconds, as record timestamps are."""
    return [start + timedelta(milliseconds=int(1000 * n / per_second)) for n in range(round(per_second * seconds))]


def whole_milliseconds(now: datetime) -> datetime:
    """The instant without what record timestamps cannot express."""
    return now - timedelta(microseconds=now.microsecond % 1000)


def _by_agent(contact_id: str, number: int, due_at: datetime, now: datetime) -> Call:
    event = CallbackScheduled(
        event_id=f"cs-{contact_id}",
        occurred_at=min(now, due_at - AGENT_AHEAD),
        callback_id=f"cb-{contact_id}",
        source=Source.WIDGET,
        campaign_id=CAMPAIGN,
        contact_list_id=LIST,
        contact_id=contact_id,
        phone_number=phone_number(number),
        due_at=due_at,
        agent_id=f"agent-{number % 50}",
        notes="Asked to be called back",
    )
    record = contact(contact_id, event.phone_number)
    return Call(event.callback_id, due_at, message(TopicName.CALLBACK_SCHEDULED, event), record)


def _by_rule(contact_id: str, number: int, due_at: datetime, now: datetime) -> Call:
    soon = due_at - now < LATER_AFTER / 2
    event = WrapUp(
        event_id=f"wu-{contact_id}",
        occurred_at=due_at - (RULE_AFTER if soon else LATER_AFTER),
        conversation_id=f"conv-{contact_id}",
        campaign_id=CAMPAIGN,
        contact_list_id=LIST,
        contact_id=contact_id,
        phone_number=phone_number(number),
        wrap_up_code=CODE if soon else LATER_CODE,
    )
    callback_id = rule_callback_id(LIST, contact_id, event.event_id)
    return Call(callback_id, due_at, message(TopicName.WRAP_UP, event), contact(contact_id, event.phone_number))


def contact(contact_id: str, phone_number: str) -> Message:
    """The record of a contact that may be called."""
    number = ContactNumber(
        column="home", type="HOME", phone_number=phone_number, callable=True, time_zone="America/New_York"
    )
    record = ContactRecord(
        contact_list_id=LIST, contact_id=contact_id, callable=True, attributes={"tariff": "basic"}, numbers=(number,)
    )
    return message(TopicName.CONTACTS, record)


def phone_number(number: int) -> str:
    """One of the numbers that are kept for fiction."""
    return f"+1{_AREAS[number % len(_AREAS)]}55501{number // len(_AREAS) % 100:02d}"


def _rule(order: int, code: str, after: timedelta) -> Rule:
    return Rule(
        rule_id=code.lower(),
        order=order,
        category=RuleCategory.WRAP_UP,
        conditions=(WrapUpCodeCondition(codes=(code,)),),
        actions=(ScheduleCallback(offset_minutes=int(after.total_seconds() // 60)),),
    )


def message(topic: str, value: msgspec.Struct) -> Message:
    """A struct with the key it must have."""
    return Message(topic, value_key(topic, value).encode(), encode(value))  # type: ignore[arg-type]
