"""The other measures: commands of `ringback bench` with the parameters of the goals, and the tables that they print."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

COMMANDS = (
    ("lateness", "--outstanding", "1000000", "--rate", "1000", "--seconds", "60"),
    ("stampede", "--callbacks", "500000"),
    ("restart", "--outstanding", "1000000", "--overdue", "1000"),
    ("placement", "--rate", "200", "--seconds", "60"),
    ("backlog", "--events", "1000000"),
)


def run(say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run each, one after the other."""
    found = []
    for arguments in COMMANDS:
        command = ["bench", *arguments]
        say(f"Running ringback {' '.join(command)}")
        done = subprocess.run([sys.executable, "-m", "streams", *command], capture_output=True, text=True, check=False)
        figures = read_table(done.stdout)
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] if done.returncode else []
        found.append({"command": f"ringback {' '.join(command)}", "figures": figures, "wrong": last})
    return found


def read_table(said: str) -> list[list[str]]:
    """Name and value of each figure that a command has printed."""
    rows = [line.strip("| ").split("|") for line in said.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == 2][2:]


def table(found: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown."""
    lines = ["| command | figure | value |", "| --- | --- | --- |"]
    for one in found:
        lines += [f"| `{one['command']}` | {name} | {value} |" for name, value in one["figures"]]
    return lines


def mistakes(found: list[dict[str, Any]]) -> list[str]:
    """What ended with an error."""
    return [f"{one['command']}: {line}" for one in found for line in one["wrong"]]
