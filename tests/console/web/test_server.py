"""`ringback console` as a process: it reads a real Kafka, answers, and ends when it is told to."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from streams.dev.children import die_with_parent
from tests.kafka.cluster import Cluster, configure, feeder
from tests.kafka.conftest import cluster
from tests.waiting import GUARD_S, until

__all__ = ["cluster"]

CONSOLE = [sys.executable, "-m", "streams", "console", "--console-port", "0", "--log-format", "json"]
LISTENS = "console_listens"


def started(folder, *options):
    """A console, and where it is."""
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [*CONSOLE, "--console-dir", str(folder / "console"), *options], stderr=log, preexec_fn=die_with_parent()
    )
    guard = time.monotonic() + GUARD_S
    while time.monotonic() < guard:
        assert process.poll() is None, (folder / "log").read_text()
        for line in (folder / "log").read_text().splitlines():
            if LISTENS in line:
                return process, json.loads(line)["url"]
        time.sleep(0.05)
    raise TimeoutError


def page(url, path):
    with urllib.request.urlopen(url.rstrip("/") + path, timeout=GUARD_S) as answer:
        return answer.read().decode()


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_console_reads_a_real_kafka_and_ends_by_a_signal(cluster: Cluster, tmp_path, number):
    async with feeder(cluster) as feed:
        await configure(feed)
        await feed.flush()
    process, url = started(tmp_path, "--broker", cluster.broker, "--prefix", cluster.prefix)
    try:
        await until(lambda: "It has read all there is" in page(url, "/reading"), poll_s=0.2)
        assert "After a call, if the wrap-up code is CB: schedule a callback 1 min later." in page(
            url, "/campaign?id=P"
        )
        stream = urllib.request.urlopen(url.rstrip("/") + "/live", timeout=GUARD_S)
        assert stream.readline().startswith(b"data: ")
        process.send_signal(number)
        assert process.wait(GUARD_S) == 0
    finally:
        process.kill()
    said = (tmp_path / "log").read_text()
    assert "nobody has to sign in" in said
    assert not re.search(r"Traceback|\+1\d{10}", said)


def test_a_port_that_is_taken_is_one_line(tmp_path):
    process, url = started(tmp_path, "--broker", "127.0.0.1:1")
    try:
        port = url.rstrip("/").rpartition(":")[2]
        command = [
            *CONSOLE[:-4],
            "--console-port",
            port,
            "--console-dir",
            str(tmp_path / "other"),
            "--broker",
            "127.0.0.1:1",
        ]
        second = subprocess.run(command, capture_output=True, text=True, timeout=GUARD_S, check=False)
        process.terminate()
        assert process.wait(GUARD_S) == 0
    finally:
        process.kill()
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


def test_a_new_token_is_shown_once_and_its_line_holds_no_token():
    command = [sys.executable, "-m", "streams", "console", "--new-token", "kim:operator"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=GUARD_S, check=True)
    (token,) = re.findall(r"^  (\S+)$", made.stderr, re.M)
    assert re.fullmatch(r"kim operator sha256:[0-9a-f]{64}\n", made.stdout)
    assert len(token) == 43
    assert token not in made.stdout
    wrong = subprocess.run([*command[:-1], "kim:boss"], capture_output=True, text=True, timeout=GUARD_S, check=False)
    assert wrong.returncode == 2
