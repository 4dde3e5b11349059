"""Every query of every dashboard, put to a real Prometheus through load, a kill, a rebalance and an outage."""

import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from grafana.ringback_dashboards.queries import annotations, queries
from tests.kafka.cluster import PARTITIONS
from tests.observed.api import Api, until
from tests.observed.conftest import HOURS, TENTH
from tests.observed.load import LIST, SPRING, Load
from tests.observed.rig import WORKERS, Rig
from tests.observed.truth import differences

pytestmark = [pytest.mark.kafka, pytest.mark.observed]

SETTINGS = {"metrics_campaigns": f"{SPRING},autumn,blocked"}
CHOSEN = {"job": "ringback", "expected_workers": f"{WORKERS}", "__rate_interval": "8s", "__range": "10m"}
RESTS_S = 60.0
LATER = 5
OFF = 7
IN_HAND = 3
NEVER_HERE = {
    ("ringback-engine", "Gaps of logs"): "no log loses records here; test_alerts has one that does",
    ("ringback-engine", "Acquisition waits"): "it is over within less than a scrape; test_alerts has one that hangs",
    ("ringback-engine", "Restore progress"): "so few records are read within less than a scrape",
    ("ringback-engine", "Restore: records to read"): "the same",
    ("ringback-not-made", "Expired by reason"): "the shortest that a callback may be late is longer than this test",
    **{
        ("ringback-engine", panel): "no adapter runs here; tests/kafka/test_adapters.py has them"
        for panel in (
            "Records of adapters by result",
            "Halves that are overdue",
            "Rows of adapters",
            "Skipped by adapters",
            "Adapters that joined again",
            "Partitions held by adapters",
        )
    },
}


class Asked:
    """Which panels had series, and which had none, by step."""

    def __init__(self, api: Api) -> None:
        self.filled: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.empty: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._api = api

    def all(self, step: str) -> None:
        """Put every query to Prometheus."""
        for query in queries(CHOSEN):
            panel = query.dashboard, query.panel
            if self._api.query(query.expr):
                self.filled[panel].add(step)
            elif query.empty_when is None:
                self.empty[step].add(panel)
        for _, _, expression in annotations(CHOSEN):
            self._api.query(expression)


@pytest.fixture
def quiet(prometheus: None, tmp_path: Path):
    """A rig of its own, whose Prometheus has seen every process from its beginning."""
    with Rig(tmp_path, TENTH, HOURS, settings=dict(SETTINGS)) as rig:
        yield rig


@pytest.mark.timeout(900)
def test_every_query_has_data_and_every_sum_is_true_under_load_through_a_kill_a_rebalance_and_an_outage(
    quiet: Rig,
) -> None:
    rig, asked = quiet, Asked(quiet.api)
    _begin(rig)
    with rig.loaded(5):
        time.sleep(8)
        rig.load.ask(20)
        rig.load.cancel("c1", "nobody-knows-it-either")
        time.sleep(3)
        asked.all("load")
    _rests(rig)
    asked.all("rest")
    _adds_up(rig)
    with rig.left_alone(0):
        rig.kill(0)
        with rig.loaded(5):
            time.sleep(1.5)
            asked.all("killed")
            rig.wait_ready()
            asked.all("taken over")
        _rests(rig)
    with rig.loaded(5):
        rig.wait_ready()
        asked.all("rebalanced")
    _rests(rig)
    rig.brokers.kill(0)
    time.sleep(12)
    asked.all("outage")
    rig.brokers.start(0)
    rig.brokers.await_started(0)
    rig.wait_ready()
    with rig.loaded(5):
        time.sleep(4)
        asked.all("after it")
    _rests(rig)
    _adds_up(rig)
    assert dict(asked.empty) == {}
    never = {(query.dashboard, query.panel) for query in queries(CHOSEN)} - asked.filled.keys()
    assert never <= NEVER_HERE.keys()


def _begin(rig: Rig) -> None:
    """Something of everything that a panel shows: what waits, what is in hand, what was refused, what was not made."""
    load = rig.load
    rig.campaign("blocked", callable_time_set_id="nobody")
    rig.campaign("autumn", on=False)
    load.wrap_up(10, 1, "blocked")
    load.ask(5, "blocked")
    load.wrap_up(OFF, 1, "autumn")
    load.schedule(LATER, 3600)
    load.returned(4)
    load.send("wrap-up", f"{LIST}|c1", b"<wrap-up/>")
    load.cancel("c1", "nobody-knows-it")
    until(lambda: load.commands["dial-preview"] >= 4, RESTS_S, lambda: load.commands)
    time.sleep(1)
    load.silent = True
    load.schedule(IN_HAND, 0.5)
    load.wrap_up(IN_HAND, 0.5, SPRING)
    until(lambda: load.outstanding()["presented"] >= IN_HAND, RESTS_S, load.outstanding)
    until(lambda: load.outstanding()["dialing"] >= IN_HAND, RESTS_S, load.outstanding)
    load.forget()
    load.silent = False


def _rests(rig: Rig) -> None:
    """Wait until Prometheus says what is true; what it says otherwise for long is wrong."""
    wrong: list[str] = ["not compared"]

    def is_true() -> bool:
        wrong[:] = differences(rig.api, rig.load)
        return not wrong

    until(is_true, RESTS_S, lambda: wrong)


def _adds_up(rig: Rig) -> None:
    """The same of panels: what belongs to no transaction is up to a second old, and a scrape older."""

    def both() -> tuple[Counter[str], Counter[str]]:
        return panel_sums(rig), panel_truth(rig.load)

    def is_true() -> bool:
        shown, true = both()
        return shown == true

    until(is_true, RESTS_S, both)


def panel_sums(rig: Rig) -> Counter[str]:
    """What panels add up, by panel; of a query by state or topic, the sum of all."""
    asked: Counter[str] = Counter()
    for query in queries(CHOSEN):
        name = f"{query.dashboard}: {query.panel}"
        if name in SUMS:
            series = [
                (labels, value) for labels, value in rig.api.query(query.expr) if labels.get("le", "+Inf") == "+Inf"
            ]
            asked[name] += int(sum(value for _, value in series))
    return +asked


def panel_truth(load: Load) -> Counter[str]:
    """What they have to be."""
    state = load.outstanding()
    return +Counter({name: of(state) for name, of in SUMS.items()})


SUMS = {
    "ringback-on-time: Outstanding by state": lambda state: state.total(),
    "ringback-on-time: Overdue, wait for the workers": lambda state: 0,
    "ringback-on-time: Overdue, held by campaigns": lambda state: state["waiting"],
    "ringback-on-time: Overdue by what it waits for": lambda state: state["waiting"],
    "ringback-on-time: Overdue by age": lambda state: state["waiting"],
    "ringback-on-time: Commands without an outcome, by age": lambda state: state["presented"] + state["dialing"],
    "ringback-campaign: Outstanding": lambda state: state.total(),
    "ringback-campaign: Outstanding by campaign and state": lambda state: state.total(),
    "ringback-campaign: Overdue": lambda state: state["waiting"],
    "ringback-campaign: Overdue by campaign and what it waits for": lambda state: state["waiting"],
    "ringback-engine: Partitions by worker": lambda state: PARTITIONS,
    "ringback-engine: Partitions not ready": lambda state: 0,
    "ringback-engine: Partitions not held": lambda state: 0,
    "ringback-engine: Consumer lag by topic": lambda state: 0,
}
"""Panels that add something up, and what that is, from the outstanding callbacks by state."""
