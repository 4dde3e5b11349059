"""How the Kafka clients of this process reconnect: with back-off, past dead connections, to brokers that have moved.

aiokafka has no settings for these. `install` puts them where all of its clients meet, those of Faust too: in the
connection itself, where a client takes one, and where it asks for metadata.
Source: docs/decisions/0029-connections-of-a-worker.md.
"""

import asyncio
import os
import random
import threading
import time
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError

from streams.kafka.fetch_watch import FetchWatch
from streams.kafka.reconnects import Reconnects, Verdict
from streams.kafka.request_timeouts import RequestTimeouts
from streams.library_internals.aiokafka import client as of_aiokafka
from streams.library_internals.aiokafka.connection import CloseReason, ObservedConnection, make_connections
from streams.library_internals.aiokafka.protocol import ApiVersionRequest

CONNECT_TIMEOUT_S = 10.0  # As Kafka's own clients have it (socket.connection.setup.timeout.ms).
WAIT_S = 0.02
IDLE_MS_MAX = 180_000
"""Older idle connections are closed: Azure forgets them after four minutes, AWS after less than six."""
PING_AFTER_S = 5.0
PING_TIMEOUT_S = 1.0
"""A connection that was idle for longer is asked whether it lives before it is relied on."""
BOOTSTRAP_AGAIN_S = 1.0
BROKEN = (CloseReason.CONNECTION_BROKEN, CloseReason.CONNECTION_TIMEOUT, CloseReason.OUT_OF_SYNC)


class _Process:
    """What all clients of this process share; they run in several threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reconnects = Reconnects(lambda: random.uniform(0.8, 1.2))  # noqa: S311  (jitter)
        self.timeouts: RequestTimeouts | None = None
        self.fetches = FetchWatch()
        self.answers = 0
        self.trouble = ""
        self.errors: dict[str, BaseException] = {}
        self.bootstrapped_at = float("-inf")
        self.brokers: dict[Any, Any] = {}

    def failed(self, address: str, error: BaseException) -> None:
        """An attempt at an address failed; the same error is that of all who would try it again too soon."""
        with self.lock:
            self.errors[address], self.trouble = error, _reason(address, error)
            self.reconnects.failed(address, time.monotonic())


_PROCESS = _Process()


def answers() -> int:
    """How many requests brokers have answered; answers to the greetings of a new connection do not count."""
    return _PROCESS.answers


def trouble() -> str:
    """Why the last attempt to connect failed."""
    return _PROCESS.trouble


class Connection(ObservedConnection):
    """One that is not tried too often, knows whether it is of use, and can be asked whether it lives."""

    def __init__(
        self, host: str, port: int, *, max_idle_ms: int | None = None, on_close: Any = None, **options: Any
    ) -> None:
        super().__init__(
            host, port, on_close=on_close, max_idle_ms=min(IDLE_MS_MAX, max_idle_ms or IDLE_MS_MAX), **options
        )
        self.address = f"{host}:{port}"
        self._given_s = options["request_timeout_ms"] / 1000
        # An address to begin with may be of a broker that is none of ours any more; nobody hears when it is closed.
        self._of_cluster = on_close is not None
        self._greeted = self._of_use = False
        self._ping: asyncio.Task[bool] | None = None

    async def connect(self) -> Any:
        """Connect, and greet: versions, and credentials. Fails at once where somebody has just failed."""
        await _admission(self.address)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                streams = await super().connect()
        except (OSError, KafkaError, TimeoutError) as error:
            _PROCESS.failed(self.address, error)
            raise
        except BaseException:
            with _PROCESS.lock:
                _PROCESS.reconnects.abandoned(self.address)
            raise
        with _PROCESS.lock:
            _PROCESS.reconnects.connected(self.address)
            _PROCESS.trouble = ""
        self._greeted = True
        return streams

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Send a request; its answer is waited for as long as its kind may take."""
        timeouts = _PROCESS.timeouts
        self.answers_within(timeouts.of(request, self._given_s) if timeouts else self._given_s)
        sent = super().send(request, expect_response)
        if expect_response:
            _PROCESS.fetches.watch(self, request, self.last_answer)
        return sent

    def answered(self) -> None:
        """Note that a broker answers; what it says to a greeting does not count."""
        if not self._greeted:
            return
        if self._of_cluster:
            _PROCESS.answers += 1
        if not self._of_use:
            self._of_use = True
            with _PROCESS.lock:
                _PROCESS.reconnects.answered(self.address)

    def close(self, reason: CloseReason | None = None, exc: BaseException | None = None) -> Any:
        """Close it, and note when that was not our own doing."""
        if self._greeted and self.is_open and reason in BROKEN:
            if self._of_use:
                with _PROCESS.lock:
                    _PROCESS.reconnects.broke(self.address)
            else:
                why = "does not answer" if reason is CloseReason.CONNECTION_TIMEOUT else "closes connections"
                _PROCESS.failed(self.address, KafkaConnectionError(f"{self.address} {why}"))
        return super().close(reason, exc)

    def drop(self) -> None:
        """Close it as one that the network has forgotten: the broker may be well."""
        with _PROCESS.lock:
            _PROCESS.reconnects.broke(self.address)
        self.close(reason=CloseReason.IDLE_DROP)

    @property
    def idle(self) -> bool:
        """Whether nothing has come over it for so long that something between may have forgotten it."""
        return not self.waits and self.idle_s > PING_AFTER_S

    async def lives(self) -> bool:
        """Whether it can be relied on; one that is idle is asked."""
        if self._ping is None or self._ping.done():
            if not self.idle:
                return True
            self._ping = asyncio.create_task(self._answers())
        return await asyncio.shield(self._ping)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await self.send(ApiVersionRequest())
        except (OSError, KafkaError, TimeoutError):
            return False
        return True


