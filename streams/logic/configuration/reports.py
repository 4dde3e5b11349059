"""What is to be said about configuration records, once in all: by the owner of contact partition 0, in portions.

Only the latest of each topic are kept, so an import of any size takes no more memory than one of some hundred. What the
owner still has to say of those that are not kept, it asks to have read again.
Source: docs/decisions/0028-bounds-and-refused-records.md.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from streams.logic.contact.exchange import Arrived, Bug
from topics.codec import BadEvent
from topics.events import CampaignRecycle

PORTION_MAX = 500
PORTION_BYTES_MAX = 1024 * 1024
"""Of the dead letters in one transaction, a few milliseconds of work; more only if a single record is larger. As much
is kept of each topic."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A configuration record that cannot be accepted. bug: why, if the record is not to blame."""

    arrived: Arrived
    bad_event: BadEvent
    bug: Bug | None = None


@dataclass(frozen=True, slots=True)
class TooSoon:
    """A recycle that came too close to the accepted one of `accepted_at`."""

    arrived: Arrived
    event: CampaignRecycle
    accepted_at: datetime


Report = BadRecord | TooSoon


class Recalled(NamedTuple):
    """What is to be said of the records of a topic after one offset, up to and with another: read again."""

    topic: str
    after: int
    through: int
    reports: Sequence[Report]


class Portion(NamedTuple):
    """What is to be said now. reported: by topic, up to which offset all has been said then. more: there is more."""

    reports: list[Report]
    reported: dict[str, int]
    more: bool


def size_of(report: Report) -> int:
    """Bytes of the record that a report is about, roughly."""
    arrived = report.arrived
    return len(arrived.key or b"") + len(arrived.value or b"") + sum(len(value) for _, value in arrived.headers)


@dataclass(slots=True)
class _Budget:
    """What is left of a portion. The first report always fits."""

    count: int = PORTION_MAX
    size: int = PORTION_BYTES_MAX

    def takes(self, report: Report) -> bool:
        """Whether a report fits; if so it is counted."""
        size = size_of(report)
        if self.count <= 0 or (self.count < PORTION_MAX and size > self.size):
            return False
        self.count, self.size = self.count - 1, self.size - size
        return True


@dataclass(slots=True)
class _Kept:
    """The latest reports of a topic. begins, forgotten: offsets of the first and the latest not kept, -1 if all are."""

    reports: deque[Report] = field(default_factory=deque)
    size: int = 0
    begins: int = -1
    forgotten: int = -1

    def add(self, report: Report) -> None:
        self.reports.append(report)
        self.size += size_of(report)
        while len(self.reports) > PORTION_MAX or (self.size > PORTION_BYTES_MAX and len(self.reports) > 1):
            self.forget_first()

    def forget_first(self) -> None:
        first = self.reports.popleft()
        self.size -= size_of(first)
        self.forget(first.arrived.offset, first.arrived.offset)

    def forget(self, begins: int, last: int) -> None:
        self.begins = begins if self.begins < 0 else self.begins
        self.forgotten = max(self.forgotten, last)


class Reports:
    """What is to be said, by topic and in the order of offsets.

    news: grows whenever there is more to be said. wanted: by topic, the offset after which its records have to be read
    again; whoever does that calls `recall`, portion by portion.
    """

    def __init__(self) -> None:
        self.news = 0
        self.wanted: dict[str, int] = {}
        self._kept: dict[str, _Kept] = {}
        self._recalled: dict[str, Recalled] = {}

    def __iter__(self) -> Iterator[Report]:
        """Those that are kept."""
        return (report for kept in self._kept.values() for report in kept.reports)

    def add(self, report: Report) -> None:
        """One more, later in its topic than those before it."""
        self._kept.setdefault(report.arrived.topic, _Kept()).add(report)
        self.news += 1

    def forgotten(self, topic: str) -> tuple[int, int]:
        """Offsets of the first and the latest record of a topic of which something may be unsaid and is not kept.

        -1 for both if there is none. What the owner is known to have said does not count for the first.
        """
        kept = self._kept.get(topic) or _Kept()
        return kept.begins, kept.forgotten

    def forget(self, topic: str, begins: int, last: int) -> None:
        """There is something to say of records from one offset to another, and they are not kept; nor is any before."""
        kept = self._kept.setdefault(topic, _Kept())
        while kept.reports and kept.reports[0].arrived.offset <= last:
            kept.forget_first()
        kept.forget(begins, last)
        self.news += 1

    def recall(self, recalled: Recalled) -> None:
        """Take what was read again."""
        self._recalled[recalled.topic] = recalled
        self.news += 1

    def is_recalled(self, topic: str) -> bool:
        """Whether there is something of a topic that was read again and has not been said yet."""
        return topic in self._recalled

    def drop_recalled(self, topic: str) -> None:
        """Nobody says it: the partition has gone elsewhere."""
        self._recalled.pop(topic, None)

    def portion(self, reported: Mapping[str, int]) -> Portion:
        """What is to be said next, when so much has been said."""
        portion, budget, more = Portion([], dict(reported), False), _Budget(), False
        for topic in self._kept:
            since = portion.reported.get(topic, -1)
            if self._is_missing(topic, since):
                continue
            recalled = self._recalled.pop(topic, None)
            left = self._left(topic, since) if recalled is None else recalled.reports
            unsaid = (report for report in left if report.arrived.offset > since)
            taken = list(takewhile(budget.takes, unsaid))
            portion.reports.extend(taken)
            if taken:
                portion.reported[topic] = taken[-1].arrived.offset
            if left and left[-1].arrived.offset > portion.reported.get(topic, -1):
                more = True
                if recalled is not None:
                    self._recalled[topic] = recalled
            elif recalled is not None:
                portion.reported[topic], more = recalled.through, True
        return portion._replace(more=more)

    def _is_missing(self, topic: str, since: int) -> bool:
        """Whether what comes next is neither kept nor recalled; it is wanted then."""
        recalled = self._recalled.get(topic)
        if recalled is not None and not recalled.after <= since < recalled.through:
            self.drop_recalled(topic)
            recalled = None
        if recalled is None and self._kept[topic].forgotten > since:
            self.wanted[topic] = since
            return True
        if self._kept[topic].forgotten <= since:
            self._kept[topic].begins = -1
        self.wanted.pop(topic, None)
        return False

    def _left(self, topic: str, since: int) -> Sequence[Report]:
        """What is kept and has not been said; what has been is not kept any longer."""
        kept = self._kept[topic]
        while kept.reports and kept.reports[0].arrived.offset <= since:
            kept.forget_first()
        return tuple(kept.reports)
