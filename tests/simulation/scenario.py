"""One simulation: everything is drawn from one seed, runs to its end on virtual time, and is then judged."""

import asyncio
import gc
import hashlib
import logging
import sys
import traceback
import warnings
from asyncio import events
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from streams.engine import beginning
from tests.simulation import safeguards
from tests.simulation.broker_v2 import BrokerV2
from tests.simulation.chance import Chance, Rates
from tests.simulation.disk import Disks
from tests.simulation.group import Group
from tests.simulation.loop import VirtualLoop
from tests.simulation.sender import PREFIX
from tests.simulation.stand_ins import SimulatedClients, replaced
from tests.simulation.story import Story
from tests.simulation.verdict import judge
from tests.simulation.wire import Wire
from tests.simulation.worker import NOWHERE, Worker

FAULTS_AFTER_S = 4.0
"""For so long after the last event things still go wrong."""
SETTLE_S = 75.0
"""Time to heal in at most: sessions, transactions and restarts, then callbacks that were due the latest."""
SETTLED_AT_FIRST_S = 10.0
LOOKED_EVERY_S = 5.0
WATCHED_S = 6.0
"""What is right must stay right for so long."""
ZOMBIES = 0.6
SHARED_OUT_ANEW = 0.5
ELECTED = 0.5
ONE = (1,)
CLOSINGS_MAX = 20
"""A coroutine may await something in each `finally` that it is in."""


@dataclass
class Result:
    """What came of a seed. wrong: one line each. digest: of the trace; the same seed gives the same one."""

    seed: int
    wrong: list[str]
    counts: Counter[str]
    digest: str
    trace: list[str] = field(default_factory=list)


