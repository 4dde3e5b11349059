"""The Do Not Call entries on a broker as they stand, for the command line: read once, without a worker.

Ten million entries take some 160 MB. Source: docs/rules.md, section 3; docs/decisions/0020-spellings-of-a-number.md.
"""

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, read_batches_to_end, reader
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.fetched import DamagedRecord
from streams.logic.dnc.lists import DncLists
from topics.names import TopicName


def read(settings: Settings, progress: Callable[[int], None]) -> DncLists:
    """All entries up to the present end of the topic; those that a worker would refuse are not among them.

    progress: called after each batch with how many records have been read.
    Raises OperatorError when the broker does not answer or the topic is missing.
    """
    return asyncio.run(_read(settings, progress))


async def _read(settings: Settings, progress: Callable[[int], None]) -> DncLists:
    topic, clients = settings.topic(TopicName.DNC_ENTRIES), Clients(settings)
    count = await topic_admin.partitions_of(clients, topic)
    if not count:
        raise OperatorError(f"there is no topic {topic} on {settings.broker}. Create it with `ringback topics create`")
    lists, read_count = DncLists(), 0

    def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
        nonlocal read_count
        lists.take_all([record for record in records if not isinstance(record, DamagedRecord)])
        while lists.is_overdue():
            lists.replace(*lists.merge())
        read_count += len(records)
        progress(read_count)

    try:
        async with reader(clients, [TopicPartition(topic, number) for number in range(count)]) as consumer:
            await read_batches_to_end(consumer, take)
    except TopicAuthorizationFailedError:
        raise OperatorError(f"this user has no right to Read topic {topic}. {RIGHTS}") from None
    except KafkaError as error:
        raise OperatorError(f"{topic} cannot be read: {error or type(error).__name__}") from None
    return lists
