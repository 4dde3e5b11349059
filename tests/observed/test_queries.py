"""What dashboards ask of a Prometheus has an answer, and its sums are the truth: at rest, after a kill, a rebalance, an
outage."""

import time
from collections import Counter
from itertools import pairwise
from signal import Signals
from typing import Any

import pytest

from grafana.ringback_dashboards.queries import Query, queries
from tests.kafka.cluster import PARTITIONS
from tests.observed.api import until
from tests.observed.load import COMMANDS
from tests.observed.rig import WORKERS, Rig

pytestmark = pytest.mark.kafka

OFF = "off-for-queries"
HELD = 7
TRUE_S = 90.0
AWAY_S = 12.0
VALUES = {"expected_workers": str(WORKERS), "__rate_interval": "20s", "__range": "5m", "job": "ringback"}
PANELS = list(queries(VALUES))
SUMS = {
    "outstanding": "sum by (state) (max by (partition, state) (ringback_callbacks_outstanding))",
    "held": 'sum(max by (partition) (ringback_callbacks_overdue{waits_for="campaign_off"}))',
    "overdue": 'sum(max by (partition) (ringback_callbacks_overdue{waits_for="worker"}))',
    "ready": "count(max by (partition) (ringback_partition_ready) == 1)",
    "lag": "sum(max by (topic, partition) (ringback_consumer_lag))",
}


@pytest.mark.timeout(900)
def test_every_query_has_an_answer_and_sums_are_true_through_a_kill_a_rebalance_and_an_outage(rig: Rig) -> None:
    rig.campaign(OFF, on=False)
    rig.load.wrap_up(HELD, 1.0, OFF)
    with rig.loaded(4):
        time.sleep(10)
        unanswered(rig, PANELS)
    at_rest(rig)
    until(lambda: total_commands(rig) == rig.load.written(*COMMANDS), TRUE_S)
    with rig.loaded(4):
        rig.kill(0)
        unanswered(rig, PANELS)
        rig.wait_ready()
        unanswered(rig, PANELS)
    at_rest(rig)
    with rig.loaded(4):
        rig.add_worker()
        rig.scrape(WORKERS + 1)
        rig.wait_ready()
        unanswered(rig, PANELS)
    at_rest(rig)
    rig.workers[WORKERS].signal(Signals.SIGUSR1)
    rig.leave(WORKERS)
    rig.scrape(WORKERS)
    rig.wait_ready()
    with rig.loaded(4):
        rig.brokers.signal(0, Signals.SIGSTOP)
        time.sleep(AWAY_S)
        unanswered(rig, PANELS)
        assert rig.api.one("min(ringback_broker_connected)") == 0
        rig.brokers.signal(0, Signals.SIGCONT)
        until(rig.works, TRUE_S)
    at_rest(rig)
    assert total_commands(rig) <= rig.load.written(*COMMANDS)


def unanswered(rig: Rig, asked: list[Query]) -> None:
    """Each is valid, and those that always have series have some, within a scrape or two."""
    left = list(asked)

    def done() -> bool:
        left[:] = [query for query in left if not rig.api.query(query.expr) and query.empty_when is None]
        return not left

    until(done, TRUE_S, lambda: [(query.dashboard, query.panel, query.expr) for query in left])


def at_rest(rig: Rig) -> None:
    """With nothing sent, what Prometheus adds up becomes what the topics say, and stays so."""
    with rig.loaded(0):
        seen: dict[str, Any] = {}

        def true() -> bool:
            seen.clear()
            truth = rig.load.outstanding()
            seen.update(truth=truth, seen=sums(rig))
            states = seen["seen"]["outstanding"]
            return bool(+states == truth) and seen["seen"] == {
                "outstanding": states, "held": truth["waiting"], "overdue": 0, "ready": PARTITIONS, "lag": 0,
            }  # fmt: skip

        until(true, TRUE_S, lambda: seen)
        assert rig.load.outstanding()["waiting"] == HELD


def sums(rig: Rig) -> dict[str, Any]:
    """Each of SUMS: by state, or one number."""
    states = Counter({labels["state"]: int(value) for labels, value in rig.api.query(SUMS["outstanding"])})
    return {name: states if name == "outstanding" else rig.api.one(asked) for name, asked in SUMS.items()}


def total_commands(rig: Rig) -> int:
    """How many commands were counted, in every process that was scraped."""
    total = 0.0
    for _, samples in rig.api.raw("ringback_commands_total[1h]"):
        values = [0.0, *(value for _, value in samples)]
        total += sum(later - earlier if later >= earlier else later for earlier, later in pairwise(values))
    return int(total)
