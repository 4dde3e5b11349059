"""A record that could not be decoded whole is refused, and what its key names is not known any more."""

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Damage
from streams.logic.partition.partition import Arrived, Partition
from tests.builders import Worker, campaign, contact, instant, scheduled
from tests.logic.test_placements import reasons, request
from topics.codec import ErrorCode

NOW = instant("2026-11-23T14:30:00Z")
HEADER = Damage(ErrorCode.UNDECODABLE, "The name of a header is not UTF-8")
LOST = Damage(ErrorCode.DAMAGED, "The checksum of the batch is wrong", first_offset=3)


def arrived(topic: str, key: bytes | None, value, damage: Damage | None, offset: int = 5) -> Arrived:
    data = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return Arrived(topic, 0, offset, key, data, 1_795_446_000_000, (), damage)


def errors(records) -> list[bytes]:
    return [dict(one.headers)["ringback.error"] for one in records if one.topic == "dead-letter"]


def test_an_event_with_a_header_that_is_no_text_is_a_dead_letter_and_changes_nothing():
    partition = Partition(0, 1, Configuration(), {})
    partition.ready(NOW)
    outcome = partition.apply(arrived("callback-scheduled", b"L|c1", scheduled(), HEADER), NOW)
    assert errors(outcome.records) == [b"undecodable"] and outcome.writes == {} and partition.census.outstanding == 0
    assert outcome.records[0].value == orjson.dumps(scheduled())


def test_a_contact_of_which_a_record_is_damaged_is_unreadable_and_a_lost_batch_says_nothing_of_anybody():
    worker = Worker()
    partition = worker.core.partitions[0]
    for key, value, damage in ((None, None, LOST), (b"L|c1", contact(), HEADER)):
        partition.apply(arrived("contacts", key, value, damage), NOW)
    assert reasons(worker, request()) == ["contact_unreadable"]


@pytest.mark.parametrize("topic", ["campaigns", "rule-sets", "callable-time-sets", "campaign-recycle"])
def test_configuration_goes_on_after_what_could_not_be_decoded_and_its_key_is_unreadable(topic):
    known = Configuration()
    known.apply(arrived("campaigns", b"P", campaign(), None, 0), NOW)
    known.apply(arrived(topic, None, None, LOST, 1), NOW)
    assert list(known.campaigns) == ["P"], "of a lost batch nobody knows what it was about"
    known.apply(arrived(topic, b"P", campaign(), HEADER, 2), NOW)
    unreadable = known.unreadable.of(topic)
    assert unreadable is None or list(unreadable) == ["P"]
    assert ("P" in known.campaigns) is (topic != "campaigns")
    partition = Partition(0, 1, known, {})
    partition.ready(NOW)
    letters = partition.configure(NOW).records
    assert errors(letters) == [b"damaged", b"undecodable"]
    assert dict(letters[0].headers)["__connect.errors.offset"] == b"3"


def test_a_do_not_call_entry_that_is_damaged_blocks_by_its_key_and_a_damaged_tombstone_takes_nothing_off():
    known = Configuration()
    entry = {"dnc_list_id": "D", "phone_number": "+12125550177", "expires_at": "2026-11-23T14:00:00Z"}
    known.apply(arrived("dnc-entries", b"D|+12125550177", entry, HEADER, 0), NOW)
    found = known.dnc.find("D", "+12125550177")
    assert found is not None and found.expires_at is None
    known.apply(arrived("dnc-entries", b"D|+12125550177", None, HEADER, 1), NOW)
    known.apply(arrived("dnc-entries", None, None, LOST, 4), NOW)
    assert known.dnc.find("D", "+12125550177") is not None
    assert (known.dnc.offset, len(list(known.reports))) == (4, 3)
