"""Docs, rules.md, section 3: in which time zones a number is, and by whose slots they are judged."""

from tests.builders import Json, Said
from tests.rules.scenario import answers, play

OUTSIDE = ["outside_callable_time"]
ELSEWHERE = ["zone_not_callable"]
APRIL = "2027-04-01T00:00:00Z"


def zones(said: Said) -> list[list[Json]]:
    """What each answer looked at."""
    return [one["facts"]["callable_time"]["zones"] for one in said.of("placement-decided")]


def test_3_05f_the_zone_of_a_number_is_one_of_its_own_country() -> None:
    """Ireland, a mobile of the United Kingdom, Jamaica; Nicaragua and South Sudan at 7:30 and 8:00 of their own."""
    said = play("3.05f", APRIL)
    assert answers(said) == [[], [], [], ELSEWHERE, OUTSIDE, [], OUTSIDE, []]
    names = [[zone["time_zone"] for zone in looked_at] for looked_at in zones(said)]
    assert [one for (one, *others) in names if not others] == [
        "Europe/Dublin",
        "Europe/London",
        "America/Jamaica",
        "America/Managua",
        "America/Managua",
        "Africa/Juba",
        "Africa/Juba",
    ]
    assert len(names[3]) == 42  # The toll-free number.


def test_3_05g_an_area_with_a_clock_of_its_own_within_a_country_is_known_by_its_code() -> None:
    """The Canaries, a Spanish mobile that may be there, Belem, Chihuahua and Ciudad Juarez."""
    said = play("3.05g")
    assert answers(said) == [OUTSIDE, OUTSIDE, [], [], [], OUTSIDE, [], OUTSIDE, OUTSIDE]
    assert [zone["time_zone"] for zone in zones(said)[1]] == ["Africa/Ceuta", "Atlantic/Canary", "Europe/Madrid"]
    chihuahua = zones(said)[4][0]
    assert (chihuahua["time_zone"], chihuahua["judged_by"]) == ("America/Chihuahua", ["America/Mexico_City"])


def test_3_05h_two_names_of_one_clock_in_one_country_are_one_zone() -> None:
    """US/Eastern by the slots of both that are named; a named one by its own; Paris, Denver and others by none."""
    said = play("3.05h")
    assert answers(said) == [OUTSIDE, [], [], OUTSIDE, ELSEWHERE, [], ELSEWHERE, ELSEWHERE, ELSEWHERE]
    assert zones(said)[2] == [
        {
            "time_zone": "US/Eastern",
            "local_time": "2026-11-23T10:00:00-05:00",
            "open": True,
            "judged_by": ["America/Detroit", "America/New_York"],
        }
    ]
    assert "judged_by" not in zones(said)[1][0]
    assert zones(said)[5][0]["judged_by"] == ["US/Arizona"]


def test_3_05i_an_entry_of_the_number_without_a_zone_adds_the_contacts_else_the_derived() -> None:
    said = play("3.05i")
    assert answers(said) == [[], OUTSIDE, OUTSIDE, [], [], ["time_zone_unknown"]]
    assert [[zone["time_zone"] for zone in looked_at] for looked_at in zones(said)[1:3]] == [
        ["America/Chicago", "America/Los_Angeles"],
        ["America/Chicago", "America/New_York"],
    ]
