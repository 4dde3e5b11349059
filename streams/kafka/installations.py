"""Whether another installation has this one's consumer group: the same `app`, and topics of another prefix.

They would share transactional ids too, and fence each other for ever. The one that comes second does not start.
Source: docs/decisions/0032-refused-at-the-start.md.
"""

import logging
from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from streams.base.errors import OperatorError
from streams.base.settings import ENV_PREFIX, Settings
from streams.library_internals.aiokafka.protocol import ConsumerProtocolMemberMetadata
from topics.catalog import CATALOG

log = logging.getLogger(__name__)

CONTACT_TOPICS = tuple(topic.name for topic in CATALOG.values() if topic.partitions is None)


class GroupTaken(OperatorError):
    """Another installation has the consumer group."""


def prefixes(topics: Iterable[str]) -> set[str]:
    """The prefixes of those topics that have the name of a contact topic; topics of others are nobody's business."""
    return {topic.removesuffix(name) for topic in topics for name in CONTACT_TOPICS if topic.endswith(name)}


def foreign(prefix: str, committed: Iterable[str], read: Iterable[str]) -> str | None:
    """The prefix of the installation that has the group; None if that is ours, or nobody's.

    committed: topics of which the group has offsets. read: topics that its members read now. Two that have shared the
    group before have both left offsets; then it is theirs whose members are there.
    """
    others = prefixes(read) - {prefix}
    known = prefixes(committed)
    if not others and prefix not in known:
        others = known
    return min(others, default=None)


async def be_alone(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """Raise GroupTaken when another installation has the group. Who may not look is not kept from starting."""
    committed, read = await _topics(admin, settings.app)
    other = foreign(settings.prefix, committed, read)
    if other is not None:
        raise GroupTaken(
            f"the consumer group {settings.app!r} is that of an installation with the prefix {other!r}, this one has "
            f"{settings.prefix!r}. Give one of them another name with --app or {ENV_PREFIX}APP; if the other one is "
            "gone for good, delete its group"
        )


async def _topics(admin: AIOKafkaAdminClient, group: str) -> tuple[set[str], set[str]]:
    """The topics of which a group has offsets, and those that its members read."""
    try:
        node = await admin.find_coordinator(group)
        ((described, *_),) = [answer.groups for answer in await admin.describe_consumer_groups([group], node)]
        if described[0]:
            raise for_code(described[0])
        committed = await admin.list_consumer_group_offsets(group, node)
    except KafkaError as error:
        if error.retriable:
            raise
        log.info("cannot find out whether the group %s is another installation's: %r", group, error)
        return set(), set()
    return {tp.topic for tp in committed}, {topic for member in described[5] for topic in _subscription(member)}


def _subscription(member: Any) -> list[str]:
    """The topics that a member reads; none during a rebalance, when the broker does not say."""
    try:
        return list(ConsumerProtocolMemberMetadata.decode(member[3]).subscription) if member[3] else []
    except (ValueError, UnicodeDecodeError):
        return []