class Simulation:
    """A broker, a few workers, and a story that goes on around them."""

    def __init__(
        self, seed: int, clients: type[SimulatedClients] = SimulatedClients, protocols: Sequence[int] = ONE
    ) -> None:
        random = Random(seed)
        self.loop = VirtualLoop()
        self.chance = Chance(random, Rates.drawn(random))
        self.disks = Disks()
        self.trace: list[str] = []
        self.partitions = random.choice((1, 2, 2, 3))
        self.broker = BrokerV2(self.loop, self.chance, self._note)
        session_s = random.choice((3.0, 6.0))
        self.group = Group(self.loop, self.chance, self.partitions, session_s, random.choice((3.0, 8.0)), self._note)
        self.wire = Wire(self.loop, self.chance, self.broker, self.group, self._note)
        self.story = Story(
            random, Random(f"promises {seed}"), Random(f"erased {seed}"), self.broker, self.partitions, self._note
        )
        self.workers = self._made_workers(random, session_s, clients, protocols)
        self._random, self._elections = random, Random(f"elections {seed}")
        self.taken_for_others: list[str] = []
        self.group.assigned = self._wake_zombies
        self.broker.marker_is_late = self._rebalance

    def _made_workers(
        self, random: Random, session_s: float, clients: type[SimulatedClients], protocols: Sequence[int]
    ) -> list[Worker]:
        settings: dict[str, object] = {
            "prefix": PREFIX,
            "session_timeout_s": session_s,
            "transaction_timeout_s": random.choice((4.0, 10.0, 30.0)),
            "unit_events_max": random.choice((1, 3, 2000)),
            "fire_batch_max": random.choice((1, 2, 500)),
            "store": random.choice(("memory", "rocksdb")),
        }
        is_static, is_off = random.random() < 0.3, random.random() < 0.3
        restart_s = random.choice(((0.1, 1.0), (0.5, 5.0), (4.0, 12.0)))
        return [
            Worker(
                f"w{number}", self.wire, self.partitions, self.disks, clients=clients,
                settings=settings
                | ({"instance_id": f"w{number}"} if is_static else {})
                | {"transaction_protocol": protocols[number % len(protocols)]},
                clock_off_s=random.uniform(-1, 1) if is_off else 0.0, restart_s=restart_s, died=self._died,
            )
            for number in range(random.choice((1, 2, 2, 3)))
        ]  # fmt: skip

    async def run(self) -> None:
        """From the beginning to the end."""
        self.story.plan()
        random, until = self._random, self.story.until
        for number, worker in enumerate(self.workers):
            self.loop.outside(0.1 + random.choice((0.0, random.uniform(0, until / 2))) * bool(number), worker.start)
        for _ in range(random.choice((0, 0, 1, 2))):
            self.loop.outside(random.uniform(3, until), random.choice(self.workers).stop)
        for _ in range(random.choice((0, 0, 0, 1))):
            self.loop.outside(random.uniform(3, until), self._outage, random.uniform(0.5, 12))
        for _ in range(random.choice((0, 1))):
            self.loop.outside(random.uniform(3, until), self._freeze, random.choice(self.workers))
        for _ in range(self._elections.choice((0, 2, 8))):
            self.loop.outside(self._elections.uniform(1, until), self._elect)
        await asyncio.sleep(0.3)
        self.chance.on = True
        await asyncio.sleep(until + FAULTS_AFTER_S)
        self._note("from here on nothing goes wrong")
        self.chance.on = False
        await self._settle(self.loop.time() + SETTLE_S)

    async def _settle(self, latest: float) -> None:
        """Until everything is as it should be, and has stayed so for a while."""
        await asyncio.sleep(SETTLED_AT_FIRST_S)
        while judge(self) and self.loop.time() < latest:
            await asyncio.sleep(LOOKED_EVERY_S)
        self.story.is_over = True
        await asyncio.sleep(WATCHED_S)
        while judge(self) and self.loop.time() < latest:  # Perhaps somebody has just come back.
            await asyncio.sleep(LOOKED_EVERY_S)

    def _note(self, what: str) -> None:
        self.trace.append(f"{self.loop.time():10.4f} {what}")

    def _elect(self) -> None:
        """Other brokers lead some logs, which have all that was there."""
        self.chance.counts["elections"] += 1
        for log in self.broker.logs.values():
            if self._elections.random() < ELECTED:
                log.elect()

    def take_for_another(self, prefix: str, topic: str, partition: int, *_: object) -> None:
        """Stands for what an engine says of a log that does not go on from what was read of it: all of them do."""
        self.taken_for_others.append(f"taken for another log: {topic}-{partition}")

    def _outage(self, seconds: float) -> None:
        self._note(f"the broker is not reached for {seconds:.1f} s")
        self.chance.counts["outages"] += 1
        self.broker.down_until = self.loop.time() + seconds

    def _freeze(self, worker: Worker) -> None:
        if worker.machine is not None:
            seconds = self.chance.stop_s()
            self._note(f"{worker.machine.name} is stopped for {seconds:.1f} s")
            self.chance.counts["stopped"] += 1
            self.loop.stop_process(worker.machine, seconds)

    def _wake_zombies(self) -> None:
        """Some that stand still go on at the worst moment: when somebody else takes over what they had."""
        for worker in self.workers:
            if worker.machine is not None and worker.machine.is_stopped and self.chance.happens(ZOMBIES):
                self.chance.counts["zombies woken at a takeover"] += 1
                delay_s = self._random.uniform(0, 12 * self.chance.rates.delay_s)
                self.loop.outside(delay_s, self.loop.wake, worker.machine)

    def _rebalance(self) -> None:
        """A partition that is kept is then sought to an offset that is older than what has been committed of it."""
        if self.chance.happens(SHARED_OUT_ANEW):
            self.group.rebalance()

    def _died(self, worker: Worker, why: str) -> None:
        self.chance.counts["died"] += 1
        if self.chance.on and self.chance.happens(0.1):
            self.chance.counts["power cuts"] += 1
            self.disks.cut_power(NOWHERE / worker.name, self._random.randint(1, 3))

    def close(self) -> None:
        """Take apart what is left: tasks that wait, some of them of processes that died long ago."""
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        events._set_running_loop(self.loop)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for task in self.loop.tasks:  # Their ends may begin others, which come last in this list.
                _close(task)
            events._set_running_loop(None)
            self.loop.close()
            self.loop.clear()
            gc.collect(0)
        sys.unraisablehook = hook


def _close(task: "asyncio.Task[Any]") -> None:
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    coroutine: Any = task.get_coro()
    for _ in range(CLOSINGS_MAX if not task.done() else 0):
        with suppress(BaseException):
            coroutine.close()
            return


def simulate(seed: int, *, without: str | None = None, protocols: Sequence[int] = ONE) -> Result:
    """Run one seed; `without` names a safeguard of the engine that is taken out.

    protocols: `transaction_protocol` of one worker after the other.
    """
    logging.disable(logging.CRITICAL)
    collects = gc.isenabled()
    gc.disable()  # What it would destroy in the middle would run code of dead processes.
    taken = safeguards.SAFEGUARDS[without]() if without else safeguards.Taken()
    simulation = Simulation(seed, taken.clients, protocols)
    try:
        with replaced((beginning, "log_shorter", simulation.take_for_another), *taken.places):
            try:
                simulation.loop.run_until_complete(simulation.run())
                wrong = judge(simulation) + simulation.taken_for_others
            except Exception as error:  # The seed has to be told, whatever it was.
                wrong = [f"crashed: {error!r} in {traceback.extract_tb(error.__traceback__)[-1]}"]
            simulation.close()
    finally:
        logging.disable(logging.NOTSET)
        if collects:
            gc.enable()
    simulation.chance.counts["quarantined"] += len(simulation.disks.quarantined_why)
    trace = simulation.trace
    digest = hashlib.blake2b("\n".join(trace).encode(), digest_size=16).hexdigest()
    return Result(seed, wrong, simulation.chance.counts, digest, trace)
