"""`ringback dnc check` on a real Kafka: which entries it names, and how it ends."""

import asyncio
import subprocess
import sys

import pytest
from aiokafka import AIOKafkaProducer

from streams.base.settings import Settings
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.codec import encode
from topics.configuration import DncEntry

pytestmark = pytest.mark.kafka


async def write(kafka, topic, *entries, removed=()):
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for name, number in entries:
            value = encode(DncEntry(dnc_list_id=name, phone_number=number))
            await producer.send_and_wait(topic, value, key=f"{name}|{number}".encode())
        for name, number in removed:
            await producer.send_and_wait(topic, None, key=f"{name}|{number}".encode())


def check(kafka, prefix):
    command = [sys.executable, "-m", "streams", "dnc", "check", "--broker", kafka.bootstrap, "--prefix", prefix]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


async def test_entries_that_no_number_can_match_are_named_and_end_with_one(kafka, prefix):
    settings = Settings(broker=kafka.bootstrap, prefix=prefix)
    topic = settings.topic("dnc-entries")
    complaint = f"ringback: there is no topic {topic} on {kafka.bootstrap}. Create it with `ringback topics create`"
    assert check(kafka, prefix) == (1, [], [complaint])

    await asyncio.to_thread(topic_admin.create, Clients(settings), 1)
    assert check(kafka, prefix) == (0, ["0 entries on 0 lists: each of them can match a number"], [])

    good = [("D", "+442079460123"), ("D", "+4402079460123"), ("E", "+5215512345678")]
    await write(kafka, topic, *good, ("E", "+15550000000"), removed=[("E", "+15550000000")])
    assert check(kafka, prefix) == (0, ["3 entries on 2 lists: each of them can match a number"], [])

    await write(kafka, topic, ("D", "+15550000000"), ("E", "+550151131234567"))
    code, out, err = check(kafka, prefix)
    assert (code, sorted(out[:2]), err) == (
        1,
        ["D +15550000000: in no numbering plan", "E +550151131234567: not a spelling of any number"],
        [],
    )
    assert out[2:] == [
        "5 entries on 2 lists: 2 can match no number (1 in no numbering plan, 1 not a spelling of any number)"
    ]
