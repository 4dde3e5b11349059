"""Hours of the law: the regions of a number, regions that a set names, and dates with slots of their own."""

import itertools
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers.geodata import GEOCODE_DATA

from streams.logic.contact.state import Listed, new_contact
from streams.logic.hours.callable_time import check_time, compile_times, next_open
from streams.logic.hours.open_slots import open_until
from streams.logic.hours.region_areas import AREAS, TERRITORIES
from streams.logic.hours.regions import derived_regions, regions_of, with_country
from tests.builders import NUMBER, as_json, instant
from tests.logic.test_callable_time import ALWAYS, slot
from tests.logic.test_open_slots import NEAR, slots, whole
from topics.check_facts import ZoneOf
from topics.configuration import CallableTimeSet
from topics.events import ContactNumber
from topics.records import Reason

TOLL_FREE = "+18005550101"
OUTSIDE, NOT_CALLABLE, UNKNOWN = (
    Reason.OUTSIDE_CALLABLE_TIME, Reason.ZONE_NOT_CALLABLE, Reason.REGION_UNKNOWN,
)  # fmt: skip
EAST, WEST = "America/New_York", "America/Los_Angeles"
OPEN_EVERYWHERE = [{"time_zone": EAST, "slots": ALWAYS}, {"time_zone": WEST, "slots": ALWAYS}]
DAY = [slot(day, "09:00", "17:00") for day in range(1, 8)]


def hours(times=OPEN_EVERYWHERE, **fields):
    return compile_times(msgspec.convert({"callable_time_set_id": "T", "times": times, **fields}, CallableTimeSet))


def region(name, of=DAY):
    return {"region": name, "slots": of}


def exception(day, *of, **where):
    return {"date": day, "slots": [{"start": start, "stop": stop} for start, stop in of], **where}


def number(time_zone=EAST, region=None, phone_number=NUMBER):
    return ContactNumber(column="home", type="H", phone_number=phone_number, time_zone=time_zone, region=region)


def known(*numbers, region=None, time_zone=None):
    listed = Listed(callable=True, numbers=numbers, region=region, time_zone=time_zone)
    return msgspec.structs.replace(new_contact("L", "c1"), listed=listed)


HERE = known(number())


def reasons(compiled, at, contact=HERE, phone_number=NUMBER):
    return list(check_time(compiled, contact, phone_number, instant(at)).reasons)


def opens(compiled, after, contact=HERE, phone_number=NUMBER):
    return next_open(compiled, contact, phone_number, instant(after))


# ---- regions of a number


@pytest.mark.parametrize(
    ("phone_number", "expected"),
    [
        ("+14155550177", ("US-CA",)),
        ("+12025550101", ("US-DC",)),
        ("+14165550101", ("CA-ON",)),
        ("+19025550101", ("CA-NS", "CA-PE")),
        ("+18675550101", ("CA-NT", "CA-NU", "CA-YT")),
        ("+17875550101", ("PR",)),
        ("+16715550101", ("GU",)),
        ("+18765550101", ("JM",)),
        ("+442079460123", ("GB",)),
        ("+447400123456", ("GB",)),
        ("+447911123456", ("GG",)),
        ("+77012345678", ("KZ",)),
        ("+79161234567", ("RU",)),
        ("+448081570000", ("GB", "GG")),  # Given out in both.
        (TOLL_FREE, ()),
        ("+19005550101", ()),
        ("+15005550101", ()),
        ("+16005550101", ("CA",)),
        ("+80012345678", ()),
        ("+99912345678", ()),
        ("+14150000000", ()),  # In no plan.
    ],
)
def test_the_region_of_a_number_is_that_of_its_area_code_or_country(phone_number, expected):
    assert derived_regions(phone_number) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("US-CA", {"US-CA", "US"}),
        ("US", {"US"}),
        ("DE-BY", {"DE-BY", "DE"}),
        ("PR", {"PR", "US-PR", "US"}),
        ("US-PR", {"PR", "US-PR", "US"}),
        ("CA-ON", {"CA-ON", "CA"}),
        ("GG", {"GG"}),
    ],
)
def test_a_part_is_in_its_country_and_a_territory_has_two_names(name, expected):
    assert set(with_country(name)) == expected


