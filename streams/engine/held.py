"""The partition engines that a worker holds, by partition number: what agents and the configuration ask of them."""

from datetime import datetime

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

    def is_waited_for(self, now: datetime) -> bool:
        """Whether a timer or a request waits for any of them: nobody may take more than a slice then."""
        return any(engine.ready and _is_waited_for(engine, now) for engine in self.engines.values())

    async def work(self, batch: Batch) -> None:
        """Have the engine of the batch's partition process it; a batch that is not ours any more is ignored."""
        engine = self.engines.get(batch.partition)
        if engine is not None:
            await engine.work(batch)


def _is_waited_for(engine: PartitionEngine, now: datetime) -> bool:
    return engine.inbox.has_requests or (engine.next_timer is not None and engine.next_timer <= now)
