"""One partition of a topic of an adapter, with the transactional producer that owns it.

Output, rows and the offset that is read next are one transaction. After an error in one, the part must not be used
again: what is in memory and what is in Kafka may differ. Acquired in this order: the former owner is fenced, then the
rows are read to their end, then the committed offset.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from streams.adapters.seam import Adapter
from streams.base.clock import Clock
from streams.engine.adapting.table import Table
from streams.engine.adapting.work import Work, Worked
from streams.engine.batch import arrived
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, intact, read_batches_to_end, reader
from streams.kafka.transactions import Transaction, Transactions

EXPIRED_MAX = 500
"""Rows that one transaction gives up."""


class Part:
    """From `acquire` to `close`. next_offset: everything of the partition before it has been applied.

    table: None for a partition of the raw topic. name: of the topic, without prefix.
    """

    def __init__(
        self, tp: TopicPartition, name: str, work: Work, transactions: Transactions, clock: Clock,
        table: Table | None = None,
    ) -> None:  # fmt: skip
        self.tp, self.table, self.next_offset = tp, table, 0
        self._name, self._work, self._clock = name, work, clock
        self._transactions = transactions

    async def fence(self) -> None:
        """Take the transactional id: the former owner can commit nothing more."""
        await self._transactions.start()

    async def restore(self, clients: Clients, state: TopicPartition) -> None:
        """Read the rows. state: their partition of the changelog, by its full name. Raises DamagedState."""
        table = self.table
        assert table is not None, "a raw partition has no rows"

        def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
            for record in intact(records):
                table.put((record.key or b"").decode(), record.value)

        async with reader(clients, [state]) as consumer:
            await read_batches_to_end(consumer, take)

    async def close(self) -> None:
        """Give it up."""
        await self._transactions.stop()

    async def take(self, records: Sequence[Any]) -> Worked:
        """Apply records and commit what follows from them. Those that were applied before are left out."""
        batch = [arrived(self._name, record) for record in records if record.offset >= self.next_offset]
        if not batch:
            return Worked()
        worked = (
            self._work.route(batch) if self.table is None else self._work.step(batch, self.table, self._clock.now())
        )
        await self._commit(worked, batch[-1].offset + 1)
        return worked

    async def pass_markers(self, position: int) -> None:
        """Commit that everything before `position` has been read, where only markers of transactions stood there."""
        if position > self.next_offset:
            await self._commit(Worked(), position)

    async def expire(self, now_ms: int) -> Worked:
        """Give up rows that are due by then, some at a time."""
        assert self.table is not None, "a raw partition has no rows"
        worked = self._work.expire(self.table, self.tp.partition, now_ms, EXPIRED_MAX)
        if worked.records or worked.rows:
            await self._commit(worked, self.next_offset)
        return worked

    async def _commit(self, worked: Worked, next_offset: int) -> None:
        now_ms = int(self._clock.now().timestamp() * 1000)
        offsets = {self.tp: next_offset} if next_offset > self.next_offset else {}
        await self._transactions.commit(Transaction(worked.records, worked.rows, offsets, now_ms))
        self.next_offset = next_offset
        self._transactions.check()


def table_of(adapter: Adapter) -> Table:
    """An empty one."""
    return Table(adapter)
