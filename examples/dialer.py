"""A dialer in a few lines: takes commands, asks before it dials, and says how each call ended.

    python examples/dialer.py 127.0.0.1:9092

It needs aiokafka and Ringback's package `topics`. It dials by printing; docs/dialers.md says what a real one does.
Fields that came with a later version are asked for with `get`: an older worker may have written the record.
"""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError

from topics.partitions import partition_for

BROKER, PREFIX = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "ringback."
ME = uuid4().hex
ANSWER_WITHIN_S, ASKED_TIMES = 5.0, 3
FRESH = timedelta(seconds=30)


class Dialer:
    """What one process does with a command. partitions: of the topics of contacts."""

    def __init__(self, producer: Any, answers: Any, partitions: int) -> None:
        self._producer, self._answers, self._partitions = producer, answers, partitions

    async def take(self, command: dict[str, Any], written_at: datetime) -> None:
        """Dial, or give it back: one of the two has been said when this returns."""
        now, expires_at = datetime.now(UTC), command["expires_at"]
        expired = expires_at is not None and datetime.fromisoformat(expires_at) <= now
        fresh = command["checks"] == "passed" and now - written_at < FRESH
        if not expired and (fresh or await self._may_dial(command)):
            print("dials", command["phone_number"], command["notes"] or "", flush=True)
            await self._tell(
                "wrap-up", command, event_id=f"w-{command['command_id']}", wrap_up_code="DONE",
                conversation_id=command["conversation_id"] or command["command_id"],
                phone_number=command["phone_number"], phone_column=command.get("phone_column"),
            )  # fmt: skip
        else:
            await self._tell(
                "callback-scheduled", command, type="returned", event_id=f"r-{command['command_id']}",
                command_id=command["command_id"], reason="expired" if expired else "failed",
            )  # fmt: skip

    async def _may_dial(self, command: dict[str, Any]) -> bool:
        request = f"{command['command_id']}-{ME}"
        for _ in range(ASKED_TIMES):  # While another worker takes a partition over, answers take seconds.
            await self._tell(
                "placement-requested", command, event_id=uuid4().hex, request_id=request, origin="callback",
                phone_number=command["phone_number"], command_id=command["command_id"], reply_to=ME,
            )  # fmt: skip
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._is_allowed(request), ANSWER_WITHIN_S)
        return False

    async def _is_allowed(self, request: str) -> bool:
        async for record in self._answers:
            answer = json.loads(record.value)
            if answer.get("reply_to") == ME and answer["request_id"] == request:
                return answer["allowed"] and datetime.now(UTC) < datetime.fromisoformat(answer["valid_until"])
        return False

    async def _tell(self, topic: str, command: dict[str, Any], **more: Any) -> None:
        about = {name: command[name] for name in ("campaign_id", "contact_list_id", "contact_id", "callback_id")}
        key = f"{command['contact_list_id']}|{command['contact_id']}".encode()
        value = json.dumps({**about, "occurred_at": datetime.now(UTC).isoformat(), **more}).encode()
        await self._producer.send_and_wait(PREFIX + topic, value, key, partition_for(key, self._partitions))


async def main() -> None:
    """Take commands for ever: what has been answered for is committed, so a crash repeats at most the one at hand."""
    producer = AIOKafkaProducer(bootstrap_servers=BROKER, enable_idempotence=True)
    commands = AIOKafkaConsumer(
        f"{PREFIX}dial-preview", f"{PREFIX}dial-analysis", bootstrap_servers=BROKER, group_id=f"{PREFIX}dialer",
        isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest",
    )  # fmt: skip
    answers = AIOKafkaConsumer(
        f"{PREFIX}placement-decided", bootstrap_servers=BROKER, isolation_level="read_committed"
    )  # Without a group: each dialer reads all answers, and takes those to its own address.
    async with producer, commands, answers:
        await answers.seek_to_end()
        dialer = Dialer(producer, answers, len(await producer.partitions_for(f"{PREFIX}wrap-up")))
        async for record in commands:
            await dialer.take(json.loads(record.value), datetime.fromtimestamp(record.timestamp / 1000, UTC))
            with suppress(CommitFailedError):  # Another dialer has the partition now, and gets this command again.
                await commands.commit()


if __name__ == "__main__":
    asyncio.run(main())
