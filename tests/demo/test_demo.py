"""`ringback demo`, from start to end on a real Kafka."""

import signal
import subprocess
import sys

import pytest
from kafka import KafkaAdminClient

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


def demo(*more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "streams", "demo", "--seconds", "20", *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, preexec_fn=ignore_interrupts)


def ignore_interrupts() -> None:
    """As the caller has it with `nohup`, and with the `&` of a script."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def until(process: subprocess.Popen[str], beginning: str) -> None:
    assert process.stdout
    while line := process.stdout.readline():
        if line.startswith(beginning):
            return
    raise AssertionError(f"the demo ended before it said {beginning!r}")


def test_without_a_terminal_it_tells_its_story_in_lines_and_adds_up():
    process = demo()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "commands on dial-preview       expected   275   seen   275" in said
    assert "commands on dial-analysis      expected   280   seen   280" in said
    assert "dead letters                   expected     4   seen     4" in said
    assert said.splitlines()[-1].startswith("It adds up: ")
    assert "\x1b" not in said


def test_on_a_kafka_that_is_given_it_adds_up_and_leaves_no_topic_there(kafka):
    before = topics(kafka.bootstrap)
    process = demo("--broker", kafka.bootstrap)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert said.splitlines()[-1].startswith("It adds up: ")
    mine = [line.rpartition(" ")[2] for line in said.splitlines() if "with topics of its own" in line]
    assert len(mine) == 1 and mine[0].startswith("ringback-demo-")
    prefix = mine[0].removesuffix("*")
    assert [name for name in topics(kafka.bootstrap) - before if name.startswith(prefix)] == []


def topics(bootstrap: str) -> set[str]:
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return set(client.list_topics())
    finally:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_everything_with_one_line_though_the_caller_ignores_it(number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with demo() as process:
        until(process, "The morning")
        process.send_signal(number)
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("Interrupted: ")
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("ringback-kafka", "ringback-demo"))] == []
