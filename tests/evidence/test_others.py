"""Nothing of other contacts gets into a file of evidence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.evidence.document import encoded
from streams.evidence.number import Number
from streams.evidence.page import BEGIN, page_of
from tests.builders import NUMBER, campaign, contact, scheduled, wrap_up
from tests.evidence.days import OTHER, begun, entry, numbers, request, whole_day
from tests.evidence.logs import made
from tests.evidence.test_signed import run


def said_in(document) -> bytes:
    """All that can be read in a file: its page, and its records."""
    raw = b"".join((one.key or b"") + (one.value or b"") for one in document.records)
    page = page_of(document)
    # Its records are in base64 in the document, where any three letters may stand by chance.
    return page[: page.rfind(BEGIN)] + encoded(replace(document, records=())) + raw


async def test_neither_number_nor_name_nor_id_of_another_contact_is_in_it():
    found = said_in(await made(whole_day().records))
    for text in (OTHER, "Bob", "L|c2", '"c2"', "o1"):
        assert text.encode() not in found, text
    assert NUMBER.encode() in found and b"Ann" in found


async def test_a_campaign_and_a_dead_letter_that_name_others_are_there_without_their_values():
    logs = begun()
    condition = {"type": "phone_number", "operator": "equals", "value": OTHER}
    logs.send("campaigns", campaign(dialing_mode="power", dnc_list_ids=["D"], contact_filter=[condition]))
    mixed = {"who": [NUMBER, OTHER], "contact_list_id": "L", "contact_id": "c1"}
    logs.send("wrap-up", mixed, "2026-11-23T15:01:00Z", "L|c1")
    about_other = wrap_up("v2", contact_id="c2", phone_number=OTHER, attributes={"spouse": NUMBER})
    logs.send("wrap-up", {**about_other, "occurred_at": "yesterday"}, "2026-11-23T15:02:00Z")
    logs.send("placement-requested", request("p1"))
    document = await made(logs.records)
    assert OTHER.encode() not in said_in(document) and b"L|c2" not in said_in(document)
    withheld = {one.topic: one.withheld for one in document.records if one.withheld}
    assert set(withheld) == {"campaigns", "dead-letter"}
    assert all(one is not None and len(one.sha256) == 64 for one in withheld.values())


async def test_a_record_under_the_key_of_another_contact_brings_nothing_of_that_contact():
    logs = begun()
    logs.send("callback-scheduled", scheduled("o1", contact_id="c2", phone_number=OTHER), "2026-11-23T14:30:00Z")
    logs.send("wrap-up", wrap_up("v1"), key="L|c2")
    document = await made(logs.records)
    assert b"L|c2" not in b"".join(one.key or b"" for one in document.records if one.topic != "dead-letter")
    assert b"o1" not in said_in(document)


async def test_a_longer_number_with_the_same_digits_is_another_one():
    logs = begun()
    longer = NUMBER + "9"
    logs.send("wrap-up", wrap_up("v1", contact_id="c8", phone_number=longer))
    value, key = entry(longer)
    logs.send("dnc-entries", value, key=key)
    document = await made(logs.records)
    assert longer.encode() not in said_in(document)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(2, 9), st.sampled_from(["call", "ask", "arrange", "list"])), max_size=12))
def test_whatever_is_done_about_others_the_file_is_the_same_but_for_what_was_read(doings):
    plain = run(made(begun().records))
    logs = begun()
    for at, (who, what) in enumerate(doings):
        number = f"+1313555014{who}"
        about = {"contact_id": f"x{who}", "phone_number": number}
        if what == "list":
            value, key = entry(number)
            logs.send("dnc-entries", value, key=key)
        elif what == "call":
            logs.send("wrap-up", wrap_up(f"v{at}", **about))
        elif what == "ask":
            logs.send("placement-requested", request(f"p{at}", **about))
        else:
            logs.send("contacts", contact(f"x{who}", numbers=numbers(number)))
            logs.send("callback-scheduled", scheduled(f"k{at}", **about))
    found = run(made(logs.records))
    assert found.records == plain.records and found.said.entries == plain.said.entries


@pytest.mark.parametrize("text", ["12125550101", "+1 (212) 555-0101", "tel:+12125550101", "0012125550101"])
async def test_a_do_not_call_entry_in_any_format_of_the_number_is_found(text):
    logs = begun()
    logs.send("dnc-entries", {"dnc_list_id": "D", "phone_number": text}, key=f"D|{text}")
    logs.send("placement-requested", request("p1"))
    document = await made(logs.records)
    assert [one.key for one in document.records if one.topic == "dnc-entries"] == [f"D|{text}".encode()]


@pytest.mark.parametrize(("text", "is_about"), [("call 12125550101 now", True), ("id 9912125550101", False)])
def test_what_is_no_json_is_about_the_number_if_its_digits_stand_alone(text, is_about):
    assert Number(NUMBER).is_named_by("dead-letter", text.encode()) is is_about
