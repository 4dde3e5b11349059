"""A morning of callbacks, decided by the core itself, as records on topics: with what must fail on a page in it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.console.view.memory import Line as ViewLine
from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker
from tests.builders import campaign, cancelled, contact, hold, rescheduled, rule, rule_set, scheduled, wrap_up
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.codec import contact_key
from topics.names import TopicName
from topics.partitions import partition_for

PARTITIONS = 4
ZONE = ZoneInfo("America/New_York")
BEGIN = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
NUMBER = "+12125550123"
"""In New York; none may be on a page of somebody who may not see numbers."""
CITIES = (
    ("212555", "America/New_York"),
    ("312555", "America/Chicago"),
    ("303555", "America/Denver"),
    ("213555", "America/Los_Angeles"),
)
LISTED = (5, 44)
"""Contacts whose number is on a Do Not Call list."""
WEEK = [{"day": day, "start": "08:00", "stop": "20:00"} for day in range(1, 8)]
HOURS = {
    "callable_time_set_id": "weekdays",
    "times": [{"time_zone": zone, "slots": WEEK} for _, zone in CITIES],
    "exceptions": [{"date": "2026-11-26", "slots": []}],
}
NIGHTLY = rule(
    "no-answer", conditions=[{"type": "call_analysis", "results": ["no_answer", "busy"]}],
    actions=[{"type": "schedule_callback", "offsets_minutes": [30, 120]}],
)  # fmt: skip
Json = dict[str, Any]


def events() -> Iterator[tuple[str, datetime, Json | None, str | None]]:
    """Topic, instant, value and key (None: its own) of everything that came in, in order of time."""
    at = BEGIN
    for topic, value in _configuration():
        yield topic, at, value, None
    for number in range(240):
        yield "contacts", at, _contact(number), None
    for number in LISTED:
        yield "dnc-entries", at, {"dnc_list_id": "D1", "phone_number": number_of(number)}, None
    later = sorted(_callbacks(), key=lambda one: one[1])
    for topic, moment, value in later:
        yield topic, moment, value, None


def _configuration() -> Iterator[tuple[str, Json]]:
    named = {"callable_time_set_id": "weekdays", "rule_set_ids": ["R"], "dnc_list_ids": ["D1"]}
    compared = {"attribute": "segment", "operator": "equals", "value": "gold", "value_type": "string"}
    filtered = {"type": "contact_attribute", **compared}
    yield "rule-sets", rule_set(rule(), NIGHTLY)
    yield "callable-time-sets", HOURS
    yield "campaigns", campaign("spring", name="Spring renewal", dialing_mode="power", dial_rate_per_s=0.012, **named)
    yield "campaigns", campaign("autumn", status="off", dialing_mode="preview", contact_filter=[filtered])
    yield "campaigns", campaign("winter", rule_set_ids=["gone"], dial_rate_per_s=0.004)
    yield "campaigns", {**campaign("broken"), "dial_rate_per_s": "fast"}
    yield "holds", hold("h7", campaign_id="winter", reason="complaints in Ohio", actor="kim")


def number_of(number: int) -> str:
    """The number of a contact; that of the first is NUMBER."""
    return NUMBER if number == 0 else f"+1{CITIES[number % 4][0]}{1000 + number:04d}"


def _contact(number: int) -> Json:
    name = SCRIPT if number == 0 else f"Person {number}"
    numbers = [{"phone_number": number_of(number), "column": "mobile", "type": "mobile", "callable": True}]
    return contact(f"c{number}", attributes={"name": name, "segment": "gold"}, numbers=numbers)


def _callbacks() -> Iterator[tuple[str, datetime, Json]]:
    for number in range(240):
        at = BEGIN + timedelta(minutes=5 + number)
        due = (
            NOW + timedelta(minutes=-50 + 7 * number) if number % 3 else NOW + timedelta(minutes=20 + number * 37 % 180)
        )
        value = scheduled(
            f"k{number}", contact_id=f"c{number}", phone_number=number_of(number), occurred_at=text(at),
            campaign_id=("spring", "spring", "autumn", "spring", "winter")[number % 5], due_at=text(due),
            agent_id=f"a{number % 9}", notes=f"{SCRIPT} call {NUMBER}" if number == 0 else None,
        )  # fmt: skip
        yield "callback-scheduled", at, value
    moved = rescheduled(
        "k6", contact_id="c6", campaign_id="spring", due_at=text(NOW + timedelta(hours=3)), actor="lee",
        reason=f"asked to {SCRIPT}", occurred_at=text(NOW - timedelta(minutes=9)),
    )  # fmt: skip
    yield "callback-scheduled", NOW - timedelta(minutes=9), moved
    gone = cancelled(
        "k8", contact_id="c8", campaign_id="spring", actor="lee", reason="has moved away",
        occurred_at=text(NOW - timedelta(minutes=8)),
    )  # fmt: skip
    yield "callback-scheduled", NOW - timedelta(minutes=8), gone
    for number in (1, 3, 21):
        at = NOW - timedelta(minutes=4)
        value = wrap_up(
            f"v{number}", contact_id=f"c{number}", campaign_id="spring", phone_number=number_of(number),
            callback_id=f"k{number}", occurred_at=text(at),
        )  # fmt: skip
        yield "wrap-up", at, value
    for number in (44, 49, 54, 59):
        at = NOW - timedelta(minutes=35 - number % 7)
        value = wrap_up(
            f"again{number}", contact_id=f"c{number}", campaign_id="spring", phone_number=number_of(number),
            wrap_up_code="AGAIN", occurred_at=text(at),
        )  # fmt: skip
        yield "wrap-up", at, value
    for number in range(3):
        at = NOW - timedelta(minutes=30 - number)
        wrong = scheduled(f"bad{number}", contact_id=f"c{number}", phone_number="12", notes=f"{SCRIPT} {NUMBER}")
        yield "callback-scheduled", at, {**wrong, "occurred_at": text(at), "due_at": "soon"}


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def lines() -> Iterator[Line]:
    """The same as the simulator reads it."""
    for topic, at, value, key in events():
        encoded = msgspec.json.encode(value)
        yield Line(topic, at, (key or _key(topic, value or {})).encode(), encoded)


def _key(topic: str, value: Json) -> str:
    if topic == "dnc-entries":
        return f"{value['dnc_list_id']}|{value['phone_number']}"
    if topic in CONFIGURATION_TOPICS:
        return str(value[CATALOG[topic].key])
    return contact_key(value["contact_list_id"], value["contact_id"])


def records(until: datetime = NOW) -> Iterator[ViewLine]:
    """Every record of the morning, in and out, with its partition and offset; the rows of contacts come last."""
    worker = VirtualWorker(PARTITIONS)
    yield from placed(_played(worker, until))
    offset = 0
    for partition in worker.partitions:
        for key, row in partition.table.items():
            yield TopicName.CONTACT_STATE, partition.number, offset, int(until.timestamp() * 1000), key, row, ()
            offset += 1


def _played(worker: VirtualWorker, until: datetime) -> Iterator[Any]:
    for line in lines():
        yield from worker.advance(line.at)
        yield line
        yield from worker.arrive(line)
    yield from worker.advance(until)


def placed(entries: Iterable[Any]) -> Iterator[ViewLine]:
    """Each record where the simulator says that it stands: offsets of a topic are counted over all its partitions."""
    offsets: dict[str, int] = {}
    for one in entries:
        record = one if isinstance(one, Line) else one.record
        count = CATALOG[record.topic].partition_count(PARTITIONS)
        partition = partition_for(record.key, count) if record.key is not None and count > 1 else 0
        offset = offsets[record.topic] = offsets.get(record.topic, -1) + 1
        stamp = int(one.at.timestamp() * 1000)
        yield record.topic, partition, offset, stamp, record.key, record.value, tuple(record.headers or ())
