"""Takes records of the configuration topics in, slice by slice, so that no timer waits for long.

Of those that are refused only the latest are kept, until partition 0 has reported them. What is wrong with the others
is not looked for: it takes longer than all the rest, and whoever reads them again finds it.
Source: docs/decisions/0028-bounds-and-refused-records.md.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeAlias

from streams.base import metrics
from streams.base.clock import Clock
from streams.engine.batch import arrived
from streams.engine.dnc_maintenance import DncMaintenance
from streams.engine.pace import Pace
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import Prepared, is_refused, prepare, report_on
from streams.logic.configuration.recycles import Recycles
from streams.logic.configuration.reports import PORTION_MAX, Report
from streams.logic.dnc.lists import RUN_AT
from topics.names import TopicName

DNC_RECORDS_FIRST = 500
"""Do Not Call entries that are taken in to see how they are: a millisecond of the loop."""
DNC_RECORDS_MAX = RUN_AT
"""The same at once when they are good, at the start, when no timer waits; so many become a run of the lists."""
DNC_REFUSED_MAX = 2048
"""The same when many are refused, which takes longer."""
DNC_REFUSED_PER_GOOD = 10
"""At most one in so many is refused among those that are good."""
FEW = 50
"""Refused records that are judged at once, whether they will be kept or not."""
AT_ONCE_BYTES = 4096
"""A larger record is decoded and compiled in a thread: the largest take longer than a timer can wait."""

Unsaid: TypeAlias = "ReadRecord | Report"
"""A record that was refused and has not been judged, or what is to be said of it."""


class Intake:
    """Into one `configuration`; `changed` is called when there is news for partitions."""

    def __init__(
        self, configuration: Configuration, maintenance: DncMaintenance, clock: Clock, pace: Pace,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._configuration = configuration
        self._maintenance = maintenance
        self._clock, self._pace = clock, pace
        self._changed = changed
        self._told = (0, 0)
        self._slice_ends = 0.0

    async def take(self, topic: str, records: Sequence[ReadRecord]) -> None:
        """Take in what one fetch has of a topic, by its name without prefix."""
        unsaid: list[Unsaid] = []
        try:
            await (self._take_dnc if topic == TopicName.DNC_ENTRIES else self._take_each)(topic, records, unsaid)
        finally:  # Also of what was cut off: a snapshot of the lists may be written of what has been taken in.
            self._report_latest(topic, unsaid)
        self._notify()

    async def _take_each(self, topic: str, records: Sequence[ReadRecord], unsaid: list[Unsaid]) -> None:
        was_refused = False
        for record in records:
            # Good ones come after good ones, mostly, and are decoded once.
            if was_refused and _is_small(record) and is_refused(topic, record.key, record.value):
                self._configuration.take_refused(topic, record.key, record.offset)
                unsaid.append(record)
            else:
                prepared = await _prepared(topic, record)
                was_refused = prepared.refused
                if (report := self._configuration.take_in(prepared)) is not None:
                    unsaid.append(report)
            if self._clock.monotonic() > self._slice_ends:
                await self._pause(topic, unsaid)

    async def _take_dnc(self, topic: str, records: Sequence[ReadRecord], unsaid: list[Unsaid]) -> None:
        """There may be millions: some, to see how they are, and then as many at once as their kind allows."""
        first, count = 0, DNC_RECORDS_FIRST
        while first < len(records):
            some = records[first : first + count]
            refused = self._taken(some)
            unsaid += refused
            metrics.events.DNC_READ.inc(len(some))
            self._maintenance.taken(len(some))
            first += count
            count = DNC_REFUSED_MAX if len(refused) * DNC_REFUSED_PER_GOOD > count else DNC_RECORDS_MAX
            if self._clock.monotonic() > self._slice_ends:
                await self._pause(topic, unsaid)

    def _taken(self, records: Sequence[ReadRecord]) -> Sequence[ReadRecord]:
        """Good ones take the shortest way. Returns those that were refused."""
        lists = self._configuration.dnc
        if DamagedRecord not in set(map(type, records)):
            return lists.take_all(records)
        refused: list[ReadRecord] = []
        for is_damaged, group in groupby(records, lambda one: isinstance(one, DamagedRecord)):
            some = list(group)
            for record in some if is_damaged else ():
                lists.take_unread(record.key, record.value, record.offset)
            refused += some if is_damaged else lists.take_all(some)
        return refused

    def _forget_all_but_latest(self, topic: str, unsaid: list[Unsaid]) -> None:
        if len(unsaid) > PORTION_MAX:
            self._configuration.reports.forget(topic, _offset(unsaid[0]), _offset(unsaid[-PORTION_MAX - 1]))
            del unsaid[:-PORTION_MAX]

    def _report_latest(self, topic: str, unsaid: list[Unsaid]) -> None:
        self._forget_all_but_latest(topic, unsaid)
        for one in unsaid:
            report = one if isinstance(one, Report) else report_on(arrived(topic, one), Recycles())
            if report is not None:
                self._configuration.reports.add(report)
        unsaid.clear()

    async def _pause(self, topic: str, unsaid: list[Unsaid]) -> None:
        """Let the others have their turn; a few refused records are passed on at once."""
        if len(unsaid) <= FEW:
            self._report_latest(topic, unsaid)
        else:
            self._forget_all_but_latest(topic, unsaid)
        self._notify()
        await asyncio.sleep(0)
        self._slice_ends = self._clock.monotonic() + self._pace.slice_s

    def _notify(self) -> None:
        """Have the partitions look at what is new to them; a good Do Not Call entry is nobody's business."""
        new = (self._configuration.version, self._configuration.reports.news)
        if new != self._told:
            self._told = new
            self._changed()


async def _prepared(topic: str, record: ReadRecord) -> Prepared:
    """A record made ready; meanwhile all goes on with what was known before it."""
    if len(record.value or b"") <= AT_ONCE_BYTES:
        return prepare(arrived(topic, record))
    return await asyncio.to_thread(prepare, arrived(topic, record))


def _is_small(record: ReadRecord) -> bool:
    return len(record.value or b"") <= AT_ONCE_BYTES and not isinstance(record, DamagedRecord)


def _offset(unsaid: Unsaid) -> int:
    return unsaid.arrived.offset if isinstance(unsaid, Report) else unsaid.offset
