"""What is sent is what is said: callbacks of which a third move and a third are cancelled, and wrap-ups at a rate."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from click.testing import CliRunner

from streams.base.errors import OperatorError
from streams.cli.group import ringback
from streams.console.view.view import View
from streams.dev.bench import changes, console_view, outstanding, stampede, stream, stream_sender
from streams.dev.bench.load import LATER_CODE, configuration
from streams.dev.bench.report import Result, as_json, spread_values
from streams.dev.bench.restart import Back
from streams.dev.bench.stream import Stream
from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_a_third_of_the_callbacks_is_moved_and_a_third_cancelled(monkeypatch):
    monkeypatch.setattr(changes, "LAG", 3)
    worker, found = VirtualWorker(4), Counter[str]()
    for message in configuration():
        list(worker.arrive(Line(message.topic, NOW, message.key, message.value)))
    for message in changes.messages(9, NOW):
        for one in worker.arrive(Line(message.topic, NOW, message.key, message.value)):
            assert one.record.topic != "dead-letter"
            if one.record.topic == "callback-lifecycle":
                found[orjson.loads(one.record.value or b"")["transition"]] += 1
    assert found == {"scheduled": 9, "rescheduled": 3, "cancelled": 3}


@pytest.mark.parametrize("every", [1, 4])
def test_each_contact_of_a_stream_has_as_many_wrap_ups_and_one_callback(every):
    count = 2 * every * stream_sender.POOL
    sent = [
        one for n in range(0, count, 500) for one in stream_sender.wrap_ups("w", n, n + 500, every, NOW.isoformat())
    ]
    assert Counter(Counter(message.key for _, message in sent).values()) == {every: 2 * stream_sender.POOL}
    assert Counter(message.key for leads, message in sent if leads).most_common(1)[0][1] == 1
    assert sum(leads for leads, _ in sent) == 2 * stream_sender.POOL
    for leads, message in sent[:10]:
        assert (orjson.loads(message.value)["wrap_up_code"] == LATER_CODE) is leads


def test_a_stream_says_the_rate_that_was_reached():
    assert Stream(sent=900, seconds=10.0).per_s() == 90


def test_percentiles_are_told_in_milliseconds_and_none_if_there_is_nothing():
    values = spread_values("calm_", [n / 1000 for n in range(1, 1001)])
    assert values == {"calm_p50_ms": 500, "calm_p99_ms": 990, "calm_p999_ms": 999, "calm_max_ms": 1000}
    assert spread_values("", []) == {}


def test_memory_of_each_callback_is_the_slope_without_what_a_worker_takes_anyway():
    small, large = ({"outstanding": n, "resident_bytes": 100_000_000 + 40 * n} for n in (1_000_000, 5_000_000))
    assert outstanding.bytes_each(small, large) == 40


def test_a_worker_that_did_not_come_back_has_no_figures():
    assert Back([], NOW, None, []).values() == {}


def test_as_json_there_are_figures_values_and_mistakes():
    told = orjson.loads(as_json("ringback bench x", NOW, Result([("rows", "3")], ["one"], values={"rows": 3})))
    assert told["command"] == "ringback bench x" and told["at"] == "2026-11-23T15:00:00+00:00"
    assert (told["figures"], told["values"], told["wrong"]) == ([["rows", "3"]], {"rows": 3}, ["one"])


def test_numbers_of_callbacks_that_do_not_grow_are_refused():
    given = ["bench", "outstanding", "--callbacks", "5", "--callbacks", "5"]
    result = CliRunner().invoke(ringback, given, standalone_mode=True)
    assert result.exit_code == 2 and "greater than the one before" in result.output


def test_a_sender_that_does_not_start_ends_the_measure(monkeypatch):
    monkeypatch.setattr(stream, "SENDER", "streams.dev.bench.no_such_module")

    async def send() -> None:
        async with stream.wrap_ups("127.0.0.1:1", "w", 10, 1, follow=False):
            raise AssertionError("it has started")

    with pytest.raises(OperatorError, match="has ended"):
        asyncio.run(send())


def test_what_is_sent_ahead_of_the_stampede_and_after_it_is_no_figure_of_it():
    start, calm = NOW, Stream(answers=[(0.0, 9.0), (5.0, 0.010)])
    busy = Stream(answers=[(NOW.timestamp() + at, took_s) for at, took_s in ((-1, 9.0), (1, 0.030), (99, 9.0))])
    received = [NOW + timedelta(seconds=n) for n in (1, 2, 10)]
    values = stampede._result(3, 5.0, start, received, calm, busy).values
    assert (values["first_s"], values["drained_s"]) == (1, 10)
    assert (values["wrap_up_p99_ms"], values["calm_wrap_up_p99_ms"]) == (30, 10)


def test_a_wrap_up_that_got_no_callback_is_wrong():
    wrong = stampede._result(1, 5.0, NOW, [NOW], Stream(unanswered=1), Stream(unanswered=2)).wrong
    assert wrong == ["3 wrap-ups without a callback"]


def test_every_question_to_the_consoles_view_is_answered_right(tmp_path):
    console_view.fill(tmp_path, 400, lambda text: None)
    times, wrong = console_view.ask(View(tmp_path), 400)
    assert wrong == []
    assert len(times) > 30 and all(times.values())
