"""The dashboard shows what the worker counts, all of it, and can be read by somebody who has not built it."""

import itertools
import json
import re
from pathlib import Path

import pytest

from streams.base import metrics

DASHBOARD = json.loads(Path(__file__).parents[2].joinpath("grafana/dashboards/ringback.json").read_text("utf-8"))
PANELS = DASHBOARD["panels"]
GRAPHS = [panel for panel in PANELS if panel["type"] != "row"]
TARGETS = [target for panel in GRAPHS for target in panel["targets"]]
OURS = {family.name: family for family in metrics.REGISTRY.collect() if family.name.startswith("ringback_")}


def series_names(family):
    """Every series name a metric is exposed under."""
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
    return {family.name + suffix for suffix in suffixes}


def metrics_of(expression):
    return set(re.findall(r"\bringback_\w+", expression))


EXPOSED = {name for family in OURS.values() for name in series_names(family)}


def test_every_metric_on_the_dashboard_is_one_that_the_worker_exposes():
    used = set().union(*(metrics_of(target["expr"]) for target in TARGETS))
    assert used <= EXPOSED


def test_every_metric_of_the_worker_is_on_the_dashboard():
    used = set().union(*(metrics_of(target["expr"]) for target in TARGETS))
    missing = [name for name, family in OURS.items() if not series_names(family) & used]
    assert missing == []


def test_every_label_that_a_query_groups_by_or_matches_exists():
    # `instance` and `le` come from Prometheus and from histograms.
    known = {"instance", "le"} | {
        label for family in OURS.values() for sample in family.samples for label in sample.labels
    }
    # Their series appear with the first partition, and at the start of a worker.
    known |= {"partition", "version"}
    for target in TARGETS:
        grouped = {
            label.strip() for group in re.findall(r"\bby \(([^)]*)\)", target["expr"]) for label in group.split(",")
        }
        matched = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", target["expr"]))
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert grouped | matched | shown <= known, target["expr"]


@pytest.mark.parametrize("panel", GRAPHS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_in_which_unit(panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize("panel", GRAPHS, ids=lambda panel: panel["title"])
def test_a_panel_asks_the_chosen_source_for_the_chosen_workers(panel):
    assert panel["datasource"]["uid"] == "${datasource}"
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        expression = target["expr"]
        assert expression.count('instance=~"$instance"') == len(re.findall(r"\bringback_\w+", expression))


def test_a_rate_is_taken_over_the_interval_that_fits_the_scrapes():
    ranges = set().union(*(re.findall(r"\[([^\]]+)\]", target["expr"]) for target in TARGETS))
    assert ranges == {"$__rate_interval", "$__range"}


def test_references_within_a_panel_and_ids_of_panels_are_unique():
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    for panel in GRAPHS:
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_no_two_panels_overlap_and_none_leaves_the_grid():
    boxes = [panel["gridPos"] for panel in PANELS]
    assert all(box["x"] >= 0 and box["x"] + box["w"] <= 24 for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_the_data_source_and_the_worker_can_be_chosen():
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "instance": "query"}
