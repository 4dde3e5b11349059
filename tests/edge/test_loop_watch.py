"""Whether the loop runs is known by other threads, is a metric, and is said when it is over."""

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

from streams.base import metrics
from streams.worker import loop_watch
from streams.worker.loop_watch import EVERY_S, LOGGED_S, NOT_LIVE_S, NOT_READY_S, LoopWatch


class Seconds:
    """A monotonic clock that a test sets, and the watch over it."""

    def __init__(self, sleep: Callable[[float], None] = lambda _: None) -> None:
        self.now = 1000.0
        self.watch = LoopWatch(lambda: self.now, sleep)


def stalled() -> float | None:
    return metrics.REGISTRY.get_sample_value("ringback_loop_stalled_seconds")


def lags(le: str) -> float:
    return metrics.REGISTRY.get_sample_value("ringback_loop_lag_seconds_bucket", {"le": le}) or 0


@pytest.mark.parametrize(
    ("after_s", "is_ready", "is_live"),
    [(0.0, True, True), (NOT_READY_S, True, True), (NOT_READY_S + 0.1, False, True), (NOT_LIVE_S, False, True),
     (NOT_LIVE_S + 0.1, False, False), (60.0, False, False)],
)  # fmt: skip
def test_a_loop_that_does_not_tick_is_first_not_ready_and_then_not_live(
    after_s: float, is_ready: bool, is_live: bool
) -> None:
    seconds = Seconds()
    watch = seconds.watch
    seconds.now += after_s
    assert (not watch.obstacles(), not watch.blocked()) == (is_ready, is_live)
    watch.tick(after_s)
    assert not watch.obstacles() and not watch.blocked()


def test_how_long_it_stands_still_is_told_when_it_is_asked_and_0_while_it_runs() -> None:
    seconds = Seconds()
    watch = seconds.watch
    seconds.now += EVERY_S
    assert stalled() == 0
    seconds.now += 25
    assert stalled() == 25
    watch.tick(watch.since_tick_s)
    assert stalled() == 0


def test_by_how_much_a_tick_was_late_is_observed() -> None:
    watch, before = Seconds().watch, (lags("0.25"), lags("+Inf"))
    for after_s in (EVERY_S, EVERY_S + 0.2, EVERY_S + 0.4):
        watch.tick(after_s)
    assert (lags("0.25") - before[0], lags("+Inf") - before[1]) == (2, 3)


def test_a_loop_that_comes_back_after_more_than_a_second_says_how_long_it_was_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = Seconds()
    watch = seconds.watch
    watch.tick(EVERY_S + LOGGED_S)
    assert caplog.text == ""
    watch.tick(EVERY_S + 25)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "did not run for 25.0 s" in record.message


def test_a_process_that_was_just_woken_is_not_taken_for_a_blocked_one() -> None:
    """Its loop ticks while the probe waits for that."""
    seconds = Seconds(lambda _: seconds.watch.tick(600))
    seconds.now += 600
    assert seconds.watch.blocked() == []


def test_what_the_loop_is_at_is_said_once_each_time_that_it_is_blocked(caplog: pytest.LogCaptureFixture) -> None:
    seconds, found = Seconds(), list[object]()
    for blocked_s in (30, 40):
        seconds.now += blocked_s
        for _ in range(3):
            here_it_is_blocked(lambda: found.append(seconds.watch.blocked()))
        seconds.watch.tick(EVERY_S)
    assert len(found) == 6 and all(found)
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2 and all("here_it_is_blocked" in error for error in errors)


def here_it_is_blocked(probe: Callable[[], None]) -> None:
    thread = threading.Thread(target=probe)
    thread.start()
    thread.join()


async def test_it_ticks_by_itself_and_what_fails_at_a_tick_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_watch, "EVERY_S", 0.01)
    watch, ticks, done = LoopWatch(), list[float](), asyncio.Event()

    def each() -> None:
        ticks.append(watch.since_tick_s)
        if len(ticks) == 3:
            done.set()
        raise RuntimeError("a bug")

    running = asyncio.create_task(watch.run(each))
    async with asyncio.timeout(90):
        await done.wait()
    assert not running.done()
    running.cancel()
    assert caplog.text.count("Traceback") == 1
