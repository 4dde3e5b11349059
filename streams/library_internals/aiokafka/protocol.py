"""Kafka's requests, and the parts that requests of our own are made of: aiokafka documents none of these modules."""

from aiokafka.conn import collect_hosts
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

__all__ = [
    "AbstractType",
    "ApiVersionRequest",
    "Boolean",
    "CompactArray",
    "CompactString",
    "ConsumerProtocolMemberMetadata",
    "FetchRequest",
    "FindCoordinatorRequest",
    "HeartbeatRequest",
    "InitProducerIdRequest",
    "Int16",
    "Int32",
    "JoinGroupRequest",
    "MetadataRequest",
    "ProduceRequest",
    "Request",
    "RequestStruct",
    "Response",
    "Schema",
    "SyncGroupRequest",
    "TaggedFields",
    "collect_hosts",
    "held_for_s",
]


def held_for_s(request: FetchRequest) -> float:
    """How long a broker may hold a fetch, in seconds: only then is its answer late."""
    return float(request._max_wait_ms) / 1000
