"""What a change would do: the same events twice through the worker's own core, once with other configuration.

Two virtual workers get the events side by side. What differs is told as calls: won, lost, or moved to another time or
to another way. A call is a command, or an allowed answer to somebody who was about to place one.
Source: docs/contract.md, section "The simulator's lines".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from streams.console.why.differences import Difference, Ledger, difference
from streams.console.why.reading import text
from streams.simulator.lines import Line, instant
from streams.simulator.simulate import VirtualWorker, Written
from topics.catalog import CONFIGURATION_TOPICS
from topics.events import CampaignRecycle
from topics.names import TopicName

_OF_CALLS = frozenset({TopicName.WRAP_UP, TopicName.PLACEMENT_REQUESTED, TopicName.CALLBACK_SCHEDULED})
_BYTES_MAX = 64 * 1024


class Changes:
    """Configuration that is another one. replaced: in the place of every record of the same key, from the beginning.

    later: records that come in addition, each at its own instant.
    """

    def __init__(self, replaced: Sequence[Line] = (), later: Sequence[Line] = ()) -> None:
        for line in (*replaced, *later):
            if line.topic not in CONFIGURATION_TOPICS:
                raise ValueError(f"{line.topic} does not configure anything")
        self.replaced = tuple(replaced)
        self.later = tuple(sorted(later, key=lambda line: line.at))
        self._keys = {(line.topic, line.key) for line in replaced}

    def replace(self, line: Line) -> bool:
        """Whether another record stands in the place of this one."""
        return (line.topic, line.key) in self._keys


def recycled(campaign_id: str, at: datetime) -> Line:
    """A recycle of a campaign at an instant."""
    event = CampaignRecycle(event_id=f"what-if-{at.isoformat()}", occurred_at=at, campaign_id=campaign_id)
    return Line(TopicName.CAMPAIGN_RECYCLE, at, campaign_id.encode(), msgspec.json.encode(event))


def what_if(lines: Iterable[Line], changes: Changes, until: datetime | str | None = None) -> Difference:
    """What is different if the configuration is. Pure: it writes nothing anywhere.

    lines: events and configuration as they came, their `at` not decreasing; read once. until: up to when both clocks
    run on; None: up to the last line or change.

    An event that is about a call comes only if that call was made: what names a callback that went out in the one
    run, and has not in the other, is left out there, and counted. Nothing is invented: what a call that is won would
    lead to, nobody knows. Raises MalformedLine for an `until` that is no instant.
    """
    end = instant(until, "until") if isinstance(until, str) else until
    return _Twice(changes).run(lines, end)


class _Side:
    """One of the two runs."""

    def __init__(self) -> None:
        self.worker = VirtualWorker(1)
        self.ledger = Ledger()

    def arrive(self, line: Line) -> list[Written]:
        return self._note(self.worker.arrive(line))

    def advance(self, until: datetime) -> None:
        self._note(self.worker.advance(until))

    def _note(self, written: Iterator[Written]) -> list[Written]:
        found = list(written)
        for one in found:
            self.ledger.note(one)
        return found


class _Twice:
    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._as_it_was, self._changed = _Side(), _Side()
        self._pending = list(reversed(changes.later))
        self._refused: list[str] = []
        self._left_out = 0
        self._last: datetime | None = None

    def run(self, lines: Iterable[Line], until: datetime | None) -> Difference:
        for line in lines:
            if until is not None and line.at > until:
                break
            if self._last is None:
                self._begin(line.at)
            self._change_up_to(line.at)
            self._last = line.at
            self._take(line)
        end = until or max((one.at for one in self._pending), default=self._last)
        end = end if self._last is None or end is None else max(end, self._last)
        if end is not None:
            self._change_up_to(end)
            self._as_it_was.advance(end)
            self._changed.advance(end)
        return difference(
            self._as_it_was.ledger, self._changed.ledger, until=end, left_out=self._left_out, refused=self._refused
        )

    def _begin(self, at: datetime) -> None:
        for line in self._changes.replaced:
            self._change(arriving(line, at))

    def _change_up_to(self, at: datetime) -> None:
        while self._pending and self._pending[-1].at <= at:
            line = self._pending.pop()
            # One that is older than all the events comes with the first of them: clocks do not go back.
            self._change(line if self._last is None or line.at >= self._last else arriving(line, self._last))

    def _change(self, line: Line) -> None:
        for one in self._changed.arrive(line):
            if one.record.topic == TopicName.DEAD_LETTER:
                self._refused.append(_refusal(line, dict(one.record.headers)))

    def _take(self, line: Line) -> None:
        self._as_it_was.advance(line.at)
        self._changed.advance(line.at)
        is_possible = line.topic not in _OF_CALLS or self._can_come(line)
        self._as_it_was.arrive(line)
        if not is_possible:
            self._left_out += 1
        elif not self._changes.replace(line):
            self._changed.arrive(line)

    def _can_come(self, line: Line) -> bool:
        """Whether the event can be, as far as it is about a call: whether that callback has gone out here, too."""
        key = _callback_key(line)
        return key is None or key not in self._as_it_was.ledger.went_out or key in self._changed.ledger.went_out


def _callback_key(line: Line) -> tuple[str, str] | None:
    """The callback whose call an event is about: contact key and id; None if it is about none."""
    if line.key is None or line.value is None or len(line.value) > _BYTES_MAX:
        return None
    try:
        value: Any = msgspec.json.decode(line.value)
        contact_key = line.key.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(value, Mapping):
        return None
    callback_id = text(value, "callback_id")
    if callback_id is None or (line.topic == TopicName.CALLBACK_SCHEDULED and text(value, "type") != "returned"):
        return None
    return contact_key, callback_id


def _refusal(line: Line, headers: Mapping[str, bytes]) -> str:
    why = headers.get("__connect.errors.exception.message", b"?").decode(errors="replace")
    key = (line.key or b"?").decode(errors="replace")
    return f"{line.topic} {key}: {why}"


def arriving(line: Line, at: datetime) -> Line:
    """The line, arriving at another instant."""
    return Line(line.topic, at, line.key, line.value, line.headers)