async def _admission(address: str) -> None:
    while True:
        with _PROCESS.lock:
            verdict = _PROCESS.reconnects.ask(address, time.monotonic())
        if verdict is Verdict.GO:
            return
        if verdict is Verdict.REFUSED:
            raise _PROCESS.errors[address].with_traceback(None)
        await asyncio.sleep(WAIT_S)


def _reason(address: str, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"{address} does not answer"
    number = error.errno if isinstance(error, OSError) else None
    text = os.strerror(number) if number and number > 0 else str(error) or type(error).__name__
    return text if address in text else f"{address}: {text}"


def install(session_s: float, rebalance_s: float, transaction_s: float) -> None:
    """Have every client of this process connect like this. Once is enough; the last values count."""
    _PROCESS.timeouts = RequestTimeouts(session_s, rebalance_s, transaction_s)
    make_connections(Connection)
    of_aiokafka.intercept(_take_connection, _update_metadata, _look_up_coordinator)


async def _take_connection(client: Any, node_id: Any, **options: Any) -> Any:
    """A connection to a node that lives; None if there is none."""
    connection = await of_aiokafka.take_connection(client, node_id, **options)
    if connection is None or not isinstance(connection, Connection) or await connection.lives():
        return connection
    connection.drop()
    # What has forgotten one of them has forgotten them all: each would be found out after a second of its own.
    for other in of_aiokafka.connections(client):
        if isinstance(other, Connection) and other.idle:
            other.drop()
    return await of_aiokafka.take_connection(client, node_id, **options)


async def _look_up_coordinator(client: Any, coordinator_type: int, key: str) -> Any:
    """The node of a coordinator. Raises NodeNotReadyError while no broker is known, which is asked for again.

    A broker that the cluster has given up, as after a pause, takes connections before it is one again, and names none.
    """
    if client.get_random_node() is None:
        raise NodeNotReadyError("the broker that answers is none of the cluster's yet")
    return await of_aiokafka.look_up_coordinator(client, coordinator_type, key)


async def _update_metadata(client: Any, cluster: Any, topics: Any) -> bool:
    """Ask the brokers that are known and, when none of them answers, begin again from the addresses of the settings."""
    if await of_aiokafka.update_metadata(client, cluster, topics):
        return True
    brokers = await _bootstrap(client)
    if not brokers or brokers == of_aiokafka.brokers(client):
        return False
    of_aiokafka.know_brokers(client, brokers)
    return bool(await of_aiokafka.update_metadata(client, cluster, topics))


async def _bootstrap(client: Any) -> dict[Any, Any]:
    """The brokers by node id, as an address of the settings names them; asked once a second for all clients."""
    with _PROCESS.lock:
        if time.monotonic() < _PROCESS.bootstrapped_at + BOOTSTRAP_AGAIN_S:
            return _PROCESS.brokers
        _PROCESS.bootstrapped_at = time.monotonic()
    found = await of_aiokafka.bootstrapped(client)
    if found is None:
        return {}
    _PROCESS.brokers = found
    return found
