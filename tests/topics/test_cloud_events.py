"""Each record out is a CloudEvent in Kafka's binary mode, as the SDK of CloudEvents reads it."""

import json
import re
from collections import Counter
from datetime import timedelta

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from streams.console.actions.events import audit
from streams.console.actions.model import Action, Run, RunState
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived, Headers, Outcome, Record
from streams.logic.partition.fitting import EVENT_BYTES
from streams.logic.partition.partition import Partition
from streams.simulator.lines import parse_line
from streams.simulator.simulate import simulate
from tests.builders import Worker, campaign, contact, instant, key_of, recycle, rule, rule_set, scheduled, wrap_up
from tests.rules.scenario import lines, paths
from topics.audit import ActedVia, ActionKind, AuditStep
from topics.catalog import CATALOG
from topics.cloud_events import Attributes, CloudEvent, event_type, schema_urn, source_of
from topics.messages import MESSAGES, schema_of_message
from topics.names import TopicName
from topics.topic import Direction

NOW = instant("2026-11-23T15:00:00.25Z")
WRITTEN = {topic.name for topic in CATALOG.values() if topic.direction is Direction.OUT} | {TopicName.DNC_ENTRIES}


def on_kafka(record: Record) -> Headers:
    assert record.event is not None
    return tuple(Attributes("ringback").headers(record.event, NOW, record.value is not None, record.headers))


def read(headers: Headers, key: bytes | None, value: bytes | None):
    """The event of a record, by the SDK of others."""
    return from_binary_event(KafkaMessage(headers=dict(headers), key=key, value=value or b""))


def of_scenarios() -> dict[str, list[Record]]:
    """What every scenario makes a worker write."""
    return {path.stem: [one.record for one in simulate(lines(path), None, 4)] for path in paths()}


@pytest.fixture(scope="module")
def written() -> dict[str, list[Record]]:
    return of_scenarios()


# ---- as others read them


def test_every_record_of_every_scenario_is_an_event_to_the_sdk(written: dict[str, list[Record]]) -> None:
    seen: Counter[str] = Counter()
    for record in (one for records in written.values() for one in records):
        headers = on_kafka(record)
        if record.topic == TopicName.DEAD_LETTER:
            # Of its value nothing is known, be it JSON or not.
            event = read(headers, record.key, b"{}")
        else:
            event = read(headers, record.key, record.value)
            assert event.get_data() == (json.loads(record.value) if record.value else event.get_data())
            assert event.get_datacontenttype() == (None if record.value is None else "application/json")
            assert event.get_dataschema() == (None if record.value is None else schema_urn(record.topic))
        assert event.get_source() == "/ringback/ringback" and event.get_specversion() == "1.0"
        assert event.get_type().startswith(f"ringback.{record.topic}.") and event.get_type().endswith(".v1")
        seen[record.topic] += 1
    assert set(seen) == WRITTEN - {TopicName.CONSOLE_AUDIT}


def test_the_time_of_an_event_is_that_of_its_decision(written: dict[str, list[Record]]) -> None:
    for record in (one for records in written.values() for one in records):
        value = json.loads(record.value) if record.value and record.topic != TopicName.DEAD_LETTER else {}
        if "occurred_at" in value and record.topic == TopicName.CALLBACK_LIFECYCLE:
            assert dict(on_kafka(record))["ce_time"].decode() == value["occurred_at"]


def test_the_type_of_a_lifecycle_record_tells_its_transition() -> None:
    worker = Worker()
    records = [one.record for one in worker.core.arrive(_line("callback-scheduled", scheduled(), NOW.isoformat()))]
    types = [dict(on_kafka(one))["ce_type"] for one in records]
    assert types[0] == b"ringback.callback-lifecycle.scheduled.v1"
    assert types[-1] == b"ringback.outstanding-callbacks.v1"


def _line(topic: str, value: dict, at: str):
    return parse_line(json.dumps({"topic": topic, "at": at, "value": value}).encode(), "test")


def test_the_schema_that_an_event_names_is_there() -> None:
    ids = {schema_of_message(message)["$id"] for message in MESSAGES.values()}
    assert {schema_urn(topic) for topic in WRITTEN - {TopicName.DEAD_LETTER}} <= ids


def test_the_record_of_an_audit_is_an_event() -> None:
    run = Run(
        name="move-1", action=Action(kind=ActionKind.MOVE, actor="a", by_s=60), selected={}, via=ActedVia.CONSOLE,
        state=RunState.PLANNED, planned_at=NOW, meant=1,
    )  # fmt: skip
    out = audit(run, AuditStep.ASKED, NOW, "a", "p.console-audit")
    event = read(out.headers, out.key, out.value)
    assert (event.get_type(), event.get_source()) == ("ringback.console-audit.v1", source_of("console"))
    assert event.get_subject() == "move-1" and event.get_data()["step"] == "asked"


# ---- ids


def test_no_two_records_of_a_scenario_have_one_id(written: dict[str, list[Record]]) -> None:
    for name, records in written.items():
        ids = Counter(one.event.id for one in records if one.event)
        assert len(records) == sum(ids.values()), name
        assert [id_ for id_, count in ids.items() if count > 1] == [], name


def test_the_id_of_a_command_is_its_command_id(written: dict[str, list[Record]]) -> None:
    commands = [one for records in written.values() for one in records if one.topic.startswith("dial-")]
    assert len(commands) > 100
    assert all(one.event and one.event.id.decode() == json.loads(one.value or b"")["command_id"] for one in commands)