def test_regions_of_every_entry_of_the_contact_and_of_the_number_itself_count():
    contact = known(number(region="US-NJ"), number(region="US-CT"), number(), region="US-FL")
    assert regions_of(contact, NUMBER) == {
        "US-NJ": ZoneOf.NUMBER,
        "US": ZoneOf.NUMBER,
        "US-CT": ZoneOf.NUMBER,
        "US-FL": ZoneOf.CONTACT,
        "US-NY": ZoneOf.DERIVED,
    }


def test_an_entry_in_another_spelling_is_an_entry_of_the_number():
    mobile, before_2002 = "+525512345678", "+5215512345678"
    contact = known(number(region="MX-JAL", phone_number=before_2002))
    assert regions_of(contact, mobile) == {"MX-JAL": ZoneOf.NUMBER, "MX": ZoneOf.NUMBER}


def test_the_table_has_every_area_code_of_the_plan_with_the_region_that_the_library_describes():
    """Its descriptions are texts, `Ohio` or `Chicago, IL`: an area code of one state has no other in it."""
    plans = ("US", "CA")
    missing = []
    for area, middle in itertools.product(range(200, 1000), ("2015555", "5551234", "6501234")):
        parsed = phonenumbers.parse(f"+1{area}{middle}")
        country = phonenumbers.region_code_for_number(parsed)
        if country in plans and phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE:
            regions = AREAS.get(str(area), ())
            missing += [] if regions and all(one.startswith(country) for one in regions) else [area]
    assert missing == []


def test_the_table_agrees_with_every_place_that_the_library_names():
    known_parts = {one.partition("-")[2] for regions in AREAS.values() for one in regions}
    assert len(known_parts) == 51 + 13
    places: dict[str, set[str]] = {}
    for prefix, texts in GEOCODE_DATA.items():
        if prefix.startswith("1"):
            places.setdefault(prefix[1:4], set()).add(texts.get("en", "").rpartition(", ")[2])
    differing = {
        area: others
        for area, regions in AREAS.items()
        if (others := (places.get(area, set()) & known_parts) - {one.partition("-")[2] for one in regions})
    }
    # Hudson County's exchange is described by its neighbor across the river.
    assert set(differing) <= {"201"}


def test_a_territory_is_a_country_of_its_own_in_the_plan():
    assert TERRITORIES - {"UM"} <= set(phonenumbers.SUPPORTED_REGIONS)


# ---- regions of a set


