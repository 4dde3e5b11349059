"""Which requests of a transactional producer had no answer: nobody knows their outcome, and a copy may still arrive.

aiokafka sends such a request again, on a new connection, until there is an answer; by itself it reports that nowhere.
The copy on the old connection may be delivered later, by a network that held it back, and then it is part of whatever
the producer does at that moment: it may commit half of its next transaction, or give that the offsets of the one
before. In transactions v2 a copy is refused once its transaction is over. Sources:
docs/decisions/0030-no-doubt-outlives-its-transaction.md, 0058-transactions-v2.md.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import NodeNotReadyError, ProducerClosed

from streams.library_internals.aiokafka.producer import intercept, stop_sending
from streams.library_internals.aiokafka.protocol import FindCoordinatorRequest, InitProducerIdRequest

HARMLESS = (FindCoordinatorRequest, InitProducerIdRequest)
"""A late copy of the first changes nothing. One of the second fences its own producer, and the next commit fails."""
CLOSED_WITHIN_S = 2.0
"""A connection that the network has forgotten is never closed properly."""


class InDoubt(Exception):
    """A request of a transaction had no answer: its producer must not begin another one."""


class Doubts:
    """Watches the requests of one producer. unanswered: the first that had no answer, and why; None while all had."""

    def __init__(self, client: Any) -> None:
        self.unanswered: str | None = None
        self._closed = False
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        intercept(client, "send", self._watched)

    async def _watched(
        self, send: Callable[..., Awaitable[Any]], node_id: int, request: Any, **connection: Any
    ) -> Any:  # fmt: skip
        if self._closed:
            raise ProducerClosed
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
        try:
            return await send(node_id, request, **connection)
        except NodeNotReadyError:  # There was no connection to send it on.
            raise
        except BaseException as error:
            if not isinstance(request, HARMLESS):
                self.unanswered = self.unanswered or f"{type(request).__name__} had no answer: {error!r}"
            raise

    def settle(self) -> None:
        """Forget them: Kafka refuses each copy that may still arrive."""
        self.unanswered = None

    def close(self) -> None:
        """Nothing more is sent, and whoever waits for an answer waits no longer."""
        self._closed = True
        for task in self._tasks:
            task.cancel()


async def abandon(producer: AIOKafkaProducer, doubts: Doubts) -> None:
    """Let go of a producer in the middle of what it does: `stop` would wait until everything was delivered."""
    stop_sending(producer)
    doubts.close()
    closing = asyncio.ensure_future(producer.client.close())
    done, _ = await asyncio.wait([closing], timeout=CLOSED_WITHIN_S)
    if not done:
        closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
