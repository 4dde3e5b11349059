"""`ringback demo --observe`: a Prometheus with the alert rules beside it, and where to look."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from streams.base.errors import OperatorError
from streams.dev.observe import rule_files
from streams.dev.observe.rules import DEVELOPED, PACKAGED
from tests.observed.api import Api, until

ROOT = Path(__file__).parents[2]
SOON_S = 240.0
DEMO = (sys.executable, "-m", "streams", "demo", "--observe", "--seconds", "20")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


class Screen:
    """A terminal that a program writes to."""

    def __init__(self) -> None:
        self._master, self.end = pty.openpty()
        os.set_blocking(self._master, False)
        self.said = ""

    def shows(self, pattern: str) -> re.Match[str] | None:
        try:
            while part := os.read(self._master, 65536):
                self.said += part.decode(errors="replace")
        except OSError:  # Nothing now, or nothing any more.
            pass
        return re.search(pattern, self.said)


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_on_a_terminal_it_says_where_to_look_and_stays_up_until_an_interrupt_and_leaves_nothing_behind(
    installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    screen = Screen()
    with subprocess.Popen(DEMO, stdin=screen.end, stdout=screen.end, stderr=screen.end, start_new_session=True) as demo:
        try:
            until(lambda: screen.shows("/status"), SOON_S, lambda: screen.said)
            graphs, alerts = (screen.shows(rf"{what} +(http\S+)") for what in ("graphs", "alerts"))
            worker = screen.shows(r"worker +(http\S+)/metrics")
            assert graphs and alerts and worker and answers(graphs[1]) and answers(alerts[1])
            api = Api(graphs[1].rsplit("/classic", 1)[0].removesuffix("/graph"))
            until(lambda: list(api.targets().values()) == [""], SOON_S, api.targets)
            assert {rule["health"] for rule in api.rules()} <= {"ok", "unknown"} and len(api.rules()) > 40
            until(lambda: answers(f"{worker[1]}/readyz"), SOON_S)
            until(lambda: screen.shows("It adds up") and screen.shows("Ctrl-C stops it"), SOON_S, lambda: screen.said)
            until(lambda: api.query("sum(ringback_commands_total) > 100"), SOON_S)
            demo.send_signal(signal.SIGINT)
            until(lambda: screen.shows("nothing is left behind") and demo.poll() is not None, SOON_S)
        finally:
            demo.kill()
    assert demo.returncode == 0
    assert not answers(graphs[1]) and not answers(f"{worker[1]}/metrics")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("ringback-")] == []


def test_without_prometheus_one_line_says_what_to_install_before_anything_is_started() -> None:
    done = subprocess.run(DEMO, env=os.environ | {"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("ringback: the program prometheus is not on the PATH. Install it: apt install prometheus")


def test_the_package_brings_the_rules_that_the_repository_has(tmp_path: Path) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["force-include"] == {str(DEVELOPED.relative_to(ROOT)): str(PACKAGED.relative_to(ROOT))}
    assert {path.name for path in rule_files()} == {"ringback-alerts.yaml", "ringback-recording.yaml"}
    with pytest.raises(OperatorError, match="the alert rules are not there"):
        rule_files(tmp_path)


@pytest.fixture
def installed() -> None:
    """Skip where it is not installed."""
    if shutil.which("prometheus") is None:
        pytest.skip("the demo under observation needs the program prometheus, which this machine does not have")
