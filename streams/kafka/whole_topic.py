"""A topic of configuration from its beginning to its present end, for a command that needs to know what is there."""

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.base.errors import OperatorError
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.kafka.compacted import BatchHandler, read_batches_to_end, reader
from streams.kafka.diagnosis import RIGHTS


async def read_whole(clients: Clients, topic: str, handler: BatchHandler) -> None:
    """Hand every record of a topic, by its full name, to `handler`.

    Raises OperatorError when the broker does not answer, the topic is missing or may not be read.
    """
    count = await partitions_there(clients, topic)
    try:
        async with reader(clients, [TopicPartition(topic, number) for number in range(count)]) as consumer:
            await read_batches_to_end(consumer, handler)
    except TopicAuthorizationFailedError:
        raise OperatorError(f"this user has no right to Read topic {topic}. {RIGHTS}") from None
    except KafkaError as error:
        raise OperatorError(f"{topic} cannot be read: {error or type(error).__name__}") from None


async def partitions_there(clients: Clients, topic: str) -> int:
    """How many partitions a topic has. Raises OperatorError when it is missing, or the broker does not answer."""
    if count := await topic_admin.partitions_of(clients, topic):
        return count
    raise OperatorError(
        f"there is no topic {topic} on {clients.settings.broker}. Create it with `ringback topics create`"
    )
