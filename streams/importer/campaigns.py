"""The campaigns that are configured: a past call of any other would become a dead letter."""

from collections.abc import Sequence

from aiokafka import TopicPartition

from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.whole_topic import read_whole
from topics.codec import decode_or_none
from topics.configuration import Campaign
from topics.names import TopicName


async def configured(clients: Clients) -> frozenset[str]:
    """The ids of all campaigns whose latest record can be read. Raises OperatorError."""
    found: set[str] = set()

    def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
        for record in records:
            campaign_id = (record.key or b"").decode(errors="replace")
            found.discard(campaign_id)
            if not isinstance(record, DamagedRecord) and _is_campaign(campaign_id, record.value):
                found.add(campaign_id)

    await read_whole(clients, clients.settings.topic(TopicName.CAMPAIGNS), take)
    return frozenset(found)


def _is_campaign(campaign_id: str, value: bytes | None) -> bool:
    read = None if value is None else decode_or_none(TopicName.CAMPAIGNS, value)
    return read is not None and isinstance(read[0], Campaign) and read[0].campaign_id == campaign_id
