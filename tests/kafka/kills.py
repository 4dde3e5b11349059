"""The kill drive: events at a steady rate, workers killed with SIGKILL, and a verifier that shares no code with them.

The verifier knows the events that were sent and reads what a read_committed reader gets; what it expects it works out
from the contract alone.
"""

import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from signal import SIGKILL
from typing import Any

from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, Reader, feeder, reader
from topics.commands import Origin
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import CallbackScheduled, ContactRecord, Source, WrapUp
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

CONTACTS = 400
LIST = "L"
COMMANDS = ("dial-preview", "dial-analysis")
OUTPUTS = (*COMMANDS, "callback-lifecycle", "contact-state", "outstanding-callbacks", "dead-letter")
EVENTS_PER_S = 100
SETTLE_S = 4.0
DRAIN_TIMEOUT_S = 60.0


@dataclass
class Sent:
    """What was sent, as far as the verifier needs it: due times by callback id, and how many attempts a contact had."""

    preview: dict[str, datetime] = field(default_factory=dict)
    analysis: dict[str, datetime] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)


async def configure(feed: Feeder) -> None:
    """One power campaign that calls back a minute after a wrap-up with the code CB."""
    rule = Rule(
        rule_id="again",
        order=1,
        category=RuleCategory.WRAP_UP,
        conditions=(WrapUpCodeCondition(codes=("CB",)),),
        actions=(ScheduleCallback(offset_minutes=1),),
    )
    await feed.send("rule-sets", RuleSet(rule_set_id="R", rules=(rule,)))
    campaign = Campaign(
        campaign_id="P",
        dialing_mode=DialingMode.POWER,
        status=CampaignStatus.ON,
        contact_list_id=LIST,
        rule_set_ids=("R",),
    )
    await feed.send("campaigns", campaign)
    for number in range(CONTACTS):
        await feed.send("contacts", ContactRecord(contact_list_id=LIST, contact_id=f"c{number}", callable=True))
    await feed.flush()


async def feed_events(feed: Feeder, sent: Sent, rate: float, seconds: float, each: Any) -> None:
    """Half wrap-ups whose rule callback falls due in seconds, half agent-scheduled callbacks, at an even rate."""
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        wait = began + number / rate - time.monotonic()
        if wait > 0.01:
            await asyncio.sleep(wait)
            each()
        now = datetime.now(UTC)
        contact = f"c{number % CONTACTS}"
        if number % 2:
            occurred = now - timedelta(seconds=58)
            wrap_up = WrapUp(
                event_id=f"w{number}", occurred_at=occurred, conversation_id=f"v{number}", campaign_id="P",
                contact_list_id=LIST, contact_id=contact, phone_number="+12125550101", wrap_up_code="CB",
            )  # fmt: skip
            sent.analysis[rule_callback_id(contact, f"w{number}")] = occurred + timedelta(minutes=1)
            sent.attempts[contact] += 1
            await feed.send("wrap-up", wrap_up)
        else:
            due = now + timedelta(seconds=2)
            scheduled = CallbackScheduled(
                event_id=f"s{number}", occurred_at=now, callback_id=f"k{number}", source=Source.WIDGET, campaign_id="P",
                contact_list_id=LIST, contact_id=contact, phone_number="+12125550101", due_at=due,
                conversation_id=f"u{number}",
            )  # fmt: skip
            sent.preview[f"k{number}"] = due
            await feed.send("callback-scheduled", scheduled)
    await feed.flush()


def rule_callback_id(contact: str, event_id: str) -> str:
    """The id that the contract gives a rule callback, worked out a second time."""
    text = json.dumps([LIST, contact, event_id], separators=(",", ":"))
    return "r-" + hashlib.sha256(text.encode()).hexdigest()[:32]


