"""What is used of each library that it does not document, and the version that was looked at for it.

A name that is gone ends the start with one line: what it was used for would go wrong later, and without a word.
Source: docs/decisions/0039-private-parts-of-libraries.md, which says of each why.
"""

import importlib
import inspect
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from types import CodeType
from typing import Any

from streams.base.errors import OperatorError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WrittenFor:
    """library: as it is imported; package: as it is installed.

    names: MODULE:NAME or MODULE:CLASS.NAME, where NAME may also be what a method of the class sets on itself.
    texts: by function, what it logs or raises, where only the text says it.
    """

    library: str
    package: str
    version: str
    names: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def installed(self) -> str:
        """The version that is installed."""
        return version(self.package)


AIOKAFKA = WrittenFor(
    "aiokafka",
    "aiokafka",
    "0.14.0",
    names=(
        "aiokafka.admin.client:AIOKafkaAdminClient._send_request",
        "aiokafka.client:AIOKafkaClient._conns",
        "aiokafka.client:AIOKafkaClient._get_conn",
        "aiokafka.client:AIOKafkaClient._metadata_update",
        "aiokafka.client:AIOKafkaClient._sync_task",
        "aiokafka.client:AIOKafkaClient._wait_on_metadata",
        "aiokafka.client:AIOKafkaClient.bootstrap",
        "aiokafka.client:AIOKafkaClient.cluster",
        "aiokafka.client:AIOKafkaClient.coordinator_lookup",
        "aiokafka.client:AIOKafkaClient.force_metadata_update",
        "aiokafka.client:AIOKafkaClient.ready",
        "aiokafka.client:AIOKafkaClient.send",
        "aiokafka.client:create_conn",
        "aiokafka.cluster:ClusterMetadata._brokers",
        "aiokafka.cluster:ClusterMetadata.leader_for_partition",
        "aiokafka.conn:AIOKafkaConnection",
        "aiokafka.conn:AIOKafkaConnection._handle_frame",
        "aiokafka.conn:AIOKafkaConnection._last_action",
        "aiokafka.conn:AIOKafkaConnection._reader",
        "aiokafka.conn:AIOKafkaConnection._request_timeout",
        "aiokafka.conn:AIOKafkaConnection._requests",
        "aiokafka.conn:AIOKafkaConnection.close",
        "aiokafka.conn:AIOKafkaConnection.connect",
        "aiokafka.conn:AIOKafkaConnection.send",
        "aiokafka.conn:CloseReason.IDLE_DROP",
        "aiokafka.conn:OAuthAuthenticator._token_sent",
        "aiokafka.conn:OAuthAuthenticator.step",
        "aiokafka.conn:collect_hosts",
        "aiokafka.conn:create_conn",
        "aiokafka.consumer.consumer:AIOKafkaConsumer._client",
        "aiokafka.consumer.consumer:AIOKafkaConsumer._coordinator",
        "aiokafka.consumer.consumer:AIOKafkaConsumer._subscription",
        "aiokafka.consumer.fetcher:MemoryRecords",
        "aiokafka.consumer.fetcher:PartitionRecords",
        "aiokafka.consumer.fetcher:PartitionRecords._aborted_producers",
        "aiokafka.consumer.fetcher:PartitionRecords._check_crcs",
        "aiokafka.consumer.fetcher:PartitionRecords._consume_aborted_up_to",
        "aiokafka.consumer.fetcher:PartitionRecords._consumer_record",
        "aiokafka.consumer.fetcher:PartitionRecords._contains_abort_marker",
        "aiokafka.consumer.fetcher:PartitionRecords._isolation_level",
        "aiokafka.consumer.fetcher:PartitionRecords._records",
        "aiokafka.consumer.fetcher:PartitionRecords._tp",
        "aiokafka.consumer.fetcher:PartitionRecords._unpack_records",
        "aiokafka.consumer.fetcher:PartitionRecords.next_fetch_offset",
        "aiokafka.consumer.fetcher:READ_COMMITTED",
        "aiokafka.consumer.group_coordinator:GroupCoordinator._group_instance_id",
        "aiokafka.consumer.group_coordinator:GroupCoordinator._pending_exception",
        "aiokafka.consumer.group_coordinator:GroupCoordinator.check_errors",
        "aiokafka.consumer.group_coordinator:GroupCoordinator.fetch_committed_offsets",
        "aiokafka.consumer.group_coordinator:GroupCoordinator.request_rejoin",
        "aiokafka.consumer.subscription_state:Assignment.state_value",
        "aiokafka.consumer.subscription_state:Assignment.tps",
        "aiokafka.consumer.subscription_state:Subscription.assignment",
        "aiokafka.consumer.subscription_state:SubscriptionState.fetch_context",
        "aiokafka.consumer.subscription_state:SubscriptionState.subscription",
        "aiokafka.consumer.subscription_state:TopicPartitionState",
        "aiokafka.consumer.subscription_state:TopicPartitionState.await_reset",
        "aiokafka.consumer.subscription_state:TopicPartitionState.has_valid_position",
        "aiokafka.consumer.subscription_state:TopicPartitionState.lso",
        "aiokafka.consumer.subscription_state:TopicPartitionState.position",
        "aiokafka.consumer.subscription_state:TopicPartitionState.seek",
        "aiokafka.coordinator.protocol:ConsumerProtocolMemberMetadata.decode",
        "aiokafka.errors:kafka_errors",
        "aiokafka.producer.producer:AIOKafkaProducer._closed",
        "aiokafka.producer.producer:AIOKafkaProducer._sender",
        "aiokafka.producer.producer:AIOKafkaProducer._txn_manager",
        "aiokafka.producer.producer:AIOKafkaProducer.client",
        "aiokafka.producer.sender:BACKOFF_OVERRIDE",
        "aiokafka.producer.sender:Sender.sender_task",
        "aiokafka.producer.transaction_manager:PidAndEpoch",
        "aiokafka.producer.transaction_manager:TransactionManager._pid_and_epoch",
        "aiokafka.producer.transaction_manager:TransactionManager._sequence_numbers",
        "aiokafka.producer.transaction_manager:TransactionManager._txn_partitions",
        "aiokafka.producer.transaction_manager:TransactionManager.add_offsets_to_txn",
        "aiokafka.producer.transaction_manager:TransactionManager.consumer_group_added",
        "aiokafka.producer.transaction_manager:TransactionManager.error_transaction",
        "aiokafka.producer.transaction_manager:TransactionManager.maybe_add_partition_to_txn",
        "aiokafka.protocol.admin:ApiVersionRequest",
        "aiokafka.protocol.admin:SaslAuthenticateRequest",
        "aiokafka.protocol.admin:SaslHandShakeRequest",
        "aiokafka.protocol.api:Request",
        "aiokafka.protocol.api:RequestStruct",
        "aiokafka.protocol.api:Response",
        "aiokafka.protocol.api:ResponseHeader_v0",
        "aiokafka.protocol.coordination:FindCoordinatorRequest",
        "aiokafka.protocol.fetch:FetchRequest._max_wait_ms",
        "aiokafka.protocol.group:HeartbeatRequest",
        "aiokafka.protocol.group:JoinGroupRequest",
        "aiokafka.protocol.group:SyncGroupRequest",
        "aiokafka.protocol.metadata:MetadataRequest",
        "aiokafka.protocol.produce:ProduceRequest",
        "aiokafka.protocol.produce:ProduceRequest._required_acks",
        "aiokafka.protocol.produce:ProduceRequest._timeout",
        "aiokafka.protocol.produce:ProduceRequest._topics",
        "aiokafka.protocol.produce:ProduceRequest._transactional_id",
        "aiokafka.protocol.transaction:EndTxnRequest._producer_epoch",
        "aiokafka.protocol.transaction:EndTxnRequest._producer_id",
        "aiokafka.protocol.transaction:EndTxnRequest._transaction_result",
        "aiokafka.protocol.transaction:EndTxnRequest._transactional_id",
        "aiokafka.protocol.transaction:InitProducerIdRequest",
        "aiokafka.protocol.transaction:TxnOffsetCommitRequest._group_id",
        "aiokafka.protocol.transaction:TxnOffsetCommitRequest._producer_epoch",
        "aiokafka.protocol.transaction:TxnOffsetCommitRequest._producer_id",
        "aiokafka.protocol.transaction:TxnOffsetCommitRequest._topics",
        "aiokafka.protocol.transaction:TxnOffsetCommitRequest._transactional_id",
        "aiokafka.protocol.types:AbstractType",
        "aiokafka.protocol.types:Array",
        "aiokafka.protocol.types:Boolean",
        "aiokafka.protocol.types:CompactArray",
        "aiokafka.protocol.types:CompactBytes",
        "aiokafka.protocol.types:CompactString",
        "aiokafka.protocol.types:Int16",
        "aiokafka.protocol.types:Int32",
        "aiokafka.protocol.types:Int64",
        "aiokafka.protocol.types:Schema",
        "aiokafka.protocol.types:String",
        "aiokafka.protocol.types:TaggedFields",
        "aiokafka.protocol.types:UnsignedVarInt32",
        "aiokafka.record.default_records:DefaultRecordBase.HEADER_STRUCT",
        "aiokafka.record.default_records:DefaultRecordBatch.validate_crc",
        "aiokafka.record.legacy_records:LegacyRecordBatch.validate_crc",
        "asyncio:StreamReader._buffer",
    ),
    texts=(
        ("aiokafka.client:AIOKafkaClient.bootstrap", 'Unable to request metadata from "%s:%s": %s'),
        ("aiokafka.conn:AIOKafkaConnection._do_sasl_handshake", "Authenticated as %s via %s"),
    ),
)

