"""A partition under stress, judged by a plain model: clocks are set, transactions fail, workers are killed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
from hypothesis import strategies as st

from streams.logic.contact.exchange import Arrived
from streams.logic.contact.inputs import Input
from streams.logic.contact.rows import decode_outline
from streams.logic.contact.state import Contact
from streams.logic.decisions.decide import Decision, decide
from streams.logic.partition.own_rows import META_KEY
from streams.logic.partition.partition import Outcome, Partition
from streams.logic.partition.shelf import Reach
from streams.storage.disk_store import DiskStore
from streams.storage.local_copy import Source
from tests.builders import cancelled, instant, key_of, scheduled
from tests.edge.single_engine import configuration
from tests.simulation.disk import Disks

START = instant("2026-11-23T14:30:00Z")
END = timedelta(days=2)
"""After START: everything is due, nothing has come to its end for want of an outcome."""
MINUTE = timedelta(minutes=1)
OCCURRED = "2026-11-20T12:00:00Z"


@dataclass(frozen=True)
class Step:
    """What happens next. kind: schedule, cancel, clock, fire or kill."""

    kind: str
    contact: int = 0
    callback: int = 0
    by: timedelta = timedelta()


def _micros(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda number: timedelta(microseconds=number))


DUES = st.one_of(_micros(-3, 3), st.integers(-7200, 7200).map(lambda number: timedelta(seconds=number)))
"""Microseconds around now, or up to two hours before or ahead of it."""
CLOCK = st.one_of(
    st.sampled_from([timedelta(seconds=1), timedelta(seconds=-1), timedelta(hours=1), timedelta(hours=-1)]),
    _micros(-5, 5),
)
CONTACTS, CALLBACKS = st.integers(0, 2), st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("schedule"), CONTACTS, CALLBACKS, DUES),
        st.builds(Step, st.just("cancel"), CONTACTS, CALLBACKS),
        st.builds(Step, st.just("clock"), by=CLOCK),
        st.builds(Step, st.sampled_from(["fire", "kill"])),
    ),
    max_size=40,
)


@dataclass
class Trial:
    """A partition, its changelog, what was committed to its topics, and what the model says."""

    now: datetime = START
    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    fired: dict[str, datetime] = field(default_factory=dict)
    events: int = 0
    meets_bug: Callable[[object], bool] = lambda input_: False
    """Whether a decision about an input meets a bug of ours."""
    is_on_disk: bool = False
    """Whether its rows are on a disk, and with them the timers that are not wanted within a minute."""

    def __post_init__(self) -> None:
        self.disks, self.store = Disks(), cast(DiskStore | None, None)
        self.partition = self.started()

    def started(self) -> Partition:
        """As a worker that has just started has it."""
        if self.is_on_disk:
            self.store = DiskStore(Path("contacts-0"), Source("c", "t", 0, 0, 1), self.disks)
            rows, shelf = self.store.rows, self.store.shelf
            core = Partition(0, 1, configuration(), rows, decide=self._decide, shelf=shelf, reach=Reach(1, MINUTE))
        else:
            core = Partition(0, 1, configuration(), {}, decide=self._decide)
            for key, row in self.rows.items():
                core.restore(key, row)
        core.ready(self.now)
        self.committed(core.configure(self.now))
        return core

    def _decide(self, contact: Contact | None, input_: Input, *arguments: Any, **more: Any) -> Decision:
        if self.meets_bug(input_):
            raise ZeroDivisionError
        return decide(contact, input_, *arguments, **more)

    def committed(self, outcome: Outcome) -> None:
        """Kafka has taken the transaction."""
        assert outcome.bugs == []
        self.rows |= outcome.writes
        if self.store is not None:
            self.store.committed(len(self.rows), self.now)
        for record in outcome.records:
            if record.topic == "dial-preview":
                name = orjson.loads(record.value or b"")["callback_id"]
                assert name not in self.fired, "twice"
                assert self.now >= self.due[name], "early"
                self.fired[name] = self.now

    def live(self, steps: list[Step]) -> None:
        """Everything of a history, then time enough, on a clock that runs."""
        for step in steps:
            self.partition.read_ahead(self.now)
            self.step(step)
            self.check_counts()
        self.now = max(self.now, START) + END
        self.step(Step("fire"))
        self.check_counts()
        assert self.fired.keys() == self.due.keys() - self.cancelled, "no more and no fewer"

    def step(self, step: Step) -> None:
        match step.kind:
            case "clock":
                self.now += step.by
            case "kill":
                self._kill()
            case "fire":
                before = len(self.fired)
                while (outcome := self.partition.fire(self.now)) is not None:
                    self.committed(outcome)
                names = list(self.fired)[before:]
                assert names == sorted(names, key=lambda name: (self.due[name], name)), "in due order"
            case _:
                self._tell(step)

    def _kill(self) -> None:
        """In the middle of a transaction: half of what was due is decided, nothing of it is committed."""
        for _ in range(2):
            self.partition.fire(self.now)
        self.partition = self.started()

    def _tell(self, step: Step) -> None:
        name, self.events = f"k{step.contact}{step.callback}", self.events + 1
        common = {"contact_id": f"c{step.contact}", "event_id": f"e{self.events}", "occurred_at": OCCURRED}
        if step.kind == "schedule":
            at = self.now + step.by
            value = scheduled(name, due_at=at.isoformat(), conversation_id=name, **common)
            if name not in self.cancelled:
                self.due.setdefault(name, at)
        else:
            value = cancelled(name, **common)
            self.cancelled |= {name} - self.fired.keys()
        record = Arrived("callback-scheduled", 0, self.events, key_of(value), orjson.dumps(value), 0)
        self.committed(self.partition.apply(record, self.now))

    def check_counts(self) -> None:
        """What the metrics show is what the rows say, and never less than nothing."""
        rows = [decode_outline(row) for key, row in self.partition.table.items() if key != META_KEY]
        assert self.partition.census.outstanding == sum(len(row.callbacks) for row in rows) >= 0
        assert self.partition.agenda.retried_count == 0
