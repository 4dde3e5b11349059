"""The clock that the worker reads, and the one that a test steps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from streams.engine.clock import WAIT_MAX_S, SteppedClock, SystemClock, clock_for

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_system_clock_decides_a_late_timer_now_and_not_when_it_was_due():
    assert SystemClock().moment(NOON, NOON + timedelta(minutes=5), NOON) == NOON + timedelta(minutes=5)


def test_the_system_clock_waits_for_what_is_overdue_not_at_all_and_for_nothing_at_most_a_minute():
    clock = SystemClock()
    assert clock.wait_s(clock.now() - timedelta(hours=1)) == 0
    assert clock.wait_s(clock.now() + timedelta(days=1)) == WAIT_MAX_S
    assert clock.wait_s(None) == WAIT_MAX_S


def test_the_stepped_clock_stands_where_its_file_says_and_never_goes_back(tmp_path: Path):
    file = tmp_path / "clock"
    file.write_text("2026-11-23T12:00:00Z\n")
    clock = SteppedClock(file)
    assert clock.now() == NOON
    file.write_text("2026-11-23T14:30:00+01:00")
    assert clock.now() == NOON + timedelta(hours=1, minutes=30)
    file.write_text("2026-11-23T12:30:00Z")
    assert clock.now() == NOON + timedelta(hours=1, minutes=30)


def test_the_stepped_clock_visits_the_due_instant_of_every_timer_on_its_way(tmp_path: Path):
    clock = SteppedClock(tmp_path / "clock")
    assert clock.moment(NOON, NOON + timedelta(hours=2), NOON - timedelta(hours=1)) == NOON


def test_on_the_stepped_clock_what_is_overdue_when_it_arrives_is_decided_after_what_came_before(tmp_path: Path):
    clock = SteppedClock(tmp_path / "clock")
    assert clock.moment(NOON - timedelta(minutes=5), NOON, NOON) == NOON


def test_without_a_clock_file_the_worker_reads_the_system_clock(tmp_path: Path):
    assert isinstance(clock_for(None), SystemClock)
    assert isinstance(clock_for(tmp_path / "clock"), SteppedClock)