async def drive(
    cluster: Cluster, *, workers: int, seconds: float, kill_every_s: float, drain_timeout_s: float = DRAIN_TIMEOUT_S
) -> list[str]:
    """Feed, kill and read; returns everything that was wrong, one line each."""
    sent, kills, ended = Sent(), 0, list[int]()
    last = time.monotonic()

    def revive() -> None:
        ended.extend(code for code in cluster.revive() if code != -SIGKILL)

    def kill_now_and_then() -> None:
        nonlocal kills, last
        revive()
        if time.monotonic() - last >= kill_every_s:
            random.choice(cluster.workers).kill()
            kills, last = kills + 1, time.monotonic()

    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        for _ in range(workers):
            cluster.worker()
        await feed_events(feed, sent, EVENTS_PER_S, seconds, kill_now_and_then)
        expected = len(sent.preview) + len(sent.analysis)

        def all_dialed() -> bool:
            return len(taken.records["dial-preview"]) + len(taken.records["dial-analysis"]) >= expected

        with suppress(TimeoutError):  # The verifier says what is missing.
            await taken.until(all_dialed, drain_timeout_s, revive)
        await taken.settle(SETTLE_S, revive)
    assert kills >= 1, "nobody was killed, so nothing was shown"
    return verify(sent, taken) + [f"a worker ended by itself with code {code}" for code in ended]


def verify(sent: Sent, taken: Reader) -> list[str]:
    """Every callback exactly one command, never early, every count right; returns what is not so."""
    # An agent-scheduled callback makes later rule callbacks of its contact preview too: the topic may be either.
    commands = taken.values("dial-preview") + taken.values("dial-analysis")
    records = taken.records["dial-preview"] + taken.records["dial-analysis"]
    times = Counter(command["callback_id"] for command in commands)
    expected = sent.preview | sent.analysis
    wrong = [f"lost: {name}" for name in expected if name not in times]
    wrong += [f"repeated: {name} {count} times" for name, count in times.items() if count > 1]
    wrong += [f"unknown: {name}" for name in times if name not in expected]
    for record, command in zip(records, commands, strict=True):
        due_ms = expected.get(command["callback_id"], datetime.min.replace(tzinfo=UTC)).timestamp() * 1000
        if record.timestamp < int(due_ms):
            wrong.append(f"early: {command['callback_id']} by {due_ms - record.timestamp:.0f} ms")
    wrong += [f"agent callback on analysis: {c['callback_id']}" for c in taken.values("dial-analysis")
              if c["origin"] == Origin.AGENT]  # fmt: skip
    wrong += _verify_lifecycle(sent, taken, expected) + _verify_state(sent, taken)
    wrong += [f"dead letter: {record.headers}" for record in taken.records["dead-letter"]]
    return wrong


def _verify_lifecycle(sent: Sent, taken: Reader, expected: dict[str, datetime]) -> list[str]:
    transitions: dict[str, list[str]] = {}
    for record in taken.values("callback-lifecycle"):
        transitions.setdefault(record["callback_id"], []).append(record["transition"])
    proper = (["scheduled", "due", "presented"], ["scheduled", "due", "dialing"])
    return [f"lifecycle of {name}: {transitions.get(name)}" for name in expected if transitions.get(name) not in proper]


def _verify_state(sent: Sent, taken: Reader) -> list[str]:
    rows: dict[bytes, Any] = {}
    for record in taken.records["contact-state"]:
        rows[record.key] = record.value
    wrong = []
    for contact, count in sent.attempts.items():
        row = json.loads(rows.get(f"{LIST}|{contact}".encode()) or b"{}")
        if row.get("attempts_total") != count:
            wrong.append(f"attempts of {contact}: {row.get('attempts_total')} instead of {count}")
    view: dict[bytes, Any] = {record.key: record.value for record in taken.records["outstanding-callbacks"]}
    shown = sum(len(json.loads(value)["callbacks"]) for value in view.values() if value)
    if shown != len(sent.preview) + len(sent.analysis):
        wrong.append(f"the view shows {shown} callbacks outstanding")  # Presented and dialing ones are.
    return wrong


assert PARTITIONS > 1, "with one partition two workers would not share the work"
