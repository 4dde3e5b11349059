"""One right on Kafka: what it is on, and what it allows."""

from enum import StrEnum
from typing import NamedTuple


class Resource(StrEnum):
    """What a right is on, as Strimzi calls it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactionalId"


class Right(NamedTuple):
    """Operations, by their Kafka names, on one resource; prefixed: on all whose names begin so."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False
