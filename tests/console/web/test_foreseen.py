"""What will happen stands on the page of a callback, said by the core over what the view has."""

import pytest

from streams.console.view.model import CallbackKey
from streams.console.view.view import View
from streams.console.web.foreseen import Foreseen
from tests.console.web import morning


@pytest.fixture
def foreseen(view):
    looks = View(view)

    def ask(contact: str, callback: str):
        row = looks.callback(CallbackKey("L", contact, callback))
        assert row is not None
        ahead = Foreseen(looks).forecast(row, morning.NOW, morning.ZONE)
        assert ahead is not None
        return ahead

    return ask


def test_a_callback_that_nothing_stops_goes_out_when_it_is_due(foreseen):
    ahead = foreseen("c6", "k6")
    assert "13:00" in ahead.text
    assert ahead.blocked == ()


def test_a_hold_is_what_a_waiting_callback_waits_for_and_its_record_is_named(foreseen):
    ahead = foreseen("c4", "k4")
    assert "hold" in ahead.text
    assert {(str(rest.topic), rest.key) for one in ahead.blocked for rest in one.rests_on} >= {("holds", "h7")}


def test_a_number_on_a_list_is_found_in_its_entries(foreseen):
    ahead = foreseen("c5", "k5")
    rests = {str(rest.topic) for one in ahead.blocked for rest in one.rests_on}
    assert "dnc-entries" in rests


def test_a_page_shows_what_the_core_says_with_the_number_masked(consoles):
    with consoles(console_open_role="operator").browser() as browser:
        text = browser.get("/callback?list=L&contact=c5&id=k5").text
    assert "What will happen" in text
    assert "dnc-entries: D1|…05" in text
    assert "…1005" not in text
