"""What a batch becomes, and when a row is given up: the runner's parts without a Kafka."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.adapters.known import ADAPTERS
from streams.adapters.seam import Adapter, Raw, Routed, Skip, Spread, Stepped, Terms
from streams.engine.adapting import watermark
from streams.engine.adapting.table import Table
from streams.engine.adapting.watermark import Watermark
from streams.engine.adapting.work import KEY_HEADER, PLACE_HEADER, Result, Work, as_it_was
from streams.logic.contact.exchange import Arrived, Record
from streams.logic.partition.fitting import CATALOG_LIMITS
from streams.logic.partition.outputs import Outlet
from tests.kafka.genesys import after_call_work, envelope, outbound
from topics.of_adapters import OF_ADAPTERS
from topics.partitions import partition_for

PARTITIONS = 4
NOW = datetime(2027, 3, 9, 20, 0, tzinfo=UTC)
TOPICS = OF_ADAPTERS["genesys"]
CONVERSATION = "11111111-2222-4333-8444-555555555555"


def work(adapter: Adapter | None = None) -> Work:
    return Work(adapter or ADAPTERS["genesys"](Terms()), TOPICS, PARTITIONS, Outlet("x.", CATALOG_LIMITS))


def raw(value: Any, offset: int = 0, key: bytes | None = b"any") -> Arrived:
    encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Arrived("genesys-events", 2, offset, key, encoded, 1000)


def keyed(record: Record, offset: int = 0) -> Arrived:
    assert record.partition is not None
    return Arrived(record.topic, record.partition, offset, record.key, record.value, 2000, record.headers)


def test_a_record_goes_to_the_partition_of_its_conversation_with_its_place_and_key_and_without_notes() -> None:
    (record,) = work().route([raw(after_call_work(CONVERSATION), 17)]).records
    assert record.partition == partition_for(CONVERSATION.encode(), PARTITIONS)
    assert b"sister" not in (record.value or b"")
    assert dict(record.headers) == {PLACE_HEADER: b'["genesys-events",2,17,1000]', KEY_HEADER: b"any"}
    back = as_it_was(keyed(record), "genesys-events")
    assert (back.topic, back.partition, back.offset, back.key, back.timestamp_ms) == (
        "genesys-events",
        2,
        17,
        b"any",
        1000,
    )


def test_a_contact_list_goes_to_every_partition_and_a_campaign_to_the_first() -> None:
    for topic, expected in (("contactlists", [0, 1, 2, 3]), ("campaigns", [0])):
        worked = work().route([raw(envelope(f"v2.outbound.{topic}.{{id}}", {"id": "l"}))])
        assert [record.partition for record in worked.records] == expected
        assert worked.results == {Result.ROUTED: 1}


def test_a_wrap_up_goes_to_the_partition_of_its_contact_whichever_its_conversation_has() -> None:
    the_work, table = work(), Table(ADAPTERS["genesys"](Terms()))
    routed = the_work.route([raw(outbound(CONVERSATION, "c1"), 1), raw(after_call_work(CONVERSATION), 2)]).records
    worked = the_work.step([keyed(record) for record in routed], table, NOW)
    (record,) = worked.records
    assert record.topic == "wrap-up" and record.partition == partition_for(record.key or b"", PARTITIONS)
    assert worked.results == {Result.WAITING: 1, Result.MAPPED: 1}
    assert set(worked.rows) == {f"conversation|{CONVERSATION}".encode()}


def test_what_is_sent_is_a_cloud_event_with_an_id_of_its_own_that_is_the_same_if_it_is_worked_on_again() -> None:
    events = [event for number in range(9) for event in (outbound(str(number), "c"), after_call_work(str(number)))]

    def sent() -> list[Record]:
        the_work, table = work(), Table(ADAPTERS["genesys"](Terms()))
        routed = the_work.route([raw(event, offset) for offset, event in enumerate(events)]).records
        records = [keyed(record, offset) for offset, record in enumerate(routed)]
        return the_work.step(records, table, NOW).records

    once, again = sent(), sent()
    assert [record.event and record.event.type for record in once] == ["ringback.wrap-up.v1"] * 9
    assert len({record.event and record.event.id for record in once}) == 9 and once == again


def test_a_dead_letter_has_the_place_on_the_raw_topic_also_if_it_waited() -> None:
    the_work, table = work(), Table(ADAPTERS["genesys"](Terms()))
    routed = the_work.route([raw(after_call_work(CONVERSATION), 5), raw(b"no json", 6)])
    assert routed.dead == {"undecodable": 1}
    the_work.step([keyed(routed.records[0])], table, NOW)
    late_ms = int(NOW.timestamp() * 1000) + 10**9
    (letter,) = the_work.expire(table, 3, late_ms, 10).records
    headers = dict(letter.headers)
    assert headers["__connect.errors.topic"] == b"x.genesys-events"
    assert (headers["__connect.errors.partition"], headers["__connect.errors.offset"]) == (b"2", b"5")
    assert headers["ringback.error"] == b"no_partner" and letter.key == b"any" and letter.partition == 3
    assert len(table) == 0


class Broken:
    """Meets a bug at each record."""

    name = "genesys"

    def route(self, raw: Raw) -> Routed | Skip:
        return Routed("k", raw.value or b"", Spread.KEY)

    def step(self, raw: Raw, rows: Any, now: datetime) -> Stepped:
        raise KeyError(raw.value)

    def due_ms(self, key: str, row: bytes) -> int | None:
        return None

    def expire(self, key: str, row: bytes, now_ms: int) -> Stepped:
        raise NotImplementedError


def test_a_bug_is_a_dead_letter_and_one_line_of_the_log_without_a_value(caplog: pytest.LogCaptureFixture) -> None:
    the_work = work(Broken())
    (record,) = the_work.route([raw(b"+13125550142", 9)]).records
    worked = the_work.step([keyed(record)], Table(Broken()), NOW)
    assert worked.dead == {"internal_error": 1} and "5550142" not in str(worked.records[0].headers)
    (line,) = caplog.records
    assert "KeyError" in line.getMessage() and "5550142" not in line.getMessage()


def test_rows_are_due_in_their_order_and_each_once() -> None:
    class Timed(Broken):
        def due_ms(self, key: str, row: bytes) -> int | None:
            return int(row) or None

    table = Table(Timed())
    for key, due in (("a|1", 30), ("a|2", 10), ("b|3", 20), ("b|4", 0)):
        table.put(key, str(due).encode())
    table.put("a|2", b"40")
    assert table.first_due_ms() == 20 and len(table) == 4
    assert [key for key, _ in table.under("b|")] == ["b|3", "b|4"]
    found = []
    for key, _ in table.due(35, 10):
        found.append(key)
        table.put(key, None)
    assert found == ["b|3", "a|1"] and table.get("a|1") is None and table.first_due_ms() == 40


class Ends:
    def __init__(self, ends: dict[TopicPartition, int]) -> None:
        self.ends = ends

    async def span(self, topic: str, number: int = 0) -> tuple[int, int]:
        return 0, self.ends[TopicPartition(topic, number)]


async def test_an_instant_counts_once_what_was_sent_before_it_has_gone_through_both_topics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raws = [TopicPartition("raw", 0), TopicPartition("raw", 1)]
    held = TopicPartition("keyed", 0)
    ends, written = Ends({raws[0]: 5, raws[1]: 7}), Ends({held: 3})
    committed = {raws[0]: 5, raws[1]: 6}

    async def of_group(*_: Any) -> dict[TopicPartition, int]:
        return committed

    monkeypatch.setattr(watermark, "committed_offsets", of_group)
    mark = Watermark(Any, ends, written, "group", lambda: raws)  # type: ignore[arg-type]
    assert await mark.reached({held: 3}, 1000) is None  # Another member has not routed all of it.
    committed[raws[1]] = 7
    written.ends[held] = 4  # What it has routed meanwhile.
    assert await mark.reached({held: 3}, 2000) is None
    ends.ends[raws[0]] = written.ends[held] = 50  # What comes later does not matter.
    assert await mark.reached({held: 4}, 3000) == 1000
    assert await mark.reached({held: 4}, 4000) is None
