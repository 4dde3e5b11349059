"""The timeline has a line for each record: in words, with every fact, and by three clocks. Nothing is hidden."""

from zoneinfo import ZoneInfo

import pytest

from streams.console.view.model import Story
from streams.console.why.timeline import lines
from streams.simulator.simulate import converse
from tests.builders import NUMBER
from tests.console.why.stories import stories, told
from tests.console.why.test_sentence import SCENARIOS, asked, at, begun, by_rule, line, told_story
from tests.rules.scenario import lines as scenario_lines


def leaves(value: object) -> int:
    """How many values there are in a fact, a list without objects counting as one."""
    if isinstance(value, dict) and value:
        return sum(leaves(one) for one in value.values())
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return sum(leaves(one) for one in value)
    return 1


def test_a_line_has_its_instant_by_the_clocks_of_contact_viewer_and_utc():
    of_contact = {"time_zone": "America/New_York"}
    first = lines(told_story(*begun(of_contact=of_contact), asked(), until=at("14:45")), ZoneInfo("Europe/Berlin"))[0]
    assert (first.at_contact, first.at_viewer, first.at_utc) == (
        "2026-11-23 09:30:00.000 EST",
        "2026-11-23 15:30:00.000 CET",
        "2026-11-23 14:30:00.000 UTC",
    )
    unknown = lines(told_story(*begun(of_contact={"time_zone": "Mars/Olympus"}), asked(), until=at("14:45")), None)[0]
    assert (unknown.at_contact, unknown.at_viewer) == (None, "2026-11-23 14:30:00.000 UTC")


def test_the_lines_of_a_callback_tell_its_life_in_order():
    found = lines(told_story(*begun(), asked(), until=at("15:30")), None)
    assert [one.text for one in found] == [
        "Agent a7 asked for a callback at 15:00",
        "Agent a7 scheduled it in the widget: due at 15:00",
        "Fell due",
        "Shown to queue Q, because an agent arranged it",
        "Command to show it to an agent, presentation 1",
    ]
    assert [(one.told.topic, one.told.offset) for one in found[:2]] == [
        ("callback-scheduled", 0),
        ("callback-lifecycle", 0),
    ]


def test_facts_are_labelled_values_that_name_where_they_stand():
    story = told_story(*by_rule(dnc_list_ids=["D1"]), until=at("15:00"))
    dialing = next(one for one in lines(story, None) if one.text.startswith("Given to the dialer"))
    facts = {one.path: (one.label, one.value) for one in dialing.facts}
    assert facts["checks.dnc.dnc_list_ids"] == ("checks, Do Not Call, lists searched", "D1")
    assert facts["checks.contact.callable"] == ("checks, contact, callable by the record", "yes")
    assert facts["campaign_status"] == ("campaign is", "on")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_in_every_scenario_every_record_has_a_line_in_plain_words_and_every_fact_is_on_it(path):
    for story in stories(converse(scenario_lines(path), None, 4)):
        found = lines(story, ZoneInfo("America/New_York"), numbers=True)
        assert [one.told for one in found] == list(story.told)
        for one in found:
            assert one.text and one.text[0].isupper() and "None" not in one.text and "\n" not in one.text
            value = one.told.value or {}
            if "facts" in value:
                assert len(one.facts) == sum(leaves(fact) for fact in value["facts"].values())
            rest = [name for name in value if name not in ("facts", "occurred_at") and value[name] is not None]
            assert {fact.path.partition(".")[0].partition("[")[0] for fact in one.fields} == set(rest)


def test_phone_numbers_are_shown_by_their_last_four_digits_unless_the_reader_may_see_them():
    story = told_story(*begun(), asked(notes=f"or {NUMBER}"), until=at("15:30"))
    hidden = repr([(one.text, one.facts, one.fields) for one in lines(story, None)])
    assert NUMBER not in hidden and "…0101" in hidden
    assert NUMBER in repr([one.fields for one in lines(story, None, numbers=True)])


def test_what_configures_a_campaign_has_lines_too_where_a_story_has_it():
    story = told_story(*begun(), asked(), until=at("14:45"))
    told_of = [
        line("dnc-entries", {"dnc_list_id": "D1", "phone_number": NUMBER}, at("14:40")),
        line("holds", {"hold_id": "h1", "reason": "stop"}, at("14:41")),
        line("holds", None, at("14:42"), key="h1"),
    ]
    more = [told(one.topic, one.key, one.value, one.at, 0) for one in told_of]
    found = lines(Story(row=story.row, told=(*story.told, *more)), None)
    assert [one.text for one in found[-3:]] == [
        "The number is on Do Not Call list D1, for good",
        "Hold h1 stops everything (stop)",
        "A hold let go",
    ]
