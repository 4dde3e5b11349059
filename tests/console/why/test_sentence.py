"""One sentence says why a callback was or was not dialed, or what it waits for."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from streams.console.view.model import Story
from streams.console.why.listing import numbers_of, with_entries
from streams.console.why.sentence import sentence
from streams.simulator.lines import Line, parse_line
from streams.simulator.simulate import converse
from tests.builders import (
    NUMBER,
    Json,
    campaign,
    cancelled,
    contact,
    hold,
    instant,
    rescheduled,
    returned,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)
from tests.console.why.stories import stories, told
from tests.rules.scenario import lines as scenario_lines

NEW_YORK = {"numbers": [{"column": "c", "type": "CELL", "phone_number": NUMBER, "callable": True}]}
TIMES = {
    "callable_time_set_id": "T",
    "times": [
        {
            "time_zone": "America/New_York",
            "slots": [{"day": day, "start": "11:00", "stop": "20:00"} for day in range(1, 8)],
        }
    ],
}
SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.jsonl"))


def line(topic: str, value: Json | None, at: str, key: str | None = None) -> Line:
    return parse_line(json.dumps({"topic": topic, "at": at, "value": value, "key": key}).encode(), "test")


def told_story(*events: Line, until: str, callback_id: str | None = None) -> Story:
    """The story of the one callback, or the one of this id, when the events have come and the clock has run on."""
    found = stories(converse(events, instant(until), 1))
    return next(one for one in found if callback_id in (None, one.row.callback_id))


def said(*events: Line, until: str, zone: str | None = None, callback_id: str | None = None) -> str:
    story = told_story(*events, until=until, callback_id=callback_id)
    return sentence(story, instant(until), ZoneInfo(zone) if zone else None)


def at(clock: str, day: int = 23) -> str:
    return f"2026-11-{day}T{clock}:00Z"


def begun(*, of_contact: Json | None = None, **settings) -> tuple[Line, Line]:
    return (
        line("campaigns", campaign(**settings), at("08:00")),
        line("contacts", contact(**(of_contact or NEW_YORK)), at("08:00")),
    )


def asked(clock: str = "14:30", **changes) -> Line:
    return line("callback-scheduled", scheduled(**changes), at(clock))


RULES = rule_set(rule(minutes=10))


def by_rule(**settings) -> tuple[Line, ...]:
    """A rule schedules a callback for 14:40."""
    return (
        *begun(rule_set_ids=["R"], **settings),
        line("rule-sets", RULES, at("08:00")),
        line("wrap-up", wrap_up(wrap_up_code="AGAIN"), at("14:30")),
    )


def test_a_callback_that_is_not_due_yet_names_who_scheduled_it_and_for_when():
    assert said(*begun(), asked(), until=at("14:45")) == (
        "To be dialed at 15:00: agent a7 scheduled it in the widget at 14:30"
    )
    assert said(*begun(), asked(owner="only", window_end_at=at("17:00")), until=at("14:45")) == (
        "To be dialed at 15:00: agent a7 scheduled it in the widget at 14:30, "
        "for that agent alone, in a window until 17:00"
    )
    assert said(*by_rule(), until=at("14:35")) == (
        "To be dialed at 14:40: rule again of rule set R scheduled it after wrap-up code AGAIN at 14:30, "
        "10 min after it"
    )


def test_one_that_somebody_moved_names_who_did_and_why():
    move = rescheduled(actor="sup", reason="asked for it")
    assert said(*begun(), asked(), line("callback-scheduled", move, at("14:40")), until=at("14:45")) == (
        "To be dialed tomorrow at 15:00: moved from 15:00 by sup (asked for it) at 14:40"
    )


def test_instants_are_said_by_the_clock_of_the_viewer():
    assert said(*begun(), asked(), until=at("14:45"), zone="Europe/Berlin").startswith("To be dialed at 16:00: ")
    assert said(*begun(), asked(), until=at("14:45"), zone="Asia/Tokyo").startswith("To be dialed tomorrow at 00:00: ")


def test_one_that_is_blocked_names_the_do_not_call_list_since_when_and_until_when():
    entry = {"dnc_list_id": "D1", "phone_number": NUMBER, "expires_at": "2026-11-27T00:00:00Z"}
    listed = line("dnc-entries", entry, at("13:30"))
    events = sorted((listed, *by_rule(dnc_list_ids=["D1"])), key=lambda one: one.at)
    story = told_story(*events, until=at("15:00"))
    assert sentence(story, instant(at("15:00")), None) == "Not dialed at 14:40: on Do Not Call list D1, until Friday"
    entry_told = told("dnc-entries", listed.key, listed.value, listed.at, 0)
    assert NUMBER in numbers_of(story)
    with_entry = with_entries(story, [entry_told])
    assert with_entry.told == (entry_told, *story.told)
    assert sentence(with_entry, instant(at("15:00")), None) == (
        "Not dialed at 14:40: on Do Not Call list D1 since 13:30, until Friday"
    )
    assert with_entries(story, []) is story
    later = replace(entry_told, at=instant(at("14:50")))
    assert with_entries(story, [later]).told[-1] == later
    assert sentence(with_entries(story, [later]), instant(at("15:00")), None).endswith("list D1, until Friday")


def test_one_that_waits_names_what_it_waits_for_and_since_when():
    off = (*by_rule(status="off"),)
    assert said(*off, until=at("15:00")) == "Waits since 14:40 for campaign P to be switched on"
    held = line("holds", hold(campaign_id="P", reason="wrong script", actor="sup"), at("14:35"))
    assert said(*by_rule(), held, until=at("15:00")) == (
        "Waits since 14:40 for hold h1 of campaign P (by sup, wrong script) to end"
    )
    unread = line("rule-sets", {"rule_set_id": "R", "rules": 7}, at("14:35"))
    assert said(*by_rule(), unread, until=at("15:00")) == (
        "Waits since 14:40 for a record to be repaired or removed: the record cannot be read of rule set R"
    )
    one_a_day = by_rule(dial_rate_per_s=0.0001, paced=["due"])
    listed = line("contacts", contact("c2"), at("14:29"))
    other = line("wrap-up", wrap_up("v2", contact_id="c2", wrap_up_code="AGAIN"), at("14:30"))
    both = stories(converse((*one_a_day[:-1], listed, one_a_day[-1], other), instant(at("15:00")), 1))
    assert "Waits since 14:40 for its turn by the rate of campaign P" in [
        sentence(story, instant(at("15:00")), None) for story in both
    ]


def test_one_that_an_agent_or_the_dialer_has_says_since_when_and_how_late_that_was():
    assert said(*begun(), asked(), until=at("15:30")) == "Queue Q has it since 15:00; no outcome yet"
    assert said(*begun(), asked(owner="only"), until=at("15:30")) == "Agent a7 has it since 15:00; no outcome yet"
    on = line("campaigns", campaign(rule_set_ids=["R"]), at("15:30"))
    assert said(*by_rule(status="off"), on, until=at("15:31")) == (
        "The dialer has it since 15:30, 50 min after it was due (the campaign was off); no outcome yet"
    )


def test_one_whose_call_was_not_permitted_says_so_while_an_agent_has_it():
    request = {
        "event_id": "q1", "request_id": "q1", "occurred_at": at("15:05"), "origin": "callback", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER,
    }  # fmt: skip
    unlisted = begun(of_contact={"callable": False})
    assert said(*unlisted, asked(), line("placement-requested", request, at("15:05")), until=at("15:30")) == (
        "Queue Q has it since 15:00; the call may not be placed: the contact's record says that it may not be called "
        "(asked at 15:05), no outcome yet"
    )


def test_one_that_is_completed_says_how_it_went_out_and_how_it_ended():
    done = wrap_up("v2", callback_id="k1", wrap_up_code="SALE", agent_id="a7", occurred_at=at("15:04"))
    assert said(*begun(), asked(), line("wrap-up", done, at("15:04")), until=at("16:00")) == (
        "Shown to queue Q at 15:00; completed at 15:04 with SALE by agent a7"
    )
    rule_id = told_story(*by_rule(), until=at("14:35")).row.callback_id
    done = wrap_up("v2", callback_id=rule_id, wrap_up_code="SALE", agent_id="a7", occurred_at=at("14:44"))
    assert said(*by_rule(), line("wrap-up", done, at("14:44")), until=at("16:00"), callback_id=rule_id) == (
        "Dialed at 14:40; completed at 14:44 with SALE by agent a7"
    )


def test_a_command_that_went_out_late_says_by_how_much_to_the_millisecond():
    story = told_story(*begun(), asked(), until=at("15:30"))
    late = [record_late(one, "2026-11-23T15:00:00.040000Z") for one in story.told]
    assert sentence(Story(row=story.row, told=tuple(late)), instant(at("15:30")), None) == (
        "Queue Q has it since 15:00, 40 ms after it was due; no outcome yet"
    )


def record_late(one, when: str):
    is_it = one.value is not None and one.value.get("transition") == "presented"
    return replace(one, at=instant(when)) if is_it else one


def test_one_that_came_back_or_was_moved_to_a_slot_says_why_and_when_it_is_due_again():
    back = line("callback-scheduled", returned(reason="no_agent"), at("15:02"))
    assert said(*begun(on_returned="again", again_after_s=600), asked(), back, until=at("15:05")) == (
        "Not dialed: no agent was there for it; due at 15:12 again"
    )
    assert said(*begun(), asked(), back, until=at("15:05")) == (
        "Shown to queue Q at 15:00; given back undialed at 15:02: no agent was there for it"
    )
    hours = line("callable-time-sets", TIMES, at("08:00"))
    moving = by_rule(callable_time_set_id="T", reschedule_zone_blocked=True)
    assert said(hours, *moving, until=at("15:00")) == (
        "Not dialed at 14:40: outside callable time set T (it was 09:40 in America/New_York); moved to 16:00"
    )


def test_one_that_was_called_off_says_by_whom_and_keeps_what_was_refused_since():
    call_off = line("callback-scheduled", cancelled(actor="sup", reason="sold: online"), at("14:40"))
    assert said(*begun(), asked(), call_off, until=at("15:00")) == "Cancelled by sup (sold: online) at 14:40"
    move = line("callback-scheduled", rescheduled(occurred_at=at("14:50"), actor="a7"), at("14:50"))
    assert said(*begun(), asked(), call_off, move, until=at("15:00")) == (
        "Cancelled by sup (sold: online) at 14:40; "
        "refused at 14:50: a move to tomorrow 15:00 by a7: the callback has ended"
    )


def test_one_that_was_too_late_says_what_it_had_waited_for():
    assert said(*by_rule(status="off", expire_after_s=3600), until=at("16:00")) == (
        "Not dialed at 15:40: too late, more than 1 h after it was due; "
        "it had waited since 14:40 for campaign P to be switched on"
    )


def test_an_event_that_was_refused_says_so_and_why():
    far = scheduled(due_at="2027-02-01T15:00:00Z")
    assert said(*begun(), line("callback-scheduled", far, at("14:30")), until=at("15:00")) == (
        "Refused at 14:30: the callback that agent a7 scheduled, due on 1 February 2027 at 15:00: "
        "the due time is more than 30 days ahead"
    )


def test_one_that_is_overdue_says_that_no_worker_has_acted_on_it():
    story = told_story(*begun(), asked(), until=at("14:45"))
    assert sentence(story, instant(at("15:20")), None) == (
        "Due at 15:00, 20 min ago, and no worker has acted on it yet: agent a7 scheduled it in the widget at 14:30"
    )


def test_one_of_which_only_its_line_is_kept_still_has_a_sentence():
    story = told_story(*by_rule(status="off"), until=at("15:00"))
    assert sentence(Story(row=story.row, told=()), instant(at("15:00")), None) == (
        "Waits since 14:40, due at 14:40: the campaign is off"
    )


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_in_every_scenario_every_callback_has_one_sentence_of_plain_words(path):
    told_all = list(converse(scenario_lines(path), None, 4))
    found = stories(told_all)
    for story in found:
        words = sentence(story, told_all[-1].at, ZoneInfo("America/New_York"))
        assert words and words[0].isupper() and "\n" not in words and "None" not in words
        assert "  " not in words and "{" not in words and NUMBER not in words


def test_the_scenarios_have_callbacks_at_all():
    assert sum(len(stories(converse(scenario_lines(path), None, 4))) for path in SCENARIOS) > 500
