"""The README is true: what it tells a newcomer to type is typed here, in its order, against a real Kafka."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import reserved_ports

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(sh|sh background)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
PAGE = re.compile(r"docs/[A-Za-z0-9_./-]+\.md")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PORTS = ("9092", "9464")
BLOCK_TIMEOUT_S = 120
START_TIMEOUT_S = 120


@pytest.mark.kafka
@pytest.mark.timeout(240)
def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    """Other ports, since those of the README may be taken; all else as it stands there."""
    if missing := [program for program in ("kcat", "curl") if shutil.which(program) is None]:
        pytest.skip(f"the README's commands need {' and '.join(missing)}, which this machine does not have")
    ports = dict(zip(PORTS, reserved_ports("127.0.0.1", len(PORTS)), strict=True))
    outputs: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for kind, block in FENCE.findall((ROOT / "README.md").read_text()):
            script = re.sub("|".join(PORTS), lambda match: str(ports[match[0]]), block)
            if kind == "sh background":
                log = stack.enter_context(_in_background(script, tmp_path, ports))
                _wait_for(ports, script, log)
            else:
                outputs[block] = _run(script, ports)
    said = "\n".join(outputs.values())
    assert '"callback_id":"k1"' in said and '"checks":"at_placement"' in said
    assert '"checks":"passed"' in said, "the rule callback on dial-analysis"
    assert '"allowed":false,"reasons":["contact_unknown"]' in said
    assert '"transition":"presented"' in said


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_a_document_leads_to_a_file(path: Path) -> None:
    """Links to other sites are left alone: there are none that matter."""
    links = [target for target, _ in LINK.findall(path.read_text())]
    assert [target for target in links if not (path.parent / target).exists()] == []


def test_every_document_that_the_code_names_is_there() -> None:
    """A docstring names the section of a rule; the page at least must exist."""
    modules = [path for package in ("streams", "topics", "tests") for path in (ROOT / package).rglob("*.py")]
    named = {page for path in modules for page in PAGE.findall(path.read_text())}
    assert len(named) > 5 and [page for page in sorted(named) if not (ROOT / page).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_has_an_unfinished_place(path: Path) -> None:
    """Two at signs mark what is to be filled in."""
    assert "@@" not in path.read_text()


def _run(script: str, ports: dict[str, int]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT, env=_environment(*ports.values()), capture_output=True, text=True, timeout=BLOCK_TIMEOUT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def _in_background(script: str, folder: Path, ports: dict[str, int]) -> Iterator[Path]:
    path = folder / f"{abs(hash(script))}.log"
    log = path.open("wb")
    process = subprocess.Popen(
        ["bash", "-c", f"exec {script}"],
        cwd=ROOT, env=_environment(*ports.values()), stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        yield path
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(START_TIMEOUT_S)
        finally:
            process.kill()
            log.close()


def _environment(broker_port: int, metrics_port: int) -> dict[str, str]:
    """The README relies on the default addresses; here they are others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    return inherited | {
        "RINGBACK_BROKER": f"127.0.0.1:{broker_port}",
        "RINGBACK_METRICS_PORT": str(metrics_port),
    }


def _wait_for(ports: dict[str, int], script: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if "--metrics-port 0" in script:  # The second worker: of the port that it took, only its log tells.
            if "caught up" in log.read_text():
                return
            time.sleep(0.2)
            continue
        with contextlib.suppress(OSError):
            if "broker" in script:
                socket.create_connection(("127.0.0.1", ports["9092"]), timeout=1).close()
                return
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['9464']}/readyz", timeout=1):
                return
        time.sleep(0.2)
    raise TimeoutError(f"{script}\n{log.read_text()}")
