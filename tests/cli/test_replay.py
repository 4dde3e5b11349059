"""`ringback replay`: the same events twice, and what a change makes different, as a table or as JSON."""

import json
import subprocess
import sys

import pytest

from tests.builders import NUMBER, campaign, contact, rule, rule_set, scheduled, wrap_up

RINGBACK = [sys.executable, "-m", "streams"]


def line(topic: str, value, at: str | None = None, **more) -> str:
    return json.dumps({"topic": topic, **({"at": at} if at else {}), "value": value, **more}) + "\n"


DAY = "".join(
    [
        line("campaigns", campaign(rule_set_ids=["R"], dnc_list_ids=["D"]), "2026-11-23T08:00:00Z"),
        line("rule-sets", rule_set(rule(minutes=10)), "2026-11-23T08:00:00Z"),
        line("contacts", contact(), "2026-11-23T08:00:00Z"),
        line("wrap-up", wrap_up(wrap_up_code="AGAIN"), "2026-11-23T14:30:00Z"),
        line("callback-scheduled", scheduled(contact_id="c2", callback_id="k2"), "2026-11-23T14:31:00Z"),
    ]
)


@pytest.fixture
def day(tmp_path):
    path = tmp_path / "day.jsonl"
    path.write_text(DAY)
    return path


def replay(*arguments, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [*RINGBACK, "replay", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)


def changed(tmp_path, *lines: str):
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(lines))
    return path


UNTIL = ("--until", "2026-11-23T16:00:00Z")


def test_a_table_says_how_many_calls_each_campaign_wins_loses_and_moves_and_which_they_are(day, tmp_path):
    other = changed(tmp_path, line("rule-sets", rule_set(rule(minutes=40))))
    done = replay(day, "--with", other, *UNTIL)
    assert (done.returncode, done.stderr) == (0, "")
    table = [row.split() for row in done.stdout.splitlines()]
    assert table[:2] == [["campaign", "before", "after", "won", "lost", "moved"], ["P", "2", "2", "0", "0", "1"]]
    (moved,) = [row for row in table if row and row[0] == "moved"]
    assert moved[2:] == ["L|c1", "P", "2026-11-23T14:40:00Z", "2026-11-23T15:10:00Z"]


def test_a_lost_call_says_why(day, tmp_path):
    entry = line("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER}, "2026-11-23T14:35:00Z")
    done = replay(day, "--with", changed(tmp_path, entry), *UNTIL)
    (lost,) = [row for row in done.stdout.splitlines() if row.startswith("lost")]
    assert lost.endswith("Not dialed: on Do Not Call list D, for good") and NUMBER not in done.stdout


def test_programs_get_a_line_of_json_for_each_campaign_and_call_and_one_for_all(day, tmp_path):
    off = line("campaigns", campaign(rule_set_ids=["R"], status="off"), "2026-11-23T14:35:00Z")
    done = replay(day, "--with", changed(tmp_path, off), "--json", *UNTIL)
    found = [json.loads(row) for row in done.stdout.splitlines()]
    assert [one["kind"] for one in found] == ["campaign", "call", "all"]
    assert (found[0]["before"], found[0]["after"], found[0]["lost"]) == (2, 1, 1)
    assert found[1]["outcome"] == "lost" and found[1]["words"] == "Waits for campaign P to be switched on"
    assert found[2]["until"] == "2026-11-23T16:00:00Z" and found[2]["ended"] == [
        {"before": "dialing", "after": "waiting", "count": 1}
    ]


def test_a_recycle_is_a_change(day):
    done = replay(day, "--recycle", "P@2026-11-23T14:35:00Z", *UNTIL)
    assert done.returncode == 0 and done.stdout.splitlines()[1].split() == ["P", "2", "2", "0", "0", "0"]


def test_events_come_from_standard_input_too(tmp_path):
    other = changed(tmp_path, line("rule-sets", rule_set(rule(minutes=40))))
    assert replay("--with", other, *UNTIL, stdin=DAY).stdout.splitlines()[1].split()[1:] == ["2", "2", "0", "0", "1"]


def test_a_change_that_a_worker_would_refuse_is_named(day, tmp_path):
    bad = line("rule-sets", {"rule_set_id": "R", "rules": 7})
    done = replay(day, "--with", changed(tmp_path, bad), *UNTIL)
    assert done.returncode == 0 and done.stderr.startswith("a worker would refuse a change: rule-sets R: ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "changed.jsonl:1: not a JSON object"),
        ("[]", "changed.jsonl:1: not a JSON object"),
        (line("wrap-up", wrap_up()), "changed.jsonl:1: wrap-up does not configure anything"),
        (line("nothing", {}), "changed.jsonl:1: `topic` is none of the topics that are read"),
        (line("rule-sets", rule_set(), "yesterday"), "changed.jsonl:1: `at` is not an RFC 3339 instant"),
    ],
)
def test_a_change_that_cannot_be_read_ends_with_two_and_names_file_and_line(day, tmp_path, text, complaint):
    done = replay(day, "--with", changed(tmp_path, text))
    assert done.returncode == 2 and complaint in done.stderr and done.stdout == ""


def test_usage_is_explained():
    assert "--with or --recycle" in replay("x.jsonl").stderr
    assert replay("missing.jsonl", "--recycle", "P@2026-11-23T14:35:00Z").returncode == 2
    wrong = replay("x.jsonl", "--recycle", "P")
    assert wrong.returncode == 2 and "spring@2026" in wrong.stderr
