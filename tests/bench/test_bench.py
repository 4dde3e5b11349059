"""The benchmarks run, and what they read is right: once each, never early, in due order. No figure is judged."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(1800)]


def bench(*arguments: str) -> str:
    command = [sys.executable, "-m", "streams", "bench", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=1700, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_commands_are_never_early_once_each_and_in_due_order_under_load():
    said = bench("lateness", "--outstanding", "500", "--rate", "100", "--seconds", "5")
    assert "500, 100 per second |" in said
    assert said.splitlines()[-1].startswith("Right: ")


def test_every_request_is_answered_once_and_as_it_should_be():
    said = bench("placement", "--rate", "100", "--seconds", "5")
    assert "| refused" in said
    assert said.splitlines()[-1].startswith("Right: each request was answered once")


def test_every_number_of_a_list_is_found_and_a_restart_reads_none_again():
    said = bench("dnc", "--numbers", "150000", "--rounds", "1")
    assert "| records read after that" in said and "| 0 |" in said
    assert said.splitlines()[-1].startswith("Right: every number was found")


def test_after_kill_9_what_is_overdue_goes_out_once_and_in_due_order():
    said = bench("restart", "--outstanding", "2000", "--overdue", "200")
    assert "changelog records read" in said
    assert said.splitlines()[-1].startswith("Right: ")


def test_through_a_take_over_and_a_restart_commands_go_out_once_and_in_due_order():
    said = bench("recovery", "--rate", "50", "--seconds", "45")
    assert "| worker killed to all its partitions working elsewhere" in said
    assert said.splitlines()[-1].startswith("Right: ")


def test_a_backlog_of_five_million_events_is_taken_in_once_in_memory_that_does_not_grow_with_it():
    said = bench("backlog", "--events", "5000000")
    assert said.splitlines()[-1].startswith("Right: every event was taken in once")


def test_of_a_contact_with_a_hundred_thousand_events_each_is_answered():
    said = bench("hot", "--events", "100000")
    assert said.splitlines()[-1].startswith("Right: every event was answered")


def test_half_a_million_callbacks_of_one_second_go_out_once_and_in_due_order_while_wrap_ups_flow():
    said = bench("stampede", "--callbacks", "500000")
    assert "| wrap-up to a committed reader having its callback, p50, p99, max" in said
    assert said.splitlines()[-1].startswith("Right: ")


def test_commands_are_right_also_beside_wrap_ups_and_the_figures_come_as_json():
    asked = ("--outstanding", "500", "--rate", "100", "--seconds", "5", "--wrap-ups", "200")
    told = json.loads(bench("lateness", *asked, "--json"))
    assert told["wrong"] == [] and told["command"] == " ".join(("ringback bench lateness", *asked))
    assert told["values"]["beside_p50_ms"] > 0 and told["values"]["wrap_ups_per_s"] > 0


def test_callbacks_are_scheduled_moved_and_cancelled_once():
    said = bench("changes", "--callbacks", "30000")
    assert said.splitlines()[-1].startswith("Right: each callback was scheduled once")


def test_a_worker_with_more_and_more_outstanding_comes_back_with_its_state_and_without():
    asked = ("--callbacks", "1000", "--callbacks", "4000", "--overdue", "100", "--quiet", "2")
    values = json.loads(bench("outstanding", *asked, "--json"))["values"]
    assert values["step1_changelog_records"] == values["step2_changelog_records"] == 0
    assert 0 < values["step1_cold_restore_records"] < values["step2_cold_restore_records"]


def test_pages_of_the_consoles_view_have_what_was_asked_for_and_a_rebuilt_one_is_whole():
    values = json.loads(bench("console-view", "--callbacks", "3000", "--rebuild", "1000", "--json"))["values"]
    assert values["callbacks"] == 3000 and values["page_p95_ms"] > 0 and values["rebuild_per_s"] > 0
