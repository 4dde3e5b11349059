"""A change is what a worker would take: a record, its removal or a recycle, tried and then made as one and the same."""

import msgspec
import pytest

from streams.console.actions.configuration import changed_in_words, configured
from streams.console.trial.change import CHANGED_TOPICS, NotUsable, as_line, made_now, record, recycle, removal
from streams.simulator.lines import parse_line
from tests.builders import campaign, instant
from topics.catalog import CATALOG
from topics.codec import decode
from topics.events import CampaignRecycle

AT, NOW = instant("2026-11-23T18:00:00Z"), instant("2026-11-23T15:00:00Z")
OFF = msgspec.json.encode(campaign("P", status="off")).decode()


def test_a_record_without_a_time_stands_in_the_place_of_the_former_one_and_with_one_comes_then():
    always, then = record("campaigns", OFF, None).changes(), record("campaigns", OFF, AT).changes()
    assert ([one.key for one in always.replaced], always.later) == ([b"P"], ())
    assert ([one.at for one in then.later], then.replaced) == ([AT], ())


@pytest.mark.parametrize(
    ("topic", "text", "said"),
    [
        ("campaigns", "{", "A worker would refuse it"),
        ("campaigns", '{"campaign_id": 7}', "A worker would refuse it"),
        ("campaigns", OFF.replace('"off"', '"perhaps"'), "A worker would refuse it"),
        ("campaigns", OFF.replace("}", ', "rule_set_ids": [7]}'), "A worker would refuse it"),
        ("wrap-up", OFF, "no topic of configuration"),
        ("campaign-recycle", OFF, "no topic of configuration"),
        ("nowhere", OFF, "no topic of configuration"),
    ],
)
def test_what_a_worker_would_refuse_is_no_change(topic, text, said):
    with pytest.raises(NotUsable, match=said):
        record(topic, text, None)


def test_a_record_without_a_key_and_a_recycle_without_a_campaign_are_no_change():
    with pytest.raises(NotUsable):
        removal("campaigns", "", None)
    with pytest.raises(NotUsable):
        removal("wrap-up", "P", None)
    with pytest.raises(NotUsable):
        recycle("", AT)


@pytest.mark.parametrize(
    "change", [record("campaigns", OFF, AT), removal("campaigns", "P", AT), recycle("P", AT)], ids=str
)
def test_a_change_as_a_line_is_what_the_simulator_reads(change):
    line = parse_line(as_line(change).encode(), "test")
    assert (line.topic, line.key, line.at) == (change.topic, b"P", AT)
    assert line.value == (None if change.value is None else change.value.encode())


def test_a_recycle_is_made_now_with_an_id_of_its_own_and_a_record_as_it_was_tried():
    made = made_now(recycle("P", AT), "configure-1-0", NOW)
    event = decode("campaign-recycle", (made.value or "").encode())
    assert isinstance(event, CampaignRecycle)
    assert (event.event_id, event.occurred_at, event.campaign_id) == ("a-configure-1-0", NOW, "P")
    assert configured(made, "p.").event_id == "a-configure-1-0"
    assert made_now(record("campaigns", OFF, AT), "x", NOW).value == OFF


def test_a_record_goes_to_the_partition_of_its_key_without_headers():
    letter = configured(record("campaigns", OFF, None), "p.")
    assert (letter.topic, letter.partition, letter.key, letter.value) == ("p.campaigns", 0, b"P", OFF.encode())
    assert (letter.headers, letter.place, letter.event_id) == ((), "", None)
    assert all(CATALOG[topic].partition_count(9) == 1 for topic in CHANGED_TOPICS)


def test_an_audit_names_records_and_no_number():
    put = record("dnc-entries", '{"dnc_list_id": "D1", "phone_number": "+12125550123"}', None)
    words = changed_in_words(
        [put, removal("campaigns", "P", None), *(removal("holds", f"h{n}", None) for n in range(30))]
    )
    assert words["dnc-entries"] == "D1"
    assert words["campaigns"] == "P removed"
    assert words["holds"].endswith("h19 removed and 10 more")
