"""Time zones by name, whatever comes as a name, and the zones that a contact's number may be in."""

import subprocess
import sys

import pytest
from msgspec.structs import replace

from streams.logic.contact.state import Listed, new_contact
from streams.logic.hours.zones import zone_info, zones_of
from topics.events import ContactNumber

NEW_YORK = "+12125550101"
TOLL_FREE = "+18005550101"


def number(time_zone=None, phone_number=NEW_YORK):
    return ContactNumber(column="home", type="HOME", phone_number=phone_number, callable=True, time_zone=time_zone)


def contact(*numbers, time_zone=None):
    return replace(new_contact("L", "c1"), listed=Listed(callable=True, time_zone=time_zone, numbers=numbers))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../../etc/passwd",
        "America/../../../../etc/passwd",
        "America",
        "America/",
        "America//New_York",
        "America/Argentina",
        "america/new_york",
        "America/New_York\n",
        " America/New_York",
        "Mars/Olympus_Mons",
        "\0",
        "UTC\0",
        "\ud800",
        "é" * 256,
        "a" * 10_000,
        "zone.tab",
        "tzdata.zi",
        "__init__.py",
        "America/__init__.py",
    ],
)
def test_a_name_that_is_no_zones_is_unknown_whatever_it_is(name):
    assert zone_info(name) is None


@pytest.mark.parametrize("name", ["/".join("a" * 128), "a/" * 5_000, "America/" * 30 + "New_York"])
def test_a_name_of_very_many_parts_is_unknown_even_far_down_the_stack(name):
    def from_below(depth):
        return from_below(depth - 1) if depth else zone_info(name)

    assert from_below(sys.getrecursionlimit() // 2) is None


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "America/New_York", "America/North_Dakota/New_Salem"])
def test_a_zone_is_found_by_its_name_and_found_once(name):
    zone = zone_info(name)
    assert str(zone) == name
    assert zone_info(name) is zone


def test_the_number_goes_before_the_contact_and_the_contact_before_what_the_number_tells():
    of_number = zones_of(contact(number("Asia/Tokyo"), time_zone="Asia/Kathmandu"), NEW_YORK)
    assert (of_number.of, of_number.names) == ("number", ("Asia/Tokyo",))
    of_contact = zones_of(contact(number(), time_zone="Asia/Kathmandu"), NEW_YORK)
    assert (of_contact.of, of_contact.names) == ("contact", ("Asia/Kathmandu",))
    derived = zones_of(contact(number()), NEW_YORK)
    assert (derived.of, derived.names) == ("derived", ("America/New_York",))


def test_a_zone_of_another_number_says_nothing_of_this_one():
    zones = zones_of(contact(number("Asia/Tokyo", "+13125550142")), NEW_YORK)
    assert (zones.of, zones.names) == ("derived", ("America/New_York",))


def test_a_number_on_the_record_several_times_is_in_the_zones_of_every_entry():
    zones = zones_of(contact(number("Asia/Tokyo"), number(), number("Asia/Kathmandu"), number("Asia/Tokyo")), NEW_YORK)
    assert (zones.of, zones.names) == ("number", ("America/New_York", "Asia/Kathmandu", "Asia/Tokyo"))


def test_an_entry_of_the_number_without_a_zone_adds_the_contacts_else_the_derived_else_none_that_is_known():
    entries = number("Asia/Tokyo"), number()
    assert zones_of(contact(*entries, time_zone="Asia/Kathmandu"), NEW_YORK).names == ("Asia/Kathmandu", "Asia/Tokyo")
    nowhere = number("Asia/Tokyo", "+80012345678"), number(None, "+80012345678")
    assert zones_of(contact(*nowhere), "+80012345678").names == ("Asia/Tokyo", "Etc/Unknown")
    assert zone_info("Etc/Unknown") is None


def test_a_zone_that_is_named_and_unknown_is_not_passed_over():
    assert zones_of(contact(number("Mars/Olympus_Mons"), time_zone="Asia/Tokyo"), NEW_YORK).names == (
        "Mars/Olympus_Mons",
    )


def test_a_contact_without_a_record_has_the_zones_that_its_number_tells():
    assert zones_of(new_contact("L", "c1"), NEW_YORK).names == ("America/New_York",)


def test_a_number_that_is_called_all_over_a_country_may_be_in_any_of_its_zones():
    names = zones_of(new_contact("L", "c1"), TOLL_FREE).names
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(names)
    assert list(names) == sorted(names)


@pytest.mark.parametrize("phone_number", ["+99912345678", "+10", "+1", "+80012345678", "+999999999999999", "", "no"])
def test_a_number_that_no_plan_places_is_in_no_zone(phone_number):
    assert zones_of(new_contact("L", "c1"), phone_number).names == ()


def test_the_tables_of_zones_are_not_loaded_until_a_number_is_asked_for_its_zone():
    program = "import sys, streams.logic.checks.checks; assert 'phonenumbers.timezone' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
