"""A network that swallows a request of a transaction, or its answer, and closes nothing.

It reads the frames of Kafka's protocol, as far as it has to. From the request on, nothing passes over that connection
any more, either way: the client learns of it when its own timeout is over, and tries again on another connection.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.faults.frames import Api, epoch_of, frame_from, parsed
from tests.faults.proxy import Ends, Proxies


class What(Enum):
    """Of what the client has no answer."""

    REQUEST = auto()
    """It never reached the broker."""
    ANSWER = auto()
    """The broker has done it."""


@dataclass
class Wanted:
    """What is to be swallowed, once. name: of whom; None for the first that comes of those that begin with `prefix`."""

    api: Api
    what: What
    prefix: bytes
    name: bytes | None = None
    done: bool = False

    def fits(self, api: Api | None, name: bytes | None) -> bool:
        """Whether this is the one."""
        is_whose = name is not None and name.startswith(self.prefix) and self.name in (None, name)
        return not self.done and api is self.api and is_whose


@dataclass
class Seen:
    """What passed of a transactional id: requests with the epoch of their producer, in their order."""

    requests: list[tuple[Api, int]] = field(default_factory=list)

    @property
    def epochs(self) -> list[int]:
        """Each once."""
        return list(dict.fromkeys(epoch for _, epoch in self.requests))

    def transactions_begun_after_an_end(self, epoch: int) -> int:
        """Requests by which a producer of this epoch went on after it had asked for the end of a transaction."""
        own = [api for api, of in self.requests if of == epoch]
        after = own[own.index(Api.END) :] if Api.END in own else []
        return sum(api is not Api.END for api in after)


class Swallowing(Proxies):
    """wanted: the latest. seen: by transactional id, since then."""

    def __init__(self, networks: int) -> None:
        super().__init__(networks)
        self.wanted: Wanted | None = None
        self.seen: defaultdict[bytes, Seen] = defaultdict(Seen)

    def swallow(self, api: Api, what: What, prefix: str, name: str | None = None) -> Wanted:
        """Swallow one request, or its answer. Returns when that is begun; `done` says when it has come."""

        async def begin() -> Wanted:
            self.seen.clear()
            self.wanted = Wanted(api, what, prefix.encode(), name.encode() if name is not None else None)
            return self.wanted

        return asyncio.run_coroutine_threadsafe(begin(), self._loop).result(10)

    async def _pass_on(self, passes: asyncio.Event, target: int, near: Ends, far: Ends) -> None:
        lost = asyncio.Event()

        def is_sent(request: bytes) -> bool:
            if lost.is_set():
                return False
            swallowed = self._swallowed(request)
            if swallowed is not None:
                lost.set()
            return swallowed is not What.REQUEST

        async def requests() -> None:
            await _relay(passes, near[0], far[1], is_sent)
            far[1].close()

        async def answers() -> None:
            await _relay(passes, far[0], near[1], lambda _: not lost.is_set())
            if not lost.is_set():
                near[1].close()

        await asyncio.gather(requests(), answers())

    def _swallowed(self, frame: bytes) -> What | None:
        api, name = parsed(frame)
        if name is not None and api in (Api.ADD_PARTITIONS, Api.ADD_OFFSETS, Api.END):
            self.seen[name].requests.append((api, epoch_of(frame)))
        if self.wanted is None or not self.wanted.fits(api, name):
            return None
        self.wanted.name, self.wanted.done = name, True
        return self.wanted.what


async def _relay(
    passes: asyncio.Event,
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    is_sent: Callable[[bytes], bool],
) -> None:
    """Pass on the frames that are to be sent, while the network lets any pass, until the connection ends."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            frame = await frame_from(source)
            await passes.wait()
            if is_sent(frame):
                target.write(frame)
                await target.drain()
