"""Where a log goes on after an epoch of its leader: before that offset it is what was read in that epoch, or it is not.

A leader that is elected begins a new epoch at the end of what it has. aiokafka has no such request, which Kafka's own
consumer sends when a leader changes. Sources: KIP-320; Kafka's OffsetForLeaderEpochRequest.json, version 2 (Kafka 2.1).
"""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IncompatibleBrokerVersion, for_code

from streams.library_internals.aiokafka.client import ask_leader, look_for_leaders
from streams.library_internals.aiokafka.protocol import (
    Array,
    Int16,
    Int32,
    Int64,
    Request,
    RequestStruct,
    Response,
    Schema,
    String,
)

_NONE = -1
_TOPIC = String("utf-8")


class _EndOfEpochResponse(Response):  # type: ignore[misc]  # aiokafka has no types.
    API_KEY = 23
    API_VERSION = 2
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", _TOPIC),
                (
                    "partitions",
                    Array(("error_code", Int16), ("partition", Int32), ("leader_epoch", Int32), ("end_offset", Int64)),
                ),
            ),
        ),
    )


class _EndOfEpochRequestStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 23
    API_VERSION = 2
    RESPONSE_TYPE = _EndOfEpochResponse
    SCHEMA = Schema(
        (
            "topics",
            Array(
                ("topic", _TOPIC),
                ("partitions", Array(("partition", Int32), ("current_leader_epoch", Int32), ("leader_epoch", Int32))),
            ),
        ),
    )


class _EndOfEpochRequest(Request[_EndOfEpochRequestStruct]):  # type: ignore[misc]
    API_KEY = 23

    def __init__(self, tp: TopicPartition, leader_epoch: int) -> None:
        self._tp, self._leader_epoch = tp, leader_epoch

    def build(self, request_struct_class: type[_EndOfEpochRequestStruct]) -> _EndOfEpochRequestStruct:
        return request_struct_class([(self._tp.topic, [(self._tp.partition, _NONE, self._leader_epoch)])])


async def end_of_epoch(consumer: Any, tp: TopicPartition, leader_epoch: int) -> int | None:
    """The offset at which a partition goes on after `leader_epoch`, asked of its leader by a client of `consumer`.

    None if that cannot be known: the broker does not take the question, or knows no epoch that is as late.
    Raises KafkaError if there is no leader now, or a broker is away.
    """
    try:
        answer: Any = await ask_leader(consumer, tp, _EndOfEpochRequest(tp, leader_epoch))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    ((_, ((error_code, _, _, end),)),) = answer.topics
    error = for_code(error_code)
    if error_code and error.retriable:
        await look_for_leaders(consumer)
        raise error(f"{tp.topic}-{tp.partition}")
    return None if error_code or end == _NONE else int(end)
