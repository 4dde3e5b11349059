"""All topics that Ringback reads, to their present ends, as lines for the simulator."""

from collections.abc import Callable, Sequence
from datetime import datetime

from aiokafka import TopicPartition

from streams.base.settings import Settings
from streams.console.trial.exported import SETTINGS, TOPICS, Exported, Sorted
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.whole_topic import read_whole


async def read(
    settings: Settings,
    lines: Sorted,
    begin: datetime | None,
    until: datetime | None,
    progress: Callable[[str, int], None],
) -> None:
    """Read all topics to their present ends. Raises OperatorError when the broker does not answer or lacks a topic.

    begin: events from then on; contacts and configuration come whole. until: nothing that came then or later.
    """
    clients, count = Clients(settings), 0
    for topic in TOPICS:
        earliest = None if topic in SETTINGS else begin

        def take(partition: TopicPartition, records: Sequence[ReadRecord], topic: str = topic) -> None:
            nonlocal count
            whole = [record for record in records if not isinstance(record, DamagedRecord)]
            lines.left_out += len(records) - len(whole)
            found = (_exported(topic, record) for record in whole)
            lines.put(one for one in found if _is_between(one.written_ms, earliest, until))  # noqa: B023  (used at once)
            count += len(records)
            progress("read", count)

        await read_whole(clients, settings.topic(topic), take)


def _exported(topic: str, record: ReadRecord) -> Exported:
    headers = tuple((name, value) for name, value in record.headers)
    return Exported(topic, record.partition, record.offset, record.timestamp, record.key, record.value, headers)


def _is_between(written_ms: int, begin: datetime | None, until: datetime | None) -> bool:
    if begin is not None and written_ms < begin.timestamp() * 1000:
        return False
    return until is None or written_ms < until.timestamp() * 1000
