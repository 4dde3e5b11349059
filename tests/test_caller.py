"""The tests say the same whoever calls them: `nohup make test &`, a supervisor, a machine behind a proxy."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
ODD = {
    "RINGBACK_BROKERS": "no setting",
    "RINGBACK_PREFIX": "of-somebody.",
    "http_proxy": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "COLUMNS": "20",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "POSIX",
    "TZ": "Asia/Kolkata",
}
WAITS = "import time; print('waits', flush=True); time.sleep(60)"


def test_programs_that_tests_start_end_at_a_signal():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        with subprocess.Popen(
            [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            assert child.stdout and child.stdout.readline()
            child.send_signal(number)
            assert child.wait(20) == -number


def test_what_tests_see_of_the_environment_is_theirs(tmp_path):
    (tmp_path / "file").write_text("")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert [name for name in os.environ if name.startswith("RINGBACK_")] == []
    assert not urllib.request.getproxies() or urllib.request.proxy_bypass("127.0.0.1:9464")
    assert "COLUMNS" not in os.environ
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ


def test_a_caller_that_ignores_and_blocks_signals_and_has_an_odd_environment_changes_nothing():
    """The other tests of this module, called by such a one."""

    def as_an_odd_caller():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.umask(0o077)
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1))

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "not odd_environment"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | ODD, preexec_fn=as_an_odd_caller, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr
