"""Transactions v2 (KIP-890) by aiokafka's producer: each transaction has an epoch of its own, and takes three requests.

aiokafka goes on to decide what is sent when. It takes partitions and group for added, as the broker adds them itself;
of what it sends, later versions go out, and their errors come back as those that it knows; and with the answer to the
end of a transaction it takes its next epoch. Source: docs/decisions/0058-transactions-v2.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiokafka import errors
from aiokafka.producer import sender
from aiokafka.producer.transaction_manager import PidAndEpoch, TransactionManager
from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest

from streams.library_internals.aiokafka.protocol import ProduceRequest
from streams.library_internals.aiokafka.requests_v2 import EndTxnV5, ProduceV12, TxnOffsetCommitV5

CONCURRENT = errors.ConcurrentTransactions.errno
"""The transaction before is still being ended, or another request of this one is at work."""
FENCED = errors.InvalidProducerEpoch.errno
PRODUCER_FENCED = 90
NETWORK = 13
COORDINATOR_AWAY = (
    errors.CoordinatorLoadInProgressError.errno,
    errors.CoordinatorNotAvailableError.errno,
    errors.NotCoordinatorError.errno,
)
# Another producer had the id: in another epoch, by now with another id, or it had this transaction aborted.
_IS_FENCED = dict.fromkeys(
    (PRODUCER_FENCED, errors.InvalidProducerIdMapping.errno, errors.InvalidTxnState.errno), FENCED
)  # fmt: skip
MEANING = {
    # The coordinator that the partitions' brokers ask, or the way to it, is away: the same batches are sent again.
    ProduceV12: _IS_FENCED
    | dict.fromkeys((CONCURRENT, NETWORK, *COORDINATOR_AWAY), errors.NotEnoughReplicasError.errno),
    TxnOffsetCommitV5: _IS_FENCED | dict.fromkeys((CONCURRENT, NETWORK), errors.CoordinatorLoadInProgressError.errno),
    EndTxnV5: _IS_FENCED,
}
"""By request: what an error code stands for among those that aiokafka has an answer to."""
TRIES = 50
"""So often offsets are sent at most before aiokafka is told to do it, which waits longer, and can be stopped."""
NEWER = {ProduceRequest: ProduceV12, TxnOffsetCommitRequest: TxnOffsetCommitV5, EndTxnRequest: EndTxnV5}


class ManagerV2(TransactionManager):  # type: ignore[misc]
    """What aiokafka knows of its transaction, where the broker adds partitions and groups with what is sent to them."""

    def maybe_add_partition_to_txn(self, tp: Any) -> None:
        """Called with the partition of each batch."""
        self._txn_partitions.add(tp)

    def add_offsets_to_txn(self, offsets: Any, group_id: str) -> Any:
        """Called with the offsets of a group."""
        self.consumer_group_added(group_id)
        return super().add_offsets_to_txn(offsets, group_id)

    def go_on_as(self, producer_id: int, epoch: int) -> None:
        """Take another id and epoch: the next batch of each partition is its first one."""
        self._pid_and_epoch = PidAndEpoch(producer_id, epoch)
        self._sequence_numbers.clear()


def speak_v2(producer: Any) -> None:
    """Have a transactional producer that is not started yet speak transactions v2 alone."""
    producer._txn_manager.__class__ = ManagerV2
    producer.client.send = partial(_send, producer.client.send, producer._txn_manager)


async def _send(
    send: Callable[..., Awaitable[Any]], manager: ManagerV2, node_id: int, request: Any, **connection: Any
) -> Any:  # fmt: skip
    newer = NEWER.get(type(request))
    if newer is None:
        return await send(node_id, request, **connection)
    answer = await send(node_id, newer(request), **connection)
    tries = 1
    while newer is TxnOffsetCommitV5 and _is_too_early(answer) and tries < TRIES:
        await asyncio.sleep(sender.BACKOFF_OVERRIDE)
        answer = await send(node_id, newer(request), **connection)
        tries += 1
    _put_meaning(answer, MEANING[newer])
    if newer is EndTxnV5 and answer.error_code == errors.NoError.errno:
        manager.go_on_as(answer.producer_id, answer.producer_epoch)
    return answer


def _is_too_early(answer: Any) -> bool:
    """Whether the transaction before is still being ended: a matter of milliseconds, as aiokafka waits in v1."""
    return any(code == CONCURRENT for _, partitions in answer.errors for _, code in partitions)


def _put_meaning(answer: Any, meaning: dict[int, int]) -> None:
    if hasattr(answer, "error_code"):
        answer.error_code = meaning.get(answer.error_code, answer.error_code)
    for _, partitions in getattr(answer, "topics", None) or getattr(answer, "errors", None) or ():
        partitions[:] = [(number, meaning.get(code, code), *rest) for number, code, *rest in partitions]
