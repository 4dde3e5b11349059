"""Clocks: this machine's against Kafka's, and those of senders, each told with how far off it is."""

from datetime import timedelta

import pytest

from streams.doctor.findings import Finding, Result
from streams.doctor.judgement import clocks
from streams.doctor.judgement.clocks import Measured, in_words, of_machine, of_senders
from streams.doctor.judgement.seen import Batch
from tests.doctor.seen import NOW, arrived, topic_of, wrap_up


@pytest.mark.parametrize(
    ("ahead_s", "precision_s", "result", "said"),
    [
        (0.003, 0.002, Result.OK, "3 ms ahead of"),
        (-0.4, 0.01, Result.OK, "400 ms behind"),
        (1.5, 0.8, Result.OK, "give or take 800 ms"),
        (3.0, 0.01, Result.WARNING, "3.0 s ahead of"),
        (-600.0, 0.01, Result.PROBLEM, "10 minutes behind"),
    ],
)
def test_this_machines_clock_is_judged_by_what_the_measure_is_sure_of(
    ahead_s: float, precision_s: float, result: Result, said: str
) -> None:
    finding = of_machine(Measured(ahead_s, precision_s), None, ())
    assert finding.result is result and said in finding.seen
    assert (finding.change is None) == (result is Result.OK)


def test_without_a_measure_a_record_that_a_broker_stamped_shows_a_clock_that_is_behind() -> None:
    stamped = topic_of([arrived(wrap_up(), at=NOW + timedelta(minutes=3))], batch=Batch("none", stamped=True))
    finding = of_machine(None, "no right", [stamped])
    assert finding.result is Result.PROBLEM and "at least 3 minutes behind" in finding.seen
    assert of_machine(None, "no right", [topic_of([arrived(wrap_up())])]).result is Result.COULD_NOT_LOOK


def told(*findings: Finding) -> list[tuple[Result, str]]:
    return [(one.result, one.seen) for one in findings]


def test_right_instants_are_nothing_to_tell() -> None:
    assert of_senders([topic_of([arrived(wrap_up(), offset=n) for n in range(5)])]) == []


def test_a_sender_that_is_minutes_ahead_is_a_warning_and_one_that_is_refused_a_problem() -> None:
    little = arrived(wrap_up(ago=-timedelta(minutes=2)), at=NOW + timedelta(minutes=2))
    assert told(*of_senders([topic_of([little])])) == [
        (Result.WARNING, "1 record of 1 lies in the future by up to 2 minutes")
    ]
    much = arrived(wrap_up(ago=-timedelta(hours=3)))
    ((result, said),) = told(*of_senders([topic_of([little, much])]))
    assert result is Result.PROBLEM and said.startswith("1 record of 2 lies in the future by up to 3 hours")


def test_a_timestamp_beyond_the_calendar_and_one_in_seconds_are_told() -> None:
    micros = arrived(wrap_up(), timestamp_ms=int(NOW.timestamp() * 10**12))
    assert told(*of_senders([topic_of([micros])]))[0][1].endswith("in the future beyond every calendar")
    seconds = arrived(wrap_up(), timestamp_ms=int(NOW.timestamp()))
    found = of_senders([topic_of([seconds])])
    assert any("Kafka may remove them unread" in one.seen and "milliseconds" in (one.change or "") for one in found)


def test_events_of_long_ago_are_to_be_sent_as_history() -> None:
    (finding,) = of_senders([topic_of([arrived(wrap_up(ago=timedelta(days=60)))])])
    assert finding.result is Result.PROBLEM and "history" in (finding.change or "")


def test_a_stamp_of_the_broker_is_not_the_senders() -> None:
    stamped = topic_of([arrived(wrap_up(), at=NOW + timedelta(seconds=30))], batch=Batch("none", stamped=True))
    assert of_senders([stamped]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0 ms"), (0.25, "250 ms"), (12.34, "12.3 s"), (150, "2 minutes"), (86400 * 3, "3 days")],
)
def test_lengths_of_time_are_told_with_as_much_precision_as_they_are_worth(seconds: float, text: str) -> None:
    assert in_words(seconds) == text
    assert clocks.OFF < clocks.FAR_OFF
