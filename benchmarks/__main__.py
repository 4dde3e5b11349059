"""`python -m benchmarks`: measure Ringback beside its peers, and write the table and the JSON."""

import json
import sys
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from benchmarks import growth, suite
from benchmarks.peers import kafka_streams
from benchmarks.peers.every import PEERS
from benchmarks.peers.peer import Peer
from benchmarks.rounds import OURS, play
from benchmarks.table import table, turn_data, workload_data
from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.dev.broker import EmbeddedKafka
from streams.dev.broker.java import KAFKA_VERSION
from streams.dev.children import stop_on_signals
from streams.dev.figures import machine, versions

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("quixstreams", "confluent-kafka", "rocksdict", "msgspec", "orjson")
EVENTS, ROUNDS = 100_000, 2
FULL_EVENTS, FULL_ROUNDS = 400_000, 3
INTERRUPTED = 130

Data = dict[str, Any]


@click.command()
@click.option("--full", is_flag=True, help="More events and rounds, growth, and the other measures: an hour.")
@click.option("--events", type=click.IntRange(min=4), help=f"Wrap-ups.  [{EVENTS:,}; full: {FULL_EVENTS:,}]")
@click.option("--rounds", type=click.IntRange(min=1), help=f"Turns of each peer.  [{ROUNDS}; full: {FULL_ROUNDS}]")
@click.option("--only", multiple=True, type=click.Choice([peer.name for peer in PEERS]), help="This peer; repeat it.")
@click.option("--results", type=click.Path(path_type=Path), help="Folder to write to.  [none with --only]")
def main(full: bool, events: int | None, rounds: int | None, only: tuple[str, ...], results: Path | None) -> int:
    """Measure peers in turns on one Kafka. Exit code 1: a peer failed, or has not written what the others have."""
    stop_on_signals()
    now = SystemClock().now().replace(microsecond=0)
    workload = Workload(events or (FULL_EVENTS if full else EVENTS), now - timedelta(minutes=1))
    peers = [peer for peer in PEERS if not only or peer.name in only]
    left_out = {peer.name: what for peer in peers if (what := peer.missing()) is not None}
    for name, what in left_out.items():
        _say(f"LEFT OUT: {name}: {what}")
    try:
        with EmbeddedKafka(say=_say) as kafka:
            present = [peer for peer in peers if peer.name not in left_out]
            played = play(present, rounds or (FULL_ROUNDS if full else ROUNDS), kafka.bootstrap, workload, _say)
        data: Data = {
            "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
            "at": f"{now:%Y-%m-%d %H:%M} UTC",
            "machine": machine(),
            "versions": _versions(present),
            "workload": workload_data(workload),
            "left_out": left_out,
            "rounds": [{name: turn_data(turn) for name, turn in turns.items()} for turns in played.turns],
            "wrong": played.wrong,
        }
        if full:
            data |= {"growth": growth.measure(_say), "suite": suite.run(_say)}
            data["wrong"] += suite.mistakes(data["suite"])
    except OperatorError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        return INTERRUPTED
    text = "\n".join(_page(peers, data)) + "\n"
    click.echo(text)
    folder = results or (None if only else RESULTS)
    if folder is not None:
        _write(folder, "bench-full" if full else "bench", text, data)
    return 1 if data["wrong"] else 0


def _page(peers: list[Peer], data: Data) -> list[str]:
    """The Markdown of a run."""
    work = data["workload"]
    return [
        f"`{data['command']}`, {data['at']}; {data['machine']}",
        f"{'; '.join(data['versions'])}",
        "",
        f"{work['events']:,} wrap-ups of {work['contacts']:,} contacts, {work['rules']} rules, "
        f"{work['callbacks']:,} callbacks, {work['partitions']} partitions, {len(data['rounds'])} rounds; "
        "medians, and each round is in the JSON beside this.",
        "",
        *table(peers, data["rounds"], data["left_out"]),
        "",
        *(["Growth of the core:", "", *growth.table(data["growth"]), ""] if "growth" in data else []),
        *(["Other measures:", "", *suite.table(data["suite"]), ""] if "suite" in data else []),
        *(f"WRONG: {mistake}" for mistake in data["wrong"]),
        *(() if data["wrong"] or not data["rounds"] else (_right(peers, data),)),
    ]


def _right(peers: list[Peer], data: Data) -> str:
    names = [peer.name for peer in peers if peer.compared and peer.name not in data["left_out"]]
    same = f"{', '.join(names)} wrote the same, by hash" if len(names) > 1 else "the counts follow from the input"
    return f"Right: {same}." + ("" if OURS in names else " Ringback was not among them.")


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


def _write(folder: Path, name: str, text: str, data: Data) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    sys.exit(main(standalone_mode=False))
