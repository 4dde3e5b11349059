"""Fetches on real sockets: on connections that pass nothing any more, and at brokers that take their time."""

import asyncio
import itertools
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import BrokerMetadata

from streams.kafka import fetch_watch, overdue
from tests.edge import fresh_clients

HOST = "127.0.0.1"
GREETING = struct.pack(">hihhh", 0, 1, FetchRequest.API_KEY, 4, 4)  # ApiVersions: no error, and fetches of version 4.
NOTHING = struct.pack(">ii", 0, 0)  # A fetch: not throttled, of no topic.
SILENT_S = 0.4
FETCH = FetchRequest(50, 1, 1, 0, [])


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker, with nothing known of any address, and five times as fast."""
    monkeypatch.setattr(overdue, "SILENT_S", SILENT_S)
    monkeypatch.setattr(fetch_watch, "LOOK_S", 0.05)
    fresh_clients.install(monkeypatch)


class Broker:
    """forgotten: so many connections, the oldest, pass nothing. slow_s: before an answer; byte_s: between bytes."""

    def __init__(self, *, slow_s: float = 0.0, byte_s: float = 0.0) -> None:
        self.slow_s, self.byte_s = slow_s, byte_s
        self.opened = self.forgotten = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        mine = self.opened
        with suppress(OSError, EOFError):
            for number in itertools.count():
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                answer = request[4:8] + (NOTHING if number else GREETING)
                framed = struct.pack(">i", len(answer)) + answer
                if mine <= self.forgotten:
                    continue
                await asyncio.sleep(self.slow_s if number else 0)
                for byte in framed if self.byte_s and number else ():
                    writer.write(bytes([byte]))
                    await asyncio.sleep(self.byte_s)
                if not (self.byte_s and number):
                    writer.write(framed)
        writer.close()


@asynccontextmanager
async def client_at(broker: Broker, count: int = 1) -> AsyncIterator[list[AIOKafkaClient]]:
    """Clients that know this one broker, with id 1."""
    server = await asyncio.start_server(broker.serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    clients = [AIOKafkaClient(bootstrap_servers=[f"{HOST}:{port}"]) for _ in range(count)]
    for client in clients:
        client.cluster._brokers = {1: BrokerMetadata(1, HOST, port, None)}
    try:
        yield clients
    finally:
        await asyncio.gather(*(client.close() for client in clients))
        server.close()


async def answered(client: AIOKafkaClient) -> int:
    """Fetch until there is an answer, as a consumer does; returns how often that was in vain."""
    async with asyncio.timeout(60):
        for failed in itertools.count():
            with suppress(KafkaError):
                await client.send(1, FETCH)
                return failed
            await asyncio.sleep(0.05)
    raise AssertionError


async def test_a_fetch_on_a_connection_that_the_network_has_forgotten_is_sent_again_on_another() -> None:
    broker = Broker()
    async with client_at(broker) as (client,):
        await client.send(1, FETCH)
        broker.forgotten = 1
        with pytest.raises(RequestTimedOutError):
            async with asyncio.timeout(10):  # Half of what a request may take.
                await client.send(1, FETCH)
        await client.send(1, FETCH)
        assert broker.opened == 2


async def test_of_many_connections_that_are_forgotten_at_once_each_is_found_out() -> None:
    broker = Broker()
    async with client_at(broker, 8) as clients:
        assert await asyncio.gather(*map(answered, clients)) == [0] * 8
        broker.forgotten = 8
        assert await asyncio.gather(*map(answered, clients)) == [1] * 8
        assert broker.opened == 16


async def test_a_broker_that_is_slow_for_all_is_not_flooded_with_connections() -> None:
    broker = Broker(slow_s=6 * SILENT_S)
    async with client_at(broker, 20) as clients:
        for _ in range(2):
            failed = await asyncio.gather(*map(answered, clients))
        assert broker.opened <= 20 + 2 * 5
        assert sum(failed) <= 5


async def test_an_answer_that_comes_slowly_is_waited_for_as_long_as_something_comes() -> None:
    async with client_at(Broker(byte_s=SILENT_S / 4)) as (client,):
        began = time.monotonic()
        assert await answered(client) == 0
        assert time.monotonic() - began > 2 * SILENT_S, "or it shows nothing"


async def test_a_process_that_stood_still_itself_gives_nothing_up() -> None:
    async with client_at(Broker(slow_s=SILENT_S / 2)) as (client,):
        asyncio.get_running_loop().call_later(SILENT_S / 4, time.sleep, 4 * SILENT_S)
        assert await answered(client) == 0
