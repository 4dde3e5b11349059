"""A request that had no answer, and arrives in the next transaction of its producer, tears and repeats nothing."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.brokers import NETWORKS, Brokers
from tests.faults.faults import Fault, late_copies
from tests.faults.frames import Api
from tests.faults.late_copies import TAKEN_OUT, TAKEN_OUT_V2, LateCopies
from tests.faults.run import Run, run_on
from tests.kafka.cluster import Cluster

pytestmark = pytest.mark.kafka

FENCED = {47, 90}
"""INVALID_PRODUCER_EPOCH, PRODUCER_FENCED."""
READ_AGAIN = "its state is read again"


def cut(folder: Path, count: int, protocol: int) -> tuple[Run, LateCopies, int]:
    """So many connections are cut after a request, under load; no worker may end of it.

    The last number: how often a worker has read the state of a partition again.
    """
    proxies = LateCopies(NETWORKS, TAKEN_OUT if protocol == 1 else TAKEN_OUT_V2)
    fault = Fault("connections cut, requests delivered late", late_copies(count), in_place=True)
    with Brokers(folder, 1, proxies) as brokers, _cluster(brokers, folder, protocol) as cluster:
        run = asyncio.run(run_on(brokers, cluster, [fault], random.Random(11)))
        read_again = sum(worker.log.read_text("utf-8").count(READ_AGAIN) for worker in cluster.workers)
    return run, proxies, read_again


def _cluster(brokers: Brokers, folder: Path, protocol: int) -> Cluster:
    return Cluster(brokers.proxied(), "late.", folder, protocol=protocol)


def hold(run: Run, proxies: LateCopies, read_again: int) -> None:
    assert run.verdict.lines() == []
    ends = {code: count for (api, code), count in proxies.answers.items() if api == Api.END.name}
    assert ends.keys() <= FENCED, ends
    assert {api for api, _ in proxies.answers} == {api.name for api in Api}
    assert read_again > 0


def hold_v2(run: Run, proxies: LateCopies, read_again: int) -> None:
    """There is no guard: Kafka refuses each copy by its epoch, and no state is read again."""
    assert run.verdict.lines() == []
    assert {code for _, code in proxies.answers} <= FENCED, proxies.answers
    assert {api for api, _ in proxies.answers} == {api.name for api in TAKEN_OUT_V2}
    assert read_again == 0


def tell(capsys: pytest.CaptureFixture[str], run: Run, proxies: LateCopies, read_again: int) -> None:
    with capsys.disabled():
        print(f"\n{proxies.delivered} in {run.seconds:.0f} s: {dict(proxies.answers)}, read again {read_again} times")


@pytest.mark.timeout(300)
def test_a_late_copy_of_a_request_tears_no_transaction_and_repeats_none(tmp_path: Path) -> None:
    hold(*cut(tmp_path, 40, protocol=1))


@pytest.mark.timeout(300)
def test_a_late_copy_in_transactions_v2_is_refused_and_no_state_is_read_again(tmp_path: Path) -> None:
    hold_v2(*cut(tmp_path, 40, protocol=2))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_late_copies_tear_no_transaction_and_repeat_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came = cut(tmp_path, 1000, protocol=1)
    tell(capsys, *came)
    hold(*came)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_late_copies_in_transactions_v2_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came = cut(tmp_path, 1000, protocol=2)
    tell(capsys, *came)
    hold_v2(*came)
