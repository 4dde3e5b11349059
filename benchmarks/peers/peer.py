"""What the benchmark has to know of a peer, and what a peer is told."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from benchmarks.workload import Workload
from topics.names import TopicName


class Place(msgspec.Struct, frozen=True):
    """Where a peer works: a Kafka, topics with a prefix of their own, a consumer group, an empty folder for state."""

    broker: str
    prefix: str
    group: str
    folder: str
    events: int
    at: datetime
    rules: int
    partitions: int

    @property
    def workload(self) -> Workload:
        """What it processes."""
        return Workload(self.events, self.at, self.rules, self.partitions)

    def topic(self, name: TopicName) -> str:
        """A topic by its full name."""
        return self.prefix + name

    def state(self) -> Path:
        """The folder for the peer's own state."""
        return Path(self.folder) / "state"


def place_told() -> Place:
    """Where this process shall work: its one argument."""
    return msgspec.json.decode(sys.argv[1], type=Place)


def program(module: str) -> Callable[[Place], list[str]]:
    """How to start a Python program of this package."""
    return lambda place: [sys.executable, "-m", module, msgspec.json.encode(place).decode()]


def _nothing(_: Place) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Peer:
    """One that is measured.

    command, environment: of its process. rows: the topic that a restart would read its rows from; contact: the
    contact's key in the key of such a record. compared: whether it has to write what Ringback writes. missing: what it
    needs and is not there, None if nothing is.
    """

    name: str
    title: str
    guarantee: str
    command: Callable[[Place], list[str]]
    rows: Callable[[Place], str]
    contact: Callable[[bytes], bytes] = lambda key: key
    environment: Callable[[Place], dict[str, str]] = field(default=_nothing)
    compared: bool = True
    missing: Callable[[], str | None] = lambda: None
