"""The goals, each with its floor and with what is wanted. Pure.

A figure is the median of the rounds; a ratio compares figures of one run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measures import CHANGES, LATENESS, OUTSTANDING, PLACEMENT, STAMPEDE
from benchmarks.rounds import OURS, OURS_TWICE
from benchmarks.table import ratio

Data = Mapping[str, Any]
Values = Mapping[str, float]
Reached = tuple[float | None, str]
"""A figure, and, if there is none, why not."""
Reach = Callable[[Data], Reached]
NOTHING = "no figure, since the run was too small or B1 had none"


@dataclass(frozen=True)
class Size:
    """How large a run was in what a goal is about, and how large the goal has it."""

    of: Reach
    full: float


@dataclass(frozen=True)
class Goal:
    """A row of the table. of: what a run has reached; text: how it is written; at_least: whether more is better."""

    title: str
    of: Reach
    text: str
    floor: float
    want: float
    at_least: bool
    size: Size

    def is_met(self, figure: float, by: float) -> bool:
        """Whether a figure is as good as this."""
        return figure >= by if self.at_least else figure <= by


def beside(peer: str, figure: str, *, inverse: bool = False) -> Reach:
    """Ringback's figure divided by a peer's, each of one round; or the other way round."""

    def reached(data: Data) -> Reached:
        found = ratio(data["rounds"], peer, figure)
        if found is None:
            return None, data["left_out"].get(peer, f"no round has a figure of {OURS} and of {peer}")
        return (1 / found if inverse else found), ""

    return reached


def value(measure: str, name: str, by: str | None = None) -> Reach:
    """The median of a value of a measure. by: divided by this one, of the same round."""

    def one(values: Values) -> float | None:
        if by is None or name not in values:
            return values.get(name)
        return values[name] / values[by] if values.get(by) else None

    return _median(measure, one)


def step(back: int, name: str) -> Reach:
    """The median of a value at the largest number of outstanding callbacks (back: 0), or the one before it (1)."""

    def one(values: Values) -> float | None:
        last = sum(key.endswith("_outstanding") for key in values)
        return values.get(f"step{last - back}_{name}")

    return _median(OUTSTANDING, one)


def _median(measure: str, of: Callable[[Values], float | None]) -> Reach:
    def reached(data: Data) -> Reached:
        if measure not in data["measures"]:
            return None, f"`ringback bench {measure}` was not asked for"
        rounds = data["measures"][measure]["rounds"]
        found = [figure for one in rounds if (figure := of(one.get("values", {}))) is not None]
        if found:
            return median(found), ""
        return None, next((one["failed"] for one in rounds if "failed" in one), NOTHING)

    return reached


def events(data: Data) -> Reached:
    """How many wrap-ups B1 had."""
    return data["workload"]["events"], ""


def more(title: str, of: Reach, text: str, floor: float, want: float, size: Size) -> Goal:
    """A goal that is reached by at least so much."""
    return Goal(title, of, text, floor, want, True, size)


def less(title: str, of: Reach, text: str, floor: float, want: float, size: Size) -> Goal:
    """A goal that is reached by at most so much."""
    return Goal(title, of, text, floor, want, False, size)


def _lateness(name: str, key: str, floor: float, want: float) -> Goal:
    title = f"B3 lateness at 1,000 due/s with 1,000,000 outstanding, B1 at half load: {name}"
    return less(title, value(LATENESS, f"beside_{key}_ms"), "{:,.1f} ms", floor, want, DUE)


def _restart(back: int, size: Size) -> Goal:
    title = f"restart with {size.full:,} outstanding: first overdue command after the assignment"
    return less(title, step(back, "first_overdue_s"), "{:.2f} s", 2, 0.5, size)


RATE, CPU = "events_per_s", "events_per_cpu_s"
B1 = Size(events, 400_000)
CHANGED = Size(value(CHANGES, "callbacks"), 300_000)
DUE = Size(value(LATENESS, "outstanding"), 1_000_000)
AT_ONCE = Size(value(STAMPEDE, "callbacks"), 500_000)
FEW = Size(step(1, "outstanding"), 1_000_000)
MANY = Size(step(0, "outstanding"), 5_000_000)
ASKED = Size(value(PLACEMENT, "rate_per_s"), 200)

QUIX, JAVA, JAVA_CPU = beside("quixstreams", RATE), beside("kafka-streams", RATE), beside("kafka-streams", CPU)
TWO = beside(OURS_TWICE, CPU, inverse=True)
SHARE = value(STAMPEDE, "wrap_up_p99_ms", by="calm_wrap_up_p99_ms")
GOALS = (
    more("B1 against quixstreams with the same core, events/s", QUIX, "{:.2f}x", 1.5, 2.5, B1),
    more("B1 against Kafka Streams with the same work, 1 thread, events/s", JAVA, "{:.2f}x", 1, 1.5, B1),
    more("the same, events per CPU second", JAVA_CPU, "{:.2f}x", 1.5, 2, B1),
    more("events per worker's CPU second, 2 processes against 1", TWO, "{:.2f}x", 0.9, 0.97, B1),
    more("B2 schedules with cancels and reschedules", value(CHANGES, RATE), "{:,.0f}/s", 8000, 20_000, CHANGED),
    _lateness("p50", "p50", 10, 4),
    _lateness("p99", "p99", 50, 15),
    _lateness("p99.9", "p999", 300, 100),
    less("B4 500,000 due at once: drained in", value(STAMPEDE, "drained_s"), "{:.1f} s", 30, 15, AT_ONCE),
    less("the same: p99 of wrap-ups meanwhile against calm", SHARE, "{:.1f}x", 3, 2, AT_ONCE),
    less("memory per outstanding callback, slope", value(OUTSTANDING, "bytes_each"), "{:,.0f} B", 100, 40, MANY),
    _restart(1, FEW),
    _restart(0, MANY),
    more("cold restore from Kafka", step(1, "cold_restore_per_s"), "{:,.0f}/s", 40_000, 120_000, FEW),
    less("placement at 200/s: p99", value(PLACEMENT, "p99_ms"), "{:.1f} ms", 20, 8, ASKED),
    less("idle CPU with 1,000,000 outstanding", step(1, "idle_percent"), "{:.2f} %", 1, 0.2, FEW),
)
