"""Sends records to topics, each to the partition that it is for, and returns when the broker has them."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from streams.console.actions.model import Outgoing
from streams.kafka.clients import Clients
from streams.kafka.whole_topic import partitions_there
from streams.kafka.writing import saying_what_is_wrong


class Outbox:
    """A producer that is connected within its context. Raises OperatorError when topics cannot be written."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._partitions: dict[str, int] = {}
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        self._producer = self._clients.producer(acks="all", enable_idempotence=True, compression_type="lz4")
        with saying_what_is_wrong(self._clients.settings.broker, _nothing):
            await self._producer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        await self._producer.stop()

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has, by its full name. Raises OperatorError when it is not there."""
        if topic not in self._partitions:
            self._partitions[topic] = await partitions_there(self._clients, topic)
        return self._partitions[topic]

    async def send(self, records: Iterable[Outgoing]) -> None:
        """Send them all; each topic and partition has them in their order."""
        waiting: list[tuple[str, asyncio.Future[Any]]] = []
        for one in records:
            with saying_what_is_wrong(one.topic, _nothing):
                sent = await self._producer.send(
                    one.topic, one.value, one.key, partition=one.partition, headers=list(one.headers)
                )
            waiting.append((one.topic, sent))
        # All of them have to be asked, so that none fails unheard.
        answers = await asyncio.gather(*(sent for _, sent in waiting), return_exceptions=True)
        for (topic, _), answer in zip(waiting, answers, strict=True):
            if isinstance(answer, BaseException):
                with saying_what_is_wrong(topic, _nothing):
                    raise answer


def _nothing() -> str:
    return "What was sent is noted, and sending it again changes nothing"
