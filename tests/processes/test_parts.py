"""What each of several processes is started with, and when it is started again."""

import signal
from itertools import pairwise
from pathlib import Path

import pytest

from streams.base.errors import SettingsError
from streams.base.settings import Settings, load, make
from streams.worker.processes.parts import packed, settings_of, unpacked
from streams.worker.processes.restarts import PAUSE_MAX_S, PAUSE_MIN_S, WELL_S, exit_code, in_words, pause_s

SECURED = {
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "PLAIN",
    "sasl_username": "me",
    "sasl_password": "Tr0ub4dor ü\n",
}


@pytest.mark.parametrize(
    "given",
    [
        {},
        SECURED,
        {"broker": "[2001:db8::7]:9092, kafka:9092", "metrics_campaigns": "a,b", "store": "memory", "processes": 3},
        {"state_dir": Path("/var/lib/ü"), "instance_id": "pod-2", "session_timeout_s": 7.5, "log_level": "DEBUG"},
    ],
    ids=["defaults", "secured", "lists", "paths"],
)
def test_settings_arrive_as_they_were_sent_secrets_included(given):
    settings = make(**given)
    line = packed(settings)
    assert unpacked(line) == settings
    assert line.count(b"\n") == 1 and line.endswith(b"\n")


def test_each_process_has_a_folder_a_name_and_a_page_of_its_own_and_shares_everything_else():
    settings = make(**SECURED, processes=2, instance_id="pod", state_dir="/s", metrics_host="::", metrics_port=9999)
    one, two = (settings_of(settings, number) for number in (1, 2))
    assert (one.state_dir, two.state_dir) == (Path("/s/process-1"), Path("/s/process-2"))
    assert (one.instance_id, two.instance_id) == ("pod-1", "pod-2")
    differ = {name for name in Settings.model_fields if getattr(one, name) != getattr(settings, name)}
    assert differ == {"processes", "metrics_host", "metrics_port", "state_dir", "instance_id"}
    assert (one.processes, one.metrics_host, one.metrics_port) == (1, "127.0.0.1", 0)


def test_without_a_name_in_the_group_no_process_has_one():
    assert settings_of(make(processes=2), 1).instance_id is None


def test_a_name_that_leaves_no_room_for_the_number_is_refused():
    with pytest.raises(SettingsError, match="instance_id"):
        settings_of(make(processes=2, instance_id="x" * 99), 1)


def test_the_number_of_processes_is_a_setting(monkeypatch):
    monkeypatch.setenv("RINGBACK_PROCESSES", "3")
    assert load().processes == 3 and load(processes="2").processes == 2
    assert make().processes == 1
    for wrong in ("0", "-1", "65", "two"):
        with pytest.raises(SettingsError, match="processes"):
            load(processes=wrong)


def test_a_process_that_ends_again_and_again_waits_longer_each_time_and_one_that_was_well_is_back_at_once():
    pauses = [0.0]
    while pauses[-1] < PAUSE_MAX_S:
        pauses.append(pause_s(pauses[-1], 1.0))
    assert pauses[1] == PAUSE_MIN_S
    assert all(later == min(PAUSE_MAX_S, 2 * earlier) for earlier, later in pairwise(pauses[1:]))
    assert pause_s(PAUSE_MAX_S, 1.0) == PAUSE_MAX_S
    assert pause_s(PAUSE_MAX_S, WELL_S) == PAUSE_MIN_S


def test_the_worker_ends_as_its_last_process_did_and_with_70_if_a_signal_ended_that():
    assert [exit_code(code) for code in (0, 1, 2, 70, -9)] == [0, 1, 2, 70, 70]
    assert [in_words(code) for code in (70, -signal.SIGKILL, -250)] == ["exit code 70", "SIGKILL", "signal 250"]
