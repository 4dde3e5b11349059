"""Ninety days of callbacks as they stand on the topics, for the view of the console. Pure: the last instant is given.

Of ten callbacks three are outstanding. Campaigns, agents and lists have shares of very different sizes, most contacts
have one callback, and what ended did so in every way.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from streams.tables import CONTACTS
from topics.names import TopicName
from topics.partitions import partition_for

DAYS = 90
AGENTS, CAMPAIGNS, LISTS, QUEUES = 2_000, 40, 12, 9
_ENDS = (
    ("completed", ()),
    ("completed", ()),
    ("completed", ()),
    ("blocked", ("dnc",)),
    ("blocked", ("contact_attempt_limit", "outside_callable_time")),
    ("cancelled", ()),
    ("expired", ("no_outcome",)),
)
_STATES = ("scheduled", "scheduled", "scheduled", "waiting", "presented", "dialing")


class Message(NamedTuple):
    """One record; `topic` without prefix."""

    topic: TopicName
    partition: int
    timestamp_ms: int
    key: bytes
    value: bytes


class Life(NamedTuple):
    """A callback, as it was made up."""

    number: int
    callback_id: str
    contact_list_id: str
    contact_id: str
    campaign_id: str
    agent_id: str
    queue_id: str
    phone_number: str
    scheduled_at: datetime
    due_at: datetime
    is_outstanding: bool

    @property
    def ids(self) -> dict[str, Any]:
        """As its records name it."""
        return {
            "callback_id": self.callback_id,
            "campaign_id": self.campaign_id,
            "contact_list_id": self.contact_list_id,
            "contact_id": self.contact_id,
        }

    @property
    def key(self) -> bytes:
        """Of its records."""
        return f"{self.contact_list_id}|{self.contact_id}".encode()


def life(number: int, count: int, now: datetime) -> Life:
    """The callback of this number, of so many."""
    mixed = _mixed(number)
    contact = number * 5 // 6  # Of six callbacks two have a contact in common.
    is_outstanding = mixed % 10 < 3
    ahead = timedelta(seconds=_mixed(mixed) % (14 * 86_400))
    age = timedelta(days=DAYS) * (count - number) / count
    due_at = now + ahead - timedelta(hours=2) if is_outstanding else now - age
    return Life(
        number=number,
        callback_id=f"cb-{number:07d}" if number % 2 else f"r-{_mixed(number):016x}{mixed:016x}",
        contact_list_id=f"list-{_skewed(contact, LISTS):02d}",
        contact_id=f"m-{contact:07d}",
        campaign_id=f"campaign-{_skewed(mixed, CAMPAIGNS):02d}",
        agent_id=f"agent-{_skewed(_mixed(mixed + 1), AGENTS):04d}",
        queue_id=f"desk-{_skewed(_mixed(mixed + 2), QUEUES)}",
        phone_number=f"+1{2_120_000_000 + contact * 7_919 % 7_000_000_000:010d}",
        scheduled_at=min(now, due_at - timedelta(hours=3)),
        due_at=due_at,
        is_outstanding=is_outstanding,
    )


def records(count: int, partitions: int, now: datetime, first: int = 0, last: int | None = None) -> Iterator[Message]:
    """The records of callbacks, all of one after those of another. first, last: which of them, all if not said."""
    for number in range(first, count if last is None else last):
        one = life(number, count, now)
        partition = partition_for(one.key, partitions)
        for topic, at, value in _of(one, partition):
            yield Message(topic, partition, int(at.timestamp() * 1000), one.key, orjson.dumps(value))


def _of(one: Life, partition: int) -> Iterator[tuple[TopicName, datetime, Any]]:
    by_agent = one.number % 2
    event_id = f"e-{one.number:07d}"
    yield TopicName.CONTACTS, one.scheduled_at, _contact(one)
    yield (
        TopicName.CALLBACK_SCHEDULED if by_agent else TopicName.WRAP_UP,
        one.scheduled_at,
        {**one.ids, "callback_id": one.callback_id if by_agent else None, "event_id": event_id,
         "occurred_at": one.scheduled_at, "type": "scheduled", "source": "script", "phone_number": one.phone_number,
         "due_at": one.due_at, "agent_id": one.agent_id, "owner": "preferred", "queue_id": one.queue_id,
         "conversation_id": f"conv-{one.number}", "wrap_up_code": "BUSY", "notes": "after lunch does not suit"},
    )  # fmt: skip
    facts = {"source": "script", "owner": "preferred", "agent_id": one.agent_id, "queue_id": one.queue_id}
    cause = {"event_id": event_id, "topic": None, "partition": partition, "offset": None}
    yield _step(one, "scheduled", one.scheduled_at, facts, cause)
    state = _STATES[_mixed(one.number + 7) % len(_STATES)] if one.is_outstanding else "presented"
    if state == "scheduled":
        yield TopicName.OUTSTANDING_CALLBACKS, one.scheduled_at, _listed(one, state)
    else:
        yield from _presented(one, state, cause)
    if not one.is_outstanding:
        end, reasons = _ENDS[_mixed(one.number + 9) % len(_ENDS)]
        ended_at = one.due_at + timedelta(minutes=4)
        yield _step(one, end, ended_at, {"wrap_up_code": "SALE", "checks": _CHECKS} if reasons else {}, cause, reasons)
    yield CONTACTS.changelog, one.scheduled_at, {**one.ids, "version": 3, "padding": _CHECKS, "callbacks": [facts]}


def _presented(one: Life, state: str, cause: Any) -> Iterator[tuple[TopicName, datetime, Any]]:
    yield _step(one, "due", one.due_at, {}, cause)
    reasons = ("campaign_off",) if state == "waiting" else ()
    facts = {"command_id": f"{_mixed(one.number):032x}", "presentation": 1, "dialing_mode": "power", "checks": _CHECKS}
    yield _step(one, state, one.due_at, facts, cause, reasons)
    if state != "waiting":
        command = {"command_id": facts["command_id"], **one.ids, "origin": "agent", "phone_number": one.phone_number,
                   "due_at": one.due_at, "presentation": 1, "owner": "preferred", "agent_id": one.agent_id,
                   "queue_id": one.queue_id, "checks": "passed", "attributes": {"tariff": "basic", "language": "es"},
                   "time_zone": "America/Chicago", "contract_version": 1}  # fmt: skip
        yield TopicName.DIAL_ANALYSIS, one.due_at, command
    if one.is_outstanding:
        yield TopicName.OUTSTANDING_CALLBACKS, one.due_at, _listed(one, state)


def _step(
    one: Life, transition: str, at: datetime, facts: Any, cause: Any, reasons: tuple[str, ...] = ()
) -> tuple[TopicName, datetime, Any]:
    value = {**one.ids, "transition": transition, "occurred_at": at, "reasons": reasons, "facts": facts,
             "due_at": one.due_at, "origin": "agent" if one.number % 2 else "rule", "cause": cause}  # fmt: skip
    return TopicName.CALLBACK_LIFECYCLE, at, value


def _listed(one: Life, state: str) -> Any:
    entry = {"callback_id": one.callback_id, "campaign_id": one.campaign_id, "origin": "agent", "due_at": one.due_at}
    contact = {"contact_list_id": one.contact_list_id, "contact_id": one.contact_id}
    return {**contact, "callbacks": [{**entry, "state": state}]}


def _contact(one: Life) -> Any:
    number = {"column": "home", "type": "HOME", "phone_number": one.phone_number, "callable": True}
    attributes = {"tariff": "basic", "language": "es", "name": f"Name {one.number}"}
    return {
        "contact_list_id": one.contact_list_id, "contact_id": one.contact_id, "callable": True,
        "time_zone": "America/Chicago", "attributes": attributes, "numbers": [number],
    }  # fmt: skip


_CHECKS = {
    "contact": {"callable": True},
    "number": {"callable": True, "on_record": True},
    "dnc": {"dnc_list_ids": ["house-dnc", "state-dnc"]},
    "callable_time": {
        "callable_time_set_id": "us-hours",
        "zone_of": "number",
        "zones": [{"time_zone": "America/Chicago", "local_time": "2026-11-23T10:00:00", "open": True}],
    },
    "attempts": {"reset_period": "days_7", "time_zone": "America/Chicago", "contact": {"count": 4, "limit": 6}},
}


def _mixed(number: int) -> int:
    """A number that looks like any other (the finalizer of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return number ^ (number >> 31)


def _skewed(number: int, count: int) -> int:
    """One of so many, the first ones far more often than the last."""
    share = (_mixed(number) % 1_000_000) / 1_000_000
    return int(count * share**3)
