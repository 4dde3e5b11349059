"""What is installed with which extra: a command that lacks its packages says so in one line, with the cure."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from streams.base import extras
from streams.base.extras import EXTRAS, cure
from streams.cli.group import COMMANDS
from tests.complaints import complaint

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WITHIN = {"simulate": "", "worker": "simulate", "broker": "worker", "console": "worker", "evidence": "worker"}
"""Of each extra the one that it holds; the innermost is a bare install."""


def levels(extra):
    """An extra and those within it, the bare install first."""
    return [*levels(WITHIN[extra]), extra] if extra else [""]


PROGRAM = """
import sys
class Installed:
    allowed = {allowed!r}
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in self.allowed:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Installed())
from streams.__main__ import main
main()
"""


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements):
    """The names of the distributions that these requirements bring, with all that they need themselves."""
    found, left = set(), list(requirements)
    while left:
        requirement = left.pop()
        name = normal(re.findall(r"[\w.-]+", requirement)[0])
        if name not in found and name != "ringback" and "extra ==" not in requirement:
            found.add(name)
            left += [one for one in _requires(name) if "extra ==" not in one]
    return found


def _requires(name):
    try:
        return requires(name) or []
    except ModuleNotFoundError:  # For another platform only.
        return []


def modules_of(level):
    """The top-level modules of an install with this extra."""
    brought = list(PROJECT["dependencies"])
    for extra in levels(level)[1:]:
        brought += PROJECT["optional-dependencies"][extra]
    distributions = closure(brought)
    there = {
        name for name, owners in packages_distributions().items() if {normal(one) for one in owners} & distributions
    }
    # The project itself, however it is installed.
    return sorted(there | {"streams", "topics", "__editable__"})


def ringback(level, *arguments):
    command = [sys.executable, "-c", PROGRAM.format(allowed=modules_of(level)), *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )


def the_line(result, command=""):
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1, result.stderr
    return complaint(line, of_worker=command == "worker")


CALLS = {
    "demo": ["demo"],
    "simulate": ["simulate", "/dev/null"],
    "broker": ["broker", "--port", "0"],
    "topics": ["topics", "check"],
    "import": ["import", "contacts", "examples/import/contacts.csv"],
    "dnc": ["dnc", "check"],
    "doctor": ["doctor", "--broker", "127.0.0.1:1"],
    "worker": ["worker", "--broker", "127.0.0.1:1"],
    "bench": ["bench", "restart"],
    "console": ["console", "--broker", "127.0.0.1:1", "--console-port", "0", "--console-dir", "/dev/null/console"],
    "callbacks": ["callbacks", "list", "--broker", "127.0.0.1:1"],
    "dead-letters": ["dead-letters", "list", "--broker", "127.0.0.1:1"],
    "tail": ["tail", "--broker", "127.0.0.1:1"],
    "export": ["export", "--broker", "127.0.0.1:1"],
    "evidence": ["evidence", "verify", "/dev/null"],
    "replay": ["replay", "/dev/null"],
    "adapter": ["adapter", "genesys", "--broker", "127.0.0.1:1"],
    "apply": ["apply", "--recycle", "P", "--broker", "127.0.0.1:1"],
    "erase": ["erase", "--list", "L", "--contact", "c", "--broker", "127.0.0.1:1"],
}
LACKING = [(level, command) for command in CALLS for level in levels(EXTRAS[command])[:-1]]


@pytest.mark.parametrize(("level", "command"), LACKING, ids=lambda one: one or "bare")
def test_a_command_whose_extra_is_not_installed_names_it_in_one_line(level, command):
    line = the_line(ringback(level, *CALLS[command]), command)
    extra = EXTRAS[command]
    assert f"the extra `{extra}`" in line or "the embedded Kafka needs the package" in line
    assert f"pip install 'ringback[{extra}]" in line
    assert command in line or "the embedded Kafka" in line


@pytest.mark.parametrize("arguments", [[], ["--help"], ["frobnicate"]], ids=" ".join)
def test_a_bare_install_that_is_asked_for_no_command_names_the_extra_that_brings_all(arguments):
    assert "the command line needs the extra `broker`" in the_line(ringback("", *arguments))


@pytest.mark.parametrize("command", [name for name in CALLS if name != "demo"])
def test_the_extra_that_is_named_is_enough(command):
    result = ringback(EXTRAS[command], command, "--help")
    assert (result.returncode, result.stderr) == (0, "")


def test_the_simulator_runs_with_its_extra_alone():
    result = ringback("simulate", "simulate", "examples/first-callbacks.jsonl", "--until", "2026-11-23T16:00:00Z")
    assert (result.returncode, result.stderr) == (0, "") and "dial-preview" in result.stdout


def test_every_command_has_an_extra_that_exists():
    assert set(EXTRAS) == set(COMMANDS) == set(CALLS)
    assert set(EXTRAS.values()) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize(
    ("origin", "what"),
    [
        ({"url": "file:///src/ringback", "dir_info": {}}, "ringback[worker] @ file:///src/ringback"),
        (
            {"url": "https://git.example/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "ringback[worker] @ git+https://git.example/r.git@c0ffee",
        ),
        (None, "ringback[worker]"),
    ],
)
def test_an_extra_is_installed_from_where_the_rest_is_from(origin, what, monkeypatch):
    class Installed:
        def read_text(self, name):
            return json.dumps(origin) if origin and name == "direct_url.json" else None

    monkeypatch.setattr(extras, "distribution", lambda name: Installed())
    assert cure("worker") == f"Install it with: pip install '{what}'"
