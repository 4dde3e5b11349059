"""How cost grows, as plots: what they show is pure; matplotlib draws it as SVG, the same bytes for the same data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import median
from typing import Any

from benchmarks.growth import Step, middle
from benchmarks.measures import OUTSTANDING

MIB = 1024 * 1024
INCHES = (6.4, 3.6)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """name: of its file. lines: of each name, its points, at least two each."""

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Points]


def plots(data: Mapping[str, Any]) -> list[Plot]:
    """All that the data have points for."""
    core, worker = data["growth"].get("core", []), data["growth"].get("worker", [])
    cost = "µs of CPU an event"
    found = [
        Plot("rules", "Cost of an event, by rules", "rules", cost, {
            "the worker": _worker(worker, "rules"), "the core alone": _core(core, "rules", {"partitions": 4}),
        }),
        Plot("partitions", "Cost of an event, by partitions", "partitions", cost, {
            "the worker": _worker(worker, "partitions"), "the core alone": _core(core, "partitions", {"rules": 20}),
        }),
        Plot("processes", "Several processes against one", "processes", "times that of one", {
            "events/s": _relative(_worker(worker, "processes", "events_per_s")),
            "events per CPU second": _relative(_worker(worker, "processes", "events_per_cpu_s")),
        }),
        Plot("memory", "Memory at rest, by outstanding callbacks", "outstanding callbacks", "MiB", {
            "the worker": [(at, size / MIB) for at, size in _steps(data, "resident_bytes")],
        }),
        Plot("restart", "Restart, by outstanding callbacks", "outstanding callbacks", "s after the assignment", {
            "first overdue command, with its state": _steps(data, "first_overdue_s"),
            "state restored, without": _steps(data, "cold_restore_s"),
        }),
    ]  # fmt: skip
    there = [Plot(one.name, one.title, one.x, one.y, _with_points(one.lines)) for one in found]
    return [one for one in there if one.lines]


def svg(plot: Plot) -> bytes:
    """The plot as a file, with text as text."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    into = BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": plot.name}):  # Otherwise each file has ids of its own.
        figure = Figure(figsize=INCHES, layout="constrained")
        axes = figure.subplots()
        for name, points in plot.lines.items():
            axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
        axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y, ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.legend()
        axes.grid(alpha=0.3)
        figure.savefig(into, format="svg", metadata={"Date": None})
    return into.getvalue()


def _with_points(lines: Mapping[str, Points]) -> dict[str, Points]:
    return {name: sorted(points) for name, points in lines.items() if len(points) > 1}


def _core(steps: Iterable[Mapping[str, Any]], by: str, others: Mapping[str, int]) -> Points:
    chosen = [one for one in steps if all(one[name] == value for name, value in others.items())]
    return [(one[by], median(one["cpu_us_per_event"])) for one in chosen]


def _worker(steps: Iterable[dict[str, Any]], by: str, figure: str = "cpu_us_per_event") -> Points:
    usual = Step().data()
    chosen = [one for one in steps if all(one[name] == value for name, value in usual.items() if name != by)]
    return [(one[by], found) for one in chosen if (found := middle(one, figure)) is not None]


def _relative(points: Points) -> Points:
    """As shares of the figure at one; empty if there is none."""
    one = dict(points).get(1)
    return [(at, found / one) for at, found in points] if one else []


def _steps(data: Mapping[str, Any], name: str) -> Points:
    rounds = data["measures"].get(OUTSTANDING, {}).get("rounds", [])
    found: dict[float, list[float]] = {}
    for values in (one.get("values", {}) for one in rounds):
        for step in range(1, 1 + len(values)):
            at, figure = values.get(f"step{step}_outstanding"), values.get(f"step{step}_{name}")
            if at is not None and figure is not None:
                found.setdefault(at, []).append(figure)
    return [(at, median(figures)) for at, figures in found.items()]
