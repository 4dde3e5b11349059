"""Workers killed with SIGKILL lose no callback, repeat none, and keep every count right."""

import pytest

from tests.kafka.cluster import Cluster
from tests.kafka.kills import drive

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("workers", [1, 2])
async def test_killed_workers_lose_and_repeat_nothing(cluster: Cluster, workers: int) -> None:
    """The short form: a kill every six seconds under 100 events a second."""
    assert await drive(cluster, workers=workers, seconds=16, kill_every_s=6) == []


async def test_without_the_hold_back_of_source_partitions_callbacks_are_lost_and_the_verifier_says_so(
    cluster: Cluster,
) -> None:
    """The test above can fail: what arrives while a partition is acquired must wait."""
    cluster.command = ("-m", "tests.kafka.broken_worker", "hold_back")
    wrong = await drive(cluster, workers=1, seconds=8, kill_every_s=4, drain_timeout_s=4)
    assert any(line.startswith("lost: ") for line in wrong)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("workers", [1, 2])
async def test_killed_every_20_s_for_80_s_workers_lose_and_repeat_nothing(cluster: Cluster, workers: int) -> None:
    """The long form: a kill every 20 seconds under 100 events a second, for 80 seconds."""
    assert await drive(cluster, workers=workers, seconds=80, kill_every_s=20) == []
