"""Every goal has a row, whatever came of its measure; what is measured is what a run has shown."""

import sys
from datetime import UTC, datetime
from xml.etree import ElementTree

import orjson
import pytest

from benchmarks import goals, growth, measures, plots, scores
from benchmarks.page import page
from benchmarks.peers.every import PEERS
from benchmarks.rounds import Rounds

RATES = {"ringback": 2000, "ringback-2": 3000, "quixstreams": 1000, "kafka-streams": 1600, "bare": 9000}
CPU = {"ringback": 90, "ringback-2": 81, "quixstreams": 60, "kafka-streams": 45, "bare": 900}
VALUES = {
    "changes": {"callbacks": 300_000, "events_per_s": 9000},
    "lateness": {"outstanding": 1_000_000, "beside_p50_ms": 3, "beside_p99_ms": 40, "beside_p999_ms": 400},
    "stampede": {"callbacks": 50_000, "drained_s": 12, "wrap_up_p99_ms": 50, "calm_wrap_up_p99_ms": 20},
    "outstanding": {
        "step1_outstanding": 1_000_000, "step1_resident_bytes": 2**28, "step1_first_overdue_s": 1,
        "step1_idle_percent": 2, "step1_cold_restore_per_s": 50_000, "step2_outstanding": 5_000_000,
        "step2_resident_bytes": 2**29,        "step2_first_overdue_s": 3, "bytes_each": 67,
    },
    "placement": {"rate_per_s": 200, "p99_ms": 21},
}  # fmt: skip
"""What each measure tells."""


def data_of(**changes):
    """The data of a run in which all was measured."""
    turns = {name: {"events_per_s": RATES[name], "events_per_cpu_s": CPU[name]} for name in RATES}
    of_measures = {
        name: {
            "command": f"ringback bench {name}",
            "rounds": [{"values": values, "figures": [["a", "b"]], "wrong": []}],
        }
        for name, values in VALUES.items()
    }
    work = {"events": 400_000, "contacts": 100_000, "rules": 20, "callbacks": 100_000, "partitions": 4}
    told = {"command": "python -m benchmarks", "at": "2026", "took_s": 60.0, "machine": "m", "versions": ["v"]}
    data = {"rounds": [turns], "left_out": {}, "measures": of_measures, "workload": work, "growth": {}, "wrong": []}
    return {**told, **data, **changes}


def row(title, data):
    (found,) = [one for one in scores.rows(data) if one["goal"].startswith(title)]
    return found


def test_every_goal_is_reached_by_a_run_in_which_all_was_measured():
    assert [one["goal"] for one in scores.rows(data_of()) if one["reached"] is None] == []


def test_every_goal_has_a_row_also_if_nothing_was_measured_and_says_why():
    lines = scores.table(data_of(rounds=[], measures={}, left_out={"kafka-streams": "no javac"}))
    assert len(lines) == 2 + len(goals.GOALS)
    assert all("| not measured: " in line and line.endswith("| - |") for line in lines[2:])
    assert sum("not measured: no javac" in line for line in lines) == 2


def test_a_ratio_is_of_peers_and_of_figures_in_one_round():
    assert row("B1 against quixstreams", data_of())["reached"] == 2
    assert row("B1 against Kafka Streams", data_of())["reached"] == 1.25
    assert row("the same, events per CPU", data_of())["reached"] == 2
    assert row("events per worker's CPU second, 2", data_of())["reached"] == pytest.approx(0.9)
    assert row("the same: p99 of wrap-ups", data_of())["reached"] == 2.5


def test_floor_and_wish_are_judged_each_in_its_direction():
    assert (row("B2", data_of())["floor_met"], row("B2", data_of())["want_met"]) == (True, False)
    late = [row(f"B3 lateness at 1,000 due/s with 1,000,000 outstanding, B1 at half load: {name}", data_of())
            for name in ("p50", "p99.9")]  # fmt: skip
    assert [(one["floor_met"], one["want_met"]) for one in late] == [(True, True), (False, False)]
    assert "| **no** |" in "\n".join(scores.table(data_of()))


def test_a_run_that_was_smaller_than_the_goal_says_by_how_much():
    (line,) = [line for line in scores.table(data_of()) if line.startswith("| B4")]
    assert line.endswith("| 10% of the goal's |")
    (line,) = [line for line in scores.table(data_of()) if line.startswith("| B2")]
    assert line.endswith("| the goal's |")


def test_a_measure_that_did_not_end_is_said_in_both_tables_and_makes_the_run_wrong():
    failed = {"command": "ringback bench changes", "rounds": [{"took_s": 9, "failed": "it has not ended within 9 s"}]}
    data = data_of(measures={**data_of()["measures"], "changes": failed})
    assert row("B2", data)["why_not"] == "it has not ended within 9 s"
    assert "Round 1 failed: it has not ended within 9 s\n" in measures.table(data["measures"])
    assert measures.mistakes(data["measures"]) == ["changes, round 1: it has not ended within 9 s"]


def test_a_figure_is_the_median_of_the_rounds_that_have_one():
    rounds = [{"values": {"events_per_s": rate}} for rate in (1, 7, 3)] + [{"failed": "it said nothing"}]
    assert row("B2", data_of(measures={"changes": {"rounds": rounds}}))["reached"] == 3


