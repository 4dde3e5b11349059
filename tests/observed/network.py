"""A network that swallows requests of some kinds, or carries little, and closes nothing; all else goes through."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum

from tests.faults.frames import HEADER, frame_from
from tests.faults.proxy import Ends, Proxies

SMALL = 1024
"""Answers up to this size are carried at once also by a slow network: those to heartbeats and to the metadata."""


class Request(IntEnum):
    """The api key of each."""

    FETCH = 1
    INIT_PRODUCER = 22
    END_TRANSACTION = 26


class Swallowing(Proxies):
    """From a swallowed request on, nothing passes over its connection any more, either way."""

    def __init__(self, networks: int) -> None:
        super().__init__(networks)
        self._swallowed: frozenset[Request] = frozenset()
        self._starved: tuple[int, bytes] | None = None
        self._bytes_per_s: float | None = None

    @contextmanager
    def swallowing(self, *requests: Request) -> Iterator[None]:
        """Swallow these until the context ends."""
        self._swallowed = frozenset(requests)
        try:
            yield
        finally:
            self._swallowed = frozenset()

    @contextmanager
    def starving(self, network: int, topic: str) -> Iterator[None]:
        """Swallow every fetch on a network that names a topic."""
        self._starved = network, topic.encode()
        try:
            yield
        finally:
            self._starved = None

    @contextmanager
    def slow(self, bytes_per_s: float) -> Iterator[None]:
        """Carry answers of more than `SMALL` bytes so slowly."""
        self._bytes_per_s = bytes_per_s
        try:
            yield
        finally:
            self._bytes_per_s = None

    def _is_swallowed(self, network: int, frame: bytes) -> bool:
        api = int.from_bytes(frame[HEADER : HEADER + 2], "big")
        if self._starved is not None and self._starved[0] == network and api == Request.FETCH:
            return self._starved[1] in frame
        return api in self._swallowed

    async def _pass_on(self, passes: asyncio.Event, target: int, near: Ends, far: Ends) -> None:
        lost, network = asyncio.Event(), self._passes.index(passes)

        async def requests() -> None:
            async for frame in _frames(passes, near[0]):
                if self._is_swallowed(network, frame):
                    lost.set()
                if not lost.is_set():
                    await _send(far[1], frame)
            far[1].close()

        async def answers() -> None:
            async for frame in _frames(passes, far[0]):
                await self._take_time(len(frame))
                if not lost.is_set():
                    await _send(near[1], frame)
            if not lost.is_set():
                near[1].close()

        await asyncio.gather(requests(), answers())
        near[1].close()  # The client has given it up.

    async def _take_time(self, size: int) -> None:
        """Return when so many bytes are carried."""
        while size > SMALL and self._bytes_per_s is not None:
            await asyncio.sleep(SMALL / self._bytes_per_s)
            size -= SMALL


async def _frames(passes: asyncio.Event, source: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What comes, while the network lets any pass, until the connection ends."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            frame = await frame_from(source)
            await passes.wait()
            yield frame


async def _send(target: asyncio.StreamWriter, frame: bytes) -> None:
    with suppress(OSError):
        target.write(frame)
        await target.drain()
