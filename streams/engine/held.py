"""The partition engines that a worker holds, by partition number: what agents and the configuration ask of them."""

from streams.engine.batch import Batch
from streams.engine.partition_engine import PartitionEngine


class HeldEngines:
    """Filled and emptied by whoever acquires and gives up. engines: by partition number."""

    def __init__(self) -> None:
        self.engines: dict[int, PartitionEngine] = {}

    def give_up_all_but(self, kept: set[int]) -> list[PartitionEngine]:
        """Hold `kept` alone from now on; returns the others, which are to be closed."""
        return [self.engines.pop(number) for number in self.engines.keys() - kept]

    def wake(self) -> None:
        """Something has changed for every partition: the configuration, the clock."""
        for engine in self.engines.values():
            engine.wake()

    async def work(self, batch: Batch) -> None:
        """Have the engine of the batch's partition process it; a batch that is not ours any more is ignored."""
        engine = self.engines.get(batch.partition)
        if engine is not None:
            await engine.work(batch)