class Twice:
    """A partition that is built anew from its rows before each step, to take the step at two moments."""

    def __init__(self) -> None:
        self.configuration = Configuration()
        self.rows: dict[bytes, bytes] = {}
        for offset, (topic, value) in enumerate(
            [("campaigns", campaign(rule_set_ids=["R"])), ("rule-sets", rule_set(rule()))]
        ):
            key = (value.get("campaign_id") or value["rule_set_id"]).encode()
            self.configuration.apply(Arrived(topic, 0, offset, key, json.dumps(value).encode(), 0), NOW)

    def partition(self, at) -> Partition:
        made = Partition(0, 1, self.configuration, {})
        for key, row in self.rows.items():
            made.restore(key, row)
        made.ready(at)
        made.configure(at)
        return made

    def step(self, take, at, later: timedelta = timedelta(seconds=3)) -> tuple[list[Record], list[Record]]:
        """What is written when the step is taken, and when it is once more after a crash; the second stands."""
        first = take(self.partition(at), at).records
        outcome: Outcome = take(self.partition(at + later), at + later)
        self.rows |= {key: row for key, row in outcome.writes.items() if row is not None}
        return first, outcome.records


def arrived(topic: str, value: dict, offset: int) -> Arrived:
    return Arrived(topic, 0, offset, key_of(value), json.dumps(value).encode(), 1_795_446_000_000)


def ids(records: list[Record]) -> list[bytes]:
    return [one.event.id for one in records if one.event]


def test_what_is_written_once_more_after_a_crash_has_the_same_id_and_another_time() -> None:
    life = Twice()
    at = instant("2026-11-23T14:30:00Z")
    seen: list[bytes] = []
    for take in (
        lambda core, now: core.apply(arrived("contacts", contact(), 0), now),
        lambda core, now: core.apply(arrived("callback-scheduled", scheduled(), 0), now),
        lambda core, now: core.apply(arrived("wrap-up", wrap_up(wrap_up_code="AGAIN"), 0), now),
        lambda core, now: core.apply(arrived("wrap-up", {**wrap_up("v9"), "phone_number": "no"}, 1), now),
    ):
        first, again = life.step(take, at)
        assert ids(first) == ids(again)
        seen += ids(again)
    for due_at in ("2026-11-23T14:40:00Z", "2026-11-23T15:00:00Z"):
        first, again = life.step(lambda core, now: core.fire(now), instant(due_at))
        assert len(first) == 4 and ids(first) == ids(again)
        assert [one.event.at for one in first if one.event] != [one.event.at for one in again if one.event]
        seen += ids(again)
    assert len(set(seen)) == len(seen) == 2 + 2 + 1 + 4 + 4


def test_a_recycle_that_is_refused_is_an_event_of_its_own() -> None:
    worker = Worker()
    worker.send("campaign-recycle", recycle("y1", occurred_at=worker.at))
    said = list(worker.core.arrive(_line("campaign-recycle", recycle("y2", occurred_at=worker.at), worker.at)))
    assert len(said) == 1 and said[0].record.event is not None
    assert re.fullmatch(rb"campaign-recycle-0-1-[0-9]+-0", said[0].record.event.id)


# ---- what is in no header


def test_an_id_that_no_attribute_may_have_is_left_out() -> None:
    for subject, is_there in (("k1", True), ("ключ 1", True), ("k\n1", False), ("k\x7f", False), (None, False)):
        event = CloudEvent(event_type(TopicName.DIAL_PREVIEW), b"i", NOW, subject)
        assert ("ce_subject" in dict(Attributes("a").headers(event, NOW, True))) is is_there


def test_the_number_of_a_do_not_call_entry_is_in_no_header(written: dict[str, list[Record]]) -> None:
    entries = [one for records in written.values() for one in records if one.topic == TopicName.DNC_ENTRIES]
    assert entries
    assert not re.search(r"\+\d{6,}", "".join(value.decode() for one in entries for _, value in on_kafka(one)))


# ---- headers of others


def test_a_dead_letter_keeps_the_headers_of_its_original_first_and_is_an_event_of_ours() -> None:
    worker = Worker()
    theirs = {"ce_id": "theirs", "ce_type": "com.example.call", "content-type": "text/plain", "x": "y"}
    said = worker.send_raw("wrap-up", '{"event_id": 7}', "L|c1", theirs)
    assert list(said.lines[0]["headers"])[: len(theirs)] == list(theirs)
    line = _line("wrap-up", {"event_id": 7}, worker.at)
    (record,) = [one.record for one in worker.core.arrive(line)]
    headers = on_kafka(record)
    event = read(headers, record.key, record.value)
    assert event.get_type() == "ringback.dead-letter.v1" and event.get_subject() == "wrap-up"
    assert dict(headers)["ringback.error"] == b"invalid"


def test_the_headers_of_an_event_take_no_more_room_than_is_kept_for_them() -> None:
    event = CloudEvent("ringback.callback-lifecycle.owner_expired.v1", b"i" * 90, NOW, "\U0001f600" * 256)
    headers = Attributes("a" * 100).headers(event, NOW, True)
    assert dict(headers)["ce_subject"]
    assert sum(len(name) + len(value) + 10 for name, value in headers) <= EVENT_BYTES
