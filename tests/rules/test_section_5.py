"""Docs, rules.md, section 5: rule sets, their conditions and their actions.

A scenario with many conditions has a wrap-up code for each; its rule schedules a callback if the condition holds. Codes
say what should come of them: they end in `True` or `False`.
"""

import pytest

from tests.builders import Said
from tests.rules.scenario import SCENARIOS, answers, dialed, lines, of_contact, play
from topics.codec import decode
from topics.events import WrapUp

EVENING = "2026-11-23T20:00:00Z"


def matched(said: Said) -> list[str]:
    """The codes of the wrap-ups whose rule matched."""
    return [one["facts"]["wrap_up_code"] for one in said.lifecycle if one["transition"] == "scheduled"]


def meant_to_match(rule: str) -> list[str]:
    """The codes that say so."""
    (path,) = SCENARIOS.glob(f"{rule}-*.jsonl")
    events = [decode(line.topic, line.value or b"") for line in lines(path) if line.topic == "wrap-up"]
    return [one.wrap_up_code for one in events if isinstance(one, WrapUp) and one.wrap_up_code.endswith("True")]


def test_5_01a_all_conditions_have_to_hold_and_each_may_be_inverted() -> None:
    assert matched(play("5.01a")) == ["both", "inverted"]


def test_5_01b_a_wrap_up_rule_that_cannot_be_evaluated_does_not_match_inverted_or_not() -> None:
    assert matched(play("5.01b")) == []


def test_5_01c_a_rule_is_asked_in_its_category_and_what_belongs_to_the_other_does_nothing() -> None:
    """A wrap-up rule refuses no call and a pre-call rule schedules none: the callback is the one of `again`."""
    said = play("5.01c", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "blocked"] and said.reasons.count(["pre_call_rule"]) == 1
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"] and dialed(said) == [("14:11:00", "analysis")]
    assert all(one["facts"].get("not_scheduled") is None for one in said.lifecycle)


def test_5_01d_rules_are_asked_before_the_first_of_them_acts() -> None:
    """The second rule wants what the first one sets, and gets it with the next wrap-up."""
    assert dialed(play("5.01d", EVENING)) == [("14:15:00", "analysis")]


def test_5_02_actions_run_in_the_order_of_rule_sets_and_rules() -> None:
    """The campaign names set B first; its rules set b1, then b2, and the last word is with set A."""
    (command,) = play("5.02", EVENING).commands
    assert command["attributes"] == {"last": "a"}


def test_5_03_the_first_callback_wins_and_the_others_are_reported() -> None:
    said = play("5.03", EVENING)
    assert dialed(said) == [("14:10:00", "analysis")]
    facts = said.lifecycle[0]["facts"]
    assert (facts["rule_id"], facts["not_scheduled"]) == (
        "first",
        [{"rule_set_id": "R5.03", "rule_id": "second", "offset_minutes": 20}],
    )


def test_5_04a_wrap_up_code_and_call_analysis() -> None:
    said = play("5.04a")
    assert len(matched(said)) == 1 and said.lifecycle[0]["facts"]["call_analysis"] == "busy"


@pytest.mark.parametrize("rule", ["5.04b", "5.04c", "5.04d", "5.04e"], ids=["text", "decimals", "instants", "periods"])
def test_5_04_every_operator_compares_as_its_type_says(rule: str) -> None:
    codes = meant_to_match(rule)
    assert len(codes) >= 5 and matched(play(rule)) == codes


def test_5_04f_number_and_column_or_its_type() -> None:
    """A column that the wrap-up tells holds; a number without column or entry cannot be evaluated."""
    assert matched(play("5.04f")) == ["nyc-True", "end-True", "column-True", "type-True", "other-False"]


def test_5_04g_last_attempt_and_last_wrap_up_overall_and_of_the_number() -> None:
    """Asked before any call, when only `before a week ago` holds, and after a call to the other number."""
    said = answers(play("5.04g"))
    assert said[:5] == [[], [], [], [], ["pre_call_rule"]]
    assert said[5:] == [["pre_call_rule"], [], ["pre_call_rule"], [], []]


def test_5_04h_time_and_date_in_a_zone_may_run_past_midnight() -> None:
    """A span past midnight belongs to the day on which it began: Sunday night lasts until Monday at six."""
    codes = matched(play("5.04h"))
    assert codes == ["hours-True", "monday-True", "date-True", "night-False", "sunday-night"]


