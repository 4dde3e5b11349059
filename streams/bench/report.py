"""How a measurement is printed: what was asked for, when, where, the figures, and what was wrong."""

from collections.abc import Sequence
from datetime import datetime

from streams.figures import machine, milliseconds, percentile, versions

Figures = list[tuple[str, str]]


def report(command: str, now: datetime, figures: Figures, faults: Sequence[str]) -> str:
    """A table that can be pasted into a page."""
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
            *(f"WRONG: {fault}" for fault in faults),
            *(
                ()
                if faults
                else ("Right: each callback went out once, none early, in due order per topic and partition.",)
            ),
        ]
    )


def spread(seconds: Sequence[float]) -> str:
    """p50, p99 and the greatest of some durations."""
    if not seconds:
        return "none"
    return ", ".join(milliseconds(percentile(seconds, share)) for share in (0.5, 0.99, 1.0))
