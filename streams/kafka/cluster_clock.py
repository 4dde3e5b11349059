"""How far this machine's clock is from that of Kafka's controller, measured without writing anything.

No answer of a broker has the time, but one: of the quorum of controllers, the leader names the instant of its own last
fetch, which is that of its answer. It needs KRaft from Kafka 3.3 on, and Describe on the cluster.
Sources: KIP-836; Kafka's DescribeQuorumRequest.json, DescribeQuorumResponse.json.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ClusterAuthorizationFailedError, IncompatibleBrokerVersion, for_code

from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import (
    CompactString,
    Int16,
    Int32,
    Int64,
    Request,
    RequestStruct,
    Response,
    Schema,
    Structs,
    TaggedFields,
)

TIMES_ASKED = 5
"""The shortest way there and back counts."""

METADATA_TOPIC = "__cluster_metadata"
_RESOLUTION_S = 0.001


class Off(NamedTuple):
    """ahead_s: seconds by which this machine's clock is ahead, negative behind; give or take precision_s."""

    ahead_s: float
    precision_s: float


class CannotMeasure(Exception):
    """The text says why, for whoever runs this."""


def _replicas() -> Structs:
    return Structs(
        ("replica_id", Int32),
        ("log_end_offset", Int64),
        ("last_fetch_timestamp", Int64),
        ("last_caught_up_timestamp", Int64),
    )


class _QuorumResponse(Response):  # type: ignore[misc]  # aiokafka has no types.
    API_KEY = 55
    API_VERSION = 1
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            Structs(
                ("topic_name", CompactString("utf-8")),
                (
                    "partitions",
                    Structs(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("high_watermark", Int64),
                        ("current_voters", _replicas()),
                        ("observers", _replicas()),
                    ),
                ),
            ),
        ),
        ("tags", TaggedFields),
    )


class _QuorumRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 55
    API_VERSION = 1
    RESPONSE_TYPE = _QuorumResponse
    SCHEMA = Schema(
        (
            "topics",
            Structs(
                ("topic_name", CompactString("utf-8")), ("partitions", Structs(Schema(("partition_index", Int32))))
            ),
        ),
        ("tags", TaggedFields),
    )


class _QuorumRequest(Request[_QuorumRequestStruct]):  # type: ignore[misc]
    API_KEY = 55

    def build(self, request_struct_class: type[_QuorumRequestStruct]) -> _QuorumRequestStruct:
        return request_struct_class([(METADATA_TOPIC, [(0,)])], {})


async def measure(admin: AIOKafkaAdminClient, now: Callable[[], datetime]) -> Off:
    """How far `now` is ahead of the controller's clock. Raises CannotMeasure, KafkaError."""
    tried = []
    for _ in range(TIMES_ASKED):
        before = now()
        theirs = await _controllers_ms(admin)
        after = now()
        way_s = (after - before).total_seconds()
        middle_s = before.timestamp() + way_s / 2
        tried.append(Off(middle_s - (theirs / 1000 + _RESOLUTION_S / 2), way_s / 2 + _RESOLUTION_S / 2))
    return min(tried, key=lambda off: off.precision_s)


async def _controllers_ms(admin: AIOKafkaAdminClient) -> int:
    try:
        answer: Any = await ask(admin, _QuorumRequest())
    except (IncompatibleBrokerVersion, NotImplementedError):
        raise CannotMeasure("brokers tell it from Kafka 3.3 on, with KRaft") from None
    if for_code(answer.error_code) is ClusterAuthorizationFailedError:
        raise CannotMeasure("this user has no right to Describe the cluster")
    partitions = [partition for _, partitions in answer.topics for partition in partitions]
    if answer.error_code or not partitions or partitions[0][1]:
        raise CannotMeasure("the controllers do not answer now")
    _, _, leader, _, _, voters, _ = partitions[0]
    found = [at for replica, _, at, _ in voters if replica == leader and at > 0]
    if not found:
        raise CannotMeasure("the controllers do not say it")
    return int(found[0])
