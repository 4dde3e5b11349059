"""Every query of every dashboard, ready for a Prometheus: `python -m grafana.ringback_dashboards.queries`.

It prints one JSON object a line, with the fields of `Query`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[1] / "dashboards"
ANY = {
    "cluster": ".*", "namespace": ".*", "job": ".+", "instance": ".+", "campaign": ".+", "expected_workers": "1",
    "__rate_interval": "1m", "__interval": "15s", "__range": "1h", "datasource": "prometheus", "docs": "docs",
}  # fmt: skip
"""Every variable as Grafana has it when nothing was chosen; for scrapes every 15 s."""

MAY_BE_EMPTY = {
    ("ringback-on-time", "What is wrong, and what to do"): "nothing may be wrong",
    ("ringback-on-time", "Alerts"): "no alert may be pending",
    ("ringback-on-time", "Lateness p99, our own"): "no command in a minute",
    ("ringback-on-time", "Within 1 s, our own"): "no command in a minute",
    ("ringback-on-time", "Lateness by cause, p99"): "no command in this time",
    ("ringback-not-made", "Alerts"): "no alert may be pending",
    ("ringback-not-made", "Ended without a call"): "no callback ended",
    ("ringback-not-made", "Blocked"): "no callback was due",
    ("ringback-not-made", "Placements refused"): "no request",
    ("ringback-not-made", "Blocked by reason"): "none was blocked",
    ("ringback-not-made", "Expired by reason"): "none expired",
    ("ringback-not-made", "Not dialed by reason"): "no command was given back",
    ("ringback-not-made", "Rejected and cancelled by reason"): "none was rejected or cancelled",
    ("ringback-not-made", "The most frequent reasons"): "no transition had a reason",
    ("ringback-not-made", "Placements refused by reason"): "none was refused",
    ("ringback-not-made", "Dead letters by code"): "no event was bad",
    ("ringback-engine", "Alerts"): "no alert may be pending",
    ("ringback-engine", "Acquisition waits"): "no partition is being acquired",
    ("ringback-engine", "Restore progress"): "no restore runs",
    ("ringback-engine", "Restore: records to read"): "no restore runs",
    ("ringback-engine", "Duration of transactions"): "no transaction in this time",
    ("ringback-engine", "From event to effect, p99"): "no event in this time",
    ("ringback-engine", "From request to answer"): "no request in this time",
    ("ringback-engine", "Gaps of logs"): "no log lost records",
    ("ringback-engine", "Records of adapters by result"): "no adapter runs",
    ("ringback-engine", "Skipped by adapters"): "no adapter runs",
    ("ringback-engine", "Rows of adapters"): "no adapter runs",
    ("ringback-engine", "Halves that are overdue"): "no adapter runs",
    ("ringback-engine", "Partitions held by adapters"): "no adapter runs",
    ("ringback-engine", "Adapters that joined again"): "no adapter runs",
    ("ringback-campaign", "Transitions by campaign"): "nothing happened in a minute",
    ("ringback-campaign", "The most frequent reasons"): "no transition had a reason",
}
"""Panels that rightly have no series at times, and when; all others have some whenever a worker answers."""


@dataclass(frozen=True)
class Query:
    """`kind`: whether the panel asks for the shown time or for its end; `empty_when`: None if it always has a series.

    `form` is that of the panel: time_series, table or heatmap (whose buckets the page takes apart).
    """

    dashboard: str
    panel: str
    panel_type: str
    ref: str
    kind: Literal["range", "instant"]
    form: str
    legend: str
    expr: str
    empty_when: str | None


def replaced(text: str, values: Mapping[str, str]) -> str:
    """A text of a dashboard with its variables replaced, `$name` and `${name}` alike; the longest name first."""
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", values[name]).replace(f"${name}", values[name])
    return text


def loaded(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The committed dashboards, by name of their file without its ending."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels but the rows, those of collapsed rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panels(panel)
        else:
            yield panel


def queries(values: Mapping[str, str] | None = None, folder: Path = FOLDER) -> Iterator[Query]:
    """Every query; `values` are those of variables that are not as in `ANY`."""
    chosen = {**ANY, **(values or {})}
    for dashboard in loaded(folder).values():
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                yield Query(
                    dashboard=dashboard["uid"],
                    panel=panel["title"],
                    panel_type=panel["type"],
                    ref=target["refId"],
                    kind="instant" if target.get("instant") else "range",
                    form=target["format"],
                    legend=target["legendFormat"],
                    expr=replaced(target["expr"], chosen),
                    empty_when=MAY_BE_EMPTY.get((dashboard["uid"], panel["title"])),
                )


def annotations(values: Mapping[str, str] | None = None, folder: Path = FOLDER) -> Iterator[tuple[str, str, str]]:
    """Dashboard, name and expression of each annotation; they have series only where something happened."""
    for dashboard in loaded(folder).values():
        for one in dashboard["annotations"]["list"]:
            yield dashboard["uid"], one["name"], replaced(one["expr"], {**ANY, **(values or {})})


def main() -> None:
    """Print all queries."""
    parser = argparse.ArgumentParser(description="Print every query of every dashboard, one JSON object a line.")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a variable's value")
    chosen = dict(pair.split("=", 1) for pair in parser.parse_args().set)
    for query in queries(chosen):
        print(json.dumps(asdict(query)))


if __name__ == "__main__":
    main()
