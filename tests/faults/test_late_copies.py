"""A request that had no answer, and arrives in the next transaction of its producer, tears and repeats nothing."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.brokers import NETWORKS, Brokers
from tests.faults.faults import Fault, late_copies
from tests.faults.frames import Api
from tests.faults.late_copies import LateCopies
from tests.faults.run import Run, run_on
from tests.kafka.cluster import Cluster

pytestmark = pytest.mark.kafka

FENCED = {47, 90}
"""INVALID_PRODUCER_EPOCH, PRODUCER_FENCED."""


def cut(folder: Path, count: int) -> tuple[Run, LateCopies]:
    """So many connections are cut after a request, under load; no worker may end of it."""
    proxies = LateCopies(NETWORKS)
    fault = Fault("connections cut, requests delivered late", late_copies(count), in_place=True)
    with Brokers(folder, 1, proxies) as brokers, Cluster(brokers.proxied(), "late.", folder) as cluster:
        run = asyncio.run(run_on(brokers, cluster, [fault], random.Random(11)))
    return run, proxies


def hold(run: Run, proxies: LateCopies) -> None:
    assert run.verdict.lines() == []
    ends = {code: count for (api, code), count in proxies.answers.items() if api == Api.END.name}
    assert ends.keys() <= FENCED, ends
    assert {api for api, _ in proxies.answers} == {api.name for api in Api}


@pytest.mark.timeout(300)
def test_a_late_copy_of_a_request_tears_no_transaction_and_repeats_none(tmp_path: Path) -> None:
    hold(*cut(tmp_path, 40))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_late_copies_tear_no_transaction_and_repeat_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, proxies = cut(tmp_path, 1000)
    with capsys.disabled():
        print(f"\n{proxies.delivered} in {run.seconds:.0f} s: {dict(proxies.answers)}")
    hold(run, proxies)
