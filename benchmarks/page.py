"""A run as a page of Markdown. Pure."""

from typing import Any

from benchmarks import growth, measures, scores
from benchmarks.peers.peer import Peer
from benchmarks.plots import Plot
from benchmarks.rounds import OURS
from benchmarks.table import table

Data = dict[str, Any]


def page(peers: list[Peer], data: Data, drawn: dict[str, Plot]) -> list[str]:
    """Lines. peers: those that were asked for. drawn: plots by the name of their file, in the same folder."""
    return [
        f"`{data['command']}`, {data['at']}, {data['took_s'] / 60:.0f} minutes; {data['machine']}",
        f"{'; '.join(data['versions'])}",
        "",
        "## Goals",
        "",
        "A figure is the median of the rounds of this run, a ratio is one of the same round. `size` says how large the "
        "run was against what the goal is about.",
        "",
        *scores.table(data),
        "",
        *_backlog(peers, data),
        *(["## Other measures", "", *measures.table(data["measures"]), ""] if data["measures"] else []),
        *_growth(data, drawn),
        *(f"WRONG: {mistake}" for mistake in data["wrong"]),
        *(() if data["wrong"] or not data["rounds"] else (_right(peers, data),)),
    ]


def _backlog(peers: list[Peer], data: Data) -> list[str]:
    if not peers:
        return []
    work = data["workload"]
    return [
        "## B1, a backlog of wrap-ups",
        "",
        f"{work['events']:,} wrap-ups of {work['contacts']:,} contacts, {work['rules']} rules, "
        f"{work['callbacks']:,} callbacks, {work['partitions']} partitions, {len(data['rounds'])} rounds; "
        "medians, and each round is in the JSON beside this.",
        "",
        *table(peers, data["rounds"], data["left_out"]),
        "",
    ]


def _growth(data: Data, drawn: dict[str, Plot]) -> list[str]:
    of = data["growth"]
    if not of and not drawn:
        return []
    lines = growth.table(of.get("core", []), of.get("worker", [])) if of else []
    return ["## Growth", "", *lines, "", *(f"![{plot.title}]({name})" for name, plot in drawn.items()), ""]


def _right(peers: list[Peer], data: Data) -> str:
    names = [peer.name for peer in peers if peer.compared and peer.name not in data["left_out"]]
    same = f"{', '.join(names)} wrote the same, by hash" if len(names) > 1 else "the counts follow from the input"
    return f"Right: {same}." + ("" if OURS in names else " Ringback was not among them.")
