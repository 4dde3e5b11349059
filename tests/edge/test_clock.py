"""The clock that the worker reads, and the one that a test steps."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.base.clock import WAIT_MAX_S, SteppedClock, SystemClock, clock_for, watch

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


def test_a_clock_with_an_offset_is_wrong_by_what_its_file_says(tmp_path: Path):
    offset = tmp_path / "offset"
    clock = clock_for(None, offset)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1), "without a file it is right"
    offset.write_text("-7200.5\n")
    assert timedelta(hours=1, minutes=59) < datetime.now(UTC) - clock.now() < timedelta(hours=2, minutes=1)


@pytest.mark.parametrize("seconds", [2, 3600, -2, -3600])
async def test_a_clock_that_is_set_is_noticed_with_the_seconds_and_one_that_runs_is_not(tmp_path: Path, seconds: int):
    offset, jumps, noticed = tmp_path / "offset", list[float](), asyncio.Event()

    def jumped(by: float) -> None:
        jumps.append(by)
        noticed.set()

    watching = asyncio.create_task(watch(clock_for(None, offset), jumped, every_s=0.01))
    await asyncio.sleep(0.1)
    assert jumps == []
    offset.write_text(str(seconds))
    await noticed.wait()
    watching.cancel()
    assert round(jumps[0]) == seconds and len(jumps) == 1
