"""Asks whether a call may be placed now, and waits for the answer.

Source: docs/contract.md, `placement-requested` and `placement-decided`; docs/dialers.md, "Placement".
"""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from topics.codec import encode
from topics.commands import DialCommand
from topics.events import PlacementOrigin, PlacementRequested
from topics.fields import Instant
from topics.names import TopicName
from topics.partitions import partition_for

from .settings import Settings

ANSWER_WITHIN_S = 5.0
AGENT_ASKS, SYSTEM_ASKS = 3, 60
"""How often it is asked before there is no answer: an agent waits at the screen, a call of the system can wait."""

ENDED = frozenset({"callback_ended", "callback_unknown", "superseded"})
"""Reasons for which a command is never allowed again."""


class Answer(msgspec.Struct, frozen=True):
    """What this dialer reads of `placement-decided`. valid_until: up to when an allowed call may be placed."""

    request_id: str
    allowed: bool
    reasons: list[str]
    valid_until: Instant | None = None
    reply_to: str | None = None


class Placement:
    """Of one process: its address is `me`, and it reads the answers to all, and passes over what is not its own."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, partitions: int) -> None:
        self._prefix, self._producer, self._partitions = settings.prefix, producer, partitions
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self.me = uuid4().hex

    async def listen(self, answers: AIOKafkaConsumer) -> None:
        """For ever."""
        async for record in answers:
            answer = msgspec.json.decode(record.value, type=Answer)
            waiting = self._waiting.get(answer.request_id)
            if answer.reply_to == self.me and waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def ask(self, command: DialCommand, agent_id: str | None, times: int) -> Answer | None:
        """The answer about this command; None if there is none, and so no call."""
        request_id = f"{command.command_id}-{uuid4().hex[:12]}"
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            for _ in range(times):  # While a worker takes a partition over, answers take seconds.
                await self._request(command, request_id, agent_id)
                await asyncio.wait([answer], timeout=ANSWER_WITHIN_S)
                if answer.done():
                    return answer.result()
        finally:
            del self._waiting[request_id]
        return None

    async def _request(self, command: DialCommand, request_id: str, agent_id: str | None) -> None:
        event: Any = PlacementRequested(
            event_id=uuid4().hex,
            request_id=request_id,
            occurred_at=datetime.now(UTC),
            origin=PlacementOrigin.CALLBACK,
            callback_id=command.callback_id,
            campaign_id=command.campaign_id,
            contact_list_id=command.contact_list_id,
            contact_id=command.contact_id,
            phone_number=command.phone_number,
            agent_id=agent_id,
            command_id=command.command_id,
            reply_to=self.me,
        )
        key = f"{command.contact_list_id}|{command.contact_id}".encode()
        topic = self._prefix + TopicName.PLACEMENT_REQUESTED
        await self._producer.send_and_wait(topic, encode(event), key, partition_for(key, self._partitions))
