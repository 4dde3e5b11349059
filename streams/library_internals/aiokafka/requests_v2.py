"""The requests of transactions v2 (KIP-890): of these aiokafka has the first versions, which stand for transactions v1.

Each is made from the one of aiokafka that it takes the place of, and its answer has the fields of that one's, so that
aiokafka's own code reads it. Sources: Kafka's ProduceRequest.json, TxnOffsetCommitRequest.json, EndTxnRequest.json, and
the answers to them; docs/decisions/0058-transactions-v2.md.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest

from streams.library_internals.aiokafka.protocol import (
    Boolean,
    CompactBytes,
    CompactString,
    Int16,
    Int32,
    Int64,
    ProduceRequest,
    Request,
    RequestStruct,
    Response,
    Schema,
    Structs,
    TaggedFields,
)

NOT_NAMED = -1
"""Of a group's generation, and of a leader's epoch."""
TEXT = CompactString("utf-8")


class ProduceResponseV12(Response):  # type: ignore[misc]
    """Where each batch stands."""

    API_KEY = 0
    API_VERSION = 12
    SCHEMA = Schema(
        (
            "topics",
            Structs(
                ("topic", TEXT),
                (
                    "partitions",
                    Structs(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("offset", Int64),
                        ("timestamp", Int64),
                        ("log_start_offset", Int64),
                        ("record_errors", Structs(("batch_index", Int32), ("error_message", TEXT))),
                        ("error_message", TEXT),
                    ),
                ),
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class ProduceRequestV12(RequestStruct):  # type: ignore[misc]
    """Batches; the broker adds their partitions to the transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 0
    API_VERSION = 12
    RESPONSE_TYPE = ProduceResponseV12
    SCHEMA = Schema(
        ("transactional_id", TEXT),
        ("required_acks", Int16),
        ("timeout", Int32),
        ("topics", Structs(("topic", TEXT), ("partitions", Structs(("partition", Int32), ("messages", CompactBytes))))),
        ("tags", TaggedFields),
    )


class TxnOffsetCommitResponseV5(Response):  # type: ignore[misc]
    """What became of the offset of each partition."""

    API_KEY = 28
    API_VERSION = 5
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "errors",
            Structs(("topic", TEXT), ("partition_errors", Structs(("partition", Int32), ("error_code", Int16)))),
        ),
        ("tags", TaggedFields),
    )


class TxnOffsetCommitRequestV5(RequestStruct):  # type: ignore[misc]
    """Offsets of a group; the broker adds the group to the transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 28
    API_VERSION = 5
    RESPONSE_TYPE = TxnOffsetCommitResponseV5
    SCHEMA = Schema(
        ("transactional_id", TEXT),
        ("group_id", TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", TEXT),
        ("group_instance_id", TEXT),
        (
            "topics",
            Structs(
                ("topic", TEXT),
                (
                    "partitions",
                    Structs(("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", TEXT)),
                ),
            ),
        ),
        ("tags", TaggedFields),
    )


class EndTxnResponseV5(Response):  # type: ignore[misc]
    """Whether the transaction is over, and with which producer id and epoch the next one goes on."""

    API_KEY = 26
    API_VERSION = 5
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("tags", TaggedFields),
    )


class EndTxnRequestV5(RequestStruct):  # type: ignore[misc]
    """The end of a transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 26
    API_VERSION = 5
    RESPONSE_TYPE = EndTxnResponseV5
    SCHEMA = Schema(
        ("transactional_id", TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("transaction_result", Boolean),
        ("tags", TaggedFields),
    )


class ProduceV12(Request[ProduceRequestV12]):  # type: ignore[misc]
    """Sent for a ProduceRequest of aiokafka."""

    API_KEY = 0

    def __init__(self, given: ProduceRequest) -> None:
        self._fields: tuple[Any, ...] = given._transactional_id, given._required_acks, given._timeout, given._topics, {}

    def build(self, request_struct_class: type[ProduceRequestV12]) -> ProduceRequestV12:
        """As it is sent."""
        return request_struct_class(*self._fields)


class TxnOffsetCommitV5(Request[TxnOffsetCommitRequestV5]):  # type: ignore[misc]
    """Sent for a TxnOffsetCommitRequest of aiokafka."""

    API_KEY = 28

    def __init__(self, given: TxnOffsetCommitRequest) -> None:
        topics = [(topic, list(_with_leader(offsets))) for topic, offsets in given._topics]
        who = given._transactional_id, given._group_id, given._producer_id, given._producer_epoch
        self._fields: tuple[Any, ...] = *who, NOT_NAMED, "", None, topics, {}

    def build(self, request_struct_class: type[TxnOffsetCommitRequestV5]) -> TxnOffsetCommitRequestV5:
        """As it is sent."""
        return request_struct_class(*self._fields)


class EndTxnV5(Request[EndTxnRequestV5]):  # type: ignore[misc]
    """Sent for an EndTxnRequest of aiokafka."""

    API_KEY = 26

    def __init__(self, given: EndTxnRequest) -> None:
        who = given._transactional_id, given._producer_id, given._producer_epoch
        self._fields: tuple[Any, ...] = *who, given._transaction_result, {}

    def build(self, request_struct_class: type[EndTxnRequestV5]) -> EndTxnRequestV5:
        """As it is sent."""
        return request_struct_class(*self._fields)


def _with_leader(offsets: Iterable[tuple[int, int, str]]) -> Iterable[tuple[int, int, int, str]]:
    for partition, offset, metadata in offsets:
        yield partition, offset, NOT_NAMED, metadata
