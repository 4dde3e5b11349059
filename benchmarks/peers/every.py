"""Every peer, ours first: the others are compared with it."""

from importlib.util import find_spec

from benchmarks.peers import bare, kafka_streams, plain_faust, quix, worker
from benchmarks.peers.peer import Peer, program

EXACTLY_ONCE = "exactly once"


def _without(package: str) -> str | None:
    return None if find_spec(package) else f"no package {package}: `make bench` installs it"


def ours(name: str, title: str, processes: int = 1) -> Peer:
    """Ringback's worker."""
    return Peer(name, title, EXACTLY_ONCE, worker.command(processes), worker.rows, environment=worker.environment)


PEERS = (
    ours("ringback", "Ringback's worker, as shipped"),
    ours("ringback-2", "the same with `--processes 2`", processes=2),
    Peer(
        "quixstreams", "quixstreams hosting our core", EXACTLY_ONCE, program(quix.__name__), quix.rows,
        contact=quix.contact, missing=lambda: _without("quixstreams"),
    ),
    Peer(
        "faust", "plain Faust hosting our core", "at least once", program(plain_faust.__name__), plain_faust.rows,
    ),
    Peer(
        "kafka-streams", "Kafka Streams, the same work in Java, 1 thread", EXACTLY_ONCE, kafka_streams.command,
        kafka_streams.rows, missing=kafka_streams.missing,
    ),
    Peer(
        "bare", "a bare loop that copies as much and decides nothing", EXACTLY_ONCE, program(bare.__name__), bare.rows,
        compared=False,
    ),
)  # fmt: skip
