"""The wheel and the source archive install without the tree, and what they install has its data."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import reserved_ports

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))
START_S = 120.0
DEMO_S = 600.0


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program says, far from the tree. Fails with all of it if the program does."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=clean() | environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def clean() -> dict[str, str]:
    """The environment without what leads to the tree or to its packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from that."""
    folder = tmp_path_factory.mktemp("packages")
    run(UV, "build", "--quiet", "--out-dir", folder, cwd=ROOT)
    return folder


def wheel(folder: Path) -> Path:
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel with its extra `console`, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    environment = {"VIRTUAL_ENV": str(folder / "venv")}
    run(UV, "pip", "install", "--quiet", f"{wheel(built)}[console]", cwd=folder, **environment)
    return folder / "venv" / "bin"


def test_the_wheel_has_all_of_the_packages_their_data_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(wheel(built)) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "streams", "topics"], cwd=ROOT, capture_output=True, text=True
    )
    expected = {name for name in tracked.stdout.split() if (ROOT / name).exists()}
    assert expected, "this test needs the files that git knows"
    rules = {f"streams/dev/observe/alert_rules/{one.name}" for one in (ROOT / "grafana" / "rules").iterdir()}
    own = {name for name in names if ".dist-info/" not in name}
    assert own == expected | rules
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {"streams/console/web/templates/now.html", "streams/console/web/static/console.css"} <= names


def test_the_same_tree_gives_the_same_wheel_from_the_tree_and_from_the_source_archive(
    built: Path, tmp_path: Path
) -> None:
    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path, cwd=ROOT)
    assert digest(wheel(tmp_path)) == digest(wheel(built))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_source_archive_has_what_a_build_and_a_reader_need(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    needed = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff", "uv.lock"}
    assert needed <= names and "docs/contract/asyncapi.yaml" in names
    assert not [name for name in names if name.startswith((".venv", "build/", "dist/")) or "/node_modules/" in name]


def test_an_installed_wheel_tells_its_version_and_needs_msgspec_alone(built: Path, tmp_path: Path) -> None:
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    environment = {"VIRTUAL_ENV": str(tmp_path / "venv")}
    run(UV, "pip", "install", "--quiet", wheel(built), cwd=tmp_path, **environment)
    packages = json.loads(run(UV, "pip", "list", "--format=json", cwd=tmp_path, **environment))
    assert sorted(one["name"] for one in packages) == ["msgspec", "ringback"]
    python = tmp_path / "venv" / "bin" / "python"
    assert json.loads(run(python, "-m", "topics.schemas", "holds", cwd=tmp_path))["title"] == "holds"


def test_an_installed_command_runs_the_simulator(installed: Path, tmp_path: Path) -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version and run(installed / "ringback", "--version", cwd=tmp_path) == f"ringback {version[1]}\n"
    example = (ROOT / "examples" / "first-callbacks.jsonl").read_text()
    (tmp_path / "events.jsonl").write_text(example)
    said = run(installed / "ringback", "simulate", "events.jsonl", "--until", "2026-11-23T16:00:00Z", cwd=tmp_path)
    assert {json.loads(line)["topic"] for line in said.splitlines()} >= {"dial-preview", "callback-lifecycle"}


def test_an_installed_console_serves_its_pages_and_its_files(installed: Path, tmp_path: Path) -> None:
    program = str(installed / "ringback")
    command = [program, "console", "--broker", "127.0.0.1:1", "--console-port", "0", "--log-format", "json"]
    with started(command, tmp_path) as log:
        port = json.loads(wait_for(log, "console_listens"))["port"]
        for path in ("/static/console.css", "/static/console.js", "/"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 200 and answer.read()


def test_what_is_not_installed_is_told_with_the_extra_that_has_it(installed: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [installed / "ringback", "broker"], cwd=tmp_path, capture_output=True, text=True, env=clean()
    )
    assert ended.returncode != 0 and "broker" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.kafka
@pytest.mark.timeout(240)
def test_uvx_starts_a_kafka_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    (port,) = reserved_ports("127.0.0.1", 1)
    with started(uvx(built, "broker", "--port", str(port), "--data-dir", "data"), tmp_path):
        deadline = time.monotonic() + START_S
        while not listens(port):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        said = run(*uvx(built, "topics", "create", "--partitions", "2"), "--broker", f"127.0.0.1:{port}", cwd=tmp_path)
        assert "wrap-up" in said


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(900)
def test_uvx_plays_the_demo_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        uvx(built, "demo"), cwd=tmp_path, capture_output=True, text=True, env=clean(), timeout=DEMO_S
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert "Traceback" not in ended.stdout + ended.stderr


def uvx(built: Path, *arguments: str) -> list[str]:
    """The command of somebody who has uv and the wheel."""
    return [UV, "tool", "run", "--python", sys.executable, "--from", f"{wheel(built)}[broker]", "ringback", *arguments]


@contextmanager
def started(command: Sequence[str | Path], folder: Path) -> Iterator[Path]:
    """A program at work; what it says. It is ended as by Ctrl-C."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env=clean(), start_new_session=True
        )
    try:
        yield log
    except AssertionError:
        print(log.read_text()[-3000:])
        raise
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(log: Path, word: str) -> str:
    """The first line with this word."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if word in line:
                return line
        time.sleep(0.1)
    raise AssertionError(f"{word} is not said")


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
