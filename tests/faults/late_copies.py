"""A network that cuts a connection after a request of a transaction, and delivers that request into the next one.

It reads the frames of Kafka's protocol, as far as it has to. Of the transactional ids it is told of it takes one
request after the other out: the connection breaks, the client sends the request again and goes on. When the next
transaction of that id has its offsets, and before it has its records, the request that was taken out arrives.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf

from tests.faults.frames import Api, answered_to, correlation, error_of, frame_from, is_v2, parsed
from tests.faults.proxy import HOST, Ends, Proxies

RESTED = 3
"""So many transactions of an id are left alone between two, so that callbacks go out."""
WAITED_S = 0.3
"""For so long the records of a transaction wait for its offsets, all in all; one of timers alone has none."""


TAKEN_OUT = (Api.END, Api.OFFSETS, Api.END, Api.PRODUCE, Api.END, Api.ADD_OFFSETS, Api.END, Api.ADD_PARTITIONS)
"""Which one next, over and over: one that ends a transaction does the most harm."""
TAKEN_OUT_V2 = (Api.END, Api.OFFSETS, Api.END, Api.PRODUCE)
"""The same of transactions v2, which have no others."""


class Stage(Enum):
    """Where it is with a transactional id."""

    WATCHING = auto()  # For the request to be taken out.
    TAKEN_OUT = auto()  # The transaction goes on without it, until it has ended.
    ENDED = auto()  # The next transaction is awaited, up to its offsets.


@dataclass
class Held:
    """Of one transactional id."""

    wanted: Iterator[Api]
    stage: Stage = Stage.WATCHING
    api: Api = Api.END
    rested: int = 0
    copy: bytes = b""
    target: int = 0
    waits_until: float = inf
    delivered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.api = next(self.wanted)


class LateCopies(Proxies):
    """answers: how often each late copy had which error code, 0 for none; of the Produce of transactions v1, -1.

    taken_out: which requests, over and over.
    turn: requests of one prefix at a time are taken out; who wants some waits for its turn.
    """

    def __init__(self, networks: int, taken_out: Sequence[Api] = TAKEN_OUT) -> None:
        super().__init__(networks)
        self._taken_out = taken_out
        self.answers: Counter[tuple[str, int]] = Counter()
        self.turn = asyncio.Lock()
        self._prefix: bytes | None = None
        self._held: dict[bytes, Held] = {}

    @property
    def delivered(self) -> int:
        """How many copies have been delivered."""
        return sum(self.answers.values())

    @contextmanager
    def holding_back(self, prefix: str) -> Iterator[None]:
        """In here, requests of transactional ids that begin so are taken out."""
        self._prefix = prefix.encode()
        try:
            yield
        finally:
            self._prefix = None

    def held(self, name: bytes | None) -> Held | None:
        """What is to be done to a transactional id, if anything."""
        if name is None or (name not in self._held and (self._prefix is None or not name.startswith(self._prefix))):
            return None
        if name not in self._held:
            self._held[name] = Held(itertools.islice(itertools.cycle(self._taken_out), len(self._held), None))
        return self._held[name]

    def takes_out(self, held: Held, api: Api) -> bool:
        """Whether this request is the one."""
        is_time = held.stage is Stage.WATCHING and held.rested >= RESTED
        return self._prefix is not None and is_time and api is held.api

    async def deliver(self, held: Held) -> None:
        """Have the copy arrive, on a connection of its own; returns when the broker has answered."""
        there, back = await asyncio.open_connection(HOST, held.target)
        try:
            back.write(held.copy)
            answer = await frame_from(there)
        finally:
            back.close()
        self.answers[held.api.name, error_of(answer, held.api, of_v2=is_v2(held.copy))] += 1
        held.api, held.stage, held.rested = next(held.wanted), Stage.WATCHING, 0
        held.delivered.set()

    async def _pass_on(self, passes: asyncio.Event, target: int, near: Ends, far: Ends) -> None:
        link = _Link(self, passes, target)
        await asyncio.gather(link.requests(near[0], far[1], near[1]), link.answers(far[0], near[1]))


class _Link:
    """One connection of a client to a broker."""

    def __init__(self, proxies: LateCopies, passes: asyncio.Event, target: int) -> None:
        self._proxies = proxies
        self._passes = passes
        self._target = target
        self._asked: dict[bytes, tuple[Api, bool, Held]] = {}

    async def requests(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:  # fmt: skip
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await frame_from(source)
                await self._passes.wait()
                api, name = parsed(frame)
                held = self._proxies.held(name)
                if api is not None and held is not None:
                    if self._proxies.takes_out(held, api):
                        held.copy, held.target, held.stage = frame, self._target, Stage.TAKEN_OUT
                        client.transport.abort()
                        break
                    self._asked[correlation(frame)] = api, is_v2(frame), held
                    if api is Api.PRODUCE and held.stage is Stage.ENDED:
                        await self._after_the_offsets(held)
                target.write(frame)
                await target.drain()
        target.close()

    async def answers(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                frame = await frame_from(source)
                await self._passes.wait()
                asked = self._asked.pop(answered_to(frame), None)
                if asked is not None:
                    api, of_v2, held = asked
                    await self._answered(api, held, is_error=error_of(frame, api, of_v2=of_v2) > 0)
                target.write(frame)
                await target.drain()
        target.close()

    async def _answered(self, api: Api, held: Held, *, is_error: bool) -> None:
        if is_error:
            return
        if api is Api.END and held.stage is Stage.TAKEN_OUT:
            held.delivered.clear()
            held.stage, held.waits_until = Stage.ENDED, inf
        elif api is Api.END:
            held.rested += 1
        elif api is Api.OFFSETS and held.stage is Stage.ENDED:
            await self._proxies.deliver(held)

    async def _after_the_offsets(self, held: Held) -> None:
        held.waits_until = min(held.waits_until, asyncio.get_running_loop().time() + WAITED_S)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(held.waits_until):
                await held.delivered.wait()
