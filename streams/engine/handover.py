"""What the consumer asks of the held engines, and notes for them, before its records go to the agents."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TypeVar

from streams.engine.batch import Batch, SourceRecord
from streams.engine.beginning import LogGaps
from streams.engine.partition_engine import PartitionEngine

TP = TypeVar("TP", bound=tuple[str, int])
"""A partition of a topic, as whoever asks has it."""


class Handover:
    """engines: those that are held, by partition number. log_gaps: logs that do not go on where they were read to."""

    def __init__(self, engines: Mapping[int, PartitionEngine], log_gaps: LogGaps) -> None:
        self._engines, self._log_gaps = engines, log_gaps

    def epochs(self, partitions: Iterable[int]) -> dict[int, int]:
        """The epochs of those partitions that are held and have begun: what is fetched before that has no owner."""
        begun = ((number, held.epoch) for number in partitions if (held := self._engines.get(number)) is not None)
        return {number: epoch for number, epoch in begun if epoch}

    def batch(
        self,
        topic: str,
        partition: int,
        records: list[SourceRecord],
        epoch: int | None,
        ends: Mapping[str, int] | None = None,
    ) -> Batch | None:
        """What to hand over to the agent; None when the records were not fetched for the present owner.

        ends: of placement requests, how far the consumer knows the other topics of the partition to go.
        """
        engine = self._engines.get(partition)
        if engine is None or epoch is None or engine.epoch != epoch or self._log_gaps.went_back(partition):
            return None
        handed, after = engine.handed, None
        if ends is not None:
            after = {name: max(end, handed.to(name)) for name, end in ends.items()}
        return Batch(topic, partition, records, epoch, handed.note(topic, records), after)

    def jumped(self, topic: str, partition: int, first: int) -> None:
        """The consumer found its position outside of the log, and `first` is the next record that it has read."""
        engine = self._engines.get(partition)
        if engine is not None and engine.epoch:
            self._log_gaps.found(engine, topic, first)

    async def compare(self, latest: Mapping[TP, int | None]) -> set[TP]:
        """Find whether logs with new leaders go on from what was read of them; what does not is seen to.

        latest: the latest epoch of its leader that is known of each, None for none. Returns those whose leader cannot
        be asked now: what it gave has to be read again.
        """
        new = [
            (tp, engine, leader_epoch)
            for tp, leader_epoch in latest.items()
            if leader_epoch is not None and (engine := self._engines.get(tp[1])) is not None and engine.epoch
            if engine.leader_epochs.is_new(tp[0], leader_epoch)
        ]
        if not new:
            return set()
        asked = (self._log_gaps.is_compared(engine, topic, epoch) for (topic, _), engine, epoch in new)
        compared = await asyncio.gather(*asked)
        return {tp for (tp, *_), is_compared in zip(new, compared, strict=True) if not is_compared}

    def awaited_sources(self) -> list[tuple[str, int]]:
        """The source partitions that closed gates, or placement requests, wait for."""
        return [(topic, number) for number, engine in self._engines.items() for topic in engine.waits_for()]

    def read_to(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`, and all that it returned has been handed over."""
        engine = self._engines.get(partition)
        if engine is not None and topic in engine.waits_for() and self._is_all_taken(engine, topic):
            engine.reached(topic, position)

    def pass_markers(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`. If only markers lie before it, have it committed: the lag becomes 0."""
        engine = self._engines.get(partition)
        if engine is None or not engine.active or not self._is_all_taken(engine, topic):
            return
        if engine.inbox.pass_to(topic, position):
            engine.handed.pass_to(topic, position)
            engine.wake()

    def _is_all_taken(self, engine: PartitionEngine, topic: str) -> bool:
        return engine.handed.is_all_before(topic, engine.inbox.next[topic])
