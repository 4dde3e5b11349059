"""How a Do Not Call list is read, held and asked: a bare reader and a loading one in turn, each in its own process."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from streams.base.errors import OperatorError
from streams.base.settings import Settings, make
from streams.dev.bench.load import Message
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import Say, feed
from streams.dev.broker import EmbeddedKafka
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.names import TopicName

LIST = "house"
EXPIRES_EVERY = 10
"""Every tenth entry has an expiry, each at another instant."""
EXPIRES_FROM = datetime(2027, 6, 30, tzinfo=UTC)
FEED_AT_ONCE = 500_000
RIGHT = "Right: every number was found, and no other."


def run(numbers: int, rounds: int, say: Say) -> Result:
    """Measure. It is wrong when a number is not found, or one that is not on the list."""
    say("Starting Kafka")
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as folder, EmbeddedKafka(say=say) as kafka:
        settings = make(broker=kafka.bootstrap)
        topic_admin.create(Clients(settings), 1)
        say(f"Writing {numbers:,} entries")
        asyncio.run(_fill(settings, numbers))
        bare, loads = [], []
        for number in range(rounds):
            say(f"Round {number + 1} of {rounds}: reading only, then loading")
            bare.append(_read(settings, "bare", numbers, Path(folder)))
            state = Path(folder) / f"round-{number}"
            loads.append(_read(settings, "load", numbers, state))
        again = _read(settings, "restart", numbers, state)
    wrong = [f"{one['wrong']} look-ups gave another answer" for one in (*loads, again) if one["wrong"]]
    return Result(_figures(bare, loads, again), wrong, RIGHT)


def phone_number(number: int) -> str:
    """The number of an entry, spread over all area codes; no two are the same."""
    return f"+1{2_000_000_000 + number * 7_919 % 7_999_999_999:010d}"


def _figures(bare: list[Any], loads: list[Any], again: Any) -> Figures:
    ratios = [load["per_s"] / read["per_s"] for load, read in zip(loads, bare, strict=True)]
    grown = [load["peak_bytes"] - read["peak_bytes"] for load, read in zip(loads, bare, strict=True)]
    numbers = loads[0]["records"]
    return [
        ("entries on the list", f"{numbers:,}"),
        ("a bare reader", f"{median(one['per_s'] for one in bare):,.0f} per second"),
        ("loading the list", f"{median(one['per_s'] for one in loads):,.0f} per second"),
        ("loading, as a share of the bare reader of the same round", ", ".join(f"{ratio:.0%}" for ratio in ratios)),
        ("memory at the peak beyond that of the bare reader", f"{median(grown) / numbers:.1f} bytes a number"),
        ("look-up of a number on the list, p50, p99", _microseconds(loads, "hits")),
        ("look-up of a number on no list, p50, p99", _microseconds(loads, "misses")),
        ("loading the snapshot at a restart", f"{again['took_up_s']:.2f} s"),
        ("records read after that", f"{again['records']:,}"),
    ]


def _microseconds(loads: list[Any], what: str) -> str:
    return ", ".join(f"{median(load[what][at] for load in loads):.1f} us" for at in (0, 1))


def _read(settings: Settings, how: str, numbers: int, state: Path) -> Any:
    arguments = [settings.broker, how, str(numbers), str(state)]
    command = [sys.executable, "-m", "streams.dev.bench.dnc_reader", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OperatorError(f"the reader ended with code {done.returncode}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


async def _fill(settings: Settings, numbers: int) -> None:
    for begin in range(0, numbers, FEED_AT_ONCE):
        await feed(settings, _entries(begin, min(begin + FEED_AT_ONCE, numbers)))


def _entries(begin: int, end: int) -> Iterator[Message]:
    for number in range(begin, end):
        phone = phone_number(number)
        at = EXPIRES_FROM + timedelta(seconds=number)
        expires = f',"expires_at":"{at:%Y-%m-%dT%H:%M:%SZ}"' if number % EXPIRES_EVERY == 0 else ""
        value = f'{{"dnc_list_id":"{LIST}","phone_number":"{phone}"{expires}}}'
        yield Message(TopicName.DNC_ENTRIES, f"{LIST}|{phone}".encode(), value.encode())
