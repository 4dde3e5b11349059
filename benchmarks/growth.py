"""What an event costs as rules, partitions and processes grow: the core alone, and the worker on Kafka."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from benchmarks.peers.every import ours
from benchmarks.peers.peer import Peer
from benchmarks.rounds import Rounds, play
from benchmarks.table import turn_data
from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import Partition
from topics.names import TopicName

NAME = "growth"
CORE_EVENTS = 10_000
CORE_STEPS = ((1, 4), (20, 4), (100, 4), (20, 1), (20, 12))
"""Rules, partitions."""


@dataclass(frozen=True, slots=True)
class Step:
    """How a worker is played."""

    rules: int = 20
    partitions: int = 4
    processes: int = 1

    def data(self) -> dict[str, int]:
        """As it goes into the JSON."""
        return {"rules": self.rules, "partitions": self.partitions, "processes": self.processes}


WORKER_STEPS = (
    Step(), Step(rules=1), Step(rules=100), Step(partitions=1), Step(partitions=12), Step(partitions=24),
    Step(processes=2), Step(processes=4),
)  # fmt: skip
"""What grows changes alone."""

Say = Callable[[str], None]
Play = Callable[[Sequence[Peer], int, str, Workload, Say], Rounds]


def of_core(rounds: int, say: Say) -> list[dict[str, Any]]:
    """Microseconds of CPU an event, of each step and round, in this process and without Kafka."""
    say("Measuring how the core grows")
    core_us(*CORE_STEPS[0], CORE_EVENTS)  # Whoever comes first pays for what is made once.
    played = [[core_us(rules, partitions, CORE_EVENTS) for rules, partitions in CORE_STEPS] for _ in range(rounds)]
    return [
        {"rules": rules, "partitions": partitions, "cpu_us_per_event": [round(of[number], 2) for of in played]}
        for number, (rules, partitions) in enumerate(CORE_STEPS)
    ]


def of_worker(
    events: int, at: datetime, rounds: int, broker: str, say: Say, play_rounds: Play = play
) -> tuple[list[dict[str, Any]], list[str]]:
    """Turns of the worker at each step; and what was wrong, a line each."""
    steps, wrong = [], []
    for step in WORKER_STEPS:
        told = ", ".join(f"{count} {name}" for name, count in step.data().items())
        say(f"Measuring how the worker grows: {told}")
        worker = ours("ringback", "Ringback's worker", step.processes)
        played = play_rounds([worker], rounds, broker, Workload(events, at, step.rules, step.partitions), say)
        turns = [turn_data(turn) for turns in played.turns for turn in turns.values()]
        steps.append({**step.data(), "events": events, "rounds": turns})
        wrong += [f"growth, {told}: {what}" for what in played.wrong]
    return steps, wrong


def core_us(rules: int, partitions: int, events: int) -> float:
    """What one event costs the core."""
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


def table(core: Sequence[dict[str, Any]], worker: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of Markdown; a worker's step without a figure says so."""
    lines = [
        "| what | rules | partitions | processes | µs of CPU an event | events/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in core:
        cost = median(one["cpu_us_per_event"])
        lines.append(f"| the core alone | {one['rules']} | {one['partitions']} | - | {cost:.1f} | - |")
    for one in worker:
        cost_us, speed = (middle(one, figure) for figure in ("cpu_us_per_event", "events_per_s"))
        told = "no figure | -" if cost_us is None or speed is None else f"{cost_us:.1f} | {speed:,.0f}"
        lines.append(f"| the worker | {one['rules']} | {one['partitions']} | {one['processes']} | {told} |")
    return lines


def middle(step: dict[str, Any], figure: str) -> float | None:
    """The median of a worker's figure at a step; None if no round has it."""
    values = [turn[figure] for turn in step["rounds"] if figure in turn]
    return median(values) if values else None
