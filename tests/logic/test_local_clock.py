"""The contact's wall clock: which one it is, and when it shows a time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.logic.contact.state import new_contact
from streams.logic.hours.local_clock import clock_of, days_later, next_local_time
from tests.builders import NUMBER, instant
from tests.logic.test_callable_time import TOLL_FREE, contact_in
from tests.logic.test_open_slots import NEAR, ZONES

NEW_YORK = ZoneInfo("America/New_York")
SUMMER, WINTER = instant("2024-07-01T12:00:00Z"), instant("2024-01-01T12:00:00Z")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zones", "at", "clock"),
    [
        (["Asia/Kathmandu"], WINTER, "Asia/Kathmandu"),
        (["America/New_York", "America/Los_Angeles"], WINTER, "America/Los_Angeles"),
        (["Asia/Tokyo", "Europe/Berlin"], WINTER, "Europe/Berlin"),
        # Phoenix changes no clock: with Denver in winter, with Los Angeles in summer.
        (["America/Phoenix", "America/Denver"], WINTER, "America/Denver"),
        (["America/Phoenix", "America/Denver"], SUMMER, "America/Phoenix"),
        (["Nowhere/Atall", "Asia/Tokyo"], WINTER, "Asia/Tokyo"),
        (["Nowhere/Atall"], WINTER, "UTC"),
    ],
)
def test_of_several_zones_it_is_the_westernmost_at_that_instant(zones, at, clock):
    assert clock_of(contact_in(*zones), NUMBER, at).key == clock


def test_without_a_record_it_is_that_of_the_number():
    assert clock_of(new_contact("L", "c1"), NUMBER, WINTER).key == NEW_YORK.key
    assert clock_of(new_contact("L", "c1"), "+80012345678", WINTER).key == "UTC"
    assert clock_of(new_contact("L", "c1"), TOLL_FREE, WINTER).utcoffset(None) is None
    assert WINTER.astimezone(clock_of(new_contact("L", "c1"), TOLL_FREE, WINTER)).utcoffset() == timedelta(hours=-11)


@pytest.mark.parametrize(
    ("time", "after", "at"),
    [
        ("09:00", "2024-01-15T14:00:00Z", "2024-01-15T14:00:00Z"),
        ("09:00", "2024-01-15T14:00:00.000001Z", "2024-01-16T14:00:00Z"),
        ("09:00:30", "2024-01-15T14:00:00Z", "2024-01-15T14:00:30Z"),
        ("24:00", "2024-01-15T14:00:00Z", "2024-01-16T05:00:00Z"),
        # The clock goes from 2:00 to 3:00 at 7:00Z.
        ("09:00", "2024-03-09T14:00:01Z", "2024-03-10T13:00:00Z"),
        ("02:30", "2024-03-10T06:00:00Z", "2024-03-10T07:00:00Z"),
        ("02:30", "2024-03-10T07:00:01Z", "2024-03-11T06:30:00Z"),
        # And from 2:00 back to 1:00 at 6:00Z.
        ("01:30", "2024-11-03T04:00:00Z", "2024-11-03T05:30:00Z"),
        ("01:30", "2024-11-03T05:30:01Z", "2024-11-03T06:30:00Z"),
        ("01:30", "2024-11-03T06:30:01Z", "2024-11-04T06:30:00Z"),
    ],
)
def test_the_next_time_of_day_is_found_across_a_change_of_the_clock(time, after, at):
    assert next_local_time(NEW_YORK, time, instant(after)) == instant(at)


def test_a_clock_that_goes_back_over_midnight_shows_a_time_of_the_day_before_once_more():
    """At a minute past midnight, in Newfoundland until 2011, to a minute past eleven."""
    st_johns = ZoneInfo("America/St_Johns")
    assert next_local_time(st_johns, "23:30", instant("2010-11-07T02:30:30Z")) == instant("2010-11-07T03:00:00Z")


@pytest.mark.parametrize(
    ("at", "days", "later"),
    [
        ("2024-03-09T14:00:00Z", 1, "2024-03-10T13:00:00Z"),
        ("2024-03-09T07:30:00Z", 1, "2024-03-10T07:00:00Z"),
        ("2024-11-02T05:30:00Z", 1, "2024-11-03T05:30:00Z"),
        ("2024-11-03T06:30:00Z", 1, "2024-11-04T06:30:00Z"),
        ("2024-01-15T14:00:00.123456Z", 3, "2024-01-18T14:00:00.123456Z"),
    ],
)
def test_days_later_the_clock_shows_what_it_showed(at, days, later):
    assert days_later(NEW_YORK, instant(at), days) == instant(later)


@given(ZONES, st.data())
@example("Pacific/Apia", None)
def test_no_instant_between_shows_the_time_and_the_one_that_is_found_does_unless_it_is_left_out(name, data):
    if data is None:
        after, time = instant("2011-12-29T20:00:00Z"), "09:00"
    else:
        near = instant(data.draw(st.sampled_from(NEAR[name])))
        after = near + data.draw(st.integers(-3000, 3000)) * MINUTE
        minutes = data.draw(st.integers(0, 24 * 60 - 1))
        time = f"{minutes // 60:02}:{minutes % 60:02}"
    clock = ZoneInfo(name)
    found = next_local_time(clock, time, after)
    shown = found.astimezone(clock).strftime("%H:%M")
    assert found >= after
    assert shown == time or _is_left_out_before(clock, time, found)
    at = after
    while at < found:
        assert at.astimezone(clock).strftime("%H:%M") != time
        at += MINUTE


def _is_left_out_before(clock: ZoneInfo, time: str, at: datetime) -> bool:
    """Whether the clock jumps over that time to what it shows at an instant."""
    before, after = ((at - MINUTE).astimezone(clock).replace(tzinfo=None), at.astimezone(clock).replace(tzinfo=None))
    skipped = before + MINUTE
    while skipped < after:
        if skipped.strftime("%H:%M") == time:
            return True
        skipped += MINUTE
    return False
