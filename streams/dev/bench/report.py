"""How a measurement is printed: what was asked for, when, where, the figures, and what was wrong."""

from collections.abc import Sequence
from datetime import datetime

from streams.dev.figures import machine, milliseconds, percentile, versions

Figures = list[tuple[str, str]]


RIGHT = "Right: each callback went out once, none early, in due order per topic and partition."


def report(command: str, now: datetime, figures: Figures, mistakes: Sequence[str], right: str = RIGHT) -> str:
    """A table that can be pasted into a page. right: what is true when there are no mistakes."""
    width = max(len(name) for name, _ in figures)
    return "\n".join(
        [
            f"`{command}`, {now:%Y-%m-%d %H:%M} UTC",
            f"{versions()}; {machine()}",
            "",
            f"| {'figure':<{width}} | value |",
            f"| {'-' * width} | --- |",
            *(f"| {name:<{width}} | {value} |" for name, value in figures),
            "",
            *(f"WRONG: {mistake}" for mistake in mistakes),
            *(() if mistakes else (right,)),
        ]
    )


def spread(seconds: Sequence[float]) -> str:
    """p50, p99 and the greatest of some durations."""
    if not seconds:
        return "none"
    return ", ".join(milliseconds(percentile(seconds, share)) for share in (0.5, 0.99, 1.0))
