"""Whether a contact may be called at an instant, by the wall clocks of the zones it may be in."""

import msgspec
import pytest
from msgspec.structs import replace

from streams.logic.contact.state import Listed, new_contact
from streams.logic.hours.callable_time import check_time, compile_times, next_open
from tests.builders import NUMBER, as_json, instant
from topics.configuration import CallableTimeSet
from topics.events import ContactNumber
from topics.records import Reason

TOLL_FREE = "+18005550101"


def slot(day, start, stop):
    return {"day": day, "start": start, "stop": stop}


def times(*zones):
    value = {"callable_time_set_id": "T", "times": [{"time_zone": zone, "slots": slots} for zone, slots in zones]}
    return compile_times(msgspec.convert(value, CallableTimeSet))


def contact_in(*zones):
    numbers = tuple(ContactNumber(column="home", type="H", phone_number=NUMBER, time_zone=zone) for zone in zones)
    return replace(new_contact("L", "c1"), listed=Listed(callable=True, numbers=numbers))


def reasons(compiled, contact, at, phone_number=NUMBER):
    return set(check_time(compiled, contact, phone_number, instant(at))[0])


OUTSIDE = {Reason.OUTSIDE_CALLABLE_TIME}
# 2026-11-23 is a Monday.
MONDAY_IN_KATHMANDU = times(("Asia/Kathmandu", [slot(1, "09:00", "17:30:15")]))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T03:14:59.999999Z", OUTSIDE),
        ("2026-11-23T03:15:00Z", set()),
        ("2026-11-23T11:45:14.999999Z", set()),
        ("2026-11-23T11:45:15Z", OUTSIDE),
        ("2026-11-24T03:15:00Z", OUTSIDE),
    ],
)
def test_a_stop_belongs_to_the_slot_no_more(at, expected):
    assert reasons(MONDAY_IN_KATHMANDU, contact_in("Asia/Kathmandu"), at) == expected


@pytest.mark.parametrize("end", ["24:00", "24:00:00"])
def test_a_slot_to_24_00_lasts_to_the_end_of_its_day(end):
    compiled = times(("UTC", [slot(7, "23:59:59", end)]))
    assert reasons(compiled, contact_in("UTC"), "2026-11-29T23:59:59.999999Z") == set()
    assert reasons(compiled, contact_in("UTC"), "2026-11-30T00:00:00Z") == OUTSIDE


def test_the_day_is_that_of_the_wall_clock():
    compiled = times(("Pacific/Kiritimati", [slot(2, "00:00", "24:00")]))
    assert reasons(compiled, contact_in("Pacific/Kiritimati"), "2026-11-23T10:00:00Z") == set()
    assert reasons(compiled, contact_in("Pacific/Kiritimati"), "2026-11-23T09:59:59Z") == OUTSIDE


@pytest.mark.parametrize(("start", "stop"), [("09:00", "09:00"), ("22:00", "06:00"), ("24:00", "24:00")])
def test_a_slot_whose_stop_is_not_after_its_start_never_opens(start, stop):
    compiled = times(("UTC", [slot(1, start, stop)]))
    for at in ("2026-11-23T00:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T23:00:00Z", "2026-11-24T00:00:00Z"):
        assert reasons(compiled, contact_in("UTC"), at) == OUTSIDE
    assert next_open(compiled, contact_in("UTC"), NUMBER, instant("2026-11-23T00:00:00Z")) is None


def test_a_zone_that_is_there_twice_has_the_slots_of_both():
    compiled = times(("UTC", [slot(1, "09:00", "10:00")]), ("UTC", [slot(1, "12:00", "13:00")]))
    at = ("2026-11-23T09:30:00Z", "2026-11-23T11:00:00Z", "2026-11-23T12:30:00Z")
    assert [reasons(compiled, contact_in("UTC"), one) for one in at] == [set(), OUTSIDE, set()]


def test_every_zone_of_the_number_has_to_be_open():
    compiled = times(("Asia/Tokyo", [slot(1, "09:00", "18:00")]), ("UTC", [slot(1, "08:00", "20:00")]))
    both = contact_in("Asia/Tokyo", "UTC")
    at = ("2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z")
    assert [reasons(compiled, both, one) for one in at] == [OUTSIDE, set(), OUTSIDE]