FAUST = WrittenFor(
    "faust",
    "faust-streaming",
    "0.15.3",
    names=(
        "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._consumer",
        "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer",
        "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._ensure_consumer",
        "faust.transport.drivers.aiokafka:Consumer._get_active_partitions",
        "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread",
        "faust.transport.drivers.aiokafka:Consumer._read_offset",
        "faust.transport.drivers.aiokafka:Consumer._thread",
    ),
)


def check(written: WrittenFor) -> None:
    """Raise OperatorError if what is installed of a library lacks something that is used of it."""
    lacking = [name for name in written.names if not _is_there(name)]
    lacking += [f"{where} with {text!r}" for where, text in written.texts if not _says(where, text)]
    if lacking:
        raise OperatorError(
            f"{written.package} {written.installed} lacks what Ringback uses of it: {', '.join(lacking)}. Ringback "
            f"was written for {written.version}. Install that version of it, or a newer Ringback"
        )


def log_differences() -> None:
    """Log which library has another version than Ringback was written for, though it has all that is used."""
    for written in (AIOKAFKA, FAUST):
        if written.installed != written.version:
            log.info("%s is %s, Ringback was written for %s", written.package, written.installed, written.version)


def _is_there(name: str) -> bool:
    where, _, attribute = name.partition(":")
    *owner, last = attribute.split(".")
    found = _found(where, owner)
    return hasattr(found, last) or (inspect.isclass(found) and any(last in code.co_names for code in _methods(found)))


def _says(name: str, text: str) -> bool:
    where, _, attribute = name.partition(":")
    function = _found(where, attribute.split("."))
    return hasattr(function, "__code__") and text in function.__code__.co_consts


def _found(module: str, path: list[str]) -> Any:
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        return None
    for name in path:
        found = getattr(found, name, None)
    return found


def _methods(owner: type) -> Iterator[CodeType]:
    """The code of a class and its bases: what only an instance has is named in it."""
    for one in owner.__mro__:
        for member in vars(one).values():
            function = inspect.unwrap(getattr(member, "__func__", member)) if callable(member) else member
            code = getattr(function, "__code__", None)
            if code is not None:
                yield code
