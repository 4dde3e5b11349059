"""What one event costs the core as rules and partitions grow: CPU time, in this process, without Kafka."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import Partition
from topics.names import TopicName

EVENTS = 20_000
ROUNDS = 3
STEPS = ((1, 4), (20, 4), (100, 4), (20, 1), (20, 12))
"""Rules, partitions."""


def measure(say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Microseconds of CPU an event, of each step and round."""
    say("Measuring how the core grows")
    rounds = [[cost_us(rules, partitions, EVENTS) for rules, partitions in STEPS] for _ in range(ROUNDS)]
    return [
        {"rules": rules, "partitions": partitions, "cpu_us_per_event": [round(of[number], 2) for of in rounds]}
        for number, (rules, partitions) in enumerate(STEPS)
    ]


def cost_us(rules: int, partitions: int, events: int) -> float:
    """What one event costs."""
    now = SystemClock().now()
    workload = Workload(events, now.replace(microsecond=0), rules, partitions)
    stamp, configuration = int(now.timestamp() * 1000), Configuration()
    for offset, one in enumerate(workload.configuration()):
        configuration.apply(Arrived(one.topic, 0, offset, one.key, one.value, stamp), now)
    held = [Partition(number, partitions, configuration, {}) for number in range(partitions)]
    for partition in held:
        partition.ready(now)
        partition.configure(now)
    given = [
        (held[number], Arrived(TopicName.WRAP_UP, number, offset, key, value, stamp))
        for number, records in enumerate(workload.by_partition())
        for offset, (key, value) in enumerate(records)
    ]
    began = time.process_time()
    for partition, arrived in given:
        partition.apply(arrived, now)
    return 1e6 * (time.process_time() - began) / events


def table(steps: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown."""
    return [
        "| rules | partitions | µs of CPU an event |",
        "| ---: | ---: | ---: |",
        *(f"| {one['rules']} | {one['partitions']} | {median(one['cpu_us_per_event']):.1f} |" for one in steps),
    ]
