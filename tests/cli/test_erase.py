"""What `ringback erase` takes, and what it says, apart from what stands on topics."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli import erasing_told
from streams.cli.erase import _contacts, _exit_code
from streams.cli.erasing_told import Erasing
from streams.cli.group import ringback
from streams.console.erasing.forgetting import Kept
from streams.console.erasing.request import Answer
from streams.console.erasing.traces import Trace, Traces
from tests.builders import instant
from topics.catalog import CATALOG
from topics.names import TopicName

NOW = instant("2026-11-23T15:00:00Z")
DONE: dict[str, Any] = {"is_applied": True, "is_listed": False, "has_record": False}


def answer(contact_id: str = "c1", **changes: Any) -> Answer:
    return Answer(("L", contact_id), f"x-{contact_id}", **changes)


def erasing(traces: Traces | None, **changes: dict[str, str]) -> Erasing:
    kept = {
        topic.name: Kept.of(topic.config() | changes.get(topic.name.replace("-", "_"), {}))
        for topic in CATALOG.values()
    }
    return Erasing("erase-1", [("L", "c1")], traces, kept, NOW)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say which: --list and --contact, or --file"),
        (["--contact", "c1"], "--contact needs --list"),
        (["--list", "a|b", "--contact", "c1"], "without `|`"),
        (["--list", "L", "--contact", " "], "of 1 to 256 characters"),
        (["--list", "L", "--contact", "c" * 257], "of 1 to 256 characters"),
    ],
)
def test_what_no_contact_can_be_is_an_error_of_usage(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(ringback, ["erase", *arguments])
    assert result.exit_code == 2 and said in result.output


def test_contacts_come_from_options_and_from_files_each_once(tmp_path: Path) -> None:
    named, listed, lines = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.jsonl"
    named.write_text("contact_list_id;contact_id\nL;c1\nM;c|2\n\nL;c1\n", "utf-8")
    listed.write_text("contact_id\nc3\n", "utf-8")
    lines.write_text('{"contact_list_id":"M","contact_id":"c4"}\n', "utf-8")
    assert _contacts(None, (), named) == [("L", "c1"), ("M", "c|2")]
    assert _contacts("L", ("c1",), listed) == [("L", "c1"), ("L", "c3")]
    assert _contacts(None, (), lines) == [("M", "c4")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contact_list_id,contact_id\nL,c1\nL\n", ":3: The line has another number of fields"),
        ("contact_id\nc1\n", ":2: contact_id, or its contact_list_id, is missing"),
        ("contact_list_id,contact_id\nL,\n", ":2: contact_id, or its contact_list_id, is missing"),
        ("contact_list_id,contact_id\n", "names no contact"),
    ],
)
def test_a_file_of_which_one_line_does_not_fit_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text, "utf-8")
    result = CliRunner().invoke(ringback, ["erase", "--file", str(file)])
    assert result.exit_code == 2 and said in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("answers", "wait_s", "code"),
    [
        ([answer(**DONE)], 60, 0),
        ([answer(**DONE), answer("c2")], 60, 5),
        ([answer("c2")], 0, 0),
        ([answer(**DONE | {"has_record": True})], 60, 5),
        ([answer("c2"), answer(refused="unknown_type")], 60, 4),
    ],
)
def test_exit_codes(answers: list[Answer], wait_s: float, code: int) -> None:
    assert _exit_code(answers, wait_s) == code


def test_the_plan_says_of_each_topic_how_many_records_there_are_and_by_when_they_are_forgotten(capsys) -> None:
    traces = Traces({TopicName.WRAP_UP: Trace(records=1200, newest_ms=int(NOW.timestamp() * 1000))}, {"house": 2})
    erasing_told.plan(erasing(traces), as_json=False)
    out = capsys.readouterr().out
    (line,) = [line.split() for line in out.splitlines() if line.startswith("wrap-up ")]
    assert line == ["wrap-up", "1,200", "2026-11-23T15:00:00Z", "2027-01-11T15:06:00Z"]
    assert "Erase contact L|c1 (run erase-1)" in out and "Do Not Call entries stay: 2 on house" in out
    assert "which will be cancelled: 0" in out and "if its partition gets another record" in out


def test_the_result_says_when_the_last_topic_has_forgotten_and_which_never_does(capsys) -> None:
    erasing_told.result(erasing(None), [answer(**DONE)], as_json=False)
    out = capsys.readouterr().out
    assert "erased 1 of 1" in out and "the last of them has forgotten at 2028-01-04T15:06:00Z: console-audit" in out
    unlimited = {"callback_lifecycle": {"retention.ms": "-1"}}
    one = erasing(None, **unlimited)
    erasing_told.result(one, [answer(**DONE)], as_json=False)
    out = capsys.readouterr().out
    assert "callback-lifecycle never forgets: set retention.ms of the topic" in out and "the last of the others" in out
    assert one.last_at is None and one.remembered_until == NOW + timedelta(days=3650)


def test_what_is_left_is_named_with_why(capsys) -> None:
    left = [answer("c1"), answer("c2", refused="unknown_type"), answer("c3", **DONE | {"is_listed": True})]
    erasing_told.result(erasing(None), [*left, *(answer(f"d{n}", refused="too_old") for n in range(20))], as_json=False)
    out = capsys.readouterr().out
    assert "erased 0 of 23" in out and "... and 13 more" in out
    assert "L|c1: no worker has answered yet" in out and "L|c2: refused: a worker of a version before" in out
    assert "L|c3: applied, and still there: the view" in out and "L|d0: refused: too_old" in out


def test_programs_get_one_object(capsys) -> None:
    erasing_told.result(erasing(Traces({}, {"house": 1})), [answer(**DONE), answer("c2")], as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert (value["run"], value["erased"], value["dnc_entries_that_stay"]) == ("erase-1", 1, {"house": 1})
    assert [one["contact_id"] for one in value["left"]] == ["c2"]
    assert {one["topic"] for one in value["topics"]} == {
        "callback-scheduled", "contacts", "contact-state", "outstanding-callbacks",
    }  # fmt: skip
    assert max(one["forgotten_at"] for one in value["topics"]) == value["last_forgotten_at"]
