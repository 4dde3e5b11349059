"""Why a worker must not go on and the operator has to act, as one line each: not a bug of the engine.

Source: docs/decisions/0032-refused-at-the-start.md.
"""

from aiokafka import TopicPartition
from aiokafka.errors import InvalidTransactionTimeout

from streams.base.errors import OperatorError, SettingsError
from streams.base.settings import ENV_PREFIX, Settings
from streams.kafka.clients import Clients
from streams.kafka.compacted import reader
from streams.logic.partition.moved_keys import KeysMoved, check_key
from streams.tables import CONTACTS

SAMPLE_BYTES = 64 * 1024
"""Read of each partition at the start: some dozens of rows, of which half or more would be out of place."""
POLL_MS = 20


class PartitionsAdded(OperatorError):
    """The contact topics have other numbers of partitions than the state was written for."""

    def __init__(self, prefix: str, partitions: int, why: str) -> None:
        super().__init__(
            f"the contact topics of prefix {prefix!r} have {partitions} partitions now, and {why}: partitions "
            "were added, and contacts have lost their state. Partitions cannot be taken back: move to new topics under "
            "another prefix, see docs/operate.md"
        )


class TopicRecreated(OperatorError):
    """A configuration topic is another one than the one that has been read."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"topic {topic} was deleted and recreated while this worker ran: what it knows of it is void. "
            "Start the worker again, it then reads the topic from its beginning"
        )


def refusal_of(error: BaseException, settings: Settings) -> BaseException:
    """What has to be cured by somebody else, if that is what an error comes from; else the error."""
    match error:
        case BaseExceptionGroup():
            found = (refusal_of(one, settings) for one in error.exceptions)
            return next((one for one in found if isinstance(one, OperatorError)), error)
        case KeysMoved():
            changelog = settings.topic(CONTACTS.changelog)
            why = f"partition {error.number} of {changelog} has contacts that belong to another one"
            return PartitionsAdded(settings.prefix, error.partitions, why)
        case InvalidTransactionTimeout():
            name = "transaction_timeout_s"
            return SettingsError(
                f"setting {name} ({ENV_PREFIX}{name.upper()}): the broker allows less than "
                f"{settings.transaction_timeout_s:g} s, see its transaction.max.timeout.ms. Lower it, or raise that one"
            )
    return error


async def check_rows(clients: Clients, changelog: str, partitions: int) -> None:
    """Look at the first rows of each partition of a changelog, by its full name, before anything is decided.

    The owner of an added partition has no rows to check. Raises KeysMoved.
    """
    changelogs = [TopicPartition(changelog, number) for number in range(partitions)]
    async with reader(clients, changelogs, fetch_bytes=SAMPLE_BYTES) as consumer:
        ends = await consumer.end_offsets(changelogs)
        left = {tp for tp, end in ends.items() if end > 0}
        while left:
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                left.discard(tp)
                for record in records:
                    if record.value is not None:
                        check_key(record.key or b"", tp.partition, partitions)
            # A partition may hold nothing but markers.
            left -= {tp for tp in left if await consumer.position(tp) >= ends[tp]}
