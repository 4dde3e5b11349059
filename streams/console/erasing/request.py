"""Asks for the erasure of contacts, and reads back from the topics what has become of it.

For each contact there are two records: the event that the owner of its partition applies, and the tombstone of its
record. What is waited for is what that owner writes in one transaction: that it was this event, and the tombstones of
state and view. A second request for the same contact is applied like the first, and finds less.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from msgspec.structs import replace

from streams.base.errors import OperatorError
from streams.console.actions import events
from streams.console.actions.model import Outgoing, Run
from streams.console.actions.outbox import Outbox
from streams.console.actions.read_back import ERROR_CODE
from streams.console.view.ingest.reading import about
from streams.console.view.rows import ContactKey
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, reader
from streams.kafka.diagnosis import RIGHTS
from streams.logic.contact.erasures import event_digest
from streams.logic.partition.own_rows import decode_erased, erased_key
from streams.tables import CONTACTS
from topics.audit import AuditStep
from topics.callback_events import ContactErased
from topics.codec import contact_key, encode
from topics.names import TopicName
from topics.partitions import partition_for

AT_ONCE = 500
POLL_MS = 200
READ_BACK = (CONTACTS.changelog, TopicName.OUTSTANDING_CALLBACKS, TopicName.CONTACTS, TopicName.DEAD_LETTER)

Say = Callable[[str, int], None]


@dataclass(slots=True)
class Answer:
    """What has become of the erasure of one contact. refused: the code of the dead letter that the event became.

    is_applied: with that, the row of the contact is removed, for both are of one transaction. came_back: something was
    written about the contact after that.
    """

    contact: ContactKey
    event_id: str
    is_applied: bool = False
    is_listed: bool = True
    has_record: bool = True
    refused: str | None = None
    came_back: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all of it has been read back."""
        return self.is_applied and not (self.is_listed or self.has_record)

    @property
    def is_final(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.is_complete or self.refused is not None


class Request:
    """One request for some contacts. until: up to when topics may have records of before, None if that is not known."""

    def __init__(self, clients: Clients, run: Run, contacts: Collection[ContactKey], until: datetime | None) -> None:
        self._clients, self._run, self._until = clients, run, until
        self._partitions: dict[TopicName, int] = {}
        self._answers = {
            contact_key(*contact).encode(): Answer(contact, f"erase-{secrets.token_hex(16)}") for contact in contacts
        }
        self._rows = {erased_key(key): key for key in self._answers}

    async def carry_out(self, wait_s: float, say: Say) -> list[Answer]:
        """Send it, and wait for so many seconds for what becomes of it. Raises OperatorError.

        Nothing is sent where that cannot be audited.
        """
        async with Outbox(self._clients) as outbox:
            for name in (TopicName.CONSOLE_AUDIT, TopicName.CALLBACK_SCHEDULED, *READ_BACK):
                self._partitions[name] = await self._count(outbox, name)
            try:
                async with reader(self._clients, sorted(self._places())) as consumer:
                    await _go_to_the_end(consumer)
                    await self._send(outbox, say)
                    await self._wait(consumer, wait_s, say)
            except TopicAuthorizationFailedError as error:
                names = ", ".join(map(str, error.args))
                raise OperatorError(f"this user has no right to Read topic {names}. {RIGHTS}") from None
            except KafkaError as error:
                raise OperatorError(f"what became of it cannot be read: {error or type(error).__name__}") from None
        return [*self._answers.values()]

    async def _count(self, outbox: Outbox, name: TopicName) -> int:
        try:
            return await outbox.partitions(self._topic(name))
        except OperatorError as error:
            if name is not TopicName.CONSOLE_AUDIT:
                raise
            raise OperatorError(f"{error} (with --console). Nothing is erased that cannot be audited") from None

    def _topic(self, name: TopicName) -> str:
        return self._clients.settings.topic(name)

    def _places(self) -> set[TopicPartition]:
        return {
            TopicPartition(self._topic(name), partition_for(key, self._partitions[name]))
            for name in READ_BACK
            for key in self._answers
        }

    async def _send(self, outbox: Outbox, say: Say) -> None:
        run, records, sent = self._run, self._records(), 0
        assert run.asked_at is not None, "it is asked for now"
        audit, actor = self._topic(TopicName.CONSOLE_AUDIT), run.action.actor
        await outbox.send([events.audit(run, AuditStep.ASKED, run.asked_at, actor, audit)])
        while some := [*islice(records, 2 * AT_ONCE)]:
            await outbox.send(some)
            sent += len(some) // 2
            say("sent:", sent)
        await outbox.send([events.audit(replace(run, sent=sent), AuditStep.SENT, run.asked_at, actor, audit)])

    def _records(self) -> Iterator[Outgoing]:
        for key, answer in self._answers.items():
            event = ContactErased(
                event_id=answer.event_id,
                occurred_at=self._run.asked_at or self._run.planned_at,
                contact_list_id=answer.contact[0],
                contact_id=answer.contact[1],
                remembered_until=self._until,
                actor=self._run.action.actor,
                reason=self._run.action.reason,
            )
            yield self._outgoing(TopicName.CALLBACK_SCHEDULED, key, encode(event))
            yield self._outgoing(TopicName.CONTACTS, key, None)

    def _outgoing(self, name: TopicName, key: bytes, value: bytes | None) -> Outgoing:
        return Outgoing(self._topic(name), partition_for(key, self._partitions[name]), key, value)

    async def _wait(self, consumer: Any, wait_s: float, say: Say) -> None:
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline and not all(one.is_final for one in self._answers.values()):
            for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                self._take(partition.topic, records)
            say("read back:", sum(one.is_final for one in self._answers.values()))
            await asyncio.sleep(0)

    def _take(self, topic: str, records: Sequence[ReadRecord]) -> None:
        for record in records:
            key = record.key or b""
            if topic == self._topic(CONTACTS.changelog) and key in self._rows and record.value is not None:
                answer = self._answers[self._rows[key]]
                answer.is_applied |= decode_erased(record.value).event == event_digest(answer.event_id)
            elif key in self._answers:
                self._note(self._answers[key], topic, record)

    def _note(self, answer: Answer, topic: str, record: ReadRecord) -> None:
        if topic == self._topic(TopicName.DEAD_LETTER):
            if about(record.value).event_id == answer.event_id:
                said = {name: text for name, text in record.headers}
                answer.refused = (said.get(ERROR_CODE) or b"dead letter").decode(errors="replace")
            return
        if record.value is not None:
            answer.came_back |= answer.is_applied
        elif topic == self._topic(TopicName.OUTSTANDING_CALLBACKS):
            answer.is_listed = False
        elif topic == self._topic(TopicName.CONTACTS):
            answer.has_record = False


async def _go_to_the_end(consumer: Any) -> None:
    """What is there now has been there before: read on from here."""
    for partition, end in (await consumer.end_offsets(list(consumer.assignment()))).items():
        consumer.seek(partition, end)
