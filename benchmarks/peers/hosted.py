"""Ringback's own core as one function, for the frameworks that host it: decode, de-duplicate, decide, row, records."""

from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived, Record
from streams.logic.contact.rows import decode_contact, encode_contact, row_bytes_max
from streams.logic.decisions.decide import decide
from streams.logic.partition.intake import cause_of, read_event
from streams.logic.partition.outputs import records_of
from streams.logic.partition.record_ids import event_ids
from topics.names import TopicName

CLOCK = SystemClock()


class HostedCore:
    """The core with the configuration of a workload."""

    def __init__(self, workload: Workload) -> None:
        self._partitions = workload.partitions
        self._configuration = Configuration()
        now = CLOCK.now()
        for offset, one in enumerate(workload.configuration()):
            arrived = Arrived(one.topic, 0, offset, one.key, one.value, int(now.timestamp() * 1000))
            self._configuration.apply(arrived, now)

    def apply(
        self, partition: int, offset: int, key: bytes, value: bytes, timestamp_ms: int, row: bytes | None
    ) -> tuple[bytes, list[Record]]:
        """The contact's row after a wrap-up, and the records that follow. row: until now, None if there is none."""
        now = CLOCK.now()
        arrived = Arrived(TopicName.WRAP_UP, partition, offset, key, value, timestamp_ms)
        key, input_, _ = read_event(arrived, partitions=self._partitions, key_is_known=row is not None, now=now)
        before = None if row is None else decode_contact(row)
        after, effects = decide(before, input_, cause_of(arrived, input_), self._configuration, now)
        assert after is not None, "a wrap-up forgets nobody"
        records = records_of(key, effects, event_ids(arrived, effects), now) if effects else []
        return encode_contact(after, row, row_bytes_max(input_, before, after)), records