@pytest.mark.parametrize("rule", ["5.04i", "5.04j", "5.04k"], ids=["inverted", "the-others", "the-wrap-up-counts"])
def test_5_04_every_kind_of_condition_holds_as_its_code_says(rule: str) -> None:
    codes = meant_to_match(rule)
    assert len(codes) >= 4 and matched(play(rule)) == codes


def test_5_04l_before_a_call_there_is_no_wrap_up_to_ask_about() -> None:
    """Neither for a pre-call rule nor for a filter, inverted or not."""
    assert answers(play("5.04l")) == [["pre_call_rule"], ["contact_filtered"]] * 2


def test_5_05a_attributes_are_set_counted_and_stamped() -> None:
    said = play("5.05a", EVENING)
    assert said.commands[0]["attributes"] == {
        "set": "new",
        "up": "11",
        "down": "-1.0",
        "first": "3",
        "stamp": "2026-11-23T14:00:00Z",
        "text": "many",
    }
    assert said.lifecycle[0]["facts"]["not_done"] == [
        {"rule_set_id": "R5.05a", "rule_id": "all", "action": "set_attribute", "why": "not_a_decimal"}
    ]


def test_5_05b_a_number_goes_on_the_campaigns_first_list_and_its_entry_may_expire() -> None:
    said = play("5.05b")
    assert said.of("dnc-entries") == [
        {"dnc_list_id": "D5.05b", "phone_number": "+12125550101", "expires_at": "2026-11-24T14:00:00Z"}
    ]
    assert answers(said) == [["dnc"], [], ["dnc"], []]


def test_5_05c_contacts_and_numbers_are_marked_uncallable() -> None:
    assert answers(play("5.05c")) == [["contact_uncallable"], ["number_uncallable"], []]


def test_5_05d_do_not_dial_and_switch_to_preview_before_a_call() -> None:
    said = play("5.05d", EVENING)
    assert of_contact(said, "yes")[-1] == "presented"
    assert of_contact(said, "no")[-1] == "blocked"
    assert of_contact(said, "maybe")[-1] == "dialing"


def test_5_05e_a_pre_call_rule_changes_contact_and_lists_once_a_call_is_allowed() -> None:
    """The request for c2 is refused, so its number stays off the list; the one for c1 stops the next."""
    said = play("5.05e", EVENING)
    assert answers(said) == [["contact_uncallable"], [], ["dnc", "number_uncallable"], ["contact_uncallable"]]
    assert said.of("dnc-entries") == [
        {"dnc_list_id": "D5.05e", "phone_number": "+12125550101", "expires_at": "2026-11-24T14:00:00Z"}
    ]
    assert [one["attributes"] for one in said.commands] == [{"asked": "2026-11-23T14:00:00Z"}]


def test_5_05f_a_campaign_without_a_list_appends_nothing_and_says_so() -> None:
    said = play("5.05f", EVENING)
    assert said.of("dnc-entries") == [] and dialed(said) == [("14:10:00", "analysis")]
    assert said.lifecycle[0]["facts"]["not_done"] == [
        {"rule_set_id": "R5.05f", "rule_id": "again", "action": "append_to_dnc", "why": "no_dnc_list"}
    ]


def test_5_06_wrap_up_codes_are_mapped_to_marks_and_facts() -> None:
    said = play("5.06", EVENING)
    assert answers(said) == [
        ["number_uncallable"],
        ["contact_uncallable"],
        [],
        [],
        ["already_called_this_pass"],
    ]
    assert said.lifecycle[0]["facts"]["right_party_contact"] is True
    assert said.of("placement-decided")[-1]["facts"]["contact"]["right_party_contact_at"] == "2026-11-23T14:02:00Z"


def test_5_06b_a_mapping_acts_for_system_codes_and_not_for_a_later_code() -> None:
    assert answers(play("5.06b")) == [[], ["number_uncallable"]]


def test_5_04m_an_empty_item_of_a_list_matches_nothing() -> None:
    filtered = ["contact_filtered"]
    assert answers(play("5.04m")) == [filtered, [], [], filtered, filtered, filtered]


def test_5_04n_the_column_of_a_wrap_up_stands_for_those_of_the_record() -> None:
    said = play("5.04n")
    assert [record["cause"]["event_id"] for record in said.lifecycle] == ["w5.04n-2"]
