"""What the user of these settings may do, as Kafka says of topics, groups and the cluster to whoever may see them.

No right to look at access rights is needed. Of transactional ids Kafka only says whether they may be seen, which Write
brings along. Nothing is created by these questions.
Sources: KIP-430; Kafka's DescribeGroupsRequest.json, DescribeTransactionsRequest.json and their responses.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)

from streams.kafka.topic_ids import TopicsRequest
from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import (
    Boolean,
    CompactArray,
    CompactBytes,
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

OPERATIONS = {
    "Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8, "ClusterAction": 9,
    "DescribeConfigs": 10, "AlterConfigs": 11, "IdempotentWrite": 12,
}  # fmt: skip
"""Kafka's codes, which are also the bits of an answer."""

Operations = frozenset[str] | None
"""None where Kafka does not say."""


class _GroupsResponse(Response):  # type: ignore[misc]  # aiokafka has no types.
    API_KEY = 15
    API_VERSION = 5
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Structs(
                ("error_code", Int16),
                ("group_id", CompactString("utf-8")),
                ("group_state", CompactString("utf-8")),
                ("protocol_type", CompactString("utf-8")),
                ("protocol_data", CompactString("utf-8")),
                (
                    "members",
                    Structs(
                        ("member_id", CompactString("utf-8")),
                        ("group_instance_id", CompactString("utf-8")),
                        ("client_id", CompactString("utf-8")),
                        ("client_host", CompactString("utf-8")),
                        ("member_metadata", CompactBytes),
                        ("member_assignment", CompactBytes),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("tags", TaggedFields),
    )


class _GroupsRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 15
    API_VERSION = 5
    RESPONSE_TYPE = _GroupsResponse
    SCHEMA = Schema(
        ("groups", CompactArray(CompactString("utf-8"))),
        ("include_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _GroupsRequest(Request[_GroupsRequestStruct]):  # type: ignore[misc]
    API_KEY = 15

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def build(self, request_struct_class: type[_GroupsRequestStruct]) -> _GroupsRequestStruct:
        return request_struct_class(self._names, True, {})


class _TransactionsResponse(Response):  # type: ignore[misc]
    API_KEY = 65
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transaction_states",
            Structs(
                ("error_code", Int16),
                ("transactional_id", CompactString("utf-8")),
                ("transaction_state", CompactString("utf-8")),
                ("transaction_timeout_ms", Int32),
                ("transaction_start_time_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("topics", Structs(("topic", CompactString("utf-8")), ("partitions", CompactArray(Int32)))),
            ),
        ),
        ("tags", TaggedFields),
    )


class _TransactionsRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 65
    API_VERSION = 0
    RESPONSE_TYPE = _TransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(CompactString("utf-8"))), ("tags", TaggedFields))


class _TransactionsRequest(Request[_TransactionsRequestStruct]):  # type: ignore[misc]
    API_KEY = 65

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = list(ids)

    def build(self, request_struct_class: type[_TransactionsRequestStruct]) -> _TransactionsRequestStruct:
        return request_struct_class(self._ids, {})


async def on_topics(admin: AIOKafkaAdminClient, names: Iterable[str]) -> tuple[dict[str, Operations], frozenset[str]]:
    """What may be done to topics, by full name, whether they are there or not; and what to the cluster.

    Raises KafkaError.
    """
    wanted = list(names)
    try:
        answer: Any = await ask(admin, TopicsRequest(wanted, rights=True))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return dict.fromkeys(wanted), frozenset()
    found: dict[str, Operations] = {}
    for error, name, _, _, _, bits, _ in answer.topics:
        found[name] = frozenset() if for_code(error) is TopicAuthorizationFailedError else _operations(bits)
    hidden = [name for name, operations in found.items() if operations == frozenset()]
    for name in hidden:
        if await _may_see_settings(admin, name):
            found[name] = frozenset({"DescribeConfigs"})
    return found, _operations(answer.cluster_authorized_operations) or frozenset()


async def _may_see_settings(admin: AIOKafkaAdminClient, name: str) -> bool:
    """Of a topic that is hidden: DescribeConfigs does not bring Describe along."""
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return all(for_code(code) is not TopicAuthorizationFailedError for code, *_ in answer.resources)


async def on_groups(admin: AIOKafkaAdminClient, names: Iterable[str], nodes: Iterable[int]) -> dict[str, Operations]:
    """What may be done to consumer groups. nodes: the brokers, of which one coordinates each group. Raises KafkaError.

    All are asked, since the question which one it is would make Kafka's own topic of groups where there is none.
    """
    wanted = list(names)
    found: dict[str, Operations] = dict.fromkeys(wanted)
    for node in nodes if wanted else ():
        try:
            answer: Any = await ask(admin, _GroupsRequest(wanted), node)
        except (IncompatibleBrokerVersion, NotImplementedError):
            return found
        for error, name, *_, bits in answer.groups:
            if for_code(error) is GroupAuthorizationFailedError:
                found[name] = frozenset()
            elif not error:
                found[name] = _operations(bits)
    return found


async def on_transactional_ids(admin: AIOKafkaAdminClient, ids: Iterable[str]) -> dict[str, bool | None]:
    """Whether transactional ids may be seen; None where the brokers are older than Kafka 3.0. Raises KafkaError."""
    wanted = list(ids)
    found: dict[str, bool | None] = dict.fromkeys(wanted)
    if not wanted:
        return found
    try:
        answer: Any = await ask(admin, _TransactionsRequest(wanted))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return found
    # The right is looked at first, on any broker: another error says that it is there.
    return {
        name: for_code(error) is not TransactionalIdAuthorizationFailed for error, name, *_ in answer.transaction_states
    }


async def nodes_of(admin: AIOKafkaAdminClient) -> list[int]:
    """The brokers of the cluster. Raises KafkaError."""
    return [int(one["node_id"]) for one in (await admin.describe_cluster())["brokers"]]


def _operations(bits: int) -> Operations:
    """None where nobody has asked, or the broker does not say."""
    return None if bits < 0 else frozenset(name for name, bit in OPERATIONS.items() if bits >> bit & 1)
