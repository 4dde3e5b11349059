"""One reader of a Do Not Call list, in its own process so that its memory can be measured: prints JSON.

Arguments: broker, `bare` (reads and does nothing), `load` (as a worker does, and leaves a snapshot) or `restart`
(takes that up), how many entries there are, and the folder of the snapshot.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from streams.base.clock import SystemClock
from streams.base.settings import Settings, make
from streams.dev.bench.dnc import LIST, phone_number
from streams.dev.figures import percentile
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.outside import Outside
from streams.kafka.clients import Clients
from streams.kafka.compacted import read_batches_to_end, reader
from streams.kafka.source_ends import SourceEnds
from topics.names import TopicName

LOOK_UPS = 100_000


async def main(broker: str, how: str, numbers: int, state: str) -> dict[str, Any]:
    """Read the list in one of the ways; returns the figures."""
    settings = make(broker=broker, state_dir=Path(state))
    return await (_bare(settings) if how == "bare" else _load(settings, numbers))


async def _bare(settings: Settings) -> dict[str, Any]:
    def take(_: TopicPartition, records: Sequence[Any]) -> None:
        """Nothing: this is how fast records come."""

    partition = TopicPartition(settings.topic(TopicName.DNC_ENTRIES), 0)
    async with reader(Clients(settings), [partition]) as consumer:
        began = time.monotonic()
        count = await read_batches_to_end(consumer, take)
        seconds = time.monotonic() - began
    return {"records": count, "per_s": count / seconds, "peak_bytes": _peak_bytes()}


async def _load(settings: Settings, numbers: int) -> dict[str, Any]:
    def broken(what: str, error: BaseException) -> None:
        raise SystemExit(f"{what}: {error!r}")

    outside, ends = Outside.of(settings, SystemClock()), SourceEnds(Clients(settings))
    worker = ConfigurationReader(outside, settings.prefix, ends, ends, lambda: None, broken)
    await worker.start()
    hits, wrong = _look_up(worker, numbers, on_list=True)
    misses, wrongly = _look_up(worker, numbers, on_list=False)
    peak_bytes = _peak_bytes()
    await worker.stop()
    await ends.close()
    return {
        "records": worker.read_count,
        "per_s": worker.read_count / worker.read_s,
        "took_up_s": worker.took_up_s,
        "peak_bytes": peak_bytes,
        "hits": hits,
        "misses": misses,
        "wrong": wrong + wrongly,
    }


def _look_up(worker: ConfigurationReader, numbers: int, *, on_list: bool) -> tuple[tuple[float, float], int]:
    """p50 and p99 in microseconds, and how many answers were not what they should be."""
    chance = random.Random(1)  # noqa: S311 - which numbers are looked up is no secret
    begin = 0 if on_list else numbers
    asked = [phone_number(begin + chance.randrange(numbers)) for _ in range(LOOK_UPS)]
    find, took_us, wrong = worker.configuration.dnc.find, [], 0
    for number in asked:
        began = time.perf_counter_ns()
        entry = find(LIST, number)
        took_us.append((time.perf_counter_ns() - began) / 1000)
        wrong += (entry is not None) is not on_list
    return (percentile(took_us, 0.5), percentile(took_us, 0.99)), wrong


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    broker, how, numbers, state = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(main(broker, how, int(numbers), state))))
