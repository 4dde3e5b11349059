"""Docs, contract.md, section "Records that do not fit": which cells are taken, and what the others count as."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from tests.topics.examples import CAMPAIGN, LIMITS, NUMBER
from topics.cells import UNREADABLE_COLUMN, UNREADABLE_REGION, UNREADABLE_ZONE
from topics.codec import BadEvent, ErrorCode, decode, decode_cells
from topics.configuration import NONE_LEFT, Campaign, CampaignStatus, DncEntry
from topics.events import ContactRecord
from topics.fields import legible_number

CONTACT = {"contact_list_id": "L", "contact_id": "c1", "callable": True}
ENTRY = {"dnc_list_id": "D", "phone_number": "+12125550101"}


def taken(topic: str, value: Any) -> tuple[Any, BadEvent | None]:
    return decode_cells(topic, json.dumps(value).encode())


def contact_of(**changes: Any) -> tuple[ContactRecord, str]:
    """What is left of a contact, and the path that is named first."""
    record, fault = taken("contacts", CONTACT | changes)
    assert isinstance(record, ContactRecord) and fault is not None and fault.code is ErrorCode.INVALID_CELL
    return record, fault.path


@pytest.mark.parametrize("cell", ["yes", "", 1, None, [], {}])
def test_a_contact_that_does_not_say_whether_it_is_callable_is_not(cell: Any) -> None:
    record, path = contact_of(callable=cell)
    assert (record.callable, path) == (False, "$.callable")


@pytest.mark.parametrize("cell", [5, True, [], "x" * 257, 10**400])
def test_a_zone_that_cannot_be_read_is_one_that_nobody_knows(cell: Any) -> None:
    assert contact_of(time_zone=cell)[0].time_zone == UNREADABLE_ZONE
    record, path = contact_of(numbers=[NUMBER | {"time_zone": cell}])
    assert (record.numbers[0].time_zone, record.numbers[0].callable) == (UNREADABLE_ZONE, True)
    assert path == "$.numbers[0].time_zone"


@pytest.mark.parametrize("cell", [5, True, [], "us-ca", "USA", "US-", "unreadable", "US-CA\n"])
def test_a_region_that_cannot_be_read_is_one_that_nobody_knows(cell: Any) -> None:
    record, path = contact_of(region=cell)
    assert (record.region, record.callable, path) == (UNREADABLE_REGION, True, "$.region")
    record, path = contact_of(numbers=[NUMBER | {"region": cell}])
    assert (record.numbers[0].region, record.numbers[0].callable) == (UNREADABLE_REGION, True)
    assert path == "$.numbers[0].region"


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_a_blank_region_is_absent(cell: Any) -> None:
    record, fault = taken("contacts", CONTACT | {"region": cell, "numbers": [NUMBER | {"region": cell}]})
    assert (record.region, record.numbers[0].region, fault) == (None, UNSET, None)


@pytest.mark.parametrize("cell", [{"region": " "}, {"region": "us"}, {"time_zone": ""}, {"date": "2026-11-31"}])
def test_an_exception_of_callable_times_with_a_field_that_does_not_fit_is_never_one_of_all(cell: Any) -> None:
    exceptions = [{"date": "2026-11-26", "slots": [], **cell}]
    with pytest.raises(BadEvent):
        decode_cells("callable-time-sets", json.dumps({"callable_time_set_id": "T", "exceptions": exceptions}).encode())


@pytest.mark.parametrize("cell", [5, None, [], {"a": 1}, 10**400])
def test_an_attribute_that_cannot_be_read_is_absent(cell: Any) -> None:
    record, path = contact_of(attributes={"plan": "gold", "age": cell})
    assert (record.attributes, path) == ({"plan": "gold"}, "$.attributes[...]")


@pytest.mark.parametrize("cell", [5, None, [], "plan"])
def test_attributes_that_are_no_object_are_none(cell: Any) -> None:
    record, path = contact_of(attributes=cell)
    assert (record.attributes, record.callable, path) == ({}, True, "$.attributes")


@pytest.mark.parametrize("cell", [5, None, {}, "+12125550101"])
def test_numbers_that_are_no_list_leave_the_contact_uncallable(cell: Any) -> None:
    record, path = contact_of(numbers=cell)
    assert (record.numbers, record.callable, path) == ((), False, "$.numbers")


@pytest.mark.parametrize("cell", ["", " ", "5550101", None, 7])
def test_an_entry_without_a_number_that_can_be_read_is_left_out(cell: Any) -> None:
    record, path = contact_of(numbers=[NUMBER | {"phone_number": cell}, NUMBER])
    assert len(record.numbers) == 1 and record.callable and path == "$.numbers[0].phone_number"


@pytest.mark.parametrize("entry", [7, None, [], "+12125550101"])
def test_an_entry_that_is_no_object_is_left_out(entry: Any) -> None:
    record, path = contact_of(numbers=[NUMBER, entry])
    assert len(record.numbers) == 1 and path == "$.numbers[1]"


@pytest.mark.parametrize(("name", "cell"), [("column", ""), ("column", " "), ("column", None), ("type", 7)])
def test_an_entry_that_is_unusable_leaves_its_number_uncallable(name: str, cell: Any) -> None:
    record, path = contact_of(numbers=[NUMBER | {name: cell}])
    (number,) = record.numbers
    assert (number.phone_number, number.callable, getattr(number, name)) == ("+12125550101", False, UNREADABLE_COLUMN)
    assert path == f"$.numbers[0].{name}"
    record, path = contact_of(numbers=[{key: value for key, value in NUMBER.items() if key != name}])
    assert not record.numbers[0].callable and path == f"$.numbers[0].{name}"


def test_only_some_of_the_cells_are_named_and_nothing_is_quoted() -> None:
    record, fault = taken("contacts", CONTACT | {"numbers": ["Zq7"] * 500, "callable": "Zq7", "time_zone": ["Zq7"]})
    assert record.numbers == () and fault is not None
    assert str(fault).count("$.") == 8 and "and 494 more" in str(fault) and "Zq7" not in str(fault)


@pytest.mark.parametrize("changes", [{"contact_id": ""}, {"contact_id": 7}, {"contact_list_id": "a|b"}])
def test_a_contact_needs_its_ids(changes: dict[str, Any]) -> None:
    with pytest.raises(BadEvent) as refused:
        taken("contacts", CONTACT | {"callable": "yes"} | changes)
    assert refused.value.code is ErrorCode.INVALID and refused.value.path == f"$.{next(iter(changes))}"


@pytest.mark.parametrize("status", ["", " ", "dozing", None, 7, "On"])
def test_a_status_that_cannot_be_read_is_off(status: Any) -> None:
    campaign, fault = taken("campaigns", CAMPAIGN | {"status": status})
    assert isinstance(campaign, Campaign) and campaign.status is CampaignStatus.OFF
    assert fault is not None and fault.path == "$.status"


@pytest.mark.parametrize(
    "limits",
    [
        "", 7, [], {}, LIMITS | {"max_attempts_per_contact": 0}, LIMITS | {"max_attempts_per_number": ""},
        LIMITS | {"max_attempts_per_number": -1}, LIMITS | {"reset_period": ""}, LIMITS | {"time_zone": " "},
    ],
)  # fmt: skip
def test_limits_that_cannot_be_read_leave_no_attempt(limits: Any) -> None:
    campaign, fault = taken("campaigns", CAMPAIGN | {"attempt_limits": limits})
    assert isinstance(campaign, Campaign) and campaign.attempt_limits is NONE_LEFT
    assert campaign.status is CampaignStatus.ON
    assert fault is not None and fault.path.startswith("$.attempt_limits")


@pytest.mark.parametrize(
    "changes", [{"dialing_mode": "fast"}, {"rule_set_ids": [" "]}, {"screen_previews": ""}, {"expire_after_s": ""}]
)
def test_anything_else_of_a_campaign_is_read_whole_or_not_at_all(changes: dict[str, Any]) -> None:
    with pytest.raises(BadEvent) as refused:
        taken("campaigns", CAMPAIGN | {"status": ""} | changes)
    assert refused.value.code is ErrorCode.INVALID and refused.value.path.startswith(f"$.{next(iter(changes))}")


@pytest.mark.parametrize(
    "cell", ["soon", 7, "2026-02-30T00:00:00Z", "2026-11-23T15:00:00", "0001-01-01T00:00:00+05:00"]
)
def test_an_expiry_that_cannot_be_read_never_comes(cell: Any) -> None:
    entry, fault = taken("dnc-entries", ENTRY | {"expires_at": cell})
    assert isinstance(entry, DncEntry) and entry.expires_at is None
    assert fault is not None and (fault.code, fault.path) == (ErrorCode.INVALID_CELL, "$.expires_at")


def test_a_blank_expiry_is_absent() -> None:
    assert taken("dnc-entries", ENTRY | {"expires_at": " "}) == (
        decode("dnc-entries", json.dumps(ENTRY).encode()),
        None,
    )


@pytest.mark.parametrize("value", [b"[]", b"7", b"{", b"", b"\xff", b'"x"'])
@pytest.mark.parametrize("topic", ["contacts", "campaigns", "dnc-entries", "rule-sets", "wrap-up"])
def test_what_is_no_object_cannot_be_read_at_all(topic: str, value: bytes) -> None:
    with pytest.raises(BadEvent) as refused:
        decode_cells(topic, value)
    with pytest.raises(BadEvent) as strict:
        decode(topic, value)
    assert str(refused.value) == str(strict.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 212-555-0101", "+12125550101"), ("tel:+12125550101", "+12125550101"), (" +12125550101\n", "+12125550101"),
        ("00 44 20 7946 0123", "+442079460123"), ("+44 (0)20 7946 0123", "+4402079460123"),
        ("12125550101", "+12125550101"), ("\uff0b\uff11212\uff15550101", "+12125550101"),
        ("(212) 555-0101", None), ("2125550101", None), ("", None), ("+", None), ("call me", None), ("+0123456", None),
        ("+1212555010112345", None), ("+12125550101,+13105550101", None),
    ],
)  # fmt: skip
def test_a_number_of_another_shape_is_read_where_it_stands_for_one_without_doubt(text, number):
    assert legible_number(text) == number


def test_a_number_of_another_shape_is_uncallable():
    entry = {"column": "m", "type": "CELL", "phone_number": "+1 212 555 0101", "callable": True}
    record = {"contact_list_id": "L", "contact_id": "c1", "callable": True, "numbers": [entry]}
    value, fault = decode_cells("contacts", json.dumps(record).encode())
    assert isinstance(value, ContactRecord) and fault is not None and "$.numbers[0].phone_number" in str(fault)
    assert [(one.phone_number, one.callable) for one in value.numbers] == [("+12125550101", False)]