def test_each_fault_of_each_zone_is_named():
    contact = contact_in("Asia/Tokyo", "UTC", "Mars/Olympus_Mons")
    found, facts, _ = check_time(times(("UTC", [])), contact, NUMBER, instant("2026-11-23T15:00:00Z"))
    assert set(found) == {Reason.OUTSIDE_CALLABLE_TIME, Reason.ZONE_NOT_CALLABLE, Reason.TIME_ZONE_UNKNOWN}
    assert as_json(facts) == {
        "callable_time_set_id": "T",
        "zone_of": "number",
        "zones": [
            {"time_zone": "Asia/Tokyo", "local_time": "2026-11-24T00:00:00+09:00", "open": False},
            {"time_zone": "Mars/Olympus_Mons", "local_time": None, "open": False},
            {"time_zone": "UTC", "local_time": "2026-11-23T15:00:00+00:00", "open": False},
        ],
    }


ALWAYS = [slot(day, "00:00", "24:00") for day in range(1, 8)]


def judged_by(compiled, zone, at):
    (seen,) = check_time(compiled, contact_in(zone), NUMBER, instant(at)).facts.zones or ()
    return list(seen.judged_by or ())


@pytest.mark.parametrize(
    ("named", "zone"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Kolkata", "Asia/Calcutta"),
        ("America/New_York", "US/Eastern"),
        ("US/Eastern", "America/New_York"),
        ("US/Eastern", "America/Detroit"),
        ("Europe/London", "Europe/Jersey"),
        ("Europe/Isle_of_Man", "GB"),
        ("Atlantic/Reykjavik", "Iceland"),
        ("Africa/Asmara", "Africa/Asmera"),
        ("Pacific/Chuuk", "Pacific/Yap"),
        ("America/St_Thomas", "America/Virgin"),
        ("Europe/Berlin", "Europe/Busingen"),
    ],
)
def test_two_names_of_one_clock_in_one_country_are_one_zone(named, zone):
    at = "2026-11-23T10:00:00Z"
    assert reasons(times((named, ALWAYS)), contact_in(zone), at) == set()
    assert judged_by(times((named, ALWAYS)), zone, at) == [named]
    assert next_open(times((named, ALWAYS)), contact_in(zone), NUMBER, instant(at)) == instant(at)
    assert reasons(times((named, [])), contact_in(zone), at) == OUTSIDE
    assert reasons(times((named, []), (zone, ALWAYS)), contact_in(zone), at) == set()


@pytest.mark.parametrize(
    ("named", "zone"),
    [
        ("Europe/Berlin", "Europe/Paris"),
        ("Africa/Abidjan", "Iceland"),
        ("Africa/Nairobi", "Africa/Asmera"),
        ("America/Panama", "America/Coral_Harbour"),
        ("America/Phoenix", "MST"),
        ("America/Denver", "America/Phoenix"),
        ("America/New_York", "EST5EDT"),
        ("America/New_York", "Etc/GMT+5"),
        ("Etc/UTC", "UTC"),
        ("Mars/Olympus_Mons", "America/New_York"),
    ],
)
def test_a_zone_of_another_country_or_another_clock_or_of_no_country_opens_nothing(named, zone):
    at = "2026-11-23T10:00:00Z"
    compiled = times((named, ALWAYS))
    assert reasons(compiled, contact_in(zone), at) == {Reason.ZONE_NOT_CALLABLE}
    assert next_open(compiled, contact_in(zone), NUMBER, instant(at)) is None


