"""Kafka's requests, and the parts that requests of our own are made of: aiokafka documents none of these modules."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from aiokafka.conn import collect_hosts
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.protocol.types import (
    AbstractType,
    Array,
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
    UnsignedVarInt32,
)

__all__ = [
    "AbstractType",
    "ApiVersionRequest",
    "Array",
    "Boolean",
    "CompactArray",
    "CompactBytes",
    "CompactString",
    "ConsumerProtocolMemberMetadata",
    "FetchRequest",
    "FindCoordinatorRequest",
    "HeartbeatRequest",
    "InitProducerIdRequest",
    "Int16",
    "Int32",
    "Int64",
    "JoinGroupRequest",
    "MetadataRequest",
    "ProduceRequest",
    "Request",
    "RequestStruct",
    "Response",
    "ResponseHeader_v0",
    "Schema",
    "String",
    "Structs",
    "SyncGroupRequest",
    "TaggedFields",
    "UnsignedVarInt32",
    "collect_hosts",
    "held_for_s",
]

NO_TAGS = TaggedFields.encode({})


class Structs(CompactArray):  # type: ignore[misc]  # aiokafka has no types.
    """An array of structs without their tagged fields: none is sent, and those that come are passed over."""

    def encode(self, items: Sequence[Any]) -> bytes:
        """The items, each with no tagged fields."""
        encoded = b"".join(self.array_of.encode(item) + NO_TAGS for item in items)
        return bytes(UnsignedVarInt32.encode(len(items) + 1)) + encoded

    def decode(self, data: BytesIO) -> list[Any]:
        """The items, as tuples of what is described of them."""
        return [self._item(data) for _ in range(UnsignedVarInt32.decode(data) - 1)]

    def _item(self, data: BytesIO) -> Any:
        item = self.array_of.decode(data)
        TaggedFields.decode(data)
        return item


def held_for_s(request: FetchRequest) -> float:
    """How long a broker may hold a fetch, in seconds: only then is its answer late."""
    return float(request._max_wait_ms) / 1000
