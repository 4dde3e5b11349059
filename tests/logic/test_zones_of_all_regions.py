"""A sweep of all regions of the numbering plans: the zone of a number is one of its own country's."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from streams.logic.hours import countries
from streams.logic.hours.countries import country_of, package_text, present_name, read_tables, zones_in
from streams.logic.hours.derived_zones import derived_zones
from streams.logic.hours.open_slots import stretches
from streams.logic.hours.zone_areas import AREAS, CROSSING, MIXED, OF_NO_COUNTRY, SEVERAL_CLOCKS
from streams.logic.hours.zones import zone_info

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = [phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE]
TABLES = read_tables(package_text("zone.tab"), package_text("tzdata.zi"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def example(region, kind):
    number = phonenumbers.example_number_for_type(region, kind)
    return number and phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def clock(name):
    zone = zone_info(name)
    assert zone is not None
    return tuple(stretches(zone, NOW, NOW + timedelta(days=400)))


def clocks_of(names):
    return {clock(name) for name in names}


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_zones_and_its_numbers_are_in_them(region):
    assert zones_in(region)
    for number in filter(None, (example(region, kind) for kind in KINDS)):
        found = derived_zones(number)
        # A number that the plans of several regions have, as those of Svalbard, belongs to the first.
        home = phonenumbers.region_code_for_number(phonenumbers.parse(number))
        assert home is not None and found
        assert set(found) <= set(zones_in(home))
        assert all(name in TABLES.countries for name in found)


@pytest.mark.parametrize("region", sorted(SEVERAL_CLOCKS - {"CA", "MX", "BR", "US"}))
def test_a_mobile_number_of_a_country_with_several_clocks_may_have_any_of_them(region):
    # The plan of Chile does not tell landlines from mobiles; its mobiles begin with 9.
    number = "+56961234567" if region == "CL" else example(region, phonenumbers.PhoneNumberType.MOBILE)
    if region == "FM":
        assert derived_zones(number) == ("Pacific/Chuuk",)  # These tell their island.
    else:
        assert clocks_of(derived_zones(number)) == clocks_of(zones_in(region))


def test_the_countries_with_several_clocks_are_those_that_are_listed():
    several = {region for region in REGIONS if len(clocks_of(zones_in(region))) > 1}
    assert several == SEVERAL_CLOCKS | {"CN", "UA"}


@pytest.mark.parametrize("region", sorted(SEVERAL_CLOCKS | {"CN", "UA"}))
def test_every_clock_of_a_country_is_told_by_some_number_or_area(region):
    code = str(phonenumbers.country_code_for_region(region))
    own = set(zones_in(region))
    told = {present_name(name) for prefix, names in TIMEZONE_DATA.items() if prefix.startswith(code) for name in names}
    areas = {name for table in (AREAS, MIXED) for names in table.values() for name in names}
    # A station without a number of its own, and an island that no prefix tells: all zones are taken there.
    rest = {"America/Danmarkshavn", "Pacific/Bougainville"}
    assert clocks_of(own) == clocks_of((told | areas | rest) & own)


@pytest.mark.parametrize(("prefix", "names"), sorted({**AREAS, **MIXED}.items()))
def test_an_area_is_of_one_country_and_names_zones_as_its_table_does(prefix, names):
    assert all(name in TABLES.countries for name in names)
    (country,) = {country_of(name) for name in names}
    assert country is not None
    assert int(prefix[: len(str(phonenumbers.country_code_for_region(country)))]) == (
        phonenumbers.country_code_for_region(country)
    )


def test_every_link_that_leads_into_another_country_is_listed():
    """Ours say whose a name is; the others are of the country to which they lead."""
    of_others = {
        name: target for name, target in TABLES.links.items() if name not in TABLES.countries and target in
        TABLES.countries
    }  # fmt: skip
    by_country = defaultdict(set)
    for name in of_others:
        by_country[country_of(name)].add(name)
    of_none = OF_NO_COUNTRY & set(of_others)  # Some builds of the database have the others as zones.
    assert by_country[None] == of_none and len(of_none) >= 8
    assert {name for name in of_others if present_name(name) != of_others[name]} == set(CROSSING) | of_none
    assert all(TABLES.countries[CROSSING[name]] != TABLES.countries[of_others[name]] for name in CROSSING)
    assert all(clock(name) == clock(CROSSING[name]) for name in CROSSING)
    assert all(clock(name) == clock(present_name(name)) for name in of_others)


def test_a_name_that_no_link_takes_to_another_country_begins_as_its_zone_does_or_is_known():
    """A new link is looked at: America to America and so on, or one of these."""
    known = {
        "Asia/Istanbul", "Europe/Nicosia", "Pacific/Samoa", "Antarctica/South_Pole", "Atlantic/Jan_Mayen",
        "America/Virgin",
    }  # fmt: skip
    named = {name: present_name(name) for name in TABLES.links if "/" in name and country_of(name) is not None}
    states = {"US", "Canada", "Brazil", "Mexico", "Chile"}
    strange = {
        name for name, zone in named.items()
        if name.split("/")[0] not in states and name.split("/")[0] != zone.split("/")[0]
    }  # fmt: skip
    assert strange <= known


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+50581234567", "America/Managua"),
        ("+211977123456", "Africa/Juba"),
        ("+353851234567", "Europe/Dublin"),
        ("+447400123456", "Europe/London"),
        ("+441481256789", "Europe/Guernsey"),
        ("+18765123456", "America/Jamaica"),
        ("+18686201234", "America/Port_of_Spain"),
        ("+917410410123", "Asia/Kolkata"),
        ("+213551234567", "Africa/Algiers"),
        ("+970599123456", "Asia/Gaza Asia/Hebron"),
        ("+38344123456", "Europe/Belgrade"),
        ("+56961234567", "America/Coyhaique America/Punta_Arenas America/Santiago Pacific/Easter"),
        ("+24762889", "Atlantic/St_Helena"),
        ("+526144123456", "America/Chihuahua"),
        ("+526566123456", "America/Ciudad_Juarez"),
        ("+526264531234", "America/Ojinaga"),
        ("+526622123456", "America/Hermosillo"),
        ("+526631234567", "America/Tijuana"),
        ("+529981234567", "America/Cancun"),
        ("+528688123456", "America/Matamoros"),
        ("+555541234567", "America/Sao_Paulo"),
        ("+559132123456", "America/Belem"),
        ("+559232123456", "America/Manaus"),
        ("+558132123456", "America/Noronha America/Recife"),
        ("+74012123456", "Europe/Kaliningrad"),
        ("+78452123456", "Europe/Saratov"),
        ("+61732123456", "Australia/Brisbane"),
        ("+61889123456", "Australia/Darwin"),
        ("+61880871234", "Australia/Adelaide Australia/Broken_Hill"),
        ("+61892123456", "Australia/Perth"),
        ("+56612123456", "America/Punta_Arenas"),
        ("+56672123456", "America/Coyhaique"),
        ("+56322551836", "America/Santiago Pacific/Easter"),
        ("+56322123456", "America/Santiago"),
        ("+34928123456", "Atlantic/Canary"),
        ("+351291123456", "Europe/Lisbon"),
        ("+862112345678", "Asia/Shanghai"),
        ("+869912345678", "Asia/Shanghai Asia/Urumqi"),
        ("+77771234567", "Asia/Almaty Asia/Aqtobe"),
        ("+380441234567", "Europe/Kyiv"),
        ("+6753123456", "Pacific/Bougainville Pacific/Port_Moresby"),
        ("+18672345678",
         "America/Cambridge_Bay America/Dawson America/Inuvik America/Iqaluit America/Rankin_Inlet America/Resolute "
         "America/Whitehorse"),
        ("+16892345678", "America/New_York"),
        ("+12702345678", "America/Chicago America/New_York"),
        ("+18502002345", "America/Chicago"),
        ("+80012345678", ""),
        ("+870773111632", ""),
        ("+881612345678", ""),
        ("+883510012345", ""),
        ("+979123456789", ""),
    ],
)  # fmt: skip
def test_a_number_is_in_the_zones_of_its_area(number, zones):
    assert derived_zones(number) == tuple(zones.split())


@pytest.mark.parametrize("number", ["+18005550101", "+19005550101", "+15005550101"])
def test_a_number_of_all_north_america_may_be_in_any_of_42_zones(number):
    assert len(derived_zones(number)) == 42


def test_tables_without_rows_leave_those_of_the_package():
    before = zones_in("MX")
    countries.use_tables("# nothing", "")
    assert zones_in("MX") == before and country_of("US/Eastern") == "US"
    countries.use_tables("XX\t+0000+00000\tMoon/Base\n", "L Moon/Base Moon/Old\n")
    assert (country_of("Moon/Old"), zones_in("MX")) == ("XX", ())
    countries.use_tables(None, None)
    assert zones_in("MX") == before
