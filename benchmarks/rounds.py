"""Rounds: in each, every peer has a turn on the same broker with the same input, in an order that rotates."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.canonical import Digests, Output, differences
from benchmarks.peers.peer import Peer
from benchmarks.turn import Input, Turn, take_turn
from benchmarks.workload import Workload
from streams.base.errors import OperatorError

OURS, OURS_TWICE = "ringback", "ringback-2"
"""The worker, and the worker with two processes."""

Say = Callable[[str], None]
TakeTurn = Callable[[Peer, str, str, Workload, Input], Turn]


@dataclass
class Rounds:
    """turns: of each round, by peer, in the order they were taken. wrong: what is not right, a line each."""

    turns: list[dict[str, Turn]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def orders(peers: Sequence[Peer], rounds: int) -> Iterator[list[Peer]]:
    """Who comes when: nobody is always first, when the broker is fresh, or always last."""
    for number in range(rounds):
        first = number % len(peers)
        yield [*peers[first:], *peers[:first]]


def play(
    peers: Sequence[Peer], rounds: int, broker: str, workload: Workload, say: Say, take: TakeTurn = take_turn
) -> Rounds:
    """Play all rounds; a peer that fails is named, and the others go on."""
    say(f"Making {workload.events:,} wrap-ups of {workload.contacts:,} contacts")
    given, played = workload.by_partition(), Rounds()
    run = f"b{random.randrange(16**8):08x}"  # noqa: S311 - A name, no secret.
    for number, order in enumerate(orders(peers, rounds), 1):
        turns: dict[str, Turn] = {}
        for peer in order:
            try:
                turns[peer.name] = take(peer, broker, f"{run}-{number}-{peer.name}", workload, given)
            except OperatorError as error:
                played.wrong.append(f"round {number}, {error}")
                say(f"round {number}: {peer.name} FAILED: {error}")
                continue
            say(f"round {number}: {peer.name}: {_told(turns[peer.name])}")
        played.turns.append(turns)
    played.wrong += mistakes(peers, played.turns, workload)
    return played


def mistakes(peers: Sequence[Peer], rounds: Sequence[dict[str, Turn]], workload: Workload) -> list[str]:
    """Who has not written what had to be written.

    Ringback's counts follow from the workload; every other turn is compared with Ringback's first, or, if that is not
    played, with the first there is.
    """
    compared = {peer.name for peer in peers if peer.compared}
    turns = [(number, name, turn) for number, of_round in enumerate(rounds, 1) for name, turn in of_round.items()]
    wrong = [f"round {number}, {name}: {what}" for number, name, turn in turns for what in _counts(turn, workload)]
    references = [turn for _, name, turn in turns if name == OURS] or [
        turn for _, name, turn in turns if name in compared
    ]
    for number, name, turn in turns:
        if name in compared:
            expected: Digests = references[0].written.digests
            found = differences(expected, turn.written.digests)
            wrong += [f"round {number}, {name}: {what}" for what in found]
    return list(dict.fromkeys(wrong))


def _counts(turn: Turn, workload: Workload) -> list[str]:
    """Whether there are as many records as the workload leads to. A row is that of one contact, its last."""
    wanted = {Output.LIFECYCLE: workload.callbacks, Output.VIEWS: workload.callbacks, Output.ROWS: workload.contacts}
    found = {output: turn.written.digests[output].count for output in Output}
    return [
        f"{output}: {found[output]:,} records, where the input leads to {count:,}"
        for output, count in wanted.items()
        if found[output] != count
    ]


def _told(turn: Turn) -> str:
    if turn.speed is None:
        return "done, too fast to be measured"
    speed = turn.speed
    return (
        f"{speed.events / speed.seconds:,.0f} events/s, {1e6 * speed.cpu_s / speed.events:.1f} µs of CPU an event, "
        f"start-up {speed.startup_s:.1f} s"
    )
