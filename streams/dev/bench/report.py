"""How a measurement is told: what was asked for, when, where, the figures, and what was wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from streams.dev.figures import machine, milliseconds, percentile, versions

Figures = list[tuple[str, str]]
Values = Mapping[str, float]

RIGHT = "Right: each callback went out once, none early, in due order per topic and partition."


@dataclass(frozen=True)
class Result:
    """What was measured.

    figures: names and values as text. wrong: a line for each mistake; right: what is true when there is none. values:
    the same figures as numbers, for programs; the unit ends the name.
    """

    figures: Figures
    wrong: Sequence[str] = ()
    right: str = RIGHT
    values: Values = field(default_factory=dict)


def report(command: str, now: datetime, result: Result) -> str:
    """A table that can be pasted into a page."""
    width = max(len(name) for name, _ in result.figures)
    return "\n".join(
        [
            f"`{command}`, {now:%Y-%m-%d %H:%M} UTC",
            f"{versions()}; {machine()}",
            "",
            f"| {'figure':<{width}} | value |",
            f"| {'-' * width} | --- |",
            *(f"| {name:<{width}} | {value} |" for name, value in result.figures),
            "",
            *(f"WRONG: {mistake}" for mistake in result.wrong),
            *(() if result.wrong else (result.right,)),
        ]
    )


def as_json(command: str, now: datetime, result: Result) -> str:
    """The same as one JSON object on one line."""
    told = {
        "command": command,
        "at": now.replace(microsecond=0),
        "machine": machine(),
        "versions": versions(),
        "figures": result.figures,
        "values": dict(result.values),
        "wrong": list(result.wrong),
    }
    return orjson.dumps(told).decode()


def spread(seconds: Sequence[float]) -> str:
    """p50, p99 and the greatest of some durations."""
    if not seconds:
        return "none"
    return ", ".join(milliseconds(percentile(seconds, share)) for share in (0.5, 0.99, 1.0))


def spread_values(prefix: str, seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99, p99.9 and the greatest, in milliseconds; empty if there are none. prefix: of their names."""
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0} if seconds else {}
    return {f"{prefix}{name}_ms": round(1000 * percentile(seconds, share), 2) for name, share in shares.items()}
