"""Which time zone database is in use, and that everything is read from it anew."""

import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tzdata

from streams.base.zone_data import load_tables, use_newer_zones, use_package_zones
from streams.logic.hours.countries import country_of, package_text
from streams.logic.hours.zones import zone_info

ZONES = Path(str(tzdata.__file__)).parent / "zoneinfo"


@pytest.fixture(autouse=True)
def package_afterwards():
    yield
    use_newer_zones([])


def system(folder, files):
    """A system's folder in which New York keeps the clock of Kathmandu."""
    (folder / "America").mkdir()
    (folder / "America" / "New_York").write_bytes((ZONES / "Asia" / "Kathmandu").read_bytes())
    for name, text in files.items():
        (folder / name).write_text(text)
    return [str(folder / "not_there"), str(folder)]


def hours_of_new_york():
    offset = datetime(2026, 11, 23, tzinfo=UTC).astimezone(zone_info("America/New_York")).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 3600


@pytest.mark.parametrize(
    "files",
    [
        {"tzdata.zi": "# version 2999a\n"},
        {"+VERSION": "2999a\n"},
        {"tzdata.zi": "# version 2999a-dirty\n", "+VERSION": "2999a"},
    ],
)
def test_a_newer_database_of_the_system_is_taken(tmp_path, files):
    assert hours_of_new_york() == -5
    found = use_newer_zones(system(tmp_path, files))
    assert (found.source, found.version) == ("system", "2999a")
    assert hours_of_new_york() == 5.75
    # What it lacks is the package's: zones, and the tables of countries.
    assert zone_info("Asia/Tokyo") is not None
    assert country_of("US/Eastern") == "US"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"tzdata.zi": "# version 2001a\n"},
        {"tzdata.zi": f"# version {tzdata.IANA_VERSION}\n"},
        {"tzdata.zi": "# version unknown\n"},
        {"+VERSION": "29990a"},
    ],
)
def test_an_older_an_equal_or_an_unknown_one_is_not(tmp_path, files):
    found = use_newer_zones(system(tmp_path, files))
    assert (found.source, found.version) == ("package", tzdata.IANA_VERSION)
    assert hours_of_new_york() == -5
    assert zoneinfo.TZPATH == ()


def test_the_tables_of_countries_come_with_the_database(tmp_path):
    table = package_text("zone.tab") + "XX\t+0000+00000\tMoon/Base\n"
    folders = system(tmp_path, {"tzdata.zi": "# version 2999a\nL Moon/Base Moon/Old\n", "zone.tab": table})
    use_newer_zones(folders)
    assert country_of("Moon/Old") == "XX"
    use_newer_zones([])
    assert country_of("Moon/Old") is None


def test_the_package_is_taken_without_a_look_at_the_system(tmp_path):
    use_newer_zones(system(tmp_path, {"+VERSION": "2999a"}))
    assert use_package_zones().source == "package"
    assert hours_of_new_york() == -5


def test_the_status_names_the_database_in_use_and_both_versions(tmp_path):
    found = use_newer_zones(system(tmp_path, {"+VERSION": "2001c"}))
    assert found.status() == {
        "source": "package",
        "version": tzdata.IANA_VERSION,
        "system_version": "2001c",
        "package_version": tzdata.IANA_VERSION,
    }


ODD = (
    "", ".", "..", "Europe", "Europe/", "europe/berlin", "Factory", "localtime", "posixrules", "zone.tab", "+VERSION",
    "/etc/localtime", "Europe/../Europe/Berlin", "EST5EDT,M3.2.0,M11.1.0", "UTC+3", "Mars/Phobos", "\0", "é",
)  # fmt: skip


def test_zones_that_are_read_beforehand_are_those_that_are_read_one_by_one():
    names = (*zoneinfo.available_timezones(), *ODD)
    one_by_one = {name: zone_info(name) for name in names}
    load_tables()
    assert {name: zone_info(name) for name in names} == one_by_one
    assert sum(zone is not None for zone in one_by_one.values()) > 590


def test_another_database_is_taken_although_one_was_read_beforehand(tmp_path):
    load_tables()
    use_newer_zones(system(tmp_path, {"+VERSION": "2999a\n"}))
    assert hours_of_new_york() == 5.75
    load_tables()
    assert hours_of_new_york() == 5.75
