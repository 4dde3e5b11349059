"""When a worker takes it that no broker is there: not because it stood still itself, and once for each time."""

from datetime import UTC, datetime, timedelta

from streams.kafka.silence import SILENT_AFTER_S, Change, Silence

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def ticks(silence: Silence, *heard: bool, every_s: float = 1.0) -> list[tuple[int, Change]]:
    """The changes, each with the number of its tick."""
    found = []
    for number, one in enumerate(heard, start=1):
        change = silence.tick(one, every_s, NOON + timedelta(seconds=number * every_s))
        if change is not None:
            found.append((number, change))
    return found


def test_silence_is_said_once_after_ten_seconds_and_once_that_it_is_over() -> None:
    silence = Silence(60.0, NOON)
    assert ticks(silence, *[False] * 20, True, True) == [(10, Change.SILENT), (21, Change.BACK)]
    assert not silence.silent and silence.since == NOON + timedelta(seconds=22)


def test_a_silence_of_less_is_none() -> None:
    silence = Silence(60.0, NOON)
    assert ticks(silence, *([False] * 9 + [True]) * 5) == []


def test_the_last_answer_is_since_when() -> None:
    silence = Silence(60.0, NOON)
    ticks(silence, True, True, *[False] * 15)
    assert silence.silent and silence.since == NOON + timedelta(seconds=2)


def test_what_lasts_for_as_long_as_is_waited_ends_it() -> None:
    assert ticks(Silence(15.0, NOON), *[False] * 15) == [(10, Change.SILENT), (15, Change.LOST)]
    assert ticks(Silence(3.0, NOON), *[False] * 3) == [(3, Change.LOST)]


def test_a_process_that_stood_still_has_heard_nothing_for_that_reason() -> None:
    """SIGSTOP, a laptop that slept: one tick after an hour is not an hour without a broker."""
    silence = Silence(60.0, NOON)
    assert ticks(silence, False, every_s=3600.0) == []
    assert silence.seconds < SILENT_AFTER_S
