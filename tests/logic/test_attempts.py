"""How often a contact and its numbers were attempted, and the limits on that."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.logic.checks.attempts import check_limits, with_attempt
from streams.logic.contact.rows import decode_contact, encode_contact
from streams.logic.contact.state import new_contact
from tests.builders import as_json, instant
from topics.configuration import AttemptLimits
from topics.records import Reason

ONE, TWO = "+12125550101", "+13125550142"
NOW = instant("2026-11-23T15:00:00Z")
DAY = timedelta(days=1)


def limits(reset_period="today", time_zone="UTC", contact=1000, number=1000):
    value = {
        "max_attempts_per_contact": contact,
        "max_attempts_per_number": number,
        "reset_period": reset_period,
        "time_zone": time_zone,
    }
    return msgspec.convert(value, AttemptLimits)


def attempted(*at, number=ONE, contact=None, now=NOW):
    contact = contact or new_contact("L", "c1")
    for one in at:
        contact = with_attempt(contact, one if isinstance(one, datetime) else instant(one), "P", number, now)
    return contact


def counts(contact, now=NOW, number=ONE, **changes):
    _, facts = check_limits(limits(**changes), contact, number, now)
    assert facts.contact is not None and facts.number is not None
    return facts.contact.count, facts.number.count


def test_an_attempt_is_counted_for_contact_number_and_campaign():
    contact = attempted("2026-11-23T14:59:00Z")
    assert contact.attempts == {ONE: {int(instant("2026-11-23T14:45:00Z").timestamp()) // 900: 1}}
    assert (contact.attempts_total, contact.attempts_by_number) == (1, {ONE: 1})
    assert contact.last_attempts == {"P": instant("2026-11-23T14:59:00Z")}
    assert contact.last_attempts_by_number == {ONE: instant("2026-11-23T14:59:00Z")}


def test_an_attempt_that_is_heard_of_late_counts_and_is_not_the_last():
    contact = attempted("2026-11-23T14:59:00Z", "2026-11-22T09:00:00Z")
    assert contact.last_attempts == {"P": instant("2026-11-23T14:59:00Z")}
    assert contact.last_attempts_by_number == {ONE: instant("2026-11-23T14:59:00Z")}
    assert counts(contact, reset_period="days_2") == (2, 2)


def test_the_contact_before_is_left_as_it_was():
    before = attempted("2026-11-23T14:59:00Z")
    row = msgspec.json.encode(before)
    attempted("2026-11-23T14:59:01Z", contact=before)
    assert msgspec.json.encode(before) == row


def test_a_limit_is_reached_with_its_last_attempt():
    contact = attempted("2026-11-23T14:00:00Z", "2026-11-23T14:30:00Z")
    reasons, facts = check_limits(limits(contact=3, number=2), contact, ONE, NOW)
    assert reasons == (Reason.NUMBER_ATTEMPT_LIMIT,)
    assert as_json(facts) == {
        "reset_period": "today",
        "time_zone": "UTC",
        "contact": {"count": 2, "limit": 3},
        "number": {"count": 2, "limit": 2},
    }
    reasons, _ = check_limits(limits(contact=2, number=2), contact, ONE, NOW)
    assert reasons == (Reason.CONTACT_ATTEMPT_LIMIT, Reason.NUMBER_ATTEMPT_LIMIT)


def test_a_contact_is_attempted_at_any_number_and_a_number_at_its_own():
    contact = attempted("2026-11-23T14:00:00Z", number=TWO, contact=attempted("2026-11-23T13:00:00Z"))
    assert counts(contact) == (2, 1)
    assert counts(contact, number="+14155550177") == (2, 0)
    assert counts(contact, reset_period="never", number="+14155550177") == (2, 0)


def test_a_limit_that_is_not_set_is_not_looked_at():
    reasons, facts = check_limits(limits(contact=None, number=None), attempted("2026-11-23T14:00:00Z"), ONE, NOW)
    assert (reasons, as_json(facts)) == ((), {"reset_period": "today", "time_zone": "UTC"})


@pytest.mark.parametrize("reset_period", ["never", "today", "days_30"])
@pytest.mark.parametrize("name", ["Mars/Olympus_Mons", "../../etc/passwd", "America", "\0"])
def test_a_limit_in_an_unknown_zone_blocks(name, reset_period):
    reasons, facts = check_limits(limits(reset_period, name), attempted("2026-11-23T14:00:00Z"), ONE, NOW)
    assert (reasons, as_json(facts)) == ((Reason.TIME_ZONE_UNKNOWN,), {"reset_period": reset_period, "time_zone": name})


@pytest.mark.parametrize(
    ("zone", "midnight", "now"),
    [
        ("Asia/Kathmandu", "2026-11-22T18:15:00Z", "2026-11-23T15:00:00Z"),
        ("Australia/Eucla", "2026-11-22T15:15:00Z", "2026-11-23T15:00:00Z"),
        ("Pacific/Chatham", "2026-11-23T10:15:00Z", "2026-11-23T15:00:00Z"),
        ("Asia/Kolkata", "2026-11-22T18:30:00Z", "2026-11-23T15:00:00Z"),
        # Of years that are over: what clocks will do, every version of the database tells anew.
        ("America/New_York", "2024-11-03T04:00:00Z", "2024-11-03T23:00:00Z"),  # A day of 25 hours.
        ("America/Santiago", "2024-09-08T04:00:00Z", "2024-09-08T12:00:00Z"),  # Midnight is left out.
        ("America/Havana", "2024-11-03T04:00:00Z", "2024-11-03T12:00:00Z"),  # Midnight comes twice: the first.
    ],
)
def test_today_begins_at_the_local_midnight_to_the_second(zone, midnight, now):
    at = instant(midnight)
    contact = attempted(at - timedelta(microseconds=1), at, now=instant(now))
    assert counts(contact, instant(now), time_zone=zone) == (1, 1)
    assert counts(contact, instant(now), time_zone=zone, reset_period="days_2") == (2, 2)


def test_days_n_are_the_last_n_local_dates_with_today():
    at = ("2026-11-23T00:00:00Z", "2026-11-22T23:59:59Z", "2026-11-22T00:00:00Z", "2026-11-21T23:59:59Z")
    contact = attempted(*at)
    assert [counts(contact, reset_period=period)[0] for period in ("today", "days_2", "days_3")] == [1, 3, 4]


INSTANTS = st.integers(0, 30 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds))
ZONES = st.sampled_from(
    ["UTC", "Asia/Kathmandu", "Australia/Eucla", "Australia/Lord_Howe", "America/New_York", "Pacific/Kiritimati"]
)


@given(st.lists(st.tuples(INSTANTS, st.sampled_from([ONE, TWO])), max_size=30), ZONES, st.integers(1, 30))
def test_counting_by_quarters_is_counting_by_local_dates(made, zone, days):
    contact = new_contact("L", "c1")
    for at, number in made:
        contact = attempted(at, number=number, contact=contact)
    info = ZoneInfo(zone)
    first = NOW.astimezone(info).date() - DAY * (days - 1)
    dates = [(at.astimezone(info).date(), number) for at, number in made]
    expected = sum(date >= first for date, _ in dates), sum(date >= first and number == ONE for date, number in dates)
    assert counts(contact, reset_period="today" if days == 1 else f"days_{days}", time_zone=zone) == expected


def test_an_attempt_by_a_clock_that_runs_ahead_counts():
    assert counts(attempted("2026-11-23T15:05:00Z")) == (1, 1)
    # Ahead into tomorrow: of today, and tomorrow of that day.
    late = instant("2026-11-23T23:58:00Z")
    contact = attempted("2026-11-24T00:03:00Z", now=late)
    assert counts(contact, late) == (1, 1)
    assert counts(contact, late + DAY) == (1, 1)
    assert counts(contact, late + 2 * DAY) == (0, 0)


def test_the_longest_period_is_kept_whole_in_every_zone():
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "America/New_York"):
        info = ZoneInfo(zone)
        for hour in range(24):
            now = instant("2026-11-23T00:00:00Z") + timedelta(hours=hour)
            first = datetime.combine(now.astimezone(info).date() - 29 * DAY, time(), info).astimezone(NOW.tzinfo)
            contact = attempted(first, now=now)
            contact = attempted(now, contact=contact, now=now)
            assert counts(contact, now, time_zone=zone, reset_period="days_30") == (2, 2)


def test_quarters_older_than_31_days_are_forgotten_and_numbers_with_nothing_left():
    contact = attempted("2026-10-20T12:00:00Z", number=TWO, now=instant("2026-10-20T12:00:00Z"))
    contact = attempted("2026-10-24T12:00:00Z", contact=contact, now=instant("2026-10-24T12:00:00Z"))
    contact = attempted("2026-11-23T14:00:00Z", contact=contact)
    assert {number: sum(quarters.values()) for number, quarters in contact.attempts.items()} == {ONE: 2}
    assert (contact.attempts_total, contact.attempts_by_number) == (3, {ONE: 2, TWO: 1})
    assert counts(contact, reset_period="never", number=TWO) == (3, 1)


def test_an_attempt_that_is_older_than_31_days_when_it_is_heard_of_counts_in_the_total_only():
    contact = attempted(NOW - timedelta(days=34))
    assert contact.attempts == {}
    assert (contact.attempts_total, contact.attempts_by_number) == (1, {ONE: 1})


def test_a_hundred_thousand_attempts_in_an_hour_stay_small():
    contact = new_contact("L", "c1")
    for n in range(100_000):
        at = NOW + timedelta(milliseconds=36 * n)
        contact = with_attempt(contact, at, "P", ONE, at)
    assert contact.attempts_total == 100_000
    assert len(contact.attempts[ONE]) == 4
    assert len(encode_contact(contact, None)) < 500


def test_counts_are_the_same_after_the_row_was_written_and_read():
    contact = attempted("2026-11-23T14:00:00Z", number=TWO, contact=attempted("2026-11-23T13:00:00Z", NOW))
    assert decode_contact(encode_contact(contact, None)) == contact