def test_a_region_that_the_set_names_has_to_be_open_besides_the_zone():
    compiled = hours(regions=[region("US-NY")])
    at = ("2026-11-23T13:59:59Z", "2026-11-23T14:00:00Z", "2026-11-23T22:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[OUTSIDE], [], [OUTSIDE]]
    assert opens(compiled, at[0]) == instant(at[1])
    closed_zone = hours([{"time_zone": EAST, "slots": [slot(1, "10:00", "12:00")]}], regions=[region("US-NY")])
    at = ("2026-11-23T14:59:59Z", "2026-11-23T15:00:00Z", "2026-11-23T17:00:00Z")
    assert [reasons(closed_zone, one) for one in at] == [[OUTSIDE], [], [OUTSIDE]]


def test_a_region_that_the_set_does_not_name_closes_nothing():
    assert reasons(hours(regions=[region("US-CA", [])]), "2026-11-23T03:00:00Z") == []


def test_all_regions_of_the_number_have_to_be_open_and_all_closed_ones_are_said():
    compiled = hours(
        regions=[
            region("US-NY", [slot(1, "09:00", "12:00")]),
            region("US-NJ", [slot(1, "11:00", "14:00")]),
            region("US"),
        ]
    )
    contact = known(number(region="US-NJ"))
    at = ("2026-11-23T15:30:00Z", "2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z")
    assert [reasons(compiled, one, contact) for one in at] == [[OUTSIDE], [], [OUTSIDE]]
    assert as_json(check_time(compiled, contact, NUMBER, instant("2026-11-23T23:00:00Z")).facts)["regions"] == [
        {"region": "US", "by": "number", "open": False},
        {"region": "US-NJ", "by": "number", "open": False},
        {"region": "US-NY", "by": "derived", "open": False},
    ]


def test_a_region_is_open_only_if_it_is_by_the_clock_of_each_zone():
    compiled = hours(regions=[region("US-NY")])
    both = known(number(EAST), number(WEST))
    at = ("2026-11-23T16:59:59Z", "2026-11-23T17:00:00Z", "2026-11-23T22:00:00Z")
    assert [reasons(compiled, one, both) for one in at] == [[OUTSIDE], [], [OUTSIDE]]
    assert opens(compiled, at[0], both) == instant(at[1])
    looked = check_time(compiled, both, NUMBER, instant(at[1]))
    assert open_until(looked.clocks, instant(at[1]), instant("2026-11-24T17:00:00Z")) == instant(at[2])


def test_a_region_that_is_there_twice_has_the_slots_of_both():
    compiled = hours(
        regions=[region("US-NY", [slot(1, "09:00", "10:00")]), region("US-NY", [slot(1, "12:00", "13:00")])]
    )
    at = ("2026-11-23T14:30:00Z", "2026-11-23T16:00:00Z", "2026-11-23T17:30:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE], []]


def test_a_set_of_regions_alone_opens_no_zone():
    compiled = hours([], regions=[region("US-NY", ALWAYS)])
    assert reasons(compiled, "2026-11-23T15:00:00Z") == [NOT_CALLABLE]
    assert opens(compiled, "2026-11-23T15:00:00Z") is None


def test_without_a_known_zone_the_zone_is_the_reason_and_not_the_region():
    compiled = hours(regions=[region("US-NY", [])])
    looked = check_time(compiled, known(number("Mars/Olympus_Mons")), NUMBER, instant("2026-11-23T15:00:00Z"))
    assert list(looked.reasons) == [Reason.TIME_ZONE_UNKNOWN]
    assert as_json(looked.facts)["regions"] == [{"region": "US-NY", "by": "derived", "open": False}]


def test_a_toll_free_number_has_the_region_of_its_record_alone():
    everywhere = [{"time_zone": zone.time_zone, "slots": ALWAYS} for zone in _zones_of_toll_free()]
    closed = hours(everywhere, regions=[region("US", [])])
    assert reasons(closed, "2026-11-23T18:00:00Z", new_contact("L", "c1"), TOLL_FREE) == []
    assert reasons(closed, "2026-11-23T18:00:00Z", known(region="US-TX"), TOLL_FREE) == [OUTSIDE]


def _zones_of_toll_free():
    return check_time(hours([]), new_contact("L", "c1"), TOLL_FREE, instant("2026-11-23T18:00:00Z")).facts.zones or ()


# ---- a region that nobody knows


def test_a_number_in_no_known_region_is_refused_where_one_is_required():
    compiled = hours(regions_required=True)
    nowhere = known(number(phone_number=TOLL_FREE))
    assert reasons(compiled, "2026-11-23T15:00:00Z", nowhere, TOLL_FREE) == [UNKNOWN]
    assert opens(compiled, "2026-11-23T15:00:00Z", nowhere, TOLL_FREE) is None
    assert reasons(hours(), "2026-11-23T15:00:00Z", nowhere, TOLL_FREE) == []
    for contact in (known(number(phone_number=TOLL_FREE, region="US")), known(*nowhere.listed.numbers, region="US-TX")):
        assert reasons(compiled, "2026-11-23T15:00:00Z", contact, TOLL_FREE) == []
    assert reasons(compiled, "2026-11-23T15:00:00Z") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"exceptions": [exception("2026-11-26")]}, []),
        ({"regions_required": True}, [UNKNOWN]),
        ({"regions": [region("DE", ALWAYS)]}, [UNKNOWN]),
        ({"exceptions": [exception("2026-11-26", region="DE")]}, [UNKNOWN]),
        ({"regions": [region("ZZ", ALWAYS)]}, [UNKNOWN]),
    ],
)
def test_a_region_that_cannot_be_read_permits_nothing_where_the_set_asks_for_regions(fields, expected):
    for contact in (known(number(region="ZZ")), known(number(), region="ZZ")):
        assert reasons(hours(**fields), "2026-11-23T15:00:00Z", contact) == expected
        assert (opens(hours(**fields), "2026-11-23T15:00:00Z", contact) is None) is bool(expected)


