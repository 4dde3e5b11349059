"""The Dockerfile has no fault that its linter knows, and copies what it says and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


def linted(path: Path) -> "subprocess.CompletedProcess[str]":
    if not HADOLINT.exists():
        pytest.skip("the group `deploy` of pyproject.toml is not installed: make deployment-tools")
    command = [str(HADOLINT), "--no-color", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_its_linter_finds_nothing() -> None:
    done = linted(DOCKERFILE)
    assert done.returncode == 0, done.stdout


def test_the_linter_finds_a_command_that_a_shell_would_run(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text(DOCKERFILE.read_text("utf-8").replace('CMD ["worker"]', "CMD worker"))
    done = linted(wrong)
    assert done.returncode == 1 and "DL3025" in done.stdout


def test_what_is_copied_is_what_the_context_has_and_it_is_there() -> None:
    lines = [line.split() for line in DOCKERFILE.read_text("utf-8").splitlines() if line.startswith("COPY ")]
    copied = {name for line in lines if "--from=build" not in line for name in line[1:-1]}
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert ignored[0] == "*" and {name[1:] for name in ignored if name.startswith("!")} == copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_final_stage_installs_nothing_and_names_no_secret() -> None:
    final = DOCKERFILE.read_text("utf-8").rpartition("\nFROM ")[2]
    assert "pip" not in final and "uv sync" not in final and "apt-get" not in final
    assert "secret" not in final and "\nUSER 10001:10001\n" in final
