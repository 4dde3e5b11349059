"""The next open instant, held against a search of every minute and of every instant at which a clock could open."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.logic.contact.limits import MOVE_AHEAD_MAX
from streams.logic.hours.callable_time import check_time, next_open
from tests.builders import NUMBER, instant
from tests.logic.test_callable_time import contact_in, slot, times

MINUTE = timedelta(minutes=1)
# Of years that are over: what clocks will do, every version of the database tells anew.
NEAR = {
    "America/New_York": ("2024-11-03T06:00:00Z", "2024-03-10T07:00:00Z"),
    "Europe/Berlin": ("2024-10-27T01:00:00Z", "2024-03-31T01:00:00Z"),
    "America/Santiago": ("2024-04-07T03:00:00Z", "2024-09-08T04:00:00Z"),  # Its midnight is left out.
    "America/Havana": ("2024-11-03T05:00:00Z", "2024-03-10T05:00:00Z"),  # Its midnight comes twice, and is left out.
    "Australia/Lord_Howe": ("2024-04-06T15:00:00Z", "2024-10-05T15:30:00Z"),  # By half an hour.
    "Pacific/Apia": ("2011-12-30T10:00:00Z", "2011-09-24T14:00:00Z"),  # The 30th was left out.
    "Africa/Casablanca": ("2024-03-10T02:00:00Z", "2024-04-14T02:00:00Z"),  # Two changes in five weeks.
    "Asia/Kathmandu": ("2026-11-23T15:00:00Z", "1985-12-31T18:30:00Z"),  # By a quarter, once and for all.
}
ZONES = st.sampled_from(sorted(NEAR))


@pytest.mark.parametrize(("zone", "at"), [(zone, at) for zone, instants in NEAR.items() for at in instants])
def test_the_searches_are_near_changes_of_the_clock(zone, at):
    before, change = (one.astimezone(ZoneInfo(zone)).utcoffset() for one in (instant(at) - MINUTE, instant(at)))
    assert (before != change) is (at != "2026-11-23T15:00:00Z")


@st.composite
def slots(draw, unit):
    """One to four slots, of times that are multiples of a unit in seconds; some never open."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        start, stop = (draw(st.integers(0, 86_399 // unit)) * unit for _ in range(2))
        clock = [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for at in (start, stop)]
        if draw(st.booleans()):
            clock[1] = "24:00"
        found.append(slot(draw(st.integers(1, 7)), *clock))
    return found


