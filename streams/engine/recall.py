"""Reads configuration records again whose dead letters are still to be written and that nobody has kept.

The owner of contact partition 0 asks for it: after an import that was refused by the hundred thousand, or when it takes
the partition over. A portion is read when the one before it has been written.
Source: docs/decisions/0028-bounds-and-refused-records.md.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition

from streams.engine.batch import arrived
from streams.engine.pace import Pace
from streams.kafka.clients import Clients
from streams.kafka.compacted import reader
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import report_on
from streams.logic.configuration.recycles import Recycles
from streams.logic.configuration.reports import PORTION_MAX, Recalled, Report
from topics.names import TopicName

log = logging.getLogger(__name__)

RECORDS_MAX = PORTION_MAX
"""Judged at once: some milliseconds of the loop, and no more to be said than a portion."""


class Recall:
    """Of one worker. `look` is called now and then; what is wanted is read in the background, topic by topic.

    prefix: what topic names begin with.
    """

    def __init__(
        self,
        clients: Clients,
        prefix: str,
        pace: Pace,
        configuration: Configuration,
        changed: Callable[[], None],
        broken: Callable[[str, BaseException], None],
    ) -> None:
        self._clients, self._prefix, self._pace = clients, prefix, pace
        self._reports = configuration.reports
        self._changed = changed
        self._broken = broken
        self._reading: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin to read if something is wanted."""
        if self._reports.wanted and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._run(), name="recall")

    async def stop(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._reports.wanted:
                topic, after = next(iter(self._reports.wanted.items()))
                await self._read(topic, after)
        except Exception as error:
            self._broken("reading refused records again", error)

    async def _read(self, topic: str, after: int) -> None:
        """Read what there is to be said of a topic after an offset, until all the rest of it is kept."""
        log.info("reading refused records of %s again, those after offset %d", topic, after)
        tp, recycles = TopicPartition(self._prefix + topic, 0), Recycles()
        async with reader(self._clients, [tp]) as consumer:
            if topic != TopicName.CAMPAIGN_RECYCLE:  # Whether a recycle came too soon depends on all before it.
                consumer.seek(tp, max(after + 1, self._reports.forgotten(topic)[0]))
            while after < self._reports.forgotten(topic)[1]:
                found, through = await self._judge(consumer, tp, topic, recycles)
                reports = [report for report in found if report.arrived.offset > after]
                if reports or through >= self._reports.forgotten(topic)[1]:
                    self._reports.recall(Recalled(topic, after, through, reports))
                    self._changed()
                    if not await self._said(topic):
                        return
                    after = through

    async def _judge(
        self, consumer: Any, tp: TopicPartition, topic: str, recycles: Recycles
    ) -> tuple[list[Report], int]:
        """What is to be said of the next records, and the offset up to which that goes."""
        polled = await consumer.getmany(timeout_ms=self._pace.recall_ms, max_records=RECORDS_MAX)
        records = [record for of_one in polled.values() for record in of_one]
        if records:
            found = [report_on(arrived(topic, record), recycles) for record in records]
            await asyncio.sleep(0)  # What has been fetched is handed over without a turn for anybody else.
            return [report for report in found if report is not None], records[-1].offset
        position, ends = int(await consumer.position(tp)), await consumer.end_offsets([tp])
        # What is there no more has nothing to be said of it.
        return [], max(position - 1, self._reports.forgotten(topic)[1] if position >= ends[tp] else -1)

    async def _said(self, topic: str) -> bool:
        """Return when what was read has been said, or nobody seems to say it."""
        for _ in range(self._pace.said_looks_max):
            if not self._reports.is_recalled(topic):
                return True
            await asyncio.sleep(self._pace.said_look_s)
        self._reports.drop_recalled(topic)
        self._reports.wanted.pop(topic, None)
        return False
