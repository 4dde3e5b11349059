"""What the log says of committed transactions: enough to find each record, and of nobody a number."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from streams.base.log import JsonFormatter
from streams.engine import commit_log
from streams.engine.commit_log import TOLD_EVERY, DeadLetters, tell
from streams.logic.contact.exchange import Bug, BugKind, Outcome
from streams.simulator.simulate import VirtualWorker, Written
from tests.builders import Json, instant, scheduled, wrap_up
from tests.edge.single_engine import NOW, Broker, begun
from tests.rules.scenario import merged
from topics.codec import ErrorCode
from topics.records import Cause

FIRST, SECOND = (Cause(event_id=f"e{at}", topic="ringback.wrap-up", partition=1, offset=at) for at in (7, 8))
WRONG = ErrorCode.WRONG_PARTITION


def lines(caplog: pytest.LogCaptureFixture) -> list[Json]:
    """Each line as it would be written, of this module, and what it says is forgotten."""
    said = [json.loads(JsonFormatter().format(one)) for one in caplog.records if one.name == commit_log.__name__]
    caplog.clear()
    return said


def counts(said: list[Json]) -> list[tuple[str, int, int]]:
    return [(line["code"], line["count"], line["offset"]) for line in said]


def test_dead_letters_of_one_code_are_a_line_in_ten_seconds_with_their_number_and_the_place_of_one(caplog) -> None:
    letters = DeadLetters()
    letters.note({WRONG: 1}, {WRONG: FIRST}, NOW)
    assert counts(lines(caplog)) == [(WRONG, 1, 7)]
    for number in range(1, 1000):
        letters.note({WRONG: 2}, {WRONG: SECOND}, NOW + number * TOLD_EVERY / 1000)
    assert lines(caplog) == []
    letters.note({WRONG: 1}, {WRONG: FIRST}, NOW + TOLD_EVERY)
    assert counts(lines(caplog)) == [(WRONG, 1999, 8)]


def test_those_that_come_last_are_told_though_no_other_comes(caplog) -> None:
    letters = DeadLetters()
    for number in range(3):
        letters.note({WRONG: 1}, {WRONG: FIRST}, NOW + timedelta(seconds=number))
    lines(caplog)
    letters.tell(NOW + TOLD_EVERY - timedelta(seconds=1))
    assert lines(caplog) == []
    for later in (TOLD_EVERY, 2 * TOLD_EVERY):
        letters.tell(NOW + later)
    assert counts(lines(caplog)) == [(WRONG, 2, 7)]


def test_each_code_has_lines_of_its_own_and_a_clock_that_is_set_back_silences_none(caplog) -> None:
    letters = DeadLetters()
    letters.note({WRONG: 1, ErrorCode.INVALID: 4}, {WRONG: FIRST, ErrorCode.INVALID: SECOND}, NOW)
    assert counts(lines(caplog)) == [(WRONG, 1, 7), ("invalid", 4, 8)]
    letters.note({WRONG: 1}, {WRONG: SECOND}, NOW - timedelta(days=1))
    assert counts(lines(caplog)) == [(WRONG, 1, 8)]


def test_a_line_of_a_wrong_partition_says_what_to_do(caplog) -> None:
    DeadLetters().note({WRONG: 1}, {WRONG: FIRST}, NOW)
    (line,) = lines(caplog)
    assert "partitioner of its sender must be murmur2" in line["message"]
    assert "event e7 at ringback.wrap-up [1] 7" in line["message"]
    assert (line["event"], line["topic"], line["partition"], line["event_id"]) == (
        "dead_letters", "ringback.wrap-up", 1, "e7",
    )  # fmt: skip


async def test_the_line_of_a_dead_letter_is_that_of_the_engine_that_wrote_it(caplog, monkeypatch) -> None:
    monkeypatch.setattr(commit_log, "DEAD_LETTERS", DeadLetters())
    async with begun(Broker()) as one:
        await one.send("wrap-up", [wrap_up(), wrap_up("v2", campaign_id="nobody knows it")])
        await one.idle()
    (line,) = lines(caplog)
    assert (line["code"], line["topic"], line["partition"], line["offset"], line["event_id"]) == (
        "campaign_unknown", "ringback.wrap-up", 0, 1, "w-v2",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bug", "named"),
    [
        (
            Bug(BugKind.EVENT, "KeyError", "where", cause=Cause(event_id="e7", topic="wrap-up", partition=1, offset=7)),
            {"topic": "ringback.wrap-up", "partition": 1, "offset": 7, "event_id": "e7"},
        ),
        (Bug(BugKind.TIMER, "KeyError", "where", "k1"), {"callback_id": "k1", "partition": 3}),
        (Bug(BugKind.TIMER, "KeyError", "where"), {"partition": 3}),
        (Bug(BugKind.RELEASE, "KeyError", "where", "k2"), {"callback_id": "k2", "partition": 3}),
    ],
)
def test_the_line_of_a_bug_names_its_event_or_callback(bug: Bug, named: Json, caplog) -> None:
    tell(3, Outcome(bugs=[bug]), "ringback.", NOW)
    (line,) = lines(caplog)
    known = {"event": "internal_error", "kind": bug.kind, "level": "error", **named}
    assert {name: line[name] for name in line if name not in ("at", "logger", "message")} == known
    assert all(str(one) in line["message"] for name, one in named.items() if name != "partition")


async def test_at_debug_each_step_of_a_callback_is_a_line_and_at_info_none_is(caplog) -> None:
    for level, transitions in ((logging.INFO, []), (logging.DEBUG, ["scheduled", "due", "presented"])):
        caplog.set_level(level, commit_log.__name__)
        async with begun(Broker()) as one:
            await one.send("callback-scheduled", [scheduled()])
            await one.idle()
            await one.set_clock(instant("2026-11-23T15:00:00Z"))
        said = lines(caplog)
        assert [line["transition"] for line in said] == transitions
    assert said[0] | {"at": None, "message": None} == {
        "at": None, "message": None, "level": "debug", "logger": "streams.engine.commit_log", "event": "transition",
        "campaign_id": "P", "callback_id": "k1", "transition": "scheduled", "reasons": [], "partition": 0,
        "due_at": "2026-11-23T15:00:00Z", "event_id": "s-k1", "topic": "ringback.callback-scheduled", "offset": 0,
    }  # fmt: skip
    assert "offset" not in said[1] and said[1]["event_id"] == "s-k1", "what set the timer"


def test_at_info_a_step_costs_a_look_at_the_level(caplog) -> None:
    caplog.set_level(logging.INFO, commit_log.__name__)
    untouched: list = [object()]
    tell(0, Outcome(transitions=untouched), "", NOW)
    assert lines(caplog) == []


class Telling(VirtualWorker):
    """A worker on a virtual clock that logs as an engine does."""

    def _written(self, outcome: Outcome | None) -> Iterator[Written]:
        if outcome is not None:
            tell(0, outcome, "ringback.", self._now or NOW)
        return super()._written(outcome)


def test_no_line_of_all_scenarios_has_a_number_a_note_or_an_attribute(caplog, monkeypatch) -> None:
    monkeypatch.setattr(commit_log, "DEAD_LETTERS", DeadLetters())
    caplog.set_level(logging.DEBUG, commit_log.__name__)
    worker = Telling(1)
    told = merged()
    for line in told:
        list(worker.arrive(line))
    list(worker.advance(told[-1].at + timedelta(days=40)))
    said = lines(caplog)
    assert len(said) > 1000 and {line["event"] for line in said} == {"dead_letters", "transition"}
    text = "\n".join(map(json.dumps, said))
    values = b"".join(line.value or b"" for line in told).decode()
    numbers = set(re.findall(r"\+?\d{7,15}", values))
    assert len(numbers) > 20
    assert [one for one in numbers if re.search(rf"(?<![0-9a-f]){re.escape(one)}(?![0-9a-f])", text)] == []
    notes = {one for one in re.findall(r'"notes": ?"([^"]+)"', values) if one.strip()}
    assert [one for one in notes if one in text] == []
    assert not any({"contact_id", "phone_number", "key", "attributes", "notes"} & set(line) for line in said)
