"""What the consumer asks of the held engines, and notes for them, before its records go to the agents."""

from collections.abc import Iterable, Mapping

from streams.engine.batch import Batch, SourceRecord
from streams.engine.beginning import LogGaps
from streams.engine.partition_engine import PartitionEngine


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

    async def is_compared(self, topic: str, partition: int, leader_epoch: int | None) -> bool:
        """Whether it is known that a log goes on from what was read of it, or that it does not, which is seen to.

        False if a new leader cannot be asked now: what it gave has to be read again. leader_epoch: the latest that is
        known of the log, None if none is.
        """
        engine = self._engines.get(partition)
        if engine is None or not engine.epoch or leader_epoch is None:
            return True
        is_new = engine.leader_epochs.is_new(topic, leader_epoch)
        return not is_new or await self._log_gaps.is_compared(engine, topic, leader_epoch)

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
