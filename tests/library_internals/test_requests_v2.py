"""The requests of transactions v2 are byte for byte those of kafka-python, which has them from Kafka's own schemas."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest
from kafka.protocol import producer as theirs

from streams.library_internals.aiokafka.requests_v2 import EndTxnV5, ProduceV12, TxnOffsetCommitV5

BATCH = bytes(range(256)) * 3
ID, EPOCH = 2**40, 32_766
VERSIONS = {0: (3, 13), 26: (0, 5), 28: (0, 5)}
"""What Kafka 4.1 offers, by the number of a request."""

Topic = theirs.ProduceRequest.TopicProduceData
Batch = Topic.PartitionProduceData
Stands = theirs.ProduceResponse.TopicProduceResponse
Stand = Stands.PartitionProduceResponse
Offsets = theirs.TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic
Offset = Offsets.TxnOffsetCommitRequestPartition
Became = theirs.TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic
BecameOne = Became.TxnOffsetCommitResponsePartition

REQUESTS: dict[str, tuple[Any, Any]] = {
    "Produce": (
        ProduceV12(ProduceRequest("app-0", -1, 60_000, [("state", [(3, BATCH), (4, b"")]), ("life", [(3, BATCH)])])),
        theirs.ProduceRequest[12](
            "app-0",
            -1,
            60_000,
            [
                Topic("state", [Batch(3, BATCH, version=12), Batch(4, b"", version=12)], version=12),
                Topic("life", [Batch(3, BATCH, version=12)], version=12),
            ],
        ),
    ),
    "TxnOffsetCommit": (
        TxnOffsetCommitV5(TxnOffsetCommitRequest("app-0", "app", ID, EPOCH, [("in", [(3, 2**33, ""), (4, 1, "")])])),
        theirs.TxnOffsetCommitRequest[5](
            transactional_id="app-0",
            group_id="app",
            producer_id=ID,
            producer_epoch=EPOCH,
            topics=[Offsets("in", [Offset(3, 2**33, -1, "", version=5), Offset(4, 1, -1, "", version=5)], version=5)],
        ),
    ),
    "EndTxn": (EndTxnV5(EndTxnRequest("app-0", ID, EPOCH, True)), theirs.EndTxnRequest[5]("app-0", ID, EPOCH, True)),
}
ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Produce": (
        theirs.ProduceResponse[12](
            responses=[
                Stands(
                    name="state",
                    partition_responses=[
                        Stand(
                            index=3,
                            error_code=6,
                            base_offset=2**33,
                            log_append_time_ms=-1,
                            log_start_offset=7,
                            record_errors=[Stand.BatchIndexAndErrorMessage(1, "too old", version=12)],
                            error_message="not now",
                            current_leader=Stand.LeaderIdAndEpoch(2, 9, version=12),
                            version=12,
                        )
                    ],
                    version=12,
                )
            ],
            throttle_time_ms=4,
            node_endpoints=[theirs.ProduceResponse.NodeEndpoint(2, "b2", 9092, None, version=12)],
        ),
        {"topics": [("state", [(3, 6, 2**33, -1, 7, [(1, "too old")], "not now")])], "throttle_time_ms": 4},
    ),
    "TxnOffsetCommit": (
        theirs.TxnOffsetCommitResponse[5](
            4, [Became("in", [BecameOne(3, 51, version=5), BecameOne(4, 0, version=5)], version=5)]
        ),
        {"throttle_time_ms": 4, "errors": [("in", [(3, 51), (4, 0)])]},
    ),
    "EndTxn": (
        theirs.EndTxnResponse[5](4, 0, ID, EPOCH),
        {"throttle_time_ms": 4, "error_code": 0, "producer_id": ID, "producer_epoch": EPOCH},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_the_one_of_the_other_library(name: str) -> None:
    ours, other = REQUESTS[name]
    sent = ours.prepare(VERSIONS)
    assert (sent.API_KEY, sent.API_VERSION) == (other.API_KEY, other.API_VERSION)
    assert sent.encode() == bytes(other.encode())


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_the_fields_that_aiokafka_reads(name: str) -> None:
    """Also one with tagged fields, as Produce has of a leader that has moved."""
    other, fields = ANSWERS[name]
    answer = REQUESTS[name][0].prepare(VERSIONS).RESPONSE_TYPE.decode(BytesIO(bytes(other.encode())))
    assert {field: getattr(answer, field) for field in fields} == fields


@pytest.mark.parametrize("name", REQUESTS)
def test_a_broker_that_is_too_old_is_sent_nothing(name: str) -> None:
    """The version before would be taken for transactions v1."""
    ours, _ = REQUESTS[name]
    old = {0: (3, 11), 26: (0, 4), 28: (0, 4)}
    with pytest.raises(NotImplementedError):
        ours.prepare(old)
