"""The simulator, and two workers that share the partitions of a real Kafka, say the same about the same events."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.simulator.lines import Line
from streams.simulator.simulate import Written, simulate
from tests.kafka.cluster import PARTITIONS, Cluster, Reader, feeder, reader
from tests.kafka.stepped import WRITTEN_BY_WORKERS, Stepper
from tests.rules.scenario import lines, merged
from tests.same import comparable
from topics.catalog import NEEDED_TOPICS
from topics.topic import Direction

pytestmark = pytest.mark.kafka

MORNING = Path(__file__).parents[1] / "scenarios" / "a-morning.jsonl"
OUTPUTS = [topic.name for topic in NEEDED_TOPICS.values() if topic.direction is Direction.OUT] + [WRITTEN_BY_WORKERS]
POLL_EVERY_S = 1.0

Said = dict[tuple[str, str | None], list[Any]]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("told", "until"),
    [
        pytest.param(lines(MORNING), datetime(2026, 11, 25, tzinfo=UTC), id="a morning"),
        pytest.param(merged(), datetime(2027, 5, 1, tzinfo=UTC), id="the scenarios of all rules"),
    ],
)
async def test_two_workers_on_kafka_say_what_the_simulator_says(
    cluster: Cluster, told: list[Line], until: datetime
) -> None:
    """Line by line on a stepped clock, every output record is compared, key by key and in order."""
    simulated = _by_key([_simulated(written) for written in simulate(told, until, PARTITIONS)])
    worked = await _play(cluster, told, until)
    assert worked.keys() == simulated.keys()
    for key, records in simulated.items():
        assert worked[key] == records, key
    said_on = {topic for topic, _ in simulated}
    assert said_on >= {"dial-preview", "dial-analysis", "dead-letter", "callback-lifecycle", "outstanding-callbacks"}


async def _play(cluster: Cluster, told: list[Line], until: datetime) -> Said:
    clock = cluster.folder / "clock"
    clock.write_text(told[0].at.isoformat())
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken, reader(cluster, []) as ends:
        workers = [cluster.worker(clock_file=clock) for _ in range(2)]
        stepper = Stepper(cluster, workers, clock, ends.consumer)
        stepper.until_shared()
        polled_at = time.monotonic()
        for line in told:
            await stepper.play(feed, line)
            # Now and then: by the broker's clock the scenario may be old, and old records are deleted.
            if time.monotonic() - polled_at > POLL_EVERY_S:
                await taken.poll(0)
                polled_at = time.monotonic()
        await stepper.set_clock(until)
        await taken.settle(1.0)
        return _by_key(_worked(taken, stepper))


def _simulated(written: Written) -> tuple[str, bytes | None, Any]:
    record = written.record
    return record.topic, record.key, comparable(record.value, record.headers)


def _worked(taken: Reader, stepper: Stepper) -> list[tuple[str, bytes | None, Any]]:
    return [
        (topic, record.key, comparable(record.value, record.headers))
        for topic, records in taken.records.items()
        for record in records
        # Of a topic that events come in on, too, only what the workers wrote.
        if topic != WRITTEN_BY_WORKERS or (topic, record.offset) not in stepper.sent
    ]


def _by_key(records: list[tuple[str, bytes | None, Any]]) -> Said:
    said: Said = {}
    for topic, key, value in records:
        said.setdefault((topic, None if key is None else key.decode()), []).append(value)
    return said
