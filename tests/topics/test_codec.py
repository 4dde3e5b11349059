"""What decoding accepts, how structs are written, and which keys go with them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.topics.examples import CAMPAIGN, PLACEMENT, SCHEDULED, WRAP_UP, rule_set, slot
from topics.callback_events import CallbackCancelled, CallbackScheduled, Owner, Source
from topics.codec import BadEvent, ErrorCode, contact_key, decode, encode, split_contact_key, value_key
from topics.events import CampaignRecycle, ContactRecord, WrapUp
from topics.facts import DueFacts
from topics.fields import DoesNotFit
from topics.records import CallbackLifecycle, Cause, Reason, Transition


def test_an_event_comes_out_as_its_struct() -> None:
    assert decode("callback-scheduled", json.dumps(SCHEDULED | {"owner": "only", "agent_id": "a7"}).encode()) == (
        CallbackScheduled(
            event_id="s1",
            occurred_at=datetime(2026, 11, 23, 14, 30, tzinfo=UTC),
            callback_id="k1",
            source=Source.WIDGET,
            campaign_id="P",
            contact_list_id="L",
            contact_id="c1",
            phone_number="+12125550101",
            due_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
            agent_id="a7",
            owner=Owner.ONLY,
        )
    )


@pytest.mark.parametrize("owner", [{}, {"owner": None}, {"owner": "anyone"}])
def test_a_callback_without_an_owner_is_kept_for_anyone(owner: dict[str, Any]) -> None:
    event = decode("callback-scheduled", json.dumps(SCHEDULED | owner).encode())
    assert isinstance(event, CallbackScheduled)
    assert event.kept_for is Owner.ANYONE


def test_absent_switches_are_false_and_absent_lists_empty() -> None:
    contact = decode("contacts", b'{"contact_list_id":"L","contact_id":"c1"}')
    assert contact == ContactRecord(
        contact_list_id="L", contact_id="c1", callable=False, time_zone=None, attributes={}, numbers=()
    )


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-11-23T16:00:00+01:00", datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),
        ("2026-11-23T15:00:00.5-00:00", datetime(2026, 11, 23, 15, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23t15:00:00z", datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),
    ],
)
def test_instants_come_out_in_utc(written: str, utc: datetime) -> None:
    event = decode("wrap-up", json.dumps(WRAP_UP | {"occurred_at": written}).encode())
    assert isinstance(event, WrapUp)
    assert event.occurred_at == utc
    assert event.occurred_at.tzinfo is UTC


def test_instants_are_written_in_utc_without_a_fraction_when_it_is_zero() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    recycle = CampaignRecycle(event_id="e1", occurred_at=datetime(2026, 11, 23, 20, 30, tzinfo=east), campaign_id="P")
    assert encode(recycle) == b'{"event_id":"e1","occurred_at":"2026-11-23T15:00:00Z","campaign_id":"P"}'


def test_a_naive_instant_cannot_be_built_either() -> None:
    with pytest.raises(DoesNotFit):
        CampaignRecycle(event_id="e1", occurred_at=datetime(2026, 11, 23, 15, 0), campaign_id="P")


@pytest.mark.parametrize("stop", ["00:00", "23:59:59", "24:00", "24:00:00"])
def test_a_day_may_end_at_twenty_four_hours(stop: str) -> None:
    assert decode("callable-time-sets", json.dumps(slot(stop=stop)).encode())


@pytest.mark.parametrize(
    ("topic", "value", "key"),
    [
        ("wrap-up", WRAP_UP, "L|c1"),
        ("callback-scheduled", SCHEDULED, "L|c1"),
        ("placement-requested", PLACEMENT, "L|c1"),
        ("contacts", {"contact_list_id": "L", "contact_id": "c|1"}, "L|c|1"),
        ("campaigns", CAMPAIGN, "P"),
        ("rule-sets", rule_set(), "RS"),
        ("callable-time-sets", slot(), "T"),
        ("dnc-entries", {"dnc_list_id": "D1", "phone_number": "+12125550101"}, "D1|+12125550101"),
        ("campaign-recycle", {"event_id": "e", "occurred_at": "2026-11-23T15:00:00Z", "campaign_id": "P"}, "P"),
        (
            "contact-list-cleared",
            {"event_id": "e", "occurred_at": "2026-11-23T15:00:00Z", "contact_list_id": "L"},
            "L",
        ),
    ],
)
def test_the_key_follows_from_the_value(topic: str, value: dict[str, Any], key: str) -> None:
    assert value_key(topic, decode(topic, json.dumps(value).encode())) == key


def test_the_rejection_of_a_recycle_has_its_key() -> None:
    rejection = CallbackLifecycle(
        transition=Transition.REJECTED,
        occurred_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
        reasons=(Reason.RECYCLED_TOO_SOON,),
        facts=DueFacts(),
        campaign_id="P",
        cause=Cause(event_id="e1", topic="campaign-recycle", partition=0, offset=4),
    )
    assert value_key("callback-lifecycle", rejection) == "P"


def test_a_contact_key_is_split_at_its_first_bar() -> None:
    assert split_contact_key(contact_key("L", "c|1")) == ("L", "c|1")


@pytest.mark.parametrize("key", ["", "L", "L|", "|c1", "x" * 257 + "|c1", "L|" + "x" * 257])
def test_a_key_that_no_contact_can_have_is_a_wrong_key(key: str) -> None:
    with pytest.raises(BadEvent) as caught:
        split_contact_key(key)
    assert caught.value.code is ErrorCode.WRONG_KEY


def test_structs_cannot_be_changed() -> None:
    event = CallbackCancelled(
        event_id="s3",
        occurred_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
        callback_id="k1",
        campaign_id="P",
        contact_list_id="L",
        contact_id="c1",
    )
    with pytest.raises(AttributeError):
        event.callback_id = "k2"  # type: ignore[misc]
