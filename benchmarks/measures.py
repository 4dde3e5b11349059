"""The measures beside B1: commands of `ringback bench`, each with a Kafka and a worker of its own.

What did not end, or ended with an error, is part of the result.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from streams.dev.children import die_with_parent, stop

CHANGES, LATENESS, STAMPEDE, OUTSTANDING, PLACEMENT = "changes", "lateness", "stampede", "outstanding", "placement"
NAMES = (CHANGES, LATENESS, STAMPEDE, OUTSTANDING, PLACEMENT)
STOP_TIMEOUT_S = 60.0

Say = Callable[[str], None]
Data = dict[str, Any]
Run = Callable[[Sequence[str], float], Data]


@dataclass(frozen=True)
class Measure:
    """A command of `ringback bench`, as often as it is run. timeout_s: after that it is stopped, and has no figures."""

    name: str
    options: Mapping[str, Sequence[int] | int]
    timeout_s: float
    rounds: int = 1

    def arguments(self) -> list[str]:
        """Of `ringback bench`."""
        words = [self.name]
        for option, value in self.options.items():
            for one in value if isinstance(value, Sequence) else (value,):
                words += [f"--{option}", str(one)]
        return words


def plan(full: bool, wrap_ups_per_s: float | None) -> list[Measure]:
    """What is run. full: with the sizes of the goals. wrap_ups_per_s: what arrives beside due callbacks, if known."""
    beside = {} if wrap_ups_per_s is None else {"wrap-ups": max(1, round(wrap_ups_per_s))}
    if full:
        return [
            Measure(CHANGES, {"callbacks": 300_000}, 900, rounds=3),
            Measure(LATENESS, {"outstanding": 1_000_000, "rate": 1000, "seconds": 60, **beside}, 2400),
            Measure(STAMPEDE, {"callbacks": 500_000, "calm": 60}, 2400),
            Measure(OUTSTANDING, {"callbacks": (100_000, 1_000_000, 5_000_000), "overdue": 1000, "quiet": 60}, 7200),
            Measure(PLACEMENT, {"rate": 200, "seconds": 60}, 300, rounds=3),
        ]
    return [
        Measure(CHANGES, {"callbacks": 40_000}, 150),
        Measure(LATENESS, {"outstanding": 50_000, "rate": 1000, "seconds": 10, **beside}, 200),
        Measure(STAMPEDE, {"callbacks": 40_000, "calm": 10}, 200),
        Measure(OUTSTANDING, {"callbacks": (25_000, 100_000), "overdue": 1000, "quiet": 10}, 240),
        Measure(PLACEMENT, {"rate": 200, "seconds": 15}, 100),
    ]


def measure(measures: Sequence[Measure], found: dict[str, Data], say: Say, run: Run | None = None) -> None:
    """Run them, one after the other. found: by name, what has come of each of their rounds; it is there at once."""
    for one in measures:
        rounds: list[Data] = []
        found[one.name] = {"command": f"ringback bench {' '.join(one.arguments())}", "rounds": rounds}
        for number in range(1, one.rounds + 1):
            say(f"Running ringback bench {' '.join(one.arguments())}, round {number} of {one.rounds}")
            rounds.append((run or run_command)(one.arguments(), one.timeout_s))
            say(f"{one.name}: {rounds[-1].get('failed', 'done')}, after {rounds[-1]['took_s']:.0f} s")


def run_command(arguments: Sequence[str], timeout_s: float) -> Data:
    """Run one. failed: why there are no figures, if there are none."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "streams", "bench", *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    try:
        said, complained = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return {"took_s": timeout_s, "failed": f"it has not ended within {timeout_s:g} s"}
    finally:
        stop(process, STOP_TIMEOUT_S)
    return {"took_s": round(time.monotonic() - began, 1), **result(process.returncode, said, complained)}


def result(code: int, said: bytes, complained: bytes) -> Data:
    """What a command that has ended has to say: figures, values, what was wrong; or why it failed."""
    try:
        told = orjson.loads(said.splitlines()[-1])
        return {name: told[name] for name in ("at", "figures", "values", "wrong")}
    except (IndexError, KeyError, TypeError, ValueError):
        lines = complained.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return {"failed": f"it ended with code {code}: {lines[-1]}"}


def mistakes(found: Mapping[str, Data]) -> list[str]:
    """What is wrong, a line each: mistakes that a command has found, and commands that failed."""
    return [
        f"{name}, round {number}: {line}"
        for name, data in found.items()
        for number, one in enumerate(data["rounds"], 1)
        for line in (*one.get("wrong", ()), *([one["failed"]] if "failed" in one else ()))
    ]


def table(found: Mapping[str, Data]) -> list[str]:
    """Lines of Markdown: of each command a table with a column for each round, and what failed."""
    lines: list[str] = []
    for data in found.values():
        rounds = [one for one in data["rounds"] if "failed" not in one]
        lines += [f"`{data['command']}`", ""]
        lines += [f"Round {number} failed: {one['failed']}\n" for number, one in _failed(data)]
        if rounds:
            lines += [f"| figure |{' value |' * len(rounds)}", f"| --- |{' --- |' * len(rounds)}"]
            lines += [_row(of_rounds) for of_rounds in zip(*(one["figures"] for one in rounds), strict=False)]
            lines.append("")
    return lines


def _row(of_rounds: Sequence[tuple[str, str]]) -> str:
    return f"| {of_rounds[0][0]} | {' | '.join(value for _, value in of_rounds)} |"


def _failed(data: Data) -> list[tuple[int, Data]]:
    return [(number, one) for number, one in enumerate(data["rounds"], 1) if "failed" in one]
