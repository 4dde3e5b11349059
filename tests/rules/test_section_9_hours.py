"""Docs, rules.md, section 9: hours of the law. Regions of a callable time set, and dates with slots of their own."""

from tests.builders import Json, Said
from tests.rules.scenario import answers, of_contact, play

OUTSIDE = ["outside_callable_time"]
UNKNOWN = ["region_unknown"]
DECEMBER = "2026-12-01T12:00:00Z"


def looked_at(said: Said, what: str) -> list[list[Json]]:
    """The zones or regions that each answer looked at."""
    return [one["facts"]["callable_time"].get(what, []) for one in said.of("placement-decided")]


def closed(said: Said) -> list[list[str]]:
    """The regions that were closed, by answer."""
    return [[one["region"] for one in regions if not one["open"]] for regions in looked_at(said, "regions")]


def test_9_06a_a_region_that_the_set_names_has_to_be_open_besides_the_zone() -> None:
    said = play("9.06a")
    assert answers(said) == [OUTSIDE, [], OUTSIDE]
    assert closed(said) == [["US-NY"], [], ["US-NY"]]


def test_9_06b_the_regions_of_the_number_the_contact_and_the_area_code_all_count() -> None:
    """A number of California that is in New Jersey, of a contact in Florida; the United States close at two."""
    said = play("9.06b")
    assert answers(said) == [OUTSIDE, OUTSIDE, [], [], OUTSIDE, [], [], OUTSIDE]
    assert closed(said) == [["US-CA", "US-FL"], ["US-CA"], [], [], ["DE"], [], [], ["US"]]
    by = {one["region"]: one["by"] for one in looked_at(said, "regions")[0]}
    assert by == {"US": "number", "US-NJ": "number", "US-FL": "contact", "US-CA": "derived"}


def test_9_06c_a_region_is_open_only_by_the_clocks_of_all_zones() -> None:
    said = play("9.06c")
    assert answers(said) == [OUTSIDE, [], OUTSIDE]
    assert [[zone["open"] for zone in zones] for zones in looked_at(said, "zones")] == [[True, True]] * 3


def test_9_06d_a_holiday_closes_its_local_date() -> None:
    said = play("9.06d")
    east, west = answers(said)[::2], answers(said)[1::2]
    assert east == [[], OUTSIDE, OUTSIDE, OUTSIDE, [], []]
    assert west == [[], [], [], OUTSIDE, OUTSIDE, OUTSIDE]
    assert [zones[0].get("exception") for zones in looked_at(said, "zones")][2:4] == ["2026-11-26", None]


def test_9_06e_slots_of_a_date_are_those_of_its_region_its_zone_or_of_all_others() -> None:
    said = play("9.06e")
    assert answers(said) == [OUTSIDE, [], [], OUTSIDE, OUTSIDE, [], OUTSIDE, OUTSIDE, []]
    found = zip(looked_at(said, "zones"), looked_at(said, "regions"), strict=True)
    refused = [(zones[0]["open"], regions[0]["open"]) for zones, regions in found]
    # The zone alone is closed in the seventh, the region alone in the fourth and the eighth.
    assert (refused[3], refused[6], refused[7]) == ((True, False), (False, True), (True, False))


def test_9_06f_of_one_date_all_slots_count_and_a_holiday_wins() -> None:
    assert answers(play("9.06f")) == [[], OUTSIDE, [], OUTSIDE]


def test_9_06g_a_region_that_only_a_date_names_counts_on_that_date() -> None:
    """And one that is seen from the west is not seen from the east."""
    assert answers(play("9.06g")) == [[], OUTSIDE, [], []]


def test_9_06h_a_number_in_no_known_region_is_refused_where_one_is_required() -> None:
    """A toll-free number, the same with a region on record, one with an area code, and one that nobody can read."""
    said = play("9.06h")
    assert answers(said) == [UNKNOWN, [], [], UNKNOWN]
    assert said.errors == ["invalid_cell"]
    assert looked_at(said, "regions")[3] == [{"region": "ZZ", "by": "number", "open": False}]


def test_9_06i_the_move_to_the_next_open_slot_knows_regions_and_holidays() -> None:
    said = play("9.06i", DECEMBER)
    assert said.transitions == ["scheduled", "due", "rescheduled", "due", "dialing"]
    assert said.lifecycle[2]["due_at"] == "2026-11-27T16:15:00Z"


def test_9_06j_without_an_open_slot_or_a_known_region_a_callback_is_blocked() -> None:
    said = play("9.06j", DECEMBER)
    assert of_contact(said, "never") == of_contact(said, "nowhere") == ["scheduled", "due", "blocked"]
    blocked = {one["contact_id"]: one for one in said.lifecycle if one["transition"] == "blocked"}
    assert (blocked["never"]["reasons"], blocked["nowhere"]["reasons"]) == (OUTSIDE, UNKNOWN)
    assert blocked["never"]["facts"]["no_open_slot_within_days"] == 8


def test_9_06k_an_answer_is_good_until_the_region_or_the_date_ends() -> None:
    said = play("9.06k")
    assert answers(said) == [[], [], [], []]
    until = [one["valid_until"] for one in said.of("placement-decided")]
    assert until == ["2026-11-23T17:30:00Z", "2026-11-24T05:00:00Z", "2026-11-25T16:00:00Z", "2026-11-25T17:31:00Z"]


def test_9_06l_regions_and_dates_open_no_zone_that_the_set_does_not_have() -> None:
    assert answers(play("9.06l")) == [["zone_not_callable"]] * 2
