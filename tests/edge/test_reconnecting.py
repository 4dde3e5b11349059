"""The clients of a process together, against ports that refuse, close, keep silent and forget."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiokafka.conn
import pytest
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, NodeNotReadyError
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.structs import BrokerMetadata

from streams.kafka import reconnecting
from streams.kafka.reconnecting import Connection
from streams.kafka.request_timeouts import ANSWER_S, DATA_ANSWER_S, RequestTimeouts
from streams.library_internals.aiokafka.requests_v2 import ProduceV12
from tests.edge import fresh_clients
from tests.ports import reserved_ports

HOST = "127.0.0.1"
GREETING = struct.pack(">hi", 0, 0)  # ApiVersions: no error, and nothing is offered.


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker, with nothing known of any address."""
    fresh_clients.install(monkeypatch)


class Broker:
    """What listens in the place of one: it answers greetings, and further requests as long as it is `lively`."""

    def __init__(self, *, greets: bool = True) -> None:
        self.greets, self.lively = greets, True
        self.opened: list[float] = []
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened.append(time.monotonic())
        with suppress(OSError, EOFError):
            while self.greets:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                self.asked += 1
                if self.lively:
                    answer = request[4:8] + GREETING
                    writer.write(struct.pack(">i", len(answer)) + answer)
        writer.close()


