"""The worker's core on a virtual clock: events from files in, every record a worker would write out, without Kafka.

It decides nothing itself. It imports neither Faust nor a Kafka client and reads no clock.
Source: docs/contract.md, section "The simulator's lines".
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import msgspec
import orjson

from streams.engine.partition import Arrived, Outcome, Partition, Record
from streams.logic.configuration import EPOCH, Configuration
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN
from topics.fields import Instant
from topics.partitions import partition_for

EXIT_MALFORMED = 2

MILLISECOND = timedelta(milliseconds=1)

AT_MAX = datetime(9900, 1, 1, tzinfo=UTC)
"""Lines from here on are refused: what is reckoned from their instants has to fit into the calendar, too."""

AT_MIN = datetime(2, 1, 1, tzinfo=UTC)
"""Lines before it are refused, for the same reason."""

_LINE = msgspec.json.Decoder(dict[str, msgspec.Raw])


class MalformedLine(Exception):
    """A line that is no event on its way: not what the simulator reads. The message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event: the topic it arrives on, when, its key and its value, byte for byte; None for a tombstone."""

    topic: str
    at: datetime
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """One record that a worker would write, and when."""

    at: datetime
    record: Record


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
        )

    def _written(self, outcome: Outcome | None) -> Iterator[Written]:
        if outcome is None or self._now is None:
            return
        for fault in outcome.faults:
            # A bug of ours must not look like an answer.
            raise AssertionError(fault)
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
    worker = VirtualWorker(partitions)
    last = None
    for line in lines:
        if until is not None and until < line.at:
            raise MalformedLine("--until is before the last event's `at`")
        yield from worker.arrive(line)
        last = line.at
    end = until or last
    if end is not None:
        yield from worker.advance(end)


def run_simulation(
    paths: Sequence[str], *, until: datetime | str | None, partitions: int, out: TextIO, err: TextIO
) -> int:
    """Simulate the events of the files, `-` or no path being standard input; returns the exit code.

    until: an instant, also as RFC 3339 text. Records go to `out`, one JSON line each; what is malformed to `err`.
    """
    try:
        end = _instant(until, "--until") if isinstance(until, str) else until
        for written in simulate(_read(paths or ("-",)), end, partitions):
            out.write(line_of(written) + "\n")
    except MalformedLine as malformed:
        out.flush()
        err.write(f"{malformed}\n")
        return EXIT_MALFORMED
    return 0


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


def _read(paths: Sequence[str]) -> Iterator[Line]:
    before = None
    for path in paths:
        with ExitStack() as stack:
            name = "standard input" if path == "-" else path
            try:
                file = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb"))
            except OSError as error:
                raise MalformedLine(f"{name}: {error.strerror}") from None
            for number, text in enumerate(file, start=1):
                if text.strip():
                    line = parse_line(text, f"{name}:{number}")
                    if before is not None and line.at < before:
                        raise MalformedLine(f"{name}:{number}: `at` is before the `at` of an earlier line")
                    before = line.at
                    yield line


def parse_line(text: bytes, place: str) -> Line:
    """One line of input. place: how to name it. Raises MalformedLine if it cannot be an event on its way."""
    line = _fields(text, place)
    topic = _plain(line.get("topic"))
    if topic not in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS):
        raise MalformedLine(f"{place}: `topic` is none of the topics that are read")
    if "value" not in line:
        raise MalformedLine(f"{place}: there is no `value`")
    value = None if bytes(line["value"]) == b"null" else bytes(line["value"])
    key = _plain(line.get("key"))
    if not (key is None or isinstance(key, str)):
        raise MalformedLine(f"{place}: `key` is not a string")
    if key is None and value is None:
        raise MalformedLine(f"{place}: a tombstone needs a `key`")
    key = _default_key(topic, _plain(line["value"])) if key is None else key
    at = _instant(_plain(line.get("at")), f"{place}: `at`")
    if at >= AT_MAX:
        raise MalformedLine(f"{place}: `at` is too late to reckon from, the year 9899 is the last")
    if at < AT_MIN:
        raise MalformedLine(f"{place}: `at` is too early to reckon from, the year 2 is the first")
    return Line(topic, at, None if key is None else key.encode(), value)


def _fields(text: bytes, place: str) -> dict[str, msgspec.Raw]:
    """The fields of a line, each as it stands there: a value must reach the core, and the dead letters, untouched."""
    try:
        # Fields are skipped, not decoded, so their encoding would not be looked at.
        text.decode()
        return _LINE.decode(text)
    except msgspec.ValidationError:
        raise MalformedLine(f"{place}: not a JSON object") from None
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise MalformedLine(f"{place}: not JSON: {error}") from None


def _plain(field: msgspec.Raw | None) -> Any:
    """What a field holds; None if it is not there, or is a number too large for anything."""
    try:
        return None if field is None else msgspec.json.decode(field)
    except msgspec.ValidationError:
        return None


def _default_key(topic: str, value: Any) -> str | None:
    """The key that the value's ids make; None if they are not there, which the event is then refused for."""
    names = CATALOG[topic].key.split("|")
    ids = [value[name] for name in names if isinstance(value, dict) and isinstance(value.get(name), str)]
    return "|".join(ids) if len(ids) == len(names) else None


def _instant(text: object, name: str) -> datetime:
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise MalformedLine(f"{name} is not an RFC 3339 instant with a zone") from None
