"""The ids that Kafka gives to topics: one that is deleted and recreated has another one, under the same name.

aiokafka speaks the Metadata request up to version 5, and ids came with version 10 (Kafka 2.8): it is described here.
Source: Kafka's MetadataRequest.json and MetadataResponse.json.
"""

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion

from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Request,
    RequestStruct,
    Response,
    Schema,
    TaggedFields,
)

NOBODYS = UUID(int=0)
"""The id of a topic that is not there, or has none."""


class TopicMetadata(NamedTuple):
    """What the broker knows of a topic."""

    topic_id: str
    partitions: int
    leader_epochs: Mapping[int, int] = {}
    """The present one of each partition."""


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]
    """16 bytes."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", CompactArray(Int32)),
                        ("isr_nodes", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    """Asks about topics by full name, without creating any. rights: also what may be done to each, and to all."""

    API_KEY = 3

    def __init__(self, names: Iterable[str], rights: bool = False) -> None:
        self._names, self._rights = list(names), rights

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        """The request."""
        topics: list[tuple[UUID, str, dict[int, bytes]]] = [(NOBODYS, name, {}) for name in self._names]
        return request_struct_class(topics, False, self._rights, self._rights, {})


async def ask_topics(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, TopicMetadata]:
    """Topics by full name, as far as they are there; {} when the broker is too old for ids.

    Raises KafkaError. No topic is created by the question.
    """
    try:
        answer: Any = await ask(admin, TopicsRequest(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return {}
    return {
        name: TopicMetadata(str(topic_id), len(partitions), {number: epoch for _, number, _, epoch, *_ in partitions})
        for error, name, topic_id, _, partitions, *_ in answer.topics
        if not error and topic_id != NOBODYS
    }