@asynccontextmanager
async def listening(broker: Broker, port: int = 0) -> AsyncIterator[int]:
    server = await asyncio.start_server(broker.serve, HOST, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def client_of(port: int, *bootstrap: int) -> AIOKafkaClient:
    """A client that knows one broker, with id 1."""
    client = AIOKafkaClient(bootstrap_servers=[f"{HOST}:{one}" for one in bootstrap or (port,)])
    client.cluster._brokers = {1: BrokerMetadata(1, HOST, port, None)}
    return client


async def insist(client: AIOKafkaClient, until: float) -> None:
    """Try again as often as a client of Kafka does that has something to send."""
    while time.monotonic() < until:
        await client.ready(1)
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", ["closes", "is silent after the greeting"])
async def test_many_clients_that_insist_try_a_port_ten_times_a_second_at_most(kind: str) -> None:
    broker = Broker(greets=kind != "closes")
    async with listening(broker) as port:
        broker.lively = False
        clients = [client_of(port) for _ in range(12)]
        began = time.monotonic()
        tasks = [asyncio.create_task(insist(client, began + 2.0)) for client in clients]
        await asyncio.sleep(2.0)
        lasted = time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in clients:
            await client.close()
        assert 1 <= len(broker.opened) <= 10 * lasted + 1


async def test_a_port_that_is_open_again_is_found_by_all_of_them() -> None:
    (port,) = reserved_ports(HOST, 1)
    clients = [client_of(port) for _ in range(12)]
    assert not any(await asyncio.gather(*(client.ready(1) for client in clients)))
    async with listening(Broker(), port):
        async with asyncio.timeout(20):
            for client in clients:
                while not await client.ready(1):
                    await asyncio.sleep(0.01)
        await asyncio.gather(*(client.close() for client in clients))


async def test_an_attempt_that_is_refused_without_being_made_fails_with_the_error_of_the_one_that_was() -> None:
    (port,) = reserved_ports(HOST, 1)
    errors = []
    for _ in range(3):
        with pytest.raises(OSError) as raised:
            await aiokafka.conn.create_conn(HOST, port, max_idle_ms=1000)
        errors.append(raised.value)
    assert isinstance(errors[0], ConnectionRefusedError) and errors[1] is errors[2]
    assert reconnecting.trouble() == f"{HOST}:{port}: Connection refused"


async def test_a_connection_that_was_idle_and_is_dead_is_replaced_before_it_is_relied_on() -> None:
    broker = Broker()
    async with listening(broker) as port:
        client = client_of(port)
        first = await client._get_conn(1)
        first._last_action -= reconnecting.PING_AFTER_S + 1
        broker.lively = False
        asyncio.get_running_loop().call_later(0.5, setattr, broker, "lively", True)
        second = await client._get_conn(1)
        assert second is not first and second.connected() and not first.connected()
        await client.close()


async def test_a_connection_that_was_idle_and_lives_is_kept() -> None:
    broker = Broker()
    async with listening(broker) as port:
        client = client_of(port)
        first = await client._get_conn(1)
        first._last_action -= reconnecting.PING_AFTER_S + 1
        assert await asyncio.gather(*(client._get_conn(1) for _ in range(5))) == [first] * 5
        assert broker.asked == 2  # The greeting, and one question for all five.
        await client.close()


async def test_a_connection_that_is_in_use_is_not_asked() -> None:
    broker = Broker()
    async with listening(broker) as port:
        client = client_of(port)
        first = await client._get_conn(1)
        assert await client._get_conn(1) is first
        assert broker.asked == 1
        await client.close()


async def test_a_client_whose_brokers_are_gone_begins_again_at_the_addresses_of_the_settings(monkeypatch) -> None:
    old, new, bootstrap = reserved_ports(HOST, 3)
    client = client_of(old, bootstrap)
    asked: list[int] = []

    async def bootstrap_once(again: AIOKafkaClient) -> None:
        asked.append(bootstrap)
        again.cluster._brokers = {1: BrokerMetadata(1, HOST, new, None)}

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", bootstrap_once)
    assert not await client._metadata_update(client.cluster, ["a"])
    assert client.cluster._brokers[1].port == new
    assert not await client._metadata_update(client.cluster, ["a"])
    assert asked == [bootstrap]  # Once a second, for all clients.


async def test_a_client_with_nowhere_to_begin_again_keeps_the_brokers_that_it_knew() -> None:
    old, bootstrap = reserved_ports(HOST, 2)
    client = client_of(old, bootstrap)
    assert not await client._metadata_update(client.cluster, ["a"])
    assert client.cluster._brokers[1].port == old


async def test_a_broker_counts_as_heard_when_it_answers_more_than_the_greeting() -> None:
    broker = Broker()
    async with listening(broker) as port:
        client = client_of(port)
        first = await client._get_conn(1)
        assert reconnecting.answers() == 0
        first._last_action -= reconnecting.PING_AFTER_S + 1
        await client._get_conn(1)
        assert reconnecting.answers() == 1
        await client.close()


async def test_an_address_to_begin_with_does_not_count_as_a_broker_that_answers() -> None:
    """It may answer for ever, and name brokers that nobody can reach."""
    async with listening(Broker()) as port:
        connection: Connection = await aiokafka.conn.create_conn(HOST, port, max_idle_ms=1000)
        connection._last_action -= reconnecting.PING_AFTER_S + 1
        assert await connection.lives()
        assert reconnecting.answers() == 0
        await connection.close()


def test_a_request_may_take_as_long_as_its_kind_and_less_than_the_transaction() -> None:
    timeouts = RequestTimeouts(session_s=6.0, rebalance_s=20.0, transaction_s=60.0)
    fetch, join = FetchRequest(500, 1, 1, 0, []), JoinGroupRequest("g", 1, 1, "", None, "consumer", [])
    beat, find = HeartbeatRequest("g", 1, "m"), FindCoordinatorRequest("g", 0)
    assert [timeouts.of(one, 90.0) for one in (beat, join, fetch, find)] == [3.0, 30.0, DATA_ANSWER_S, ANSWER_S]
    batches = ProduceRequest("app-0", -1, 1000, [])
    assert [timeouts.of(one, 90.0) for one in (batches, ProduceV12(batches))] == [DATA_ANSWER_S] * 2
    assert timeouts.of(find, 5.0) == 5.0
    assert RequestTimeouts(6.0, 20.0, 9.0).of(fetch, 90.0) == 3.0


async def test_errors_of_the_protocol_count_as_failed_attempts(monkeypatch) -> None:
    """A password that is not accepted is not sent more often than that either."""

    async def refuse(self: Connection) -> None:
        raise KafkaError("not accepted")

    async with listening(Broker()) as port:
        monkeypatch.setattr(aiokafka.conn.AIOKafkaConnection, "_do_version_lookup", refuse)
        with pytest.raises(KafkaError, match="not accepted"):
            await aiokafka.conn.create_conn(HOST, port, max_idle_ms=1000)
        with pytest.raises(KafkaError, match="not accepted"):
            await aiokafka.conn.create_conn(HOST, port, max_idle_ms=1000)


async def test_while_no_broker_of_the_cluster_is_known_its_coordinators_are_asked_for_again() -> None:
    """A broker that was fenced takes connections, and names none, until it is one again."""
    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:1")
    with pytest.raises(NodeNotReadyError) as refused:
        await client.coordinator_lookup(CoordinationType.TRANSACTION, "app-0")
    assert refused.value.retriable
