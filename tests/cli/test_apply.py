"""`ringback apply`: what was tried is written as it is, named, audited, and not at all if one line would be refused."""

import json
from types import SimpleNamespace

import msgspec
import pytest
from click.testing import CliRunner

from streams.cli import apply as module
from streams.cli.apply import apply
from streams.cli.looking import Looking
from streams.console.actions.events import SENT_BY
from streams.console.actions.model import RunState
from tests.builders import campaign
from tests.cli.test_replay import line
from tests.console.actions.world import CLIENTS, At, World, runs

PUT = '{"topic":"dnc-entries","key":"D1|+12125550101","value":null}\n'


@pytest.fixture
def world():
    made = World()
    made.is_deaf = True  # Workers say nothing of configuration.
    return made


@pytest.fixture
def given(world, tmp_path, monkeypatch):
    """A command on a folder, whose records are kept."""
    made = SimpleNamespace(
        runs=runs(world, tmp_path / "runs", At()), clients=CLIENTS, settings=CLIENTS.settings, as_json=False,
        numbers=False, folder=tmp_path / "runs", clock=At(), now=At().now,
    )  # fmt: skip
    monkeypatch.setattr(module, "View", lambda *_: None)
    monkeypatch.setattr(Looking, "of", classmethod(lambda *_, **__: made))
    return made


@pytest.fixture
def changes(tmp_path):
    path = tmp_path / "changes.jsonl"
    path.write_text(line("campaigns", campaign("P", status="off"), "2026-11-23T15:00:00Z") + PUT)
    return path


def run(*arguments):
    return CliRunner().invoke(apply, [*map(str, arguments), "--actor", "kim"], standalone_mode=False)


def test_records_are_written_to_their_topics_as_they_were_tried_and_audited(given, world, changes):
    result = run(changes, "--yes", "--reason", "storm")
    assert result.return_value == 0, result.output
    (off, put) = world.events
    assert (off.topic, off.key, json.loads(off.value)["status"]) == ("p.campaigns", b"P", "off")
    assert (put.topic, put.key, put.value) == ("p.dnc-entries", b"D1|+12125550101", None)
    (name,) = {dict(one.headers)[SENT_BY].decode() for one in world.events}
    assert [(one.step, one.action, one.actor, one.reason) for one in world.audited] == [
        ("asked", "configure", "kim", "storm"), ("sent", "configure", "kim", "storm"),
    ]  # fmt: skip
    assert world.audited[0].selected == {"campaigns": "P", "dnc-entries": "D1 removed"}
    assert given.runs.run(name).state is RunState.SENT and given.runs.run(name).asked == 0
    assert "+12125550101" not in str(world.audited)


def test_a_recycle_happens_now_and_twice_is_twice(given, world):
    assert run("--recycle", "P", "--recycle", "P", "--yes").return_value == 0
    first, second = (msgspec.json.decode(one.value) for one in world.events)
    assert first["campaign_id"] == "P" and first["event_id"] != second["event_id"]
    assert first["occurred_at"] == "2026-11-23T14:45:00Z"


def test_a_dry_run_shows_what_is_meant_and_sends_nothing(given, world, changes):
    result = run(changes, "--dry-run")
    assert result.return_value == 0 and "Write 2 records" in result.output and "Dry run" in result.output
    assert world.sent == [] and given.runs.all() == ()


def test_nothing_is_sent_if_one_line_would_be_refused(given, world, changes):
    changes.write_text(changes.read_text() + line("rule-sets", {"rule_set_id": "R", "rules": 7}))
    result = run(changes, "--yes")
    assert result.return_value == 2
    assert world.sent == []


def test_a_line_whose_key_is_another_one_is_refused_as_a_worker_would(given, world, changes):
    changes.write_text(line("campaigns", campaign("P"), key="Q"))
    result = run(changes, "--yes")
    assert result.return_value == 2 and "does not match its value" in result.output
    assert world.sent == []


@pytest.mark.parametrize("text", ["{", '{"topic":"wrap-up","value":{}}', '{"topic":"campaigns","value":null}'])
def test_what_is_no_change_is_refused_by_its_line(given, world, changes, text):
    changes.write_text(text + "\n")
    assert run(changes, "--yes").return_value == 2
    assert world.sent == []
