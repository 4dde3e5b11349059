"""Three brokers: each is asked for what it leads and coordinates; without one, the others are looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.doctor.findings import Check, Result
from tests.doctor.worlds import all_is_well, examined, faults, some_group_is_used
from tests.faults.brokers import Brokers
from tests.kafka.cluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    with Brokers(tmp_path, 3) as made:
        yield made


@pytest.fixture
def cluster(brokers: Brokers, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of which there is one copy."""
    with Cluster(brokers.direct, prefix, tmp_path) as made:
        yield made


async def test_all_brokers_are_asked_and_one_that_is_away_leaves_the_rest_to_be_looked_at(
    brokers: Brokers, cluster: Cluster
) -> None:
    await all_is_well(cluster)
    await some_group_is_used(cluster)
    whole = await examined(cluster, role="worker")
    assert {one.result for one in whole.findings} == {Result.OK}
    assert "3 brokers" in whole.findings[0].seen
    brokers.kill(2)
    report = await examined(cluster, role="worker")
    assert [one for one in faults(report) if one.check is not Check.TOPICS] == []
    assert 0 < report.records < whole.records
    unseen = [one.seen for one in report.findings if one.result is Result.COULD_NOT_LOOK]
    assert any("it has no leader" in one for one in unseen), unseen
