"""Workers are replaced by those of the next version, one by one and under load: nothing is lost or repeated."""

import asyncio
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGTERM

import pytest

from streams.logic.contact.upgrades import ROW_VERSION
from tests.faults.brokers import Brokers
from tests.faults.faults import Fault, left_alone
from tests.faults.load import read_all
from tests.faults.run import run_on
from tests.faults.stage import Stage
from tests.kafka.cluster import Cluster

pytestmark = pytest.mark.kafka

NEXT = ("-m", "tests.kafka.next_version")


async def rolling_restart(stage: Stage, chance: random.Random) -> float:
    """Each worker ends when it is asked to, and one of the next version takes its place; the longest standstill."""
    took = []
    for number, worker in enumerate(list(stage.workers)):
        at = datetime.now(UTC)
        with left_alone(stage, worker):
            worker.signal(SIGTERM)
            await stage.until_ended(worker)
            assert worker.exit_code == 0, worker.last_words()
            stage.cluster.replace(number, NEXT)
        took.append(await stage.works_since(at))
        await stage.until_shared()
    return max(took)


@pytest.mark.timeout(240)
def test_a_rolling_restart_to_the_next_version_under_load_loses_and_repeats_nothing(tmp_path: Path) -> None:
    faults = [Fault("rolling restart to the next version", rolling_restart, in_place=True)]
    with Brokers(tmp_path / "kafka", 1) as brokers, Cluster(brokers.proxied(), "upgrade.", tmp_path) as cluster:
        run = asyncio.run(run_on(brokers, cluster, faults, random.Random(3), all_named=True))
        rows = asyncio.run(read_all("upgrade.", ("contact-state",), brokers.direct))
    assert {json.loads(row.value)["version"] for row in rows if row.value} == {ROW_VERSION, ROW_VERSION + 1}
    assert run.verdict.lines() == []
    said = [log.read_text() for log in tmp_path.glob("worker-*.log")]
    assert len(said) == 2 and not any("is quarantined as" in text for text in said), "the state on disk was loaded"
