"""aiokafka's producer with transactions v2: what it sends, which epoch it goes on with, and how it takes an error."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition, errors
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest, TxnOffsetCommitRequest
from aiokafka.structs import OffsetAndMetadata

from streams.library_internals.aiokafka.requests_v2 import (
    EndTxnResponseV5,
    EndTxnV5,
    ProduceResponseV12,
    ProduceV12,
    TxnOffsetCommitResponseV5,
    TxnOffsetCommitV5,
)
from streams.library_internals.aiokafka.transactions_v2 import TRIES, speak_v2

ID, EPOCH = 7, 3
TP = TopicPartition("state", 0)
PRODUCE = ProduceRequest("app-0", -1, 60_000, [("state", [(0, b"batch")])])
OFFSETS = TxnOffsetCommitRequest("app-0", "app", ID, EPOCH, [("in", [(0, 5, "")])])
END = EndTxnRequest("app-0", ID, EPOCH, True)


def produced(code: int) -> ProduceResponseV12:
    return ProduceResponseV12([("state", [(0, code, 9, -1, 0, [], None)])], 0, {})


def committed(code: int) -> TxnOffsetCommitResponseV5:
    return TxnOffsetCommitResponseV5(0, [("in", [(0, code)])], {})


def ended(code: int, producer_id: int = -1, epoch: int = -1) -> EndTxnResponseV5:
    return EndTxnResponseV5(0, code, producer_id, epoch, {})


class Wire:
    """Gives its answers one by one; sent: what it was given."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.sent = list(answers), list[Any]()

    async def send(self, node_id: int, request: Any, **_: Any) -> Any:
        self.sent.append(request)
        return self.answers.pop(0)


@pytest.fixture
async def producer() -> Any:
    made: Any = AIOKafkaProducer(transactional_id="app-0")
    made._closed = True  # It is never started.
    return made


def in_transaction(producer: Any, *answers: Any) -> Wire:
    """Of v2, in a transaction that is being committed."""
    wire = Wire(*answers)
    producer.client.send = wire.send
    speak_v2(producer)
    manager = producer._txn_manager
    manager.set_pid_and_epoch(ID, EPOCH)
    manager.begin_transaction()
    return wire


async def test_partitions_and_group_are_taken_for_added_and_nothing_is_sent_for_it(producer: Any) -> None:
    in_transaction(producer)
    manager = producer._txn_manager
    manager.maybe_add_partition_to_txn(TP)
    manager.add_offsets_to_txn({TP: OffsetAndMetadata(5, "")}, "app")
    assert (manager.partitions_to_add(), manager.consumer_group_to_add()) == (set(), None)
    assert manager.offsets_to_commit() == ({TP: OffsetAndMetadata(5, "")}, "app")
    assert not manager.is_empty_transaction()


async def test_a_transaction_with_offsets_alone_is_not_empty_and_one_with_nothing_is(producer: Any) -> None:
    in_transaction(producer)
    assert producer._txn_manager.is_empty_transaction()
    producer._txn_manager.add_offsets_to_txn({TP: OffsetAndMetadata(5, "")}, "app")
    assert not producer._txn_manager.is_empty_transaction()


@pytest.mark.parametrize(
    ("request_", "answer", "newer"),
    [
        (PRODUCE, produced(0), ProduceV12),
        (OFFSETS, committed(0), TxnOffsetCommitV5),
        (END, ended(0, ID, EPOCH + 1), EndTxnV5),
    ],
)
async def test_later_versions_are_sent(producer: Any, request_: Any, answer: Any, newer: type) -> None:
    wire = in_transaction(producer, answer)
    assert await producer.client.send(1, request_) is answer
    assert [type(one) for one in wire.sent] == [newer]


async def test_other_requests_are_sent_as_they_are(producer: Any) -> None:
    wire, request = in_transaction(producer, "answer"), InitProducerIdRequest("app-0", 1000)
    assert await producer.client.send(1, request) == "answer"
    assert wire.sent == [request]


@pytest.mark.parametrize("following", [(ID, EPOCH + 1), (ID + 1, 0)], ids=["next epoch", "after the last epoch"])
async def test_the_next_transaction_has_the_id_and_epoch_of_the_answer_and_begins_to_count_anew(
    producer: Any, following: tuple[int, int]
) -> None:
    in_transaction(producer, ended(0, *following))
    manager = producer._txn_manager
    manager.increment_sequence_number(TP, 5)
    await producer.client.send(1, END)
    assert (manager.producer_id, manager.producer_epoch) == following
    assert manager.sequence_number(TP) == 0


async def test_an_end_that_is_refused_or_has_no_answer_yet_changes_no_epoch(producer: Any) -> None:
    in_transaction(producer, ended(51), ended(90))
    manager = producer._txn_manager
    manager.increment_sequence_number(TP, 5)
    for _ in range(2):
        await producer.client.send(1, END)
    assert (manager.producer_id, manager.producer_epoch, manager.sequence_number(TP)) == (ID, EPOCH, 5)


async def test_offsets_that_come_before_the_last_transaction_is_over_are_sent_again_at_once(producer: Any) -> None:
    wire = in_transaction(producer, committed(51), committed(51), committed(0))
    assert (await producer.client.send(1, OFFSETS)).errors == [("in", [(0, 0)])]
    assert len(wire.sent) == 3


async def test_offsets_that_come_too_early_again_and_again_are_left_to_aiokafka_to_send(producer: Any) -> None:
    wire = in_transaction(producer, *[committed(51)] * TRIES)
    answer = await producer.client.send(1, OFFSETS)
    assert errors.for_code(code_of(answer)) is errors.CoordinatorLoadInProgressError
    assert len(wire.sent) == TRIES


@pytest.mark.parametrize("code", [48, 49, 90], ids=["INVALID_TXN_STATE", "ID_MAPPING", "PRODUCER_FENCED"])
@pytest.mark.parametrize(("request_", "answer"), [(PRODUCE, produced), (OFFSETS, committed), (END, ended)])
async def test_what_says_that_another_producer_has_the_id_is_taken_for_that(
    producer: Any, request_: Any, answer: Any, code: int
) -> None:
    in_transaction(producer, answer(code))
    got = await producer.client.send(1, request_)
    assert errors.for_code(code_of(got)) is errors.InvalidProducerEpoch


@pytest.mark.parametrize("code", [13, 14, 15, 16, 51])
async def test_batches_whose_coordinator_is_away_are_sent_again(producer: Any, code: int) -> None:
    in_transaction(producer, produced(code))
    answer = await producer.client.send(1, PRODUCE)
    assert errors.for_code(code_of(answer)).retriable
    assert not errors.for_code(code_of(answer)).invalid_metadata


async def test_offsets_on_whose_way_the_network_failed_are_sent_again(producer: Any) -> None:
    in_transaction(producer, committed(13))
    answer = await producer.client.send(1, OFFSETS)
    assert errors.for_code(code_of(answer)) is errors.CoordinatorLoadInProgressError


@pytest.mark.parametrize("code", [0, 6, 10, 45, 47])
async def test_other_errors_come_as_they_are(producer: Any, code: int) -> None:
    in_transaction(producer, produced(code))
    assert code_of(await producer.client.send(1, PRODUCE)) == code


def code_of(answer: Any) -> int:
    """The error code in an answer."""
    if hasattr(answer, "error_code"):
        return int(answer.error_code)
    ((_, partitions),) = answer.topics if isinstance(answer, ProduceResponseV12) else answer.errors
    return int(partitions[0][1])
