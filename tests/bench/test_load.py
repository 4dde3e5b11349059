"""The benchmark's events are good ones, and say when their callbacks are due."""

from datetime import UTC, datetime, timedelta

from streams.dev.bench.load import calls, configuration, evenly, far
from streams.dev.bench.report import Result, report
from streams.dev.bench.restart import read_start
from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker
from topics.codec import decode
from topics.commands import DialCommand

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_half_go_out_as_previews_and_half_for_analysis_each_when_it_is_due():
    due = evenly(NOW + timedelta(seconds=2), 100, 0.1)
    expected = {call.callback_id: call.due_at for call in calls("due", due, NOW)}
    worker = VirtualWorker(4)
    for message in configuration():
        list(worker.arrive(Line(message.topic, NOW, message.key, message.value)))
    for call in (*calls("due", due, NOW), *calls("far", far(10, NOW), NOW)):
        list(worker.arrive(Line(call.record.topic, NOW, *call.record[1:])))
        written = [one.record.topic for one in worker.arrive(Line(call.message.topic, NOW, *call.message[1:]))]
        assert "dead-letter" not in written
    dialed = [one for one in worker.advance(NOW + timedelta(days=1)) if one.record.topic.startswith("dial-")]
    assert [one.record.topic for one in dialed].count("dial-preview") == 5
    assert [one.record.topic for one in dialed].count("dial-analysis") == 5
    seen = {}
    for one in dialed:
        value = decode(one.record.topic, one.record.value or b"")
        assert isinstance(value, DialCommand)
        seen[value.callback_id] = one.at
    assert seen == expected


def test_even_due_times_are_in_whole_milliseconds():
    due = evenly(NOW, 3, 1)
    assert [one - NOW for one in due] == [timedelta(milliseconds=ms) for ms in (0, 333, 666)]


def test_far_due_times_lie_weeks_ahead():
    assert all(timedelta(days=19) < one - NOW <= timedelta(days=20) for one in far(1000, NOW))


def test_the_log_tells_of_assignment_and_restore():
    lines = [
        '{"at":"2026-11-23T15:00:00.100Z","message":"assigned partitions [0, 1] of 2, generation 3"}',
        "a line of a library",
        '{"at":"2026-11-23T15:00:00.500Z","message":"partition 1: restored 120 changelog records in 0.40 s, 120"}',
        '{"at":"2026-11-23T15:00:00.600Z","message":"partition 0: restored 80 changelog records in 0.50 s, 80"}',
        '{"at":"2026-11-23T15:00:00.700Z","message":"partition 0: caught up, timers fire"}',
    ]
    start = read_start(lines)
    assert start is not None
    assert start.rows == 200
    assert start.restored_at - start.assigned_at == timedelta(milliseconds=500)
    assert start.caught_up_at - start.assigned_at == timedelta(milliseconds=600)
    assert read_start(lines[:2]) is None


def test_a_report_names_command_day_and_what_is_wrong():
    text = report("ringback bench lateness", NOW, Result([("rows", "3")], ["1 commands missing, the first for k1"]))
    assert text.startswith("`ringback bench lateness`, 2026-11-23 15:00 UTC\n")
    assert "| rows   | 3 |" in text or "| rows | 3 |" in text
    assert text.splitlines()[-1] == "WRONG: 1 commands missing, the first for k1"
