"""The programs of `examples/clients`, set up and run in a copy, by the commands that docs/clients.md tells a reader.

What is downloaded and compiled for them is kept in the user's cache.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from streams.dev.children import die_with_parent
from tests.docs.test_docs import table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
EXAMPLES = ROOT / "examples" / "clients"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringback" / "clients"
SMALL_JAVA = "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
HEAD = ("language", "library", "set up", "producer", "dialer")
TOOLS = {"python": ("python3",), "node": ("node", "npm"), "go": ("go",), "java": ("javac", "mvn")}
"""By language, what the machine needs to have."""
INSTALL = {"node": "nodejs", "npm": "npm", "go": "golang-go", "javac": "default-jdk-headless", "mvn": "maven"}
MADE = shutil.ignore_patterns(".venv", "node_modules", "target", "bin", "__pycache__")
"""What a reader may have made beside the sources."""


@dataclass(frozen=True)
class Told:
    """What the page says of one language: commands for a shell, in the folder of its sources."""

    set_up: str
    producer: str
    dialer: str


def told() -> dict[str, Told]:
    """By language: the name of its folder."""
    rows = table(PAGE, *HEAD)
    return {row[0].lower(): Told(*(cell.strip("`") for cell in row[2:])) for row in rows}


def environment() -> dict[str, str]:
    """That of this process, with caches of our own, and with the Python that runs the tests as `python3`."""
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GOCACHE": str(CACHE / "go-build"),
        "GOMODCACHE": str(CACHE / "go-modules"),
        "GOFLAGS": "-mod=readonly -modcacherw",
        "JAVA_TOOL_OPTIONS": SMALL_JAVA,
        "PYTHONUNBUFFERED": "1",
    }
    return dict(os.environ) | own


def need(language: str) -> None:
    """Skip the test if the machine lacks what this language needs."""
    missing = [tool for tool in TOOLS[language] if shutil.which(tool) is None]
    if missing:
        names = " ".join(INSTALL.get(tool, tool) for tool in missing)
        pytest.skip(f"{language} needs {' and '.join(missing)}, which this machine does not have (Debian: {names})")


class Programs:
    """Producer and dialer of one language, set up. settings: those of the program, as those of a worker are named."""

    def __init__(self, language: str, folder: Path, broker: str, prefix: str, **settings: Any) -> None:
        need(language)
        self._told, self._folder, self._logs = told()[language], folder / language, folder
        given = {"broker": broker, "prefix": prefix} | settings
        self._settings = {f"RINGBACK_{name.upper()}": str(value) for name, value in given.items()}
        shutil.copytree(EXAMPLES / language, self._folder, ignore=MADE)
        done = subprocess.run(
            ["bash", "-euc", self._told.set_up], cwd=self._folder, env=environment(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self._told.set_up}\n{done.stdout}\n{done.stderr}"

    def produce(self, lines: str) -> list[str]:
        """Run the producer on these lines; returns what it says it has sent."""
        done = subprocess.run(
            shlex.split(self._told.producer), cwd=self._folder, env=environment() | self._settings,
            input=lines.encode(), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return re.findall(r"^sent (.*)$", done.stdout.decode(), re.MULTILINE)

    def dialer(self, name: str, dial_url: str | None = None) -> "Dialer":
        """Start a dialer; name: of its log."""
        given = self._settings | ({} if dial_url is None else {"DIAL_URL": dial_url})
        return Dialer(shlex.split(self._told.dialer), self._folder, given, self._logs / f"dialer-{name}.log")


class Dialer:
    """A process of a dialer. It never outlives this one."""

    def __init__(self, command: list[str], folder: Path, settings: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as said:
            self._process = self._started(command, folder, environment() | settings, said)

    @staticmethod
    def _started(
        command: list[str], folder: Path, given: Mapping[str, str], said: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True, preexec_fn=die_with_parent(),
        )  # fmt: skip

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8", errors="replace")

    @property
    def dialed(self) -> list[str]:
        """The numbers that it says it dials."""
        return re.findall(r"^dials (\S+)$", self.said, re.MULTILINE)

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def suspend(self) -> None:
        """It does nothing any more, until `resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on where it was."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
