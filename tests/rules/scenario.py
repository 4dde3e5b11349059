"""Plays the scenario of a rule: the file of tests/scenarios whose name begins with the rule's number.

What a scenario says stands beside it as a dialogue, in the file of its name that ends in `.txt`; the last line tells up
to when the clock runs. A test that plays a scenario and fails shows the dialogue, and where it has become another.
"""

from datetime import UTC, datetime
from pathlib import Path

from streams.simulator.dialogue import END, dialogue
from streams.simulator.lines import Line, parse_line
from streams.simulator.simulate import converse, simulate
from tests.builders import Said, instant
from tests.rules.difference import difference

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def paths() -> list[Path]:
    """The files of all rules."""
    return sorted(SCENARIOS.glob("[0-9]*.jsonl"))


def lines(path: Path) -> list[Line]:
    """The lines of a file."""
    text = path.read_bytes().splitlines()
    return [parse_line(line, f"{path.name}:{number}") for number, line in enumerate(text, start=1)]


def with_dialogues() -> list[Path]:
    """Every file of events: those of the rules, and what no single rule is about."""
    return sorted(SCENARIOS.glob("*.jsonl"))


def expected(path: Path) -> list[str]:
    """The dialogue that stands beside a scenario; empty if there is none yet."""
    text = path.with_suffix(".txt")
    return text.read_text("utf-8").removesuffix("\n").split("\n") if text.exists() else []


def until(path: Path) -> datetime | None:
    """Up to when the dialogue beside a scenario goes; None if it does not say, or less far than the events."""
    at, _, end = (expected(path) or [""])[-1].rpartition(" ")
    if end != END:
        return None
    return max(datetime.fromisoformat(at).replace(tzinfo=UTC), lines(path)[-1].at)


def spoken(path: Path, until: datetime | None) -> list[str]:
    """The dialogue of a scenario as it is now."""
    return list(dialogue(converse(lines(path), until, 1), until))


def changed(path: Path) -> str:
    """Where the dialogue of a scenario has become another than the one beside it; empty if nowhere."""
    return difference(expected(path), spoken(path, until(path)))


def play(rule: str, until: str | None = None, partitions: int = 1) -> Said:
    """What a worker says about a rule's scenario; the clock runs on to `until` after the last line."""
    (path,) = SCENARIOS.glob(f"{rule}-*.jsonl")
    print(changed(path) or "\n".join(expected(path)))  # Shown if the test fails.
    return Said(list(simulate(lines(path), None if until is None else instant(until), partitions)))


def answers(said: Said) -> list[list[str]]:
    """The reasons of each placement decided, in order; none for a call that is allowed."""
    decided = said.of("placement-decided")
    assert all(one["allowed"] is (not one["reasons"]) for one in decided)
    return [one["reasons"] for one in decided]


def steps(said: Said, callback_id: str) -> list[str]:
    """The transitions of one callback, in order."""
    return [record["transition"] for record in said.lifecycle if record["callback_id"] == callback_id]


def of_contact(said: Said, contact_id: str) -> list[str]:
    """The transitions of one contact's callbacks, in order."""
    return [record["transition"] for record in said.lifecycle if record["contact_id"] == contact_id]


def dialed(said: Said) -> list[tuple[str, str]]:
    """When each command was written, and on which topic: `preview` or `analysis`."""
    return [
        (line["at"].removeprefix("2026-11-23T").removesuffix("Z"), line["topic"].removeprefix("dial-"))
        for line in said.lines
        if line["topic"].startswith("dial-")
    ]


def merged() -> list[Line]:
    """The scenarios of all rules as one stream, by the instants at which events arrive.

    Those that depend on the number of partitions are left out.
    """
    told = [line for path in paths() if not path.stem.endswith("one-partition") for line in lines(path)]
    return sorted(told, key=lambda line: line.at)
