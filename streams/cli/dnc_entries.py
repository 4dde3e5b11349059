"""The Do Not Call entries on a broker as they stand, for the command line: read once, without a worker.

Ten million entries take some 160 MB. Source: docs/rules.md, section 3; docs/decisions/0020-spellings-of-a-number.md.
"""

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import TopicPartition

from streams.base.settings import Settings
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.whole_topic import read_whole
from streams.logic.dnc.lists import DncLists
from topics.names import TopicName


def read(settings: Settings, progress: Callable[[int], None]) -> DncLists:
    """All entries up to the present end of the topic; those that a worker would refuse are not among them.

    progress: called after each batch with how many records have been read.
    Raises OperatorError when the broker does not answer or the topic is missing.
    """
    return asyncio.run(_read(settings, progress))


async def _read(settings: Settings, progress: Callable[[int], None]) -> DncLists:
    lists, read_count = DncLists(), 0

    def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
        nonlocal read_count
        lists.take_all([record for record in records if not isinstance(record, DamagedRecord)])
        while lists.is_overdue():
            lists.replace(*lists.merge())
        read_count += len(records)
        progress(read_count)

    await read_whole(Clients(settings), settings.topic(TopicName.DNC_ENTRIES), take)
    return lists
