"""How a fetched partition becomes records: aiokafka's two classes for it, and what may stand in their place.

Source: docs/decisions/0027-what-is-written-always-fits.md.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

__all__ = ["DefaultRecordBase", "DefaultRecordBatch", "LegacyRecordBatch", "PartitionReading", "read_through"]

_Base: Any = fetcher.PartitionRecords


class PartitionReading(_Base):  # type: ignore[misc]
    """Iterates over the records of one fetched partition. A subclass says in `unpacked` how batches become records."""

    next_fetch_offset: int

    def unpacked(self) -> Iterator[Any]:
        """The records, from `next_fetch_offset` on, which is moved on with them."""
        raise NotImplementedError

    def _unpack_records(self) -> Iterator[Any]:
        return self.unpacked()

    @property
    def partition(self) -> Any:
        """Topic and partition."""
        return self._tp

    @property
    def batches(self) -> Any:
        """What `read_through` was given as `batches`, made from the response."""
        return self._records

    @property
    def checks_crcs(self) -> bool:
        """Whether checksums are to be looked at."""
        return bool(self._check_crcs)

    @property
    def made(self) -> Callable[[Any], Any]:
        """Makes the record of a consumer from one of a batch."""
        return partial(self._consumer_record, self._tp)

    def is_passed_over(self, batch: Any) -> bool:
        """Whether a batch is a marker, or belongs to a transaction that was aborted: asked of each, in their order."""
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return True
        return bool(batch.is_control_batch)


def read_through(batches: type, reading: type[PartitionReading]) -> None:
    """Have every consumer of this process read through these."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = batches, reading


def committed(
    reading: type[PartitionReading], partition: Any, batches: Any, aborted: Any, first_offset: int
) -> PartitionReading:
    """Reads what a fetch of one's own returned, as a consumer that is read_committed would. aborted: of its answer."""
    return reading(partition, batches, aborted, first_offset, None, None, True, fetcher.READ_COMMITTED)
