"""Docs, contract.md, sections "Keys and partitions" and "Dead letters": what is refused, and how it is kept."""

import orjson
import pytest

from streams.logic.contact.exchange import Arrived
from tests.builders import Worker, campaign, contact, instant, scheduled, wrap_up
from topics.partitions import partition_for


def arrived(topic="wrap-up", key=b"L|c1", value=None, **changes) -> Arrived:
    fields = {"partition": 0, "offset": 7, "timestamp_ms": 1795446000123, "headers": (("trace", b"\x00\xff"),)}
    return Arrived(topic=topic, key=key, value=value, **{**fields, **changes})


def refused(event: Arrived, partitions: int = 1):
    """The records that the event's partition writes."""
    worker = Worker(partitions=partitions)
    worker.run_to("2026-11-23T14:30:00Z")
    return worker.core.partitions[event.partition].apply(event, instant("2026-11-23T14:30:00Z"))


def code(outcome) -> str:
    error: bytes = dict(outcome.records[0].headers)["ringback.error"]
    return error.decode()


def test_a_dead_letter_is_the_record_untouched_and_says_what_was_wrong_and_where():
    event = arrived(value=b"\xff{")
    outcome = refused(event)
    (record,) = outcome.records
    assert (record.topic, record.key, record.value) == ("dead-letter", event.key, event.value)
    assert record.timestamp_ms == 1795446000123
    assert record.headers[0] == ("trace", b"\x00\xff")
    assert dict(record.headers[1:]) == {
        "__connect.errors.topic": b"wrap-up",
        "__connect.errors.partition": b"0",
        "__connect.errors.offset": b"7",
        "__connect.errors.exception.class.name": b"BadEvent",
        "__connect.errors.exception.message": b"undecodable: Not UTF-8 (byte 0) (at $)",
        "ringback.error": b"undecodable",
    }
    assert outcome.writes == {}
    assert outcome.dead == {"undecodable": 1}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (arrived(value=b"{"), "undecodable"),
        (arrived(value=None), "undecodable"),
        (arrived(value=b"[]"), "invalid"),
        (arrived("callback-scheduled", value=b'{"type":"renamed"}'), "unknown_type"),
        (arrived(key=b"L|c2", value=orjson.dumps(wrap_up())), "wrong_key"),
        (arrived(key=None, value=orjson.dumps(wrap_up())), "wrong_key"),
        (arrived("contacts", key=b"no bar", value=None), "wrong_key"),
        (arrived("contacts", key=b"\xff|c1", value=None), "wrong_key"),
        (arrived("contacts", key=None, value=None), "wrong_key"),
        (arrived(value=orjson.dumps(wrap_up(occurred_at="2026-11-23T14:30:00"))), "invalid"),
        (arrived(value=orjson.dumps(wrap_up(phone_number="2125550101"))), "invalid"),
        (arrived("callback-scheduled", value=orjson.dumps(scheduled(owner="only", agent_id=None))), "invalid"),
    ],
)
def test_what_is_refused(event, error):
    assert code(refused(event)) == error


def test_a_key_in_the_wrong_partition_is_refused():
    wrong = 1 - partition_for(b"L|c1", 2)
    event = arrived(value=orjson.dumps(wrap_up()), partition=wrong)
    assert code(refused(event, partitions=2)) == "wrong_partition"
    right = arrived(value=orjson.dumps(wrap_up()), partition=1 - wrong)
    assert refused(right, partitions=2).records == []


def test_no_header_of_a_dead_letter_repeats_what_the_event_says():
    event = arrived(value=orjson.dumps(wrap_up(phone_number="+1 secret", attributes={"ssn": 123456789})))
    headers = b" ".join(value for name, value in refused(event).records[0].headers)
    assert b"secret" not in headers and b"123456789" not in headers


def test_an_unknown_field_is_ignored():
    assert Worker().schedule(scheduled(colour="red")).transitions == ["scheduled"]


def test_bad_configuration_records_become_dead_letters_and_leave_what_their_keys_name_unreadable():
    worker = Worker()
    assert worker.send("campaigns", campaign(status="dozing")).errors == ["invalid_cell"]
    assert worker.send("campaigns", campaign("P2"), key="P3").errors == ["wrong_key"]
    assert worker.send("campaign-recycle", None, key="P").errors == ["undecodable"]
    assert worker.wrap_up(wrap_up()).errors == []
    assert worker.wrap_up(wrap_up("v2", campaign_id="P2")).errors == ["campaign_unknown"]
    assert worker.wrap_up(wrap_up("v3", campaign_id="P3")).errors == ["campaign_unreadable"]


def test_a_record_that_says_nothing_new_about_a_contact_is_not_written_again():
    worker = Worker(listed=())
    event = arrived("contacts", value=orjson.dumps(contact()), timestamp_ms=1795440000000)
    partition = worker.core.partitions[0]
    assert list(partition.apply(event, instant("2026-11-23T14:30:00Z")).writes) == [b"L|c1"]
    assert partition.apply(event, instant("2026-11-23T14:31:00Z")).writes == {}
