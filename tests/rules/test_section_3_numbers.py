"""Docs, rules.md, section 3: a number has one spelling, and what protects its subscriber holds in all the others."""

from tests.rules.scenario import answers, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"


def test_3_04c_a_number_that_is_spelled_otherwise_is_invalid_wherever_numbers_are_checked() -> None:
    """The trunk prefix after the country code, the 1 of Mexico, Benin's numbers of before 2024."""
    said = play("3.04c")
    refused = [steps(said, f"k3.04c-{number}") for number in (1, 2, 3)]
    assert refused == [["rejected"]] * 3 and said.reasons[:3] == [["invalid_number"]] * 3
    assert steps(said, "k3.04c-4") == ["scheduled"]
    assert answers(said) == [["invalid_number"], ["invalid_number"], []]


def test_3_04d_a_dnc_entry_holds_for_every_spelling_of_its_number_until_it_has_expired() -> None:
    """Britain, America, Mexico, Argentina twice, Brazil, Benin; the last entry has expired."""
    said = play("3.04d")
    dnc, both = ["dnc"], ["dnc", "invalid_number"]
    assert answers(said) == [dnc, both, dnc, dnc, both, dnc, dnc, []]
    facts = [one["facts"]["dnc"] for one in said.of("placement-decided")]
    assert [one.get("phone_number") for one in facts] == [
        "+4402079460123",
        "+12125550101",
        "+5215512345678",
        "+5491123456789",
        "+5491123456789",
        "+551161234567",
        "+22990011234",
        None,
    ]


def test_3_04e_a_callback_of_a_rule_is_blocked_by_an_entry_in_another_spelling() -> None:
    said = play("3.04e", EVENING)
    assert of_contact(said, "c1") == ["scheduled", "due", "blocked"] and said.reasons[-1] == ["dnc"]
    assert of_contact(said, "c2") == ["rejected"] and ["invalid_number"] in said.reasons
    assert said.commands == []


def test_3_07b_a_number_is_uncallable_in_every_spelling_by_the_record_and_by_a_mark() -> None:
    said = play("3.07b")
    assert answers(said) == [["number_uncallable"], [], ["number_uncallable"], []]
    numbers = [one["facts"]["number"] for one in said.of("placement-decided")]
    assert [(one["callable"], one["on_record"], "marked_by" in one) for one in numbers] == [
        (False, True, False),
        (True, True, False),
        (True, True, True),
        (True, False, False),
    ]


def test_3_08d_attempts_to_every_spelling_count_for_the_number_in_the_period_and_in_total() -> None:
    said = play("3.08d")
    limit = ["number_attempt_limit"]
    assert answers(said) == [[], limit, [*limit, "invalid_number"], [], limit]
    counts = [one["facts"]["attempts"]["number"]["count"] for one in said.of("placement-decided")]
    assert counts == [1, 2, 2, 0, 2]


def test_3_08e_the_last_wrap_up_and_the_columns_of_a_number_are_those_of_all_its_spellings() -> None:
    assert answers(play("3.08e")) == [["contact_filtered"], [], ["contact_filtered"]]
