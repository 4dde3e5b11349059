"""How fast placement requests are answered: so many per second, every check switched on, some of them refused."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiokafka import TopicPartition

from streams.dev.bench.load import LIST, Message, contact, message, phone_number
from streams.dev.bench.report import Result, spread, spread_values
from streams.dev.bench.rig import CLOCK, PARTITIONS, Rig, Say, beside, feed, rig
from streams.kafka.clients import Clients
from streams.kafka.compacted import reader
from topics.callback_events import CallbackScheduled, Source
from topics.codec import decode
from topics.configuration import (
    AttemptLimits,
    CallableTime,
    CallableTimeSet,
    Campaign,
    CampaignStatus,
    DialingMode,
    DncEntry,
    Slot,
)
from topics.events import PlacementOrigin, PlacementRequested
from topics.names import TopicName
from topics.partitions import partition_for
from topics.records import PlacementDecided
from topics.rules import (
    ContactAttributeCondition,
    DoNotDial,
    Operator,
    Rule,
    RuleCategory,
    RuleSet,
    ValueType,
)

CAMPAIGN = "placement"
CONTACTS = 1000
DNC_EVERY = 10
"""Every tenth number is on the Do Not Call list."""
COLD_S = 1.0
POLL_MS = 50
AFTER_S = 20.0
RIGHT = "Right: each request was answered once, and refused for the reason it should be."


@dataclass
class _Answers:
    """What came of the requests. asked_at, answered_at: on the monotonic clock, in seconds."""

    asked_at: dict[str, float] = field(default_factory=dict)
    answered_at: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, tuple[str, ...]] = field(default_factory=dict)


def run(rate: float, seconds: float, say: Say) -> Result:
    """Measure. It is wrong when an answer is missing, repeated or another."""
    with rig(say) as one:
        return asyncio.run(_measure(one, rate, seconds))


async def _measure(one: Rig, rate: float, seconds: float) -> Result:
    await feed(one.settings, _setting())
    await one.until_outstanding(CONTACTS)
    answers = _Answers()
    await beside(_ask(one, answers, round(rate * seconds), rate), _follow(one, answers))
    first = min(answers.asked_at.values())
    cold_s, latency_s = list[float](), list[float]()
    for name, at in answers.answered_at.items():
        asked_at = answers.asked_at[name]
        (cold_s if asked_at < first + COLD_S else latency_s).append(at - asked_at)
    refused = sum(bool(reasons) for reasons in answers.reasons.values())
    figures = [
        ("requests", f"{len(answers.asked_at):,}, {rate:g} per second, half for callbacks, half the campaign's own"),
        ("refused", f"{refused:,}"),
        ("request to a committed reader having the answer, p50, p99, max", spread(latency_s)),
        ("the same in the first second, when the worker has answered none before", spread(cold_s)),
    ]
    return Result(figures, _mistakes(answers), RIGHT, {"rate_per_s": rate, **spread_values("", latency_s)})


def _setting() -> Sequence[Message]:
    """A campaign with every check, its contacts, and a callback for each of them."""
    slots = tuple(Slot(day=day, start="00:00", stop="24:00") for day in range(1, 8))
    never = ContactAttributeCondition(
        attribute="tariff", operator=Operator.EQUALS, value="closed", value_type=ValueType.STRING
    )
    rule = Rule(rule_id="closed", order=1, category=RuleCategory.PRE_CALL, conditions=(never,), actions=(DoNotDial(),))
    campaign = Campaign(
        campaign_id=CAMPAIGN,
        dialing_mode=DialingMode.PREVIEW,
        status=CampaignStatus.ON,
        contact_list_id=LIST,
        rule_set_ids=(CAMPAIGN,),
        dnc_list_ids=(CAMPAIGN,),
        callable_time_set_id=CAMPAIGN,
        attempt_limits=AttemptLimits(max_attempts_per_contact=3, reset_period="days_7", time_zone="America/Chicago"),
        contact_filter=(ContactAttributeCondition(
            attribute="tariff", operator=Operator.EQUALS, value="basic", value_type=ValueType.STRING
        ),),
    )  # fmt: skip
    zone = CallableTime(time_zone="America/New_York", slots=slots)
    return (
        message(TopicName.RULE_SETS, RuleSet(rule_set_id=CAMPAIGN, rules=(rule,))),
        message(TopicName.CALLABLE_TIME_SETS, CallableTimeSet(callable_time_set_id=CAMPAIGN, times=(zone,))),
        message(TopicName.CAMPAIGNS, campaign),
        *(
            message(TopicName.DNC_ENTRIES, DncEntry(dnc_list_id=CAMPAIGN, phone_number=phone_number(number)))
            for number in range(0, CONTACTS, DNC_EVERY)
        ),
        *(contact(_contact_id(number), phone_number(number)) for number in range(CONTACTS)),
        *(_callback(number) for number in range(CONTACTS)),
    )


def _contact_id(number: int) -> str:
    return f"p-{number:04d}"


def _callback(number: int) -> Message:
    now = CLOCK.now()
    event = CallbackScheduled(
        event_id=f"cs-{number}",
        occurred_at=now,
        callback_id=f"cb-{number}",
        source=Source.WIDGET,
        campaign_id=CAMPAIGN,
        contact_list_id=LIST,
        contact_id=_contact_id(number),
        phone_number=phone_number(number),
        due_at=now + timedelta(days=7),
    )
    return message(TopicName.CALLBACK_SCHEDULED, event)


async def _ask(one: Rig, answers: _Answers, count: int, rate: float) -> None:
    one.say(f"Asking {count:,} times, {rate:g} per second")
    async with Clients(one.settings).producer(acks="all") as producer:
        began = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            await _send(one, producer, answers, number)
        await producer.flush()
        deadline = time.monotonic() + AFTER_S
        # The answers come by themselves; there is no event to wait for.
        while len(answers.answered_at) < count and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _send(one: Rig, producer: Any, answers: _Answers, number: int) -> None:
    of_contact = number % CONTACTS
    for_callback = number % 2 == 0
    request = PlacementRequested(
        event_id=f"p-{number}",
        request_id=f"q-{number}",
        occurred_at=CLOCK.now(),
        origin=PlacementOrigin.CALLBACK if for_callback else PlacementOrigin.CAMPAIGN,
        callback_id=f"cb-{of_contact}" if for_callback else None,
        campaign_id=CAMPAIGN,
        contact_list_id=LIST,
        contact_id=_contact_id(of_contact),
        phone_number=phone_number(of_contact),
    )
    topic, key, value = message(TopicName.PLACEMENT_REQUESTED, request)
    answers.asked_at[request.request_id] = time.monotonic()
    partition = partition_for(key, PARTITIONS)
    await producer.send(one.settings.topic(topic), value, key=key, partition=partition)


async def _follow(one: Rig, answers: _Answers) -> None:
    partitions = [
        TopicPartition(one.settings.topic(TopicName.PLACEMENT_DECIDED), number) for number in range(PARTITIONS)
    ]
    async with reader(Clients(one.settings), partitions) as consumer:
        while True:
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            at = time.monotonic()
            for record in (record for records in polled.values() for record in records):
                decided = decode(TopicName.PLACEMENT_DECIDED, record.value or b"")
                assert isinstance(decided, PlacementDecided), "nothing else stands on this topic"
                answers.answered_at.setdefault(decided.request_id, at)
                answers.counts[decided.request_id] += 1
                answers.reasons[decided.request_id] = tuple(decided.reasons)


def _mistakes(answers: _Answers) -> list[str]:
    missing = [name for name in answers.asked_at if name not in answers.counts]
    repeated = [name for name, count in answers.counts.items() if count > 1]
    wrong = [name for name, reasons in answers.reasons.items() if reasons != _expected(name)]
    judged = {"missing": missing, "repeated": repeated, "wrong": wrong}
    return [f"{len(names):,} answers {what}, the first for {names[0]}" for what, names in judged.items() if names]


def _expected(request_id: str) -> tuple[str, ...]:
    of_contact = int(request_id.removeprefix("q-")) % CONTACTS
    return ("dnc",) if of_contact % DNC_EVERY == 0 else ()
