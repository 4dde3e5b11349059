"""Whatever breaks, nothing is lost and nothing comes twice; and the suite that says so is able to fail."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.__main__ import play
from tests.faults.broken_worker import SAFEGUARDS
from tests.faults.brokers import NETWORKS, Brokers
from tests.faults.faults import Fault, kill, kill_all, late_copies, zombie
from tests.faults.late_copies import LateCopies
from tests.faults.run import Run, run_on, summary, table
from tests.kafka.cluster import Cluster

pytestmark = pytest.mark.kafka

KILLS = (Fault("worker killed", kill),) * 2
LATE = Fault("connections cut, requests delivered late", late_copies(24))
HARM = {
    "hold_back": (KILLS, {"lost"}),
    "fencing": ((Fault("worker stopped, then woken", zombie),) * 3, {"repeated"}),
    "offset_check": (KILLS, {"repeated"}),
    "read_committed": (KILLS, {"lost"}),
    "acquire_gate": ((Fault("all workers killed", kill_all),), {"lost"}),
    "doubts": ((LATE, *KILLS), {"lost"}),
    "hardships": ((LATE, *KILLS), set[str]()),
}
"""By safeguard: faults against which it guards, and what must be found wrong without it."""

AT_ONCE = 2
"""More on two slow cores get behind their load, and recover from nothing."""
WITHOUT_MAX_S = 1200


def show(runs: list[Run], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("", *table(runs), "", summary(runs), sep="\n")


@pytest.mark.timeout(420)
def test_two_minutes_of_faults_lose_repeat_and_hurry_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Each fault with one broker, and an outage of one of three."""
    runs = play(120, seed=1, shuffled=False)
    show(runs, capsys)
    assert [line for run in runs for line in run.verdict.lines()] == []


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("protocol", [1, 2])
def test_ten_minutes_of_faults_lose_repeat_and_hurry_nothing(protocol: int, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    runs = play(600, seed, shuffled=True, protocol=protocol)
    show(runs, capsys)
    assert [line for run in runs for line in run.verdict.lines()] == [], f"seed {seed}"


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """What came of it without each of the safeguards: some at a time, each with topics and workers of its own."""
    folder = tmp_path_factory.mktemp("without")
    with Brokers(folder / "kafka", 1, LateCopies(NETWORKS)) as brokers, ExitStack() as stack:
        clusters = {name: stack.enter_context(_cluster(brokers, folder / name, name)) for name in HARM}

        async def all_of_them() -> list[Run]:
            places = asyncio.Semaphore(AT_ONCE)

            async def one(name: str) -> Run:
                async with places:
                    return await run_on(brokers, clusters[name], HARM[name][0], random.Random(7))

            return await asyncio.gather(*map(one, HARM))

        yield dict(zip(HARM, asyncio.run(all_of_them()), strict=True))


def _cluster(brokers: Brokers, folder: Path, name: str) -> Cluster:
    folder.mkdir()
    return Cluster(brokers.proxied(), f"{name}.", folder, ("-m", "tests.faults.broken_worker", name))


@pytest.mark.timeout(WITHOUT_MAX_S)
@pytest.mark.parametrize("safeguard", [name for name in HARM if name != "hardships"])
def test_without_a_safeguard_the_suite_reports_the_loss_or_the_repeat(without: dict[str, Run], safeguard: str) -> None:
    found = {kind for kind, _ in without[safeguard].verdict.wrong}
    assert HARM[safeguard][1] <= found, without[safeguard].verdict.lines()[:5]


@pytest.mark.timeout(WITHOUT_MAX_S)
def test_with_every_safeguard_what_makes_the_others_fail_harms_nothing(without: dict[str, Run]) -> None:
    assert without["hardships"].verdict.lines() == []
    assert HARM.keys() == SAFEGUARDS.keys()