def test_of_several_named_zones_of_the_clock_all_have_to_be_open():
    compiled = times(
        ("America/New_York", [slot(1, "09:00", "17:00")]),
        ("America/Detroit", [slot(1, "10:00", "18:00")]),
        ("America/Chicago", []),
    )
    at = ("2026-11-23T14:59:59Z", "2026-11-23T15:00:00Z", "2026-11-23T22:00:00Z")
    assert [reasons(compiled, contact_in("US/Eastern"), one) for one in at] == [OUTSIDE, set(), OUTSIDE]
    assert judged_by(compiled, "US/Eastern", at[1]) == ["America/Detroit", "America/New_York"]
    assert next_open(compiled, contact_in("US/Eastern"), NUMBER, instant(at[0])) == instant(at[1])
    assert reasons(compiled, contact_in("America/New_York"), at[2]) == OUTSIDE
    assert reasons(compiled, contact_in("America/Detroit"), at[2]) == set()


def test_clocks_that_part_within_400_days_are_two_zones():
    """Chile: Santiago and Punta Arenas agree in summer and part in April."""
    compiled = times(("America/Santiago", ALWAYS))
    found = [
        reasons(compiled, contact_in("America/Punta_Arenas"), at)
        for at in ("2026-11-23T10:00:00Z", "2027-03-01T10:00:00Z")
    ]
    assert found == [{Reason.ZONE_NOT_CALLABLE}] * 2


@pytest.mark.parametrize("name", ["../../etc/passwd", "America", "\0", "/".join("a" * 128)])
def test_an_unknown_zone_that_the_set_names_too_is_still_unknown(name):
    compiled = times((name, [slot(day, "00:00", "24:00") for day in range(1, 8)]))
    assert reasons(compiled, contact_in(name), "2026-11-23T10:00:00Z") == {Reason.TIME_ZONE_UNKNOWN}
    assert next_open(compiled, contact_in(name), NUMBER, instant("2026-11-23T10:00:00Z")) is None


def test_a_number_that_no_plan_places_has_no_known_zone():
    at = instant("2026-11-23T15:00:00Z")
    found, facts, _ = check_time(MONDAY_IN_KATHMANDU, new_contact("L", "c1"), "+99912345678", at)
    assert found == (Reason.TIME_ZONE_UNKNOWN,)
    assert as_json(facts) == {"callable_time_set_id": "T", "zone_of": "derived", "zones": []}
    assert next_open(MONDAY_IN_KATHMANDU, new_contact("L", "c1"), "+99912345678", at) is None


def test_a_toll_free_number_is_called_only_while_its_whole_country_may_be():
    nobody = new_contact("L", "c1")
    _, facts, _ = check_time(times(), nobody, TOLL_FREE, instant("2026-11-23T18:00:00Z"))
    zones = [zone.time_zone for zone in facts.zones or ()]
    # Guam's Tuesday begins while the mainland has its Monday: in the evening there, it is morning in Guam.
    everywhere = [slot(day, "07:00", "21:00") for day in range(1, 8)]
    compiled = times(*((zone, everywhere) for zone in zones))
    assert reasons(compiled, nobody, "2026-11-23T18:00:00Z", TOLL_FREE) == OUTSIDE
    opens = next_open(compiled, nobody, TOLL_FREE, instant("2026-11-23T18:00:00Z"))
    assert opens == instant("2026-11-23T21:00:00Z")
    assert reasons(compiled, nobody, "2026-11-23T21:00:00Z", TOLL_FREE) == set()


def test_an_hour_that_the_clock_leaves_out_is_open_to_no_slot():
    # New York goes from 02:00 to 03:00 on Sunday, 14 March 2027, at 07:00 UTC.
    compiled = times(("America/New_York", [slot(7, "02:00", "03:00")]))
    for at in ("2027-03-14T06:59:59Z", "2027-03-14T07:00:00Z", "2027-03-14T07:30:00Z"):
        assert reasons(compiled, contact_in("America/New_York"), at) == OUTSIDE


def test_an_hour_that_comes_twice_is_open_twice():
    # New York goes back from 02:00 to 01:00 on Sunday, 1 November 2026, at 06:00 UTC.
    compiled = times(("America/New_York", [slot(7, "01:00", "01:30")]))
    at = ("2026-11-01T05:15:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:15:00Z", "2026-11-01T06:30:00Z")
    found = [reasons(compiled, contact_in("America/New_York"), one) for one in at]
    assert found == [set(), OUTSIDE, set(), OUTSIDE]
