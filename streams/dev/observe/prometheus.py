"""The program `prometheus`: configured, started on a free port, waited for, and always stopped."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from streams.base.errors import OperatorError
from streams.dev.broker.java import free_ports, last_words
from streams.dev.children import die_with_parent, stop

HOST = "127.0.0.1"
JOB = "ringback"
"""The alert rules ask for workers whose job has this name."""
START_TIMEOUT_S = 60.0
POLL_S = 0.05
SCRAPE_TIMEOUT_MAX_S = 5.0
PAGES = (("graphs", ("classic/graph", "graph")), ("alerts", ("classic/alerts", "alerts")))
"""What people look at, and where it may be: Debian's package has the classic pages alone."""

# A proxy that the environment names is for other machines.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def prometheus_command() -> str:
    """The path of the program. Raises OperatorError when it is not installed."""
    found = shutil.which("prometheus")
    if found is None:
        raise OperatorError(
            "the program prometheus is not on the PATH. Install it: apt install prometheus, brew install prometheus, "
            "or https://prometheus.io/download"
        )
    return found


class Prometheus:
    """One Prometheus as a context manager; `url` is its address while it runs.

    folder: for its configuration, data and log; it has to be there. targets: HOST:PORT of each worker. rules: files.
    interval_s: between two scrapes, and between two evaluations of the rules unless `evaluation_s` says otherwise.
    On Linux the kernel kills it when the thread that started it ends.
    """

    def __init__(
        self, folder: Path, targets: Iterable[str], rules: Sequence[Path], interval_s: float = 5,
        evaluation_s: float | None = None,
    ) -> None:  # fmt: skip
        self._folder, self._rules, self._interval_s = folder, rules, interval_s
        self._evaluation_s = evaluation_s or interval_s
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.scrape(targets)

    @property
    def url(self) -> str:
        """http://HOST:PORT without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def log_file(self) -> Path:
        """What it says."""
        return self._folder / "prometheus.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def scrape(self, targets: Iterable[str]) -> None:
        """Scrape these workers from now on; it watches the file."""
        replaced = self._targets.with_suffix(".new")
        replaced.write_text(json.dumps([{"targets": sorted(targets)}]), encoding="utf-8")
        replaced.replace(self._targets)

    def start(self) -> None:
        """Start it and wait until it answers. Raises OperatorError when it does not."""
        command = prometheus_command()
        configuration = self._folder / "prometheus.yml"
        # JSON is YAML, too.
        configuration.write_text(json.dumps(self._configuration(), indent=1), encoding="utf-8")
        (self._port,) = free_ports(HOST, 1)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    command, f"--config.file={configuration}", f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={HOST}:{self._port}", "--log.level=warn",
                    "--enable-feature=exemplar-storage",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, preexec_fn=die_with_parent(),
            )  # fmt: skip
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it, by force after 10 s; harmless twice."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def pages(self) -> dict[str, str]:
        """The pages for people, by what they show: the first address of each that this Prometheus has."""
        found = {}
        for what, paths in PAGES:
            urls = [f"{self.url}/{path}" for path in paths]
            found[what] = next((url for url in urls if _answers(url)), self.url)
        return found

    @property
    def _targets(self) -> Path:
        return self._folder / "targets.json"

    def _configuration(self) -> dict[str, object]:
        interval, timeout_s = _duration(self._interval_s), min(self._interval_s, SCRAPE_TIMEOUT_MAX_S)
        return {
            "global": {
                "scrape_interval": interval,
                "scrape_timeout": _duration(timeout_s),
                "evaluation_interval": _duration(self._evaluation_s),
            },
            "rule_files": [str(path) for path in self._rules],
            "scrape_configs": [{"job_name": JOB, "file_sd_configs": [{"files": [str(self._targets)]}]}],
        }

    def _await_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(f"{self.url}/-/ready"):
            code, words = self._process.poll(), last_words(self.log_file.read_text("utf-8", errors="replace"))
            if code is not None:
                raise OperatorError(f"prometheus ended with code {code}. Last words: {words}")
            if time.monotonic() > deadline:
                raise OperatorError(f"prometheus did not start within {START_TIMEOUT_S:g} s. Last words: {words}")
            time.sleep(POLL_S)


def _answers(url: str) -> bool:
    try:
        with _open(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
