"""`python -m benchmarks`: measure Ringback, alone and beside its peers, and write the table, the JSON and the plots."""

import json
import sys
import time
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from benchmarks import growth, measures, scores
from benchmarks.page import page
from benchmarks.peers import kafka_streams
from benchmarks.peers.every import PEERS
from benchmarks.peers.peer import Peer
from benchmarks.plots import Plot, plots, svg
from benchmarks.rounds import OURS, play
from benchmarks.table import middle, turn_data, workload_data
from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.dev.broker import EmbeddedKafka
from streams.dev.broker.java import KAFKA_VERSION
from streams.dev.children import stop_on_signals
from streams.dev.figures import machine, versions

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("quixstreams", "confluent-kafka", "rocksdict", "msgspec", "orjson")
EVENTS, ROUNDS = 70_000, 2
FULL_EVENTS, FULL_ROUNDS = 400_000, 3
GROWTH_EVENTS, GROWTH_ROUNDS = 100_000, 2
INTERRUPTED = 130
PARTS = (*(peer.name for peer in PEERS), *measures.NAMES, growth.NAME)

Data = dict[str, Any]


@click.command()
@click.option("--full", is_flag=True, help="The sizes that the goals have, more rounds, and how a worker grows: hours.")
@click.option("--events", type=click.IntRange(min=4), help=f"Wrap-ups of B1.  [{EVENTS:,}; full: {FULL_EVENTS:,}]")
@click.option("--rounds", type=click.IntRange(min=1), help=f"Turns of each peer.  [{ROUNDS}; full: {FULL_ROUNDS}]")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="This peer or measure; repeat it.")
@click.option("--results", type=click.Path(path_type=Path), help="Folder to write to.  [none with --only]")
def main(full: bool, events: int | None, rounds: int | None, only: tuple[str, ...], results: Path | None) -> int:
    """Measure peers in turns on one Kafka, then the rest.

    Exit code 1: something failed or was wrong, or a peer has not written what the others have. A floor that is missed
    is said, and is no error.
    """
    stop_on_signals()
    began, now = time.monotonic(), SystemClock().now().replace(microsecond=0)
    wanted = only or PARTS
    workload = Workload(events or (FULL_EVENTS if full else EVENTS), now - timedelta(minutes=1))
    peers = [peer for peer in PEERS if peer.name in wanted]
    left_out = {peer.name: what for peer in peers if (what := peer.missing()) is not None}
    for name, what in left_out.items():
        _say(f"LEFT OUT: {name}: {what}")
    present = [peer for peer in peers if peer.name not in left_out]
    data: Data = {
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "at": f"{now:%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "versions": _versions(present),
        "workload": workload_data(workload),
        "left_out": left_out,
    }
    data |= {"rounds": [], "measures": {}, "growth": {}, "wrong": []}
    code = 0
    try:
        _fill(data, full, wanted, present, workload, rounds or (FULL_ROUNDS if full else ROUNDS))
    except OperatorError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        data["wrong"].append("it was interrupted: the rest is missing")
        code = INTERRUPTED
    data["wrong"] += measures.mistakes(data["measures"])
    data |= {"goals": scores.rows(data), "took_s": round(time.monotonic() - began, 1)}
    _tell(peers, data, results or (None if only else RESULTS), "bench-full" if full else "bench")
    return code or (1 if data["wrong"] else 0)


def _fill(data: Data, full: bool, wanted: tuple[str, ...], peers: list[Peer], workload: Workload, rounds: int) -> None:
    """Do all that is wanted; each part is in the data when it has ended."""
    if peers:
        with EmbeddedKafka(say=_say) as kafka:
            played = play(peers, rounds, kafka.bootstrap, workload, _say)
        data["rounds"] = [{name: turn_data(turn) for name, turn in turns.items()} for turns in played.turns]
        data["wrong"] += played.wrong
    # What arrives beside due callbacks is half of what B1 has reached in this run.
    reached = middle(data["rounds"], OURS, "events_per_s")
    planned = measures.plan(full, None if reached is None else reached / 2)
    measures.measure([one for one in planned if one.name in wanted], data["measures"], _say)
    if growth.NAME in wanted:
        data["growth"] = {"core": growth.of_core(FULL_ROUNDS if full else ROUNDS, _say)}
    if growth.NAME in wanted and full:
        _grow(data, workload.at)


def _grow(data: Data, at: datetime) -> None:
    try:
        with EmbeddedKafka(say=_say) as kafka:
            steps = growth.of_worker(GROWTH_EVENTS, at, GROWTH_ROUNDS, kafka.bootstrap, _say)
    except OperatorError as error:  # What was measured before has taken hours.
        data["wrong"].append(f"growth: {error}")
        return
    data["growth"]["worker"], wrong = steps
    data["wrong"] += wrong


def _tell(peers: list[Peer], data: Data, folder: Path | None, name: str) -> None:
    """Print the page, and write it with its JSON and its plots."""
    drawn: dict[str, Plot] = {f"{name}-{plot.name}.svg": plot for plot in plots(data)} if folder else {}
    text = "\n".join(page(peers, data, drawn)) + "\n"
    click.echo(text)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    for file, plot in drawn.items():
        (folder / file).write_bytes(svg(plot))


def _versions(peers: list[Peer]) -> list[str]:
    found = [versions()]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    if any(peer.name == "kafka-streams" for peer in peers):
        found.append(f"kafka-streams {KAFKA_VERSION} on {kafka_streams.java_version()}")
    return found


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    sys.exit(main(standalone_mode=False))