def test_a_number_in_more_regions_than_anybody_can_be_in_is_in_an_unknown_one():
    """Its own 30 states with their country, and New York by its area code."""
    states = sorted({one for of in AREAS.values() for one in of if one.startswith("US-")} - {"US-NY"})
    compiled, at = hours(regions=[region("US", ALWAYS)]), "2026-11-23T15:00:00Z"
    assert reasons(compiled, at, known(*(number(region=one) for one in states[:30]))) == []
    crowded = known(*(number(region=one) for one in states[:31]))
    assert reasons(compiled, at, crowded) == [UNKNOWN]
    assert opens(compiled, at, crowded) is None
    assert reasons(hours(), at, crowded) == []


def test_the_facts_name_a_region_that_cannot_be_read():
    looked = check_time(hours(regions_required=True), known(region="ZZ"), NUMBER, instant("2026-11-23T15:00:00Z"))
    assert as_json(looked.facts)["regions"] == [{"region": "ZZ", "by": "contact", "open": False}]


# ---- dates


def test_a_holiday_closes_a_local_date_everywhere():
    compiled = hours(regions=[region("US-NY", ALWAYS)], exceptions=[exception("2026-11-26")])
    at = ("2026-11-26T04:59:59Z", "2026-11-26T05:00:00Z", "2026-11-27T04:59:59Z", "2026-11-27T05:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE], [OUTSIDE], []]
    assert opens(compiled, at[1]) == instant(at[3])
    in_the_west = known(number(WEST))
    assert reasons(compiled, "2026-11-26T07:59:59Z", in_the_west) == []
    assert reasons(compiled, "2026-11-27T07:59:59Z", in_the_west) == [OUTSIDE]
    facts = as_json(check_time(compiled, HERE, NUMBER, instant(at[1])).facts)
    assert facts["zones"][0] | {"local_time": None} == {
        "time_zone": EAST, "local_time": None, "open": False, "exception": "2026-11-26",
    }  # fmt: skip
    assert facts["regions"] == [{"region": "US-NY", "by": "derived", "open": False, "exception": "2026-11-26"}]


def test_slots_of_a_date_stand_in_place_of_those_of_its_weekday():
    compiled = hours(exceptions=[exception("2026-11-27", ("10:00", "12:00"), ("14:00", "24:00"))])
    at = ("2026-11-27T14:59:59Z", "2026-11-27T15:00:00Z", "2026-11-27T17:00:00Z", "2026-11-28T04:59:59Z")
    assert [reasons(compiled, one) for one in at] == [[OUTSIDE], [], [OUTSIDE], []]
    assert opens(compiled, at[2]) == instant("2026-11-27T19:00:00Z")
    looked = check_time(compiled, HERE, NUMBER, instant(at[1]))
    assert open_until(looked.clocks, instant(at[1]), instant("2026-11-29T00:00:00Z")) == instant(at[2])


def test_an_exception_of_a_region_leaves_zones_and_other_regions_alone():
    compiled = hours(regions=[region("US-NY"), region("US-NJ")], exceptions=[exception("2026-11-26", region="US-NJ")])
    assert reasons(compiled, "2026-11-26T15:00:00Z") == []
    contact = known(number(region="US-NJ"))
    assert reasons(compiled, "2026-11-26T15:00:00Z", contact) == [OUTSIDE]
    assert as_json(check_time(compiled, contact, NUMBER, instant("2026-11-26T15:00:00Z")).facts)["regions"] == [
        {"region": "US-NJ", "by": "number", "open": False, "exception": "2026-11-26"},
        {"region": "US-NY", "by": "derived", "open": True},
    ]


def test_an_exception_of_a_zone_leaves_regions_and_other_zones_alone():
    compiled = hours(
        regions=[region("US-NY")], exceptions=[exception("2026-11-26", ("06:00", "10:00"), time_zone=EAST)]
    )
    # The zone is open from 6 to 10, the region from 9 to 17.
    at = ("2026-11-26T13:00:00Z", "2026-11-26T14:30:00Z", "2026-11-26T15:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[OUTSIDE], [], [OUTSIDE]]
    assert reasons(compiled, "2026-11-26T20:00:00Z", known(number(WEST))) == []


def test_the_more_specific_one_stands_for_its_own_and_the_general_one_for_all_others():
    general, own = exception("2026-11-26"), exception("2026-11-26", ("10:00", "12:00"), time_zone=EAST)
    compiled = hours(exceptions=[general, own])
    assert reasons(compiled, "2026-11-26T15:30:00Z") == []
    assert reasons(compiled, "2026-11-26T18:30:00Z", known(number(WEST))) == [OUTSIDE]
    # A region is another: the holiday of all holds for it, until it has its own.
    regions = [region("US-NY")]
    assert reasons(hours(regions=regions, exceptions=[general, own]), "2026-11-26T15:30:00Z") == [OUTSIDE]
    of_region = exception("2026-11-26", ("10:00", "11:00"), region="US-NY")
    compiled = hours(regions=regions, exceptions=[of_region, general, own])
    at = ("2026-11-26T15:30:00Z", "2026-11-26T16:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE]]


@pytest.mark.parametrize("where", [{}, {"region": "US-NY"}], ids=["of_a_zone", "of_a_region_in_a_zone"])
def test_an_exception_of_a_zone_that_no_database_has_is_a_holiday(where):
    longer = exception("2026-11-26", ("00:00", "24:00"), time_zone="America/New_Yrok", **where)
    compiled = hours(exceptions=[longer])
    at = ("2026-11-26T04:59:59Z", "2026-11-26T05:00:00Z", "2026-11-27T04:59:59Z", "2026-11-27T05:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE], [OUTSIDE], []]
    elsewhere = known(number(EAST, phone_number="+16175550101"))
    expected = [] if where else [OUTSIDE]
    assert reasons(compiled, "2026-11-26T15:00:00Z", elsewhere, "+16175550101") == expected


def test_a_region_that_only_exceptions_name_counts_on_their_dates_alone():
    compiled = hours(exceptions=[exception("2026-11-26", ("10:00", "12:00"), region="US-NY"), exception("2026-11-27")])
    at = ("2026-11-25T03:00:00Z", "2026-11-26T14:00:00Z", "2026-11-26T15:00:00Z", "2026-11-26T17:00:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE], [], [OUTSIDE]]
    # On the 27th it is closed because all zones are.
    assert opens(compiled, at[3]) == instant("2026-11-28T05:00:00Z")
    facts = as_json(check_time(compiled, HERE, NUMBER, instant("2026-11-27T15:00:00Z")).facts)
    assert (facts["zones"][0]["open"], facts["regions"]) == (
        False,
        [{"region": "US-NY", "by": "derived", "open": True}],
    )


def test_a_region_and_a_zone_together_are_the_region_by_that_clock():
    compiled = hours(
        exceptions=[exception("2026-11-26", region="US-NY", time_zone=WEST)], regions=[region("US-NY", ALWAYS)]
    )
    assert reasons(compiled, "2026-11-26T15:00:00Z") == []
    assert reasons(compiled, "2026-11-26T15:00:00Z", known(number(WEST))) == [OUTSIDE]
    # It comes before the exception of the region.
    both = [
        exception("2026-11-26", region="US-NY"),
        exception("2026-11-26", ("07:00", "08:00"), region="US-NY", time_zone=WEST),
    ]
    compiled = hours(exceptions=both, regions=[region("US-NY", ALWAYS)])
    assert reasons(compiled, "2026-11-26T15:30:00Z", known(number(WEST))) == []
    assert reasons(compiled, "2026-11-26T15:30:00Z") == [OUTSIDE]


def test_the_exception_in_the_facts_is_that_of_a_clock_by_which_the_region_is_closed():
    compiled = hours(
        [{"time_zone": zone, "slots": ALWAYS} for zone in ("Asia/Tokyo", EAST)],
        regions=[region("US-NY", [slot(3, "09:00", "17:00")])],
        exceptions=[exception("2026-11-26", ("00:00", "24:00"), region="US-NY")],
    )
    both = known(number("Asia/Tokyo"), number(EAST))
    at = ("2026-11-25T16:00:00Z", "2026-11-25T23:00:00Z", "2026-11-26T15:30:00Z")
    facts = [as_json(check_time(compiled, both, NUMBER, instant(one)).facts)["regions"] for one in at]
    # The 26th begins in Tokyo; in New York it is the 25th, open and then closed; then it is the 27th in Tokyo.
    assert facts == [
        [{"region": "US-NY", "by": "derived", "open": True, "exception": "2026-11-26"}],
        [{"region": "US-NY", "by": "derived", "open": False}],
        [{"region": "US-NY", "by": "derived", "open": False}],
    ]


@pytest.mark.parametrize("holiday", [(), (("12:00", "12:00"),)])
def test_of_one_date_and_target_the_slots_of_all_count_and_a_holiday_wins(holiday):
    two = [exception("2026-11-26", ("10:00", "11:00")), exception("2026-11-26", ("12:00", "13:00"))]
    at = ("2026-11-26T15:30:00Z", "2026-11-26T16:30:00Z", "2026-11-26T17:30:00Z")
    assert [reasons(hours(exceptions=two), one) for one in at] == [[], [OUTSIDE], []]
    closed = hours(exceptions=[*two, exception("2026-11-26", *holiday)])
    assert [reasons(closed, one) for one in at] == [[OUTSIDE]] * 3


def test_an_exception_opens_no_zone_that_the_set_does_not_have():
    everything = [("00:00", "24:00")]
    for where in ({}, {"time_zone": EAST}, {"region": "US-NY"}):
        compiled = hours([], exceptions=[exception("2026-11-26", *everything, **where)])
        assert reasons(compiled, "2026-11-26T15:00:00Z") == [NOT_CALLABLE]
        assert opens(compiled, "2026-11-26T15:00:00Z") is None


@pytest.mark.parametrize(
    ("of_zones", "of_exception", "zone", "expected"),
    [
        (EAST, EAST, "US/Eastern", [OUTSIDE]),  # Through the zone that judges it.
        (EAST, "US/Eastern", "US/Eastern", [OUTSIDE]),
        (EAST, "US/Eastern", EAST, [OUTSIDE]),
        (EAST, "America/Detroit", "US/Eastern", [OUTSIDE]),
        ("America/Chicago", EAST, "America/Chicago", []),
        ("Europe/Paris", "Europe/Berlin", "Europe/Paris", []),
        ("UTC", "UTC", "UTC", [OUTSIDE]),
        ("UTC", "Etc/UTC", "UTC", []),
        ("UTC", "Mars/Olympus_Mons", "UTC", [OUTSIDE]),  # Nobody knows whom it was to close.
    ],
)
def test_an_exception_of_a_zone_holds_for_all_names_of_the_zone(of_zones, of_exception, zone, expected):
    compiled = hours(
        [{"time_zone": of_zones, "slots": ALWAYS}], exceptions=[exception("2026-11-26", time_zone=of_exception)]
    )
    assert reasons(compiled, "2026-11-26T15:00:00Z", known(number(zone))) == expected
    of_region = hours(
        [{"time_zone": of_zones, "slots": ALWAYS}],
        exceptions=[exception("2026-11-26", region="US-NY", time_zone=of_exception)],
    )
    assert reasons(of_region, "2026-11-26T15:00:00Z", known(number(zone))) == expected


def test_two_names_of_one_zone_are_one_target():
    slots_of_both = [
        exception("2026-11-26", ("10:00", "11:00"), time_zone="US/Eastern"),
        exception("2026-11-26", ("12:00", "13:00"), time_zone="America/Detroit"),
    ]
    compiled = hours(exceptions=slots_of_both)
    at = ("2026-11-26T15:30:00Z", "2026-11-26T16:30:00Z", "2026-11-26T17:30:00Z")
    assert [reasons(compiled, one) for one in at] == [[], [OUTSIDE], []]
    closed = hours(exceptions=[*slots_of_both, exception("2026-11-26", time_zone="US/Michigan")])
    assert [reasons(closed, one) for one in at] == [[OUTSIDE]] * 3


def test_a_date_with_a_change_of_the_clock_has_its_slots_by_the_wall():
    # New York goes from 02:00 to 03:00 on Sunday, 14 March 2027, at 07:00 UTC.
    compiled = hours(exceptions=[exception("2027-03-14", ("01:30", "03:30"))])
    at = ("2027-03-14T06:29:59Z", "2027-03-14T06:30:00Z", "2027-03-14T07:29:59Z", "2027-03-14T07:30:00Z")
    assert [reasons(compiled, one) for one in at] == [[OUTSIDE], [], [], [OUTSIDE]]
    looked = check_time(compiled, HERE, NUMBER, instant(at[1]))
    assert open_until(looked.clocks, instant(at[1]), instant("2027-03-15T00:00:00Z")) == instant(at[3])


def test_holidays_for_8_days_leave_no_open_slot():
    days = [exception(f"2026-12-{day:02}") for day in range(1, 10)]
    assert opens(hours(exceptions=days), "2026-12-01T12:00:00Z") is None
    assert opens(hours(exceptions=days[:8]), "2026-12-01T12:00:00Z") == instant("2026-12-09T05:00:00Z")


# ---- a second opinion, minute by minute

MINUTE = timedelta(minutes=1)
POOL = ["US", "US-NY", "US-CA", "DE"]


@st.composite
def day_slots(draw):
    found = []
    for _ in range(draw(st.integers(0, 2))):
        start, stop = (draw(st.integers(0, 95)) * 15 for _ in range(2))
        found.append(
            (f"{start // 60:02}:{start % 60:02}", draw(st.sampled_from([f"{stop // 60:02}:{stop % 60:02}", "24:00"])))
        )
    return found


@st.composite
def sets(draw):
    """A set, the zones and the region on the record, and an instant up to nine days before a change of the clock."""
    zones = draw(st.lists(st.sampled_from(sorted(NEAR)), min_size=1, max_size=2, unique=True))
    after = instant(draw(st.sampled_from(NEAR[zones[0]]))) - MINUTE * draw(st.integers(-1440, 9 * 1440))
    named = draw(st.lists(st.sampled_from(POOL), max_size=3, unique=True))
    exceptions = [
        (
            (after + timedelta(days=draw(st.integers(-1, 3)))).date(),
            draw(st.sampled_from([None, None, *POOL])),
            draw(st.sampled_from([None, None, *zones])),
            draw(day_slots()),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    times = [(zone, draw(slots(900))) for zone in zones]
    regions = [(name, draw(slots(900)) + ALWAYS[: draw(st.integers(0, 7))]) for name in named]
    return times, regions, exceptions, draw(st.sampled_from([None, "DE", "US-CA"])), after


def second_opinion(times, regions, exceptions, own, at):
    """By the definition alone."""
    mine = {"US", "US-NY", own, (own or "").partition("-")[0]}
    for zone, weekly in times:
        local = at.astimezone(ZoneInfo(zone))
        if not within(stands(exceptions, local.date(), [(None, zone), (None, None)]), weekly, local):
            return False
        for name in mine:
            of_region = dict(regions).get(name)
            targets = [(name, zone), (name, None)] + ([(None, None)] if of_region is not None else [])
            own_slots = stands(exceptions, local.date(), targets)
            if (own_slots is not None or of_region is not None) and not within(own_slots, of_region, local):
                return False
    return True


def stands(exceptions, day, targets):
    """The slots of the first target that has an exception on that date; None if none has."""
    for target in targets:
        found = [of for on, region, zone, of in exceptions if on == day and (region, zone) == target]
        if found:
            live = [[pair for pair in of if pair[0] < pair[1]] for of in found]
            return [] if [] in live else [pair for of in live for pair in of]
    return None


def within(own, weekly, local):
    clock = local.strftime("%H:%M:%S")
    if own is not None:
        return any(start <= clock[:5] < stop for start, stop in own)
    return any(whole(one["start"]) <= clock < whole(one["stop"]) for one in weekly if one["day"] == local.isoweekday())


@settings(max_examples=25, deadline=None)
@given(sets())
def test_minute_by_minute_a_second_opinion_agrees(given_set):
    times, regions, exceptions, own, after = given_set
    compiled = hours(
        [{"time_zone": zone, "slots": of} for zone, of in times],
        regions=[region(name, of) for name, of in regions],
        exceptions=[exception(day.isoformat(), *of, region=name, time_zone=zone) for day, name, zone, of in exceptions],
    )
    contact = known(*(number(zone, own) for zone, _ in times))
    minutes = [after + MINUTE * n for n in range(2 * 1440)]
    expected = [second_opinion(times, regions, exceptions, own, at) for at in minutes]
    for at, is_open in list(zip(minutes, expected, strict=True))[::97]:
        assert (check_time(compiled, contact, NUMBER, at).reasons == ()) is is_open
    first = next((at for at, is_open in zip(minutes, expected, strict=True) if is_open), None)
    found = next_open(compiled, contact, NUMBER, after)
    assert found == first if first is not None else found is None or found > minutes[-1]
    if first is not None:
        start = minutes.index(first)
        closes = next(
            (at for at, is_open in list(zip(minutes, expected, strict=True))[start:] if not is_open), minutes[-1]
        )
        looked = check_time(compiled, contact, NUMBER, first)
        assert open_until(looked.clocks, first, minutes[-1]) == closes


@pytest.mark.parametrize("closed", ["America/New_York", "US/Eastern"])
def test_exceptions_for_two_names_of_a_zone_are_for_one_target_and_a_holiday_wins(closed):
    """Also where `times` has one of the names alone."""
    names = ("America/New_York", "US/Eastern")
    of_date = [
        {
            "date": "2026-11-23",
            "time_zone": one,
            "slots": [] if one == closed else [{"start": "00:00", "stop": "24:00"}],
        }
        for one in names
    ]
    times = {
        "callable_time_set_id": "T",
        "times": [{"time_zone": names[0], "slots": [{"day": 1, "start": "00:00", "stop": "24:00"}]}],
        "exceptions": of_date,
    }
    compiled = compile_times(msgspec.convert(times, CallableTimeSet))
    for zone in names:
        contact = known(number(zone))
        assert reasons(compiled, "2026-11-23T15:00:00Z", contact) == [Reason.OUTSIDE_CALLABLE_TIME]
