"""The rounds as JSON and as a Markdown table. Pure.

A figure of the table is the median of the rounds; a ratio is Ringback's figure divided by the peer's in the same round,
and of these the median.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.canonical import Output
from benchmarks.peers.peer import Peer
from benchmarks.rounds import OURS
from benchmarks.turn import Turn
from benchmarks.workload import Workload

Row = dict[str, Any]


def turn_data(turn: Turn) -> Row:
    """One turn as it goes into the JSON: figures, and of each output count, digest, records and bytes."""
    outputs = {
        output.value: {
            "count_and_hash": turn.written.digests[output].text(),
            "records": turn.written.records[output],
            "value_bytes": turn.written.value_bytes[output],
        }
        for output in Output
    }
    if turn.speed is None:
        return {"outputs": outputs}
    speed = turn.speed
    return {
        "events_per_s": round(speed.events / speed.seconds, 1),
        "events_per_cpu_s": round(speed.events / speed.cpu_s, 1),
        "cpu_us_per_event": round(1e6 * speed.cpu_s / speed.events, 2),
        "events_counted": speed.events,
        "seconds": round(speed.seconds, 3),
        "cpu_s": round(speed.cpu_s, 2),
        "startup_s": round(speed.startup_s, 2),
        "peak_mib": speed.peak_mib,
        "outputs": outputs,
    }


def workload_data(workload: Workload) -> Row:
    """What was processed."""
    return {
        "events": workload.events,
        "contacts": workload.contacts,
        "callbacks": workload.callbacks,
        "rules": workload.rules,
        "partitions": workload.partitions,
    }


def table(peers: Sequence[Peer], rounds: Sequence[dict[str, Row]], left_out: dict[str, str]) -> list[str]:
    """Lines of Markdown, a row for each peer. rounds: of `turn_data`, by peer."""
    lines = [
        "| peer | guarantee | events/s | Ringback by it | events per CPU s | Ringback by it "
        "| µs of CPU an event | start-up | memory |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for peer in peers:
        if peer.name in left_out:
            lines.append(f"| {peer.title} | {peer.guarantee} | left out: {left_out[peer.name]} | | | | | | |")
            continue
        speed, cpu = middle(rounds, peer.name, "events_per_s"), middle(rounds, peer.name, "events_per_cpu_s")
        cells = [
            peer.title,
            peer.guarantee,
            _number(speed),
            _ratio(ratio(rounds, peer.name, "events_per_s")),
            _number(cpu),
            _ratio(ratio(rounds, peer.name, "events_per_cpu_s")),
            _number(middle(rounds, peer.name, "cpu_us_per_event"), digits=1),
            _number(middle(rounds, peer.name, "startup_s"), digits=1, unit=" s"),
            _number(middle(rounds, peer.name, "peak_mib"), unit=" MiB"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def middle(rounds: Sequence[dict[str, Row]], name: str, figure: str) -> float | None:
    """The median of a peer's figure; None if no round has it."""
    values = [turns[name][figure] for turns in rounds if figure in turns.get(name, {})]
    return median(values) if values else None


def ratio(rounds: Sequence[dict[str, Row]], name: str, figure: str) -> float | None:
    """The median of Ringback's figure divided by the peer's, each of one round; None if no round has both."""
    values = [
        turns[OURS][figure] / turns[name][figure]
        for turns in rounds
        if figure in turns.get(OURS, {}) and turns.get(name, {}).get(figure)
    ]
    return median(values) if values else None


def _number(value: float | None, digits: int = 0, unit: str = "") -> str:
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
