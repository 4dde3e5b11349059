"""One contact that most events are about: how fast they are taken in, and that each of them is answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
from aiokafka import ConsumerRecord, TopicPartition

from streams.base.errors import OperatorError
from streams.dev.bench.load import CAMPAIGN, LIST, Message
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import CLOCK, PARTITIONS, Rig, Say, feed, rig
from streams.dev.bench.watch import applied, pause
from streams.kafka.clients import Clients
from streams.kafka.compacted import read_to_end, reader
from streams.tables import CONTACTS
from topics.names import TopicName

KEY = f"{LIST}|hot".encode()
OUTPUTS = (TopicName.CALLBACK_LIFECYCLE, CONTACTS.changelog, TopicName.DEAD_LETTER)
RIGHT = "Right: every event was answered, every attempt was counted, and the row kept its size."
ROW_BYTES_MAX = 128 * 1024
"""What a row may take, docs/rules.md, section 8 row 4, with the room for what ends a callback."""


def run(events: int, say: Say) -> Result:
    """Measure. It is wrong when an event was not answered."""
    with rig(say) as one:
        figures, wrong = asyncio.run(_measure(one, events))
    return Result(figures, wrong, RIGHT)


async def _measure(one: Rig, events: int) -> tuple[Figures, list[str]]:
    one.say(f"Sending {events:,} events about one contact")
    began = time.monotonic()
    await feed(one.settings, _events(events, CLOCK.now()))
    while await asyncio.to_thread(_done, one) < events:
        if one.worker.exit_code is not None:
            raise OperatorError(f"the worker ended with code {one.worker.exit_code}: {one.worker.last_message()}")
        await pause()
    seconds = time.monotonic() - began
    await pause()  # What is counted has been decided; some milliseconds later it is committed.
    transitions, row, row_bytes, dead = await _outputs(one)
    wrap_ups, rounds = len(range(2, events, 3)), len(range(1, events, 3))
    checks = {
        f"{transitions['scheduled']:,} callbacks scheduled": transitions["scheduled"] == len(range(0, events, 3)),
        f"{transitions['cancelled']:,} callbacks cancelled": transitions["cancelled"] == rounds,
        f"{row.get('attempts_total'):,} attempts counted": row.get("attempts_total") == wrap_ups,
        f"{dead:,} dead letters": dead == 0,
        f"a row of {row_bytes:,} bytes": row_bytes <= ROW_BYTES_MAX,
    }
    return [
        ("events about one contact", f"{events:,}: a third each scheduled, cancelled, wrap-ups"),
        ("taken in", f"{events / seconds:,.0f} per second"),
        ("its row at its largest", f"{row_bytes / 1024:,.0f} KiB"),
    ], [what for what, is_right in checks.items() if not is_right]


def _events(events: int, now: datetime) -> Iterator[Message]:
    at, due = now.isoformat(), (now + timedelta(days=1)).isoformat()
    who = f'"occurred_at":"{at}","campaign_id":"{CAMPAIGN}","contact_list_id":"{LIST}","contact_id":"hot"'
    for number in range(events):
        if number % 3 == 0:
            topic, rest = TopicName.CALLBACK_SCHEDULED, (
                f'"type":"scheduled","callback_id":"k-{number}","source":"widget","phone_number":"+12125550101",'
                f'"due_at":"{due}"'
            )  # fmt: skip
        elif number % 3 == 1:
            topic, rest = TopicName.CALLBACK_SCHEDULED, f'"type":"cancelled","callback_id":"k-{number - 1}"'
        else:
            topic, rest = TopicName.WRAP_UP, (
                f'"conversation_id":"v-{number}","phone_number":"+12125550101","wrap_up_code":"DONE"'
            )  # fmt: skip
        yield Message(topic, KEY, f'{{"event_id":"e-{number}",{who},{rest}}}'.encode())


def _done(one: Rig) -> int:
    return applied(one.worker, TopicName.CALLBACK_SCHEDULED) + applied(one.worker, TopicName.WRAP_UP)


async def _outputs(one: Rig) -> tuple[Counter[str], dict[str, int], int, int]:
    """Transitions by kind, the contact's last row, the bytes of its largest, and the dead letters."""
    transitions, rows, dead = Counter[str](), [b"{}"], 0
    largest = 0

    def take(record: "ConsumerRecord[bytes | None, bytes | None]") -> None:
        nonlocal dead, largest
        topic = record.topic.removeprefix(one.settings.prefix)
        if topic == TopicName.DEAD_LETTER:
            dead += 1
        elif topic == TopicName.CALLBACK_LIFECYCLE:
            transitions[orjson.loads(record.value or b"{}")["transition"]] += 1
        elif record.key == KEY and record.value is not None:
            rows[0], largest = record.value, max(largest, len(record.value))

    partitions = [TopicPartition(one.settings.topic(name), n) for name in OUTPUTS for n in range(PARTITIONS)]
    async with reader(Clients(one.settings), partitions) as consumer:
        await read_to_end(consumer, take)
    return transitions, orjson.loads(rows[0]), largest, dead
