"""The command line explains itself, and tells every expected error in one line with its cure."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streams.base.settings import Settings
from streams.cli.group import COMMANDS
from tests.complaints import complaint

ROOT = Path(__file__).parents[2]

ENDED_S = 120
"""In bounded time, whatever else this machine does meanwhile."""


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("RINGBACK_"):
            monkeypatch.delenv(name)


def ringback(*arguments, stdin=""):
    command = [sys.executable, "-m", "streams", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=ENDED_S, check=False)


def ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def one_line_of(result, code):
    """The one line of an expected error."""
    assert result.returncode == code, result.stderr
    (line,) = result.stderr.splitlines()
    return complaint(line, of_worker="worker" in result.args)


def test_help_names_every_command_with_what_it_does():
    result = ringback("--help")
    assert result.returncode == 0
    for name, summary in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert summary.split(",")[0] in result.stdout
    assert "ringback demo" in result.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["simulate"],
        ["broker"],
        ["topics"],
        ["topics", "create"],
        ["dnc", "check"],
        ["import"],
        ["import", "dnc"],
        ["worker"],
    ],
)
def test_every_command_explains_itself(command):
    result = ringback(*command, "--help")
    assert result.returncode == 0
    assert f"ringback {' '.join(command)} " in result.stdout
    assert not result.stderr


def test_the_help_of_the_worker_lists_every_setting():
    words = ringback("worker", "--help").stdout.split()
    assert [name for name in Settings.model_fields if f"RINGBACK_{name.upper()}" not in words] == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["topics", "create", "--partitions", "many"], "'many' is not a valid integer"),
        (["topics", "create", "--partitions", "0"], "0 is not in the range"),
        (["worker", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_that_points_to_the_help(arguments, what):
    line = one_line_of(ringback(*arguments), 2)
    assert what in line
    assert "--help` shows the usage" in line


def test_an_unknown_variable_stops_every_command_that_reads_settings(monkeypatch):
    monkeypatch.setenv("RINGBACK_BROKERS", "one:9092")
    for command in (["worker"], ["topics", "check"], ["topics", "create"]):
        line = one_line_of(ringback(*command), 2)
        assert line == "unknown environment variable RINGBACK_BROKERS. Did you mean RINGBACK_BROKER?"


def test_two_wrong_settings_are_two_lines():
    result = ringback("worker", "--log-level", "loud", "--metrics-port", "99999")
    assert result.returncode == 2
    said = [complaint(line, of_worker=True) for line in result.stderr.splitlines()]
    assert [line.split()[1] for line in said] == ["metrics_port", "log_level"]


@pytest.mark.parametrize("by", ["option", "variable", "file"])
def test_a_worker_whose_log_is_for_people_complains_to_people_even_of_its_settings(by, monkeypatch, tmp_path):
    arguments = {"option": ["--log-format=console"], "file": ["--config", str(tmp_path / "settings.toml")]}.get(by, [])
    (tmp_path / "settings.toml").write_text('log_format = "CONSOLE"\nno_such_setting = 1\n')
    if by == "variable":
        monkeypatch.setenv("RINGBACK_LOG_FORMAT", "console")
    result = ringback("worker", *arguments, "--metrics-port", "99999")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("ringback: ")


def test_a_worker_whose_log_format_is_no_format_complains_as_if_it_had_none():
    (line,) = ringback("worker", "--log-format", "loud").stderr.splitlines()
    assert "log_format" in complaint(line, of_worker=True)


@pytest.mark.parametrize("how", ["raise ZeroDivisionError", "warnings.warn('old')"])
def test_what_python_itself_says_of_a_worker_is_a_line_of_its_log(how):
    program = f"""
import sys, warnings
from streams.cli import group, worker
def fail(*_, **__):
    {how}
    return type("Settings", (), {{"processes": 1}})
