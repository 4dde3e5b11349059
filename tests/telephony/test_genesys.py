"""From a raw file of Genesys-shaped envelopes a phone rings, with no step by hand."""

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from tests.kafka.cluster import Cluster, configured, contacts_read
from tests.kafka.genesys import (
    adapter,
    after_call_work,
    campaign_that_calls_back,
    make_topics,
    outbound,
    ready,
    send,
)
from tests.telephony.callee import Kind, number
from tests.telephony.stack import Telephony

pytestmark = pytest.mark.kafka
CONVERSATION = "11111111-2222-4333-8444-555555555555"


async def feed(phones: Telephony, path: Path, chance: random.Random) -> None:
    """Put each line of a file on the raw topic, under any key."""
    for line in path.read_bytes().splitlines():
        await send(phones.feed, line, chance)
    await phones.feed.flush()


def raw_file(path: Path, *envelopes: dict) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in envelopes))
    return path


async def test_a_raw_file_of_envelopes_rings_a_phone_whose_answer_is_told(phones: Telephony, tmp_path: Path) -> None:
    cluster, chance, person = phones.cluster, random.Random(7), number(Kind.PERSON)
    await asyncio.to_thread(make_topics, cluster)
    before = raw_file(tmp_path / "configuration.jsonl", *campaign_that_calls_back(person))
    call = raw_file(
        tmp_path / "call.jsonl", after_call_work(CONVERSATION), outbound(CONVERSATION, "c1", person),
        after_call_work(CONVERSATION),
    )  # fmt: skip
    worker = cluster.worker()
    one = adapter(cluster, 1, adapter_region="US")
    phones.dialer()
    await ready(one, worker)
    await feed(phones, before, chance)
    await configured(Cluster(cluster.broker, cluster.prefix, cluster.folder, workers=[worker]))
    await contacts_read(cluster, worker, 1)
    await feed(phones, call, chance)
    await phones.until(lambda: phones.ended())
    assert phones.callee.rang == {person: 1}
    ((code, analysis),) = phones.wrap_ups().values()
    assert (code, analysis) == ("ANSWERED", "person")
    assert list(phones.ended().values()) == [["completed"]]
    assert phones.taken.records["dead-letter"] == []
