"""One connection to a broker: how it is made, what comes over it, and how long its answers may take.

aiokafka has no settings for these. Sources: docs/decisions/0029-connections-of-a-worker.md, 0033-secured-clusters.md.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiokafka.client
import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import SaslAuthenticationFailed

__all__ = ["AIOKafkaConnection", "CloseReason", "ObservedConnection", "connect", "connect_through", "tell_why_refused"]

connect = aiokafka.conn.create_conn
"""aiokafka's own way to connect, as it was before `connect_through`."""
_OAuthAuthenticator = aiokafka.conn.OAuthAuthenticator


def connect_through(function: Callable[..., Awaitable[Any]]) -> None:
    """Have every client of this process connect through a function: a password and an error are its to fill in."""
    aiokafka.client.create_conn = function


def tell_why_refused() -> None:
    """Have every client of this process fail at a token that is refused, with what the broker says."""
    aiokafka.conn.OAuthAuthenticator = _OAuth


def make_connections(of: "type[ObservedConnection]") -> None:
    """Have `connect` make connections of a class."""
    aiokafka.conn.AIOKafkaConnection = of


class _OAuth(_OAuthAuthenticator):  # type: ignore[misc,valid-type]  # aiokafka has no types.
    """aiokafka takes a token for accepted whatever the broker answers; what it answers is why it does not accept it."""

    async def step(self, payload: bytes | None) -> Any:
        if self._token_sent and payload:
            raise SaslAuthenticationFailed(payload.decode(errors="replace"))
        return await super().step(payload)


class ObservedConnection(AIOKafkaConnection):  # type: ignore[misc]
    """A connection of which one can see what it waits for, and what comes."""

    def answers_within(self, seconds: float) -> None:
        """For how long the answers to what is sent from now on are waited for; aiokafka has one limit for all."""
        self._request_timeout = seconds

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed from this side: it may be closed only once."""
        return self._reader is not None

    @property
    def waits(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._requests)

    @property
    def idle_s(self) -> float:
        """Seconds since anything was sent or came."""
        return time.monotonic() - float(self._last_action)

    @property
    def last_answer(self) -> "asyncio.Future[Any]":
        """What the answer to the request that was sent last will be set in, or an error."""
        answer: asyncio.Future[Any] = self._requests[-1][2]
        return answer

    def progress(self) -> tuple[float, int]:
        """Something that changes with each byte that comes: an answer of megabytes is seen to come."""
        return self._last_action, len(self._reader._buffer) if self._reader is not None else 0

    def answered(self) -> None:
        """Called after each answer."""

    def _handle_frame(self, resp: bytes) -> None:
        super()._handle_frame(resp)
        self.answered()
