"""Worker processes on this machine, as the demo, the benchmarks and the tests run them.

A worker is always a process of its own: it is the unit of failure, and what is measured or killed is what users run.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any, Self

from streams.base.log import SUPERVISOR
from streams.base.settings import CONFIG_VARIABLE, ENV_PREFIX
from streams.dev.children import die_with_parent

POLL_S = 0.1
STOP_TIMEOUT_S = 20.0
WORKER = ("-m", "streams", "worker")

# A proxy that the environment names is for other machines.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class LocalWorker:
    """One `ringback worker` process, with its own `settings` (named as in `streams.base.settings`) and log file.

    It never outlives the context it is used in, nor, on Linux, this process. `command` replaces the program that is
    run, for tests that break it.
    """

    def __init__(self, log: Path, *, command: tuple[str, ...] = WORKER, **settings: object) -> None:
        self.log = log
        self._command = command
        own = {
            "metrics_host": "127.0.0.1",
            "metrics_port": 0,
            "log_format": "json",
            "state_dir": log.with_suffix(".state"),
        }
        self._settings = own | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._said: tuple[int, str] | None = None
        """Process id, and where it said that its page is."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; it has a group of its own, so that Ctrl-C in a terminal reaches the parent alone."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(ENV_PREFIX) and n != CONFIG_VARIABLE}
        given = {ENV_PREFIX + name.upper(): str(value) for name, value in self._settings.items() if value is not None}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command],
                env=inherited | given, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Process id of the worker that was started last."""
        assert self._process is not None, "the worker has not been started"
        return self._process.pid

    @property
    def state_dir(self) -> Path:
        """Where it keeps its state."""
        return Path(str(self._settings["state_dir"]))

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """Send SIGKILL, and wait until it is gone."""
        self.signal(SIGKILL)
        self.wait_ended(None)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not end it in time; harmless when it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self.wait_ended(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def signal(self, number: Signals) -> None:
        """Send a signal, for instance SIGSTOP and SIGCONT; harmless when it has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait_ended(self, timeout_s: float | None) -> int | None:
        """Return its exit code when it has ended. Raises subprocess.TimeoutExpired."""
        return None if self._process is None else self._process.wait(timeout_s)

    def revive(self) -> bool:
        """Start it again when it has ended, as a supervisor would; returns whether it had."""
        ended = self.exit_code is not None
        if ended:
            self.start()
        return ended

    def status(self) -> dict[str, Any] | None:
        """What /status says, or None while it does not answer."""
        try:
            with _open(f"{self._url()}status", timeout=5) as answer:
                status: dict[str, Any] = json.load(answer)
                return status
        except (OSError, ValueError):
            return None

    def metrics(self) -> str:
        """What /metrics says. Raises OSError when it does not answer."""
        with _open(f"{self._url()}metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when every partition it holds has caught up. Raises TimeoutError, or RuntimeError when it ended."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.exit_code is not None:
                raise RuntimeError(f"the worker ended with code {self.exit_code}: {self.last_words()}")
            try:
                with _open(f"{self._url()}readyz", timeout=5):
                    return
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(POLL_S)
        raise TimeoutError(f"the worker was not ready after {timeout_s:g} s: {self.last_words()}")

    def last_words(self, lines: int = 3) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def last_message(self) -> str:
        """What the last line of its log says."""
        line = self.last_words(1)
        return str(json.loads(line).get("message", line)) if line.startswith("{") else line

    def _url(self) -> str:
        """The URL of its HTTP endpoints: with port 0 only its log tells, which is read until it has told.

        Raises ValueError.
        """
        if self._said is not None and self._said[0] == self.pid:
            return self._said[1]
        url, is_own = "", False
        for line in self.log.read_text(errors="replace").splitlines():
            told = json.loads(line) if line.startswith("{") else {}
            if told.get("process", SUPERVISOR) != SUPERVISOR:
                continue  # It has a page for that process alone.
            message = str(told.get("message", ""))
            if message.startswith("ringback ") and " starts, process " in message:
                url, is_own = (
                    "",
                    bool(re.search(rf" process {self.pid}\b", message)),
                )  # What comes before is of others on this log.
            elif "metrics and health on " in message:
                url = message.rsplit(" ", 1)[1]
        if not url:
            raise ValueError("the worker has not said yet where its metrics are")
        if is_own:  # One in a container has another number there.
            self._said = self.pid, url
        return url