def test_with_full_the_sizes_are_those_of_the_goals_and_without_they_are_smaller():
    small, full = ({one.name: " ".join(one.arguments()) for one in measures.plan(full, 4000)} for full in (False, True))
    assert all(asked["lateness"].endswith(" --wrap-ups 4000") for asked in (small, full))
    sizes = {int(word) for command in full.values() for word in command.split() if word.isdigit()}
    assert {goal.size.full for goal in goals.GOALS if goal.size.full != 400_000} <= sizes
    assert all(_largest(small[name]) <= _largest(full[name]) for name in full)


def _largest(command):
    return max(int(word) for word in command.split() if word.isdigit())


def test_a_restart_is_judged_at_the_two_largest_numbers_of_outstanding_callbacks():
    values = {f"step{n}_{name}": n for n in (1, 2, 3) for name in ("outstanding", "first_overdue_s")}
    data = data_of(measures={"outstanding": {"rounds": [{"values": values}]}})
    assert row("restart with 1,000,000", data)["reached"] == 2
    assert row("restart with 5,000,000", data)["reached"] == 3


def test_without_a_figure_of_b1_nothing_arrives_beside_due_callbacks_and_the_goal_says_so():
    (late,) = [one for one in measures.plan(False, None) if one.name == "lateness"]
    assert late.arguments()[0] == "lateness" and "--wrap-ups" not in late.arguments()
    lateness = {"rounds": [{"values": {"outstanding": 5, "p50_ms": 3}}]}
    assert all(
        one["reached"] is None for one in scores.rows(data_of(measures={"lateness": lateness})) if "B3" in one["goal"]
    )


def test_figures_of_a_measure_stand_beside_each_other_a_column_for_each_round_that_has_them():
    rounds = [
        {"figures": [["a", "1"], ["a", "2"]]},
        {"failed": "it said nothing"},
        {"figures": [["a", "3"], ["a", "4"]]},
    ]
    lines = measures.table({"changes": {"command": "ringback bench changes", "rounds": rounds}})
    assert [line for line in lines if line.startswith("| a ")] == ["| a | 1 | 3 |", "| a | 2 | 4 |"]
    assert "Round 2 failed: it said nothing\n" in lines


def test_what_a_command_says_is_its_last_line_and_one_that_says_nothing_has_failed():
    told = {"at": "now", "figures": [["a", "1"]], "values": {"a": 1}, "wrong": ["x"]}
    assert measures.result(1, b"noise\n" + orjson.dumps(told), b"") == told
    assert measures.result(1, b"", b"Starting\nError: no Java\n") == {"failed": "it ended with code 1: Error: no Java"}
    assert measures.result(0, b"", b"") == {"failed": "it ended with code 0: it said nothing"}


def test_if_a_measure_is_interrupted_what_has_ended_before_is_there():
    def run(arguments, timeout_s):
        if arguments[0] == "lateness":
            raise KeyboardInterrupt
        return {"took_s": 1.0, "values": {"events_per_s": 3}}

    found: dict[str, measures.Data] = {}
    with pytest.raises(KeyboardInterrupt):
        measures.measure(measures.plan(False, None), found, lambda _: None, run)
    assert row("B2", data_of(measures=found))["reached"] == 3
    assert {"lateness": found["lateness"]["rounds"], "changes": len(found["changes"]["rounds"])} == {
        "lateness": [],
        "changes": 1,
    }


def test_a_command_that_takes_too_long_is_stopped_and_named(monkeypatch, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    assert measures.run_command(["changes"], 0.2)["failed"] == "it has not ended within 0.2 s"


def test_a_page_has_goals_figures_and_plots_and_names_who_was_left_out():
    steps = [{"rules": rules, "partitions": 4, "cpu_us_per_event": [rules]} for rules in (1, 20)]
    data = data_of(growth={"core": steps, "worker": []}, left_out={"faust": "no package"})
    drawn = {f"bench-{one.name}.svg": one for one in plots.plots(data)}
    text = "\n".join(page(list(PEERS), data, drawn))
    assert (
        "left out: no package" in text and "| B2 " in text and "![Cost of an event, by rules](bench-rules.svg)" in text
    )
    assert set(drawn) == {"bench-rules.svg", "bench-memory.svg", "bench-restart.svg"}


def test_a_plot_is_a_small_file_that_is_the_same_for_the_same_figures_and_needs_nothing_from_elsewhere():
    (memory,) = [one for one in plots.plots(data_of()) if one.name == "memory"]
    assert memory.lines == {"the worker": [(1_000_000, 256), (5_000_000, 512)]}
    drawn = plots.svg(memory)
    assert drawn == plots.svg(memory) and len(drawn) < 20_000
    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<script" not in drawn and b'xlink:href="http' not in drawn and b"<dc:date" not in drawn


def test_the_worker_is_played_at_each_step_and_what_is_wrong_is_said_with_its_step():
    def play(peers, rounds, broker, workload, say):
        say("played")
        return Rounds(wrong=["round 1, it has ended"] if workload.partitions == 24 else [])

    steps, wrong = growth.of_worker(400, datetime(2026, 11, 27, tzinfo=UTC), 1, "localhost:1", lambda _: None, play)
    assert len(steps) == len(growth.WORKER_STEPS)
    assert wrong == ["growth, 20 rules, 24 partitions, 1 processes: round 1, it has ended"]
    assert "| the worker | 100 | 4 | 1 | no figure | - |" in growth.table([], steps)