worker.load = fail
sys.modules["streams.worker.main"] = type("Main", (), {{"run": staticmethod(lambda settings: 7)}})
sys.exit(group.run(["worker"]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=ENDED_S)
    (line,) = map(json.loads, done.stderr.splitlines())
    if "raise" in how:
        assert (done.returncode, line["event"], line["level"]) == (1, "crashed", "critical")
        assert line["traceback"].endswith("ZeroDivisionError")
    else:
        assert (done.returncode, line["logger"], line["level"]) == (7, "py.warnings", "warning")
        assert "old" in line["message"]


def test_a_broker_that_is_not_there_is_one_line_with_the_cure():
    line = one_line_of(ringback("topics", "check", "--broker", "127.0.0.1:1"), 1)
    assert "no Kafka broker at 127.0.0.1:1" in line
    assert "ringback broker" in line
    assert "RINGBACK_BROKER" in line


def test_a_name_that_is_not_known_is_one_line_with_the_name():
    line = one_line_of(ringback("topics", "check", "--broker", "no-such-host.invalid:9092"), 1)
    assert "the name no-such-host.invalid is not known" in line
    assert "ringback broker" not in line


def test_a_broker_that_never_answers_is_given_up_in_bounded_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = one_line_of(ringback("topics", "check", "--broker", f"127.0.0.1:{silent.getsockname()[1]}"), 1)
    assert "no Kafka broker" in line


def test_the_simulator_and_the_help_load_neither_faust_nor_aiokafka():
    program = """
import sys
from streams.cli.group import run
code = run(sys.argv[1:])
heavy = {"faust", "aiokafka", "prometheus_client", "pydantic", "asyncio", "jgo"} & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else code)
"""
    for arguments in (["--help"], ["simulate", "--help"], ["simulate", "/dev/null", "--until", "2026-11-23T15:00:00Z"]):
        command = [sys.executable, "-c", program, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=ENDED_S, check=False)
        assert result.returncode == 0, result.stderr


def test_the_simulator_reads_standard_input_and_writes_what_a_worker_would():
    line = (
        '{"topic":"callback-scheduled","at":"2026-11-23T15:00:00Z","value":{"type":"scheduled","event_id":"s1",'
        '"occurred_at":"2026-11-23T15:00:00Z","callback_id":"k1","source":"widget","campaign_id":"P",'
        '"contact_list_id":"L","contact_id":"c1","phone_number":"+12125550101","due_at":"2026-11-23T15:30:00Z"}}\n'
    )
    result = ringback("simulate", "--until", "2026-11-23T15:30:00Z", stdin=line)
    assert result.returncode == 0, result.stderr
    assert '{"topic":"dial-preview","at":"2026-11-23T15:30:00Z","key":"L|c1"' in result.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "what"),
    [
        ([], '{"topic"', "standard input:1: "),
        (["/no/such/file"], "", "/no/such/file: No such file or directory"),
        (["--until", "tomorrow"], "", "--until"),
    ],
)
def test_what_the_simulator_cannot_read_is_one_line(arguments, stdin, what):
    assert what in one_line_of(ringback("simulate", *arguments, stdin=stdin), 2)


@pytest.mark.kafka
def test_topics_are_created_once_and_checked(kafka, prefix):
    where = ["--broker", kafka.bootstrap, "--prefix", prefix]
    missing = ringback("topics", "check", *where)
    assert missing.returncode == 1
    assert f"{prefix}wrap-up: is missing (fatal)" in missing.stdout.splitlines()

    created = ringback("topics", "create", *where, "--partitions", "3")
    assert created.returncode == 0, created.stderr
    assert f"created {prefix}wrap-up" in created.stdout.splitlines()
    assert created.stdout.splitlines()[-1].endswith("contact topics with 3 partitions")

    again = ringback("topics", "create", *where, "--partitions", "3")
    assert again.returncode == 0
    assert "created " not in again.stdout

    assert ringback("topics", "check", *where).returncode == 0
    assert ringback("topics", "check", *where, "--partitions", "3", "--replication-factor", "1").returncode == 0


@pytest.mark.kafka
def test_creating_with_another_count_changes_nothing_and_names_the_difference(kafka, prefix):
    where = ["--broker", kafka.bootstrap, "--prefix", prefix]
    assert ringback("topics", "create", *where, "--partitions", "2").returncode == 0
    result = ringback("topics", "create", *where, "--partitions", "4")
    assert f"{prefix}wrap-up: has 2 partitions, not 4 (fatal)" in result.stdout.splitlines()
    assert "differences between the broker and the catalog" in one_line_of(result, 1)
    assert ringback("topics", "check", *where, "--partitions", "2").returncode == 0


@pytest.mark.kafka
def test_more_copies_than_brokers_are_refused_in_one_line(kafka, prefix):
    where = ["--broker", kafka.bootstrap, "--prefix", prefix]
    line = one_line_of(ringback("topics", "create", *where, "--replication-factor", "3"), 1)
    assert "refuses to create" in line
    assert "only 1 broker" in line


@pytest.mark.kafka
def test_a_worker_does_not_start_without_topics(kafka, prefix):
    result = ringback("worker", "--broker", kafka.bootstrap, "--prefix", prefix, "--metrics-port", "0")
    assert result.returncode == 1
    said = complaint(result.stderr.splitlines()[-1], of_worker=True)
    assert said.startswith("none of the topics is on ") and "ringback topics create" in said


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_broker_stops_on_a_signal_that_its_caller_ignores_and_leaves_nothing_behind(number):
    """As it is with `nohup`, and with the `&` of a script."""
    command = [sys.executable, "-m", "streams", "broker", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=ignore_interrupts) as process:
        assert process.stdout
        watchdog = threading.Timer(ENDED_S, process.kill)
        watchdog.start()
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        code = process.wait()
        watchdog.cancel()
    assert first.startswith("Kafka is ready on 127.0.0.1:")
    assert (code, rest) == (0, "Kafka has stopped.\n")
    host, port = first.split()[4].rstrip(",").split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