@st.composite
def searches(draw, unit):
    """A callable time set, the zones of a number, and an instant up to nine days before a change in one of them."""
    zones = draw(st.lists(ZONES, min_size=1, max_size=3, unique=True))
    change = instant(draw(st.sampled_from(NEAR[zones[0]])))
    after = change - unit * timedelta(seconds=1) * draw(st.integers(-3 * 86_400 // unit, 9 * 86_400 // unit))
    return [(zone, draw(slots(unit))) for zone in zones], after


def is_open(sets, at):
    """By the definition: on every wall clock, a slot of that weekday has started and not stopped."""
    for zone, of_zone in sets:
        local = at.astimezone(ZoneInfo(zone))
        today = [one for one in of_zone if one["day"] == local.isoweekday()]
        if not any(whole(one["start"]) <= local.strftime("%H:%M:%S") < whole(one["stop"]) for one in today):
            return False
    return True


def whole(clock):
    return clock if len(clock) == 8 else f"{clock}:00"


def found(sets, after):
    return next_open(times(*sets), contact_in(*(zone for zone, _ in sets)), NUMBER, after)


@settings(max_examples=60)
@given(searches(60))
def test_the_next_open_instant_is_the_first_open_minute(search):
    sets, after = search
    minutes = (after + MINUTE * n for n in range(8 * 24 * 60 + 1))
    assert found(sets, after) == next((at for at in minutes if is_open(sets, at)), None)


def could_open(sets, after):
    """Every instant at which a closed wall clock may turn to an open one: a slot starts, or the clock is changed.

    Clocks are changed on the quarter of an hour.
    """
    yield after
    quarter = after.replace(minute=0, second=0, microsecond=0)
    yield from (quarter + 15 * MINUTE * n for n in range(8 * 96 + 5))
    for zone, of_zone in sets:
        info = ZoneInfo(zone)
        for n in range(-2, 11):
            date = (after.astimezone(info) + timedelta(days=n)).date()
            for one in of_zone:
                start = time.fromisoformat(whole(one["start"]))
                for fold in (0, 1):
                    yield datetime.combine(date, start, info).replace(fold=fold).astimezone(after.tzinfo)


@settings(max_examples=300)
@given(searches(1), st.integers(0, 999_999))
@example(([("Pacific/Apia", [slot(6, "03:00:01", "04:00:01")])], instant("2011-09-24T11:00:00Z")), 0)
def test_to_the_second_nothing_earlier_is_open(search, microsecond):
    sets, after = search
    after = after.replace(microsecond=microsecond)
    until = after + MOVE_AHEAD_MAX
    expected = sorted(at for at in could_open(sets, after) if after <= at <= until and is_open(sets, at))
    at = found(sets, after)
    assert at == (expected[0] if expected else None)
    contact = contact_in(*(zone for zone, _ in sets))
    if at is not None:
        assert check_time(times(*sets), contact, NUMBER, at)[0] == ()


@pytest.mark.parametrize(
    ("zone", "of_zone", "after", "expected"),
    [
        ("UTC", [slot(1, "09:00", "10:00")], "2026-11-23T09:30:00.5Z", "2026-11-23T09:30:00.5Z"),
        ("UTC", [slot(1, "09:00", "10:00")], "2026-11-23T10:00:00Z", "2026-11-30T09:00:00Z"),
        # Left out in part: it opens with the change.
        ("America/New_York", [slot(7, "02:30", "03:30")], "2027-03-14T00:00:00Z", "2027-03-14T07:00:00Z"),
        # Left out as a whole: it opens a week later.
        ("America/New_York", [slot(7, "02:00", "03:00")], "2027-03-14T00:00:00Z", "2027-03-21T06:00:00Z"),
        # Twice the same hour: between the two it is closed.
        ("America/New_York", [slot(7, "01:00", "01:30")], "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z"),
        # The last minute before the clock goes back, and the same minute after it.
        ("America/New_York", [slot(7, "01:59", "02:00")], "2026-11-01T06:00:00Z", "2026-11-01T06:59:00Z"),
        ("Australia/Lord_Howe", [slot(7, "02:00", "02:30")], "2026-10-03T14:00:00Z", "2026-10-10T15:00:00Z"),
        ("Australia/Lord_Howe", [slot(7, "02:00", "02:31")], "2026-10-03T14:00:00Z", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", [slot(7, "01:45", "01:50")], "2026-04-04T14:50:00Z", "2026-04-04T15:15:00Z"),
        # Recife had daylight saving time for one week only.
        ("America/Recife", [slot(2, "10:00", "11:00")], "2000-10-07T23:00:00Z", "2000-10-10T12:00:00Z"),
        # Samoa had no Friday in the last week of 2011.
        ("Pacific/Apia", [slot(5, "00:00", "24:00")], "2011-12-29T12:00:00Z", "2012-01-05T10:00:00Z"),
        ("Pacific/Apia", [slot(6, "00:00", "24:00")], "2011-12-29T12:00:00Z", "2011-12-30T10:00:00Z"),
    ],
)
def test_slots_open_as_the_wall_clock_says(zone, of_zone, after, expected):
    assert found([(zone, of_zone)], instant(after)) == instant(expected)


def test_a_slot_that_opens_in_exactly_8_days_counts_and_a_later_one_does_not():
    # Left out as a whole on the 14th, and it is Saturday the 6th when the search begins.
    sets = [("America/New_York", [slot(7, "02:00", "03:00")])]
    opens = instant("2027-03-21T06:00:00Z")
    assert found(sets, opens - MOVE_AHEAD_MAX) == opens
    assert found(sets, opens - MOVE_AHEAD_MAX - timedelta(microseconds=1)) is None


@pytest.mark.parametrize("zones", [[("UTC", [])], [("UTC", [slot(1, "09:00", "10:00")]), ("Asia/Tokyo", [])]])
def test_where_no_slot_is_none_opens(zones):
    assert found(zones, instant("2026-11-23T08:00:00Z")) is None


def test_zones_that_are_never_open_together_never_open():
    sets = [(zone, [slot(day, "09:00", "12:00") for day in range(1, 8)]) for zone in ("Asia/Tokyo", "America/New_York")]
    assert found(sets, instant("2026-11-23T08:00:00Z")) is None


def test_a_long_slot_stays_open_to_the_later_ones_of_the_other_zones():
    sets = [
        ("Etc/GMT", [slot(1, "08:00", "20:00")]),
        ("Etc/UTC", [slot(1, "09:00", "10:00"), slot(1, "15:00", "16:00")]),
        ("UTC", [slot(1, "15:30", "17:00")]),
    ]
    assert found(sets, instant("2026-11-23T08:00:00Z")) == instant("2026-11-23T15:30:00Z")


def test_a_zone_that_the_set_does_not_have_never_opens():
    compiled = times(("UTC", [slot(day, "00:00", "24:00") for day in range(1, 8)]))
    assert next_open(compiled, contact_in("UTC", "Asia/Tokyo"), NUMBER, instant("2026-11-23T08:00:00Z")) is None


def test_tens_of_thousands_of_slots_in_several_zones_are_searched_all_the_same():
    # As many as a record of a megabyte holds: seconds that are open by turns, and never in both zones.
    def seconds(first):
        starts = range(first, 86_398, 60)
        clock = [(f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}", at + 1) for at in starts]
        ends = [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for _, at in clock]
        return [slot(day, start, end) for day in range(1, 8) for (start, _), end in zip(clock, ends, strict=True)]

    sets = [("Etc/GMT", seconds(0)), ("UTC", seconds(30))]
    assert found(sets, instant("2026-11-23T08:00:00Z")) is None
    sets[0][1].append(slot(7, "12:00:30", "12:00:31"))
    assert found(sets, instant("2026-11-23T08:00:00Z")) == instant("2026-11-29T12:00:30Z")
