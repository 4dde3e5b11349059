"""The benchmarks run, and what they read is right: once each, never early, in due order. No figure is judged."""

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
    assert "| of these not taken in yet, at most" in said
    assert said.splitlines()[-1].startswith("Right: ")
