"""Numbers are on no page, in no address and in no log of somebody who may not see them."""

import re

import pytest

from streams.console.access import masking
from streams.console.view.model import Page
from tests.console.web import morning

PAGES = (
    "/", "/callbacks?q=k0", "/callback?list=L&contact=c0&id=k0", "/contact?list=L&contact=c0", "/dead-letters",
    "/dead-letters/group?code=invalid&topic=callback-scheduled", "/dead-letter", "/campaigns",
    "/act?list=L&contact=c0&id=k0", "/runs",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call +12125550123 at five", "call ••• 23 at five"),
        ("call (212) 555-0123.", "call ••• 23."),
        ("0176 123 456 78 or 0176/12345679", "••• 78 or ••• 79"),
        ("due 2026-11-23T15:00:00Z", "due 2026-11-23T15:00:00Z"),
        ("on 2026-11-23, 15:00", "on 2026-11-23, 15:00"),
        ("order A12125550123", "order A12125550123"),
        ("callback-scheduled / 3 / 123456", "callback-scheduled / 3 / 123456"),
        ("12 of 34", "12 of 34"),
        ("+12125550123 (212) 555-0199 212.555.0188 then", "••• 88 then"),
    ],
)
def test_a_number_in_a_text_keeps_its_last_two_digits(text, shown):
    assert masking.in_text(text) == shown


def test_a_record_is_masked_wherever_a_number_stands_and_its_ids_stay():
    record = {
        "contact_id": "4071234567", "phone_number": "+12125550123", "due_at": "2026-11-23T15:00:00Z", "offset": 1234567,
        "numbers": [{"phone_number": "+4930123456", "column": "home number"}], "notes": "her sister: 212 555 0199",
        "attributes": {"alternative_phone": "555-0142", "+12125550177": "x", "phone_type": "mobile"},
    }  # fmt: skip
    assert masking.in_value(record) == {
        "contact_id": "4071234567", "phone_number": "••• 23", "due_at": "2026-11-23T15:00:00Z", "offset": 1234567,
        "numbers": [{"phone_number": "••• 56", "column": "home number"}], "notes": "her sister: ••• 99",
        "attributes": {"alternative_phone": "••• 42", "••• 77": "x", "phone_type": "mobile"},
    }  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "operator"])
@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_a_number_to_who_may_not_see_it(consoles, role, page):
    with consoles(console_open_role=role).browser() as browser:
        answer = browser.get(browser.letter() if page == "/dead-letter" else page)
        text = answer.text
    assert answer.status_code in (200, 403)
    assert not re.search(r"\+1\d{10}|5550123|5551\d{3}", text)


def test_who_may_see_numbers_sees_them(consoles):
    with consoles(console_open_role="admin").browser() as browser:
        assert morning.NUMBER in browser.get("/contact?list=L&contact=c0").text
    with consoles(console_open_role="viewer", console_numbers_for="viewer").browser() as browser:
        assert morning.NUMBER in browser.get("/contact?list=L&contact=c0").text


def test_a_number_that_is_searched_for_is_in_no_address(consoles):
    with consoles().browser() as browser:
        for typed in ("+12125550123", "+1 (212) 555-0123", "spring 2125550123"):
            place = browser.post("/find", q=typed).headers["location"]
            assert "0123" in place
            assert "555" not in place
        assert browser.get("/callbacks", q="+12125550123").headers["location"] == "/callbacks?q=0123"
        found = browser.get("/callbacks?q=0123")
    assert "k0" in found.text


def test_digits_that_are_an_id_are_no_number(consoles, monkeypatch):
    console = consoles()
    ids = Page(rows=(console.site.looks.callbacks("k0")[0],))
    monkeypatch.setattr(type(console.site.looks), "find", lambda *_, **__: ids)
    with console.browser() as browser:
        assert browser.post("/find", q="4071234567").headers["location"] == "/callbacks?q=4071234567"
        assert browser.post("/find", q="+4071234567").headers["location"] == "/callbacks?q=4567"
        assert browser.post("/find", q="(407) 123-4567").headers["location"] == "/callbacks?q=4567"


def test_a_letter_that_is_masked_cannot_be_changed_by_what_the_mask_left(consoles):
    console = consoles(console_open_role="operator")
    with console.browser() as browser:
        number = browser.letter().partition("=")[2]
        browser.post("/dead-letter", number=number, value="{}", key="x", do="replay")
    ((letters, edit, _),) = console.deeds.planned
    assert [str(one.number) for one in letters] == [number]
    assert (edit.value, edit.key) == (None, None)
