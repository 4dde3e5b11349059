"""The transactional producer: waits that are no settings, requests that are watched, and an end in the middle.

Sources: docs/decisions/0006-two-millisecond-transaction-backoff.md, 0030-no-doubt-outlives-its-transaction.md.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import aiokafka.producer.sender


def wait_between_transactions(seconds: float) -> None:
    """How long to wait while the markers of the last transaction are written; aiokafka waits a fixed 20 ms."""
    aiokafka.producer.sender.BACKOFF_OVERRIDE = seconds


def intercept(
    client: Any, method: Literal["send", "ready", "coordinator_lookup"], through: Callable[..., Any]
) -> None:  # fmt: skip
    """Have calls of a method of one client go to `through`, which is given the method and the arguments.

    A producer makes its client itself, so there is no other way to be between them.
    """
    setattr(client, method, partial(through, getattr(client, method)))


def collect_refusals(producer: Any, note: Callable[[BaseException], None]) -> None:
    """Call `note` with why a transaction cannot go on: aiokafka raises what that led to."""
    manager = getattr(producer, "_txn_manager", None)
    if manager is None:
        return
    refused = manager.error_transaction

    def error_transaction(error: BaseException) -> None:
        note(error)
        refused(error)

    manager.error_transaction = error_transaction


def stop_sending(producer: Any) -> None:
    """Have a producer send nothing more, and take it for stopped: `stop` would wait until all was delivered."""
    if producer._sender.sender_task is not None:
        producer._sender.sender_task.cancel()
    producer._closed = True
