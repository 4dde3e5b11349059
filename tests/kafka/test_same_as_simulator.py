"""The simulator and a worker on Kafka say the same about the same events."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.simulate import Line, Written, parse_line, simulate
from tests.kafka.cluster import PARTITIONS, Cluster, Reader, feeder, reader
from tests.kafka.stepped import Stepper
from topics.catalog import CATALOG
from topics.topic import Direction

pytestmark = pytest.mark.kafka

SCENARIO = Path(__file__).parents[1] / "scenarios" / "a-morning.jsonl"
UNTIL = datetime(2026, 11, 25, tzinfo=UTC)
OUTPUTS = [topic.name for topic in CATALOG.values() if topic.direction is Direction.OUT]
WHERE_IT_STOOD = ("__connect.errors.offset", "__connect.errors.topic")

Said = dict[tuple[str, str | None], list[Any]]


@pytest.mark.timeout(300)
async def test_a_worker_on_kafka_says_what_the_simulator_says(cluster: Cluster) -> None:
    """Line by line on a stepped clock, every output record is compared, key by key and in order."""
    text = SCENARIO.read_bytes().splitlines()
    lines = [parse_line(line, f"{SCENARIO.name}:{number}") for number, line in enumerate(text, start=1)]
    simulated = _by_key([_simulated(written) for written in simulate(lines, UNTIL, PARTITIONS)])
    worked = await _play(cluster, lines, cluster.folder / "clock")
    assert worked.keys() == simulated.keys()
    for key, records in simulated.items():
        assert worked[key] == records, key
    said_on = {topic for topic, _ in simulated}
    assert said_on >= {"dial-preview", "dial-analysis", "dead-letter", "callback-lifecycle", "outstanding-callbacks"}


async def _play(cluster: Cluster, lines: list[Line], clock: Path) -> Said:
    clock.write_text(lines[0].at.isoformat())
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        worker = cluster.worker(clock_file=clock)
        worker.wait_ready()
        stepper = Stepper(cluster, worker, clock)
        for line in lines:
            await stepper.play(feed, line)
            await taken.poll(0)  # Now: by the broker's clock the scenario may be old, and old records are deleted.
        stepper.set_clock(UNTIL)
        await taken.settle(1.0)
        return _by_key(_worked(taken))


def _simulated(written: Written) -> tuple[str, bytes | None, Any]:
    record = written.record
    return record.topic, record.key, _comparable(record.value, record.headers)


def _worked(taken: Reader) -> list[tuple[str, bytes | None, Any]]:
    return [
        (topic, record.key, _comparable(record.value, record.headers))
        for topic, records in taken.records.items()
        for record in records
    ]


def _by_key(records: list[tuple[str, bytes | None, Any]]) -> Said:
    said: Said = {}
    for topic, key, value in records:
        said.setdefault((topic, None if key is None else key.decode()), []).append(value)
    return said


def _comparable(value: bytes | None, headers: Any) -> Any:
    """Without the offsets: the simulator counts them per topic, Kafka per partition and with transaction markers."""
    plain = None if value is None else orjson.loads(value)
    if isinstance(plain, dict) and isinstance(plain.get("cause"), dict):
        plain["cause"] = {name: what for name, what in plain["cause"].items() if name != "offset"}
    return plain, [(name, what) for name, what in headers if name not in WHERE_IT_STOOD]
