"""The worker's core on a virtual clock: events from files in, every record a worker would write out, without Kafka.

It decides nothing itself. It imports neither Faust nor a Kafka client and reads no clock.
Source: docs/contract.md, section "The simulator's lines".
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TextIO

import orjson

from streams.base.zone_data import load_tables, use_package_zones
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.clock_check import EPOCH
from streams.logic.partition.partition import Arrived, Outcome, Partition, Record
from streams.simulator.lines import Line, MalformedLine, instant, read_lines
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.partitions import partition_for

EXIT_MALFORMED = 2

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Written:
    """One record that a worker would write, and when."""

    at: datetime
    record: Record


Show = Callable[[Iterable[Line | Written], datetime | None], Iterator[str]]
"""How a simulation is shown: from what came and went, and up to when the clock ran, to lines of text."""


class VirtualWorker:
    """All partitions of one worker, on a clock that goes from event to timer to event."""

    def __init__(self, partitions: int) -> None:
        self.configuration = Configuration()
        self.partitions = [Partition(number, partitions, self.configuration, {}) for number in range(partitions)]
        self._offsets: dict[str, int] = {}
        self._now: datetime | None = None

    def advance(self, until: datetime) -> Iterator[Written]:
        """Fire everything that is wanted before or at `until`, in the order of instant, callback id and key."""
        if self._now is None:
            self._start(until)
        while True:
            wanted = [
                (next_wanted, partition.number)
                for partition in self.partitions
                if (next_wanted := partition.next_wanted()) is not None
            ]
            if not wanted or min(wanted)[0][0] > until:
                break
            (at, _, _), number = min(wanted)
            self._now = max(at, self._now or at)
            yield from self._written(self.partitions[number].fire(self._now))
        self._now = until

    def arrive(self, line: Line) -> Iterator[Written]:
        """Take in one event at its instant, after everything that was wanted by then."""
        yield from self.advance(line.at)
        arrived = self._arrived(line)
        if line.topic in CONFIGURATION_TOPICS:
            self.configuration.apply(arrived, line.at)
            for partition in self.partitions:
                yield from self._written(partition.configure(line.at))
        else:
            yield from self._written(self.partitions[arrived.partition].apply(arrived, line.at))

    def _start(self, now: datetime) -> None:
        for partition in self.partitions:
            partition.ready(now)

    def _arrived(self, line: Line) -> Arrived:
        offset = self._offsets.get(line.topic, 0)
        self._offsets[line.topic] = offset + 1
        count = CATALOG[line.topic].partition_count(len(self.partitions))
        return Arrived(
            topic=line.topic,
            partition=0 if line.key is None else partition_for(line.key, count),
            offset=offset,
            key=line.key,
            value=line.value,
            # Rounded up, or an event as far ahead of the line as it may be would seem to be further.
            timestamp_ms=-((EPOCH - line.at) // MILLISECOND),
            headers=line.headers,
        )

    def _written(self, outcome: Outcome | None) -> Iterator[Written]:
        if outcome is None or self._now is None:
            return
        for bug in outcome.bugs:
            # A bug must not look like an answer.
            raise AssertionError(f"{bug.what}\n{bug.where}")
        for record in outcome.records:
            if record.topic in CONFIGURATION_TOPICS:
                self._read_back(record, self._now)
            yield Written(self._now, record)

    def _read_back(self, record: Record, now: datetime) -> None:
        """What a worker writes for all workers has been read by all before the next event."""
        line = Line(record.topic, now, record.key, record.value)
        self.configuration.apply(self._arrived(line), now)


def simulate(lines: Iterable[Line], until: datetime | None, partitions: int) -> Iterator[Written]:
    """Everything a worker would write for these events, in order.

    lines: `at` not decreasing. until: the clock runs on to it after the last event; None: to the last event.
    Raises MalformedLine for an `until` before the last event.
    """
    return (one for one in converse(lines, until, partitions) if isinstance(one, Written))


def converse(lines: Iterable[Line], until: datetime | None, partitions: int) -> Iterator[Line | Written]:
    """The same, and each event in its place: after what was written until it came, before what it led to."""
    worker = VirtualWorker(partitions)
    last = None
    for line in lines:
        if until is not None and until < line.at:
            raise MalformedLine("--until is before the last event's `at`")
        yield from worker.advance(line.at)
        yield line
        yield from worker.arrive(line)
        last = line.at
    end = until or last
    if end is not None:
        yield from worker.advance(end)


def run_simulation(
    paths: Sequence[str],
    *,
    until: datetime | str | None,
    partitions: int,
    out: TextIO,
    err: TextIO,
    shown: Show | None = None,
) -> int:
    """Simulate the events of the files, `-` or no path being standard input; returns the exit code.

    until: an instant, also as RFC 3339 text. shown: makes the lines that go to `out`; without it one line of JSON for
    each record. What is malformed goes to `err`.
    The process takes its time zones from the `tzdata` package from then on, so that the bytes are the same everywhere.
    """
    use_package_zones()
    load_tables()
    try:
        end = instant(until, "--until") if isinstance(until, str) else until
        for line in (shown or _records)(converse(read_lines(paths or ("-",)), end, partitions), end):
            out.write(line + "\n")
    except MalformedLine as malformed:
        out.flush()
        err.write(f"{malformed}\n")
        return EXIT_MALFORMED
    return 0


def _records(entries: Iterable[Line | Written], _: datetime | None) -> Iterator[str]:
    return (line_of(one) for one in entries if isinstance(one, Written))


def line_of(written: Written) -> str:
    """One record as a line of output; headers only where there are any."""
    record = written.record
    line: dict[str, Any] = {
        "topic": record.topic,
        "at": written.at,
        "key": None if record.key is None else record.key.decode(),
        "value": None if record.value is None else orjson.Fragment(record.value),
    }
    if record.headers:
        line["headers"] = {name: value.decode() for name, value in record.headers}
    return orjson.dumps(line, option=orjson.OPT_UTC_Z).decode()
