"""The partition engines that a worker holds: what its consumer asks of them, and what it hands over to them."""

from collections.abc import Iterable, Mapping

from streams.engine.batch import Batch, SourceRecord
from streams.engine.beginning import Jumps
from streams.engine.partition_engine import PartitionEngine


class HeldEngines:
    """engines: by partition number. jumps: of logs that do not go on where they were read to."""

    def __init__(self, jumps: Jumps) -> None:
        self.engines: dict[int, PartitionEngine] = {}
        self._jumps = jumps

    def give_up_all_but(self, kept: set[int]) -> list[PartitionEngine]:
        """Hold `kept` alone from now on; returns the others, which are to be closed."""
        return [self.engines.pop(number) for number in self.engines.keys() - kept]

    def wake(self) -> None:
        """Something has changed for every partition: the configuration, the clock."""
        for engine in self.engines.values():
            engine.wake()

    async def work(self, batch: Batch) -> None:
        """Have the engine of the batch's partition process it; a batch that is not ours any more is left alone."""
        engine = self.engines.get(batch.partition)
        if engine is not None:
            await engine.work(batch)

    def jumped(self, topic: str, partition: int, first: int) -> None:
        """The consumer found its position outside of the log, and `first` is the next record that it has read."""
        engine = self.engines.get(partition)
        if engine is not None and engine.epoch:
            self._jumps.found(engine, topic, first)

    def epochs(self, partitions: Iterable[int]) -> dict[int, int]:
        """The epochs of those partitions that are held and have begun: what is fetched before that has no owner."""
        begun = ((number, held.epoch) for number in partitions if (held := self.engines.get(number)) is not None)
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
        engine = self.engines.get(partition)
        if engine is None or epoch is None or engine.epoch != epoch or self._jumps.went_back(partition):
            return None
        inbox = engine.inbox
        after = None
        if ends is not None:
            after = {name: max(end, inbox.handed(name)) for name, end in ends.items()}
        return Batch(topic, partition, records, epoch, inbox.handed_over(topic, records), after)

    def gated(self) -> list[tuple[str, int]]:
        """The source partitions that closed gates, or placement requests, wait for."""
        return [(topic, number) for number, engine in self.engines.items() for topic in engine.waits_for()]

    def read_to(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`, and all that it returned has been handed over."""
        engine = self.engines.get(partition)
        if engine is not None and topic in engine.waits_for() and engine.inbox.all_taken(topic):
            engine.reached(topic, position)

    def pass_markers(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`. If only markers lie before it, have it committed: the lag becomes 0."""
        engine = self.engines.get(partition)
        if engine is not None and engine.active and engine.inbox.pass_markers(topic, position):
            engine.wake()
