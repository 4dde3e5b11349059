"""A network that swallows or delays requests of some kinds, and closes nothing; all else goes through."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum

from tests.faults.frames import HEADER, frame_from
from tests.faults.proxy import Ends, Proxies


class Request(IntEnum):
    """The api key of each."""

    PRODUCE = 0
    FETCH = 1
    INIT_PRODUCER = 22
    ADD_PARTITIONS = 24
    ADD_OFFSETS = 25
    END_TRANSACTION = 26
    COMMIT_OFFSETS = 28


TRANSACTION = (
    Request.ADD_PARTITIONS, Request.PRODUCE, Request.ADD_OFFSETS, Request.COMMIT_OFFSETS, Request.END_TRANSACTION
)  # fmt: skip
"""Those of a transaction."""


class Swallowing(Proxies):
    """From a swallowed request on, nothing passes over its connection any more, either way."""

    def __init__(self, networks: int) -> None:
        super().__init__(networks)
        self._swallowed: frozenset[Request] = frozenset()
        self._starved: tuple[int, bytes] | None = None
        self._delayed: frozenset[Request] = frozenset()
        self._delay_s = 0.0

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
    def delaying(self, seconds: float, *requests: Request) -> Iterator[None]:
        """Hold each of these back for a while."""
        self._delayed, self._delay_s = frozenset(requests), seconds
        try:
            yield
        finally:
            self._delayed = frozenset()

    def _is_swallowed(self, network: int, frame: bytes) -> bool:
        api = _api(frame)
        if self._starved is not None and self._starved[0] == network and api == Request.FETCH:
            return self._starved[1] in frame
        return api in self._swallowed

    async def _pass_on(self, passes: asyncio.Event, target: int, near: Ends, far: Ends) -> None:
        lost, network = asyncio.Event(), self._passes.index(passes)

        async def requests() -> None:
            async for frame in _frames(passes, near[0]):
                if self._is_swallowed(network, frame):
                    lost.set()
                if _api(frame) in self._delayed:
                    await asyncio.sleep(self._delay_s)
                if not lost.is_set():
                    await _send(far[1], frame)
            far[1].close()

        async def answers() -> None:
            async for frame in _frames(passes, far[0]):
                if not lost.is_set():
                    await _send(near[1], frame)
            if not lost.is_set():
                near[1].close()

        await asyncio.gather(requests(), answers())
        near[1].close()  # The client has given it up.


def _api(frame: bytes) -> int:
    return int.from_bytes(frame[HEADER : HEADER + 2], "big")


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
