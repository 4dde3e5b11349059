"""Workers are replaced by those of another version, one by one and under load: nothing is lost or repeated."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGTERM

import pytest

from streams.dev.local import WORKER
from streams.logic.contact.upgrades import ROW_VERSION
from tests.faults.brokers import Brokers
from tests.faults.faults import Fault, left_alone
from tests.faults.former import NoHistory, place_of, released, worker_of
from tests.faults.load import read_all
from tests.faults.run import run_on
from tests.faults.stage import Stage
from tests.kafka.cluster import Cluster

pytestmark = pytest.mark.kafka

NEXT = ("-m", "tests.kafka.next_version")


def rolling_restart_to(command: tuple[str, ...]) -> Callable[[Stage, random.Random], Awaitable[float]]:
    """Each worker ends when it is asked to, and another program takes its place."""

    async def restart(stage: Stage, chance: random.Random) -> float:
        return await _replaced(stage, command)

    return restart


async def _replaced(stage: Stage, command: tuple[str, ...]) -> float:
    """Returns the longest standstill."""
    took = []
    for number, worker in enumerate(list(stage.workers)):
        at = datetime.now(UTC)
        with left_alone(stage, worker):
            worker.signal(SIGTERM)
            await stage.until_ended(worker)
            assert worker.exit_code == 0, worker.last_words()
            stage.cluster.replace(number, command)
        took.append(await stage.works_since(at))
        await stage.until_shared()
    return max(took)


@pytest.mark.timeout(240)
def test_a_rolling_restart_to_the_next_version_under_load_loses_and_repeats_nothing(tmp_path: Path) -> None:
    faults = [Fault("rolling restart to the next version", rolling_restart_to(NEXT), in_place=True)]
    with Brokers(tmp_path / "kafka", 1) as brokers, Cluster(brokers.proxied(), "upgrade.", tmp_path) as cluster:
        run = asyncio.run(run_on(brokers, cluster, faults, random.Random(3), all_named=True))
        rows = asyncio.run(read_all("upgrade.", ("contact-state",), brokers.direct))
    assert {json.loads(row.value)["version"] for row in rows if row.value} == {ROW_VERSION, ROW_VERSION + 1}
    assert run.verdict.lines() == []
    said = [log.read_text() for log in tmp_path.glob("worker-*.log")]
    assert len(said) == 2 and not any("is quarantined as" in text for text in said), "the state on disk was loaded"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_rolling_upgrade_from_the_version_that_was_released_last_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """The program of that version itself, from the history, on the topics of this one: as the page on upgrades says."""
    version, program = released(), tmp_path / "former"
    program.mkdir()
    try:
        former = worker_of(version, program)
    except NoHistory as error:
        pytest.skip(str(error))
    assert place_of(former).startswith(str(program))
    upgrade = Fault(f"rolling upgrade from {version}", rolling_restart_to(WORKER), in_place=True)
    with (
        Brokers(tmp_path / "kafka", 1) as brokers,
        Cluster(brokers.proxied(), "upgrade.", tmp_path, former, session_timeout_s=30) as cluster,
    ):
        run = asyncio.run(run_on(brokers, cluster, [upgrade], random.Random(5), all_named=True))
        rows = asyncio.run(read_all("upgrade.", ("contact-state",), brokers.direct))
    starts = [log.read_text().count(" starts, process ") for log in tmp_path.glob("worker-*.log")]
    assert starts == [2, 2], "each of the two workers has started once with either program"
    assert ROW_VERSION in {json.loads(row.value)["version"] for row in rows if row.value}
    assert run.verdict.lines() == [] and run.ended == []
    assert run.verdict.commands > 100 and run.made[0].recovery_s < 30
    print(f"rolling upgrade from {version}: {run.verdict.events} events, {run.verdict.commands} commands, {run.made}")
