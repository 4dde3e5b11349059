"""One more Python is found where there is one, its failures count, and where there is none it is said."""

import os
import shutil
import subprocess
import sys

import pytest

from tests import another_python
from tests.another_python import ROOT, RUNS, Python, on_this_machine, run

OTHERS = [minor for minor in another_python.MINORS if minor != sys.version_info.minor]


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without any Python: its folders for programs and for pyenv."""
    programs, pyenv = tmp_path / "bin", tmp_path / "pyenv"
    programs.mkdir()
    (programs / "sh").symlink_to(shutil.which("sh"))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYENV_ROOT", str(pyenv))
    return programs, pyenv


def test_the_newest_other_python_is_found_on_the_path_or_in_pyenv(machine):
    programs, pyenv = machine
    assert on_this_machine() is None
    program(programs / f"python3.{sys.version_info.minor}", f"echo 3.{sys.version_info.minor}")
    assert on_this_machine() is None
    older = program(programs / f"python3.{OTHERS[1]}", f"echo 3.{OTHERS[1]}")
    assert on_this_machine() == Python(f"3.{OTHERS[1]}", (older,))
    program(programs / f"python3.{OTHERS[0]}", "echo 'pyenv: command not found' >&2; exit 127")
    assert on_this_machine() == Python(f"3.{OTHERS[1]}", (older,))
    newer = program(pyenv / "versions" / f"3.{OTHERS[0]}.0" / "bin" / f"python3.{OTHERS[0]}", f"echo 3.{OTHERS[0]}")
    assert on_this_machine() == Python(f"3.{OTHERS[0]}", (newer,))


def test_what_fails_on_it_fails(tmp_path, capsys):
    path = program(tmp_path / "python", 'case "$*" in *tests/logic*) echo broken; exit 1 ;; *) echo "7 passed" ;; esac')
    assert run(Python("3.99", (path,)), tmp_path, 60) == 1
    said = capsys.readouterr().out
    assert "broken" in said and said.count("FAILED") == 1 and said.count(": passed") == len(RUNS) - 1


def test_what_does_not_end_in_time_is_stopped_and_said_to_be_not_judged(tmp_path, capsys):
    path = program(tmp_path / "python", "exec sleep 600")
    assert run(Python("3.99", (path,)), tmp_path, 0.2) == 0
    assert capsys.readouterr().out.count("stopped, not judged") == len(RUNS)


def test_where_none_can_be_had_it_says_so_and_why(machine, tmp_path):
    programs, _ = machine
    program(programs / "mmdebstrap", "echo 'no way to the mirror' >&2; exit 1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.another_python"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ANOTHER PYTHON: NONE, the core was tested on 3.")
    assert "no way to the mirror" in done.stdout or "can only be unpacked by root" in done.stdout


def test_every_path_that_it_runs_is_there():
    named = {part.removeprefix("--deselect=") for arguments in RUNS for part in arguments if "tests/" in part}
    for part in named:
        path, _, test = part.partition("::")
        assert (ROOT / path).exists() and (not test or f"def {test}(" in (ROOT / path).read_text("utf-8"))
    for folder in ("logic", "rules", "topics", "simulate"):
        assert f"tests/{folder}" in named
