"""A request on its way to the broker and back: the one place where a simulated worker meets what can go wrong."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar, cast

from aiokafka.errors import KafkaTimeoutError, RequestTimedOutError

from tests.simulation.broker import Again
from tests.simulation.broker_v2 import BrokerV2
from tests.simulation.chance import Chance, Fault
from tests.simulation.group import Group
from tests.simulation.loop import OUTSIDE, Process, VirtualLoop, this_process

T = TypeVar("T")
BACKOFF_S = 0.02
BACKOFF_MOST_S = 0.5
NO_ANSWER_S = 0.3
"""After so long without an answer the client sends its request again; real ones wait longer."""
HELD_BACK_S = 3.0
"""By how much longer the network holds a request back at most."""
KILLED = {
    Fault.KILLED_BEFORE: "killed before it was sent",
    Fault.KILLED_ON_THE_WAY: "killed after it was sent",
    Fault.KILLED_AFTER: "killed when it was carried out",
}


class Machine(Process):
    """A process with its connection to the broker, and what to do when it is gone."""

    def __init__(self, name: str, wire: "Wire", gone: Callable[["Machine", str], None]) -> None:
        super().__init__(name)
        self.wire = wire
        self.in_doubt: dict[str, float] = {}
        """Transactional ids that it gave up and takes again, and when it took them first; until the next rebalance."""
        self._gone = gone

    def die(self, why: str) -> None:
        """End at once."""
        if self.alive:
            self.kill()
            self._gone(self, why)


def this_machine() -> Machine:
    """The machine whose code is running."""
    return cast(Machine, this_process())


class Wire:
    """What the clients of all processes talk through."""

    def __init__(
        self, loop: VirtualLoop, chance: Chance, broker: BrokerV2, group: Group, trace: Callable[[str], None]
    ) -> None:
        self.loop = loop
        self.chance = chance
        self.broker = broker
        self.group = group
        self.trace = trace
        self.on_hold: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        """By machine: since when, in milliseconds of its own clock, it knew whether calls are on hold."""

    async def call(
        self, name: str, action: Callable[[], T], *, timeout_s: float | None = None, fenceable: str | None = None
    ) -> T:
        """Have an action carried out by the broker; asked again until there is an answer, or `timeout_s` is over.

        An action may be carried out more than once, as a request is that is sent again. fenceable: the transactional id
        that somebody may take at this moment.
        """
        began, backoff_s = self.loop.time(), BACKOFF_S
        while True:
            try:
                return await self.once(name, action, fenceable=fenceable)
            except Again:
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_MOST_S)
            except RequestTimedOutError:
                pass
            if timeout_s is not None and self.loop.time() - began > timeout_s:
                raise KafkaTimeoutError(name)

    async def once(self, name: str, action: Callable[[], T], *, fenceable: str | None = None) -> T:
        """The same, asked once. Raises `Again`, and RequestTimedOutError when there is no answer."""
        machine = this_machine()
        if not machine.alive:
            await self.loop.create_future()
        fault = self.chance.fault(fenceable=fenceable is not None)
        self.trace(f"{machine.name} {name}" + (f" ({fault})" if fault is not Fault.NONE else ""))
        if fault is Fault.STOPPED and self.chance.happens(0.5):  # Before it is sent, or else after that.
            self.loop.stop_process(machine, self.chance.stop_s())
            await asyncio.sleep(0)
            fault = Fault.NONE
        answer = self._sent(machine, action, fault, fenceable)
        if answer is None:
            await asyncio.sleep(NO_ANSWER_S)
            raise RequestTimedOutError(name)
        return await answer

    def _sent(
        self, machine: Machine, action: Callable[[], T], fault: Fault, fenceable: str | None
    ) -> "asyncio.Future[T] | None":  # fmt: skip
        """The future answer, or None when there will be none."""
        chance = self.chance
        if fault is Fault.KILLED_BEFORE:
            machine.die(KILLED[fault])
            return self.loop.create_future()
        there_s = chance.delay_s(fault)
        if fault is Fault.LOST_REQUEST or self.loop.time() + there_s < self.broker.down_until:
            return None
        if fault is Fault.FENCED:
            self.loop.outside(there_s / 2, self._fence, fenceable)
        if fault is Fault.HELD_BACK:
            there_s += NO_ANSWER_S + chance.random.uniform(0, HELD_BACK_S)
        answer: asyncio.Future[T] = self.loop.create_future()
        self.loop.outside(there_s, self._arrived, machine, action, fault, answer)
        if fault is Fault.KILLED_ON_THE_WAY:
            machine.die(KILLED[fault])
        elif fault is Fault.STOPPED:
            self.loop.stop_process(machine, chance.stop_s())
        return None if fault in (Fault.LOST_ANSWER, Fault.HELD_BACK) else answer

    def _arrived(self, machine: Machine, action: Callable[[], T], fault: Fault, answer: "asyncio.Future[T]") -> None:
        try:
            result: T | Exception = action()
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("aiokafka", "tests"):
                raise
            result = error
        if fault is Fault.KILLED_AFTER:
            machine.die(KILLED[fault])
        if isinstance(result, asyncio.Future):
            result.add_done_callback(lambda done: self._answer_later(answer, done.result()), context=OUTSIDE)
        else:
            self._answer_later(answer, result)

    def _answer_later(self, answer: "asyncio.Future[T]", result: T | Exception) -> None:
        self.loop.outside(self.chance.delay_s(), _answer, answer, result)

    def _fence(self, name: str) -> None:
        """Somebody takes the transactional id and does nothing with it."""
        try:
            self.broker.init_producer_id(name, 60.0)
        except Again:
            return


def _answer(answer: "asyncio.Future[T]", result: T | Exception) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
