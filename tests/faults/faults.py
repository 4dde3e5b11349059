"""The faults: each is made to a stage under load, and says how long partitions stood still.

None decides what is right; the verifier does, when everything is over.
"""

import asyncio
import random
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1

from streams.dev.local import LocalWorker
from tests.faults.brokers import NETWORKS
from tests.faults.late_copies import LateCopies
from tests.faults.stage import Stage
from tests.kafka.cluster import SESSION_TIMEOUT_S

OUTAGE_S = 4.0
BEYOND_THE_SESSION_S = SESSION_TIMEOUT_S + 3.0
ROOM_BYTES = 4096
LATE_COPIES_MAX_S = 30.0
WRONG_S = 5.0
"""For how long a clock is wrong."""


@dataclass(frozen=True)
class Fault:
    """name: as the table has it. make: returns when every partition works again, in seconds from when it could.

    in_place: no worker may end of it.
    clock: how late commands are is a matter of a wrong clock.
    """

    name: str
    make: Callable[[Stage, random.Random], Awaitable[float]]
    in_place: bool = False
    clock: bool = False


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def left_alone(stage: Stage, *workers: LocalWorker) -> Iterator[None]:
    """The supervisor does not start these again in here."""
    stage.down.extend(workers)
    try:
        yield
    finally:
        for worker in workers:
            stage.down.remove(worker)


async def kill(stage: Stage, chance: random.Random) -> float:
    """SIGKILL; the supervisor starts it again. From the kill."""
    at = _now()
    chance.choice(stage.workers).signal(SIGKILL)
    return await stage.works_since(at)


async def kill_all(stage: Stage, chance: random.Random) -> float:
    """All of them, and callbacks that are due meanwhile are called off: those cancels are to be heard first."""
    with left_alone(stage, *stage.workers):
        for worker in stage.workers:
            worker.kill()
        due = await stage.load.cancel_what_is_due_soon()
        while _now() <= due:
            await asyncio.sleep(0.1)
    return await stage.works_since(_now())


async def zombie(stage: Stage, chance: random.Random) -> float:
    """SIGSTOP; others have had its partitions for a while when it wakes up. From the stop."""
    at, worker = _now(), chance.choice(stage.workers)
    worker.signal(SIGSTOP)
    try:
        await stage.until_shared(without=worker)
        await asyncio.sleep(BEYOND_THE_SESSION_S - SESSION_TIMEOUT_S)
    finally:
        worker.signal(SIGCONT)
    return await stage.works_since(at)


async def graceful(stage: Stage, chance: random.Random) -> float:
    """SIGTERM, and a start. From the signal."""
    at, worker = _now(), chance.choice(stage.workers)
    with left_alone(stage, worker):
        worker.signal(SIGTERM)
        await stage.until_ended(worker)
        if worker.exit_code != 0:
            raise AssertionError(f"asked to stop, a worker ended with {worker.exit_code}: {worker.last_words()}")
        stage.start_again(worker)
    return await stage.works_since(at)


async def scale(stage: Stage, chance: random.Random) -> float:
    """1, 3, 2 and 1 workers, whatever there were before, and as many as before in the end. The slowest step."""
    before, took = len(stage.workers), list[float]()
    for size in (1, 3, 2, 1, before):
        at = _now()
        while len(stage.workers) > size:
            worker = stage.remove_worker()
            worker.signal(SIGUSR1)
            worker.signal(SIGTERM)
            await stage.until_ended(worker)
        while len(stage.workers) < size:
            stage.add_worker()
        await stage.until_shared()
        took.append(await stage.works_since(at))
    return max(took)


async def broker_killed(stage: Stage, chance: random.Random) -> float:
    """SIGKILL to one of the brokers, which is started again with its data after a while.

    From the kill where others go on without it, else from when it is up again.
    """
    node, at = chance.randrange(stage.brokers.count), _now()
    async with stage.answering():
        stage.brokers.kill(node)
        await asyncio.sleep(OUTAGE_S)
    others_took = await stage.works_since(at) if stage.brokers.count > 1 else 0.0
    stage.brokers.start(node)
    await asyncio.to_thread(stage.brokers.await_started, node)
    return others_took or await stage.works_since(_now())


async def network_cut(stage: Stage, chance: random.Random) -> float:
    """Nothing passes between workers and brokers, for less than the session lasts. From the restoring."""
    return await _cut(stage, SESSION_TIMEOUT_S / 2)


async def network_cut_for_long(stage: Stage, chance: random.Random) -> float:
    """The same for longer than the session lasts."""
    return await _cut(stage, BEYOND_THE_SESSION_S)


async def one_cut_off(stage: Stage, chance: random.Random) -> float:
    """Every other worker is cut off for longer than its session; the rest take over. From the cut."""
    at = _now()
    stage.brokers.proxies.cut(chance.randrange(NETWORKS))
    try:
        took = await stage.works_since(at)
        await asyncio.sleep(BEYOND_THE_SESSION_S - (_now() - at).total_seconds())
    finally:
        stage.brokers.proxies.restore()
    return took


async def _cut(stage: Stage, seconds: float) -> float:
    async with stage.answering():
        stage.brokers.proxies.cut()
        await asyncio.sleep(seconds)
    stage.brokers.proxies.restore()
    return await stage.works_since(_now())


def late_copies(count: int) -> Callable[[Stage, random.Random], Awaitable[float]]:
    """So many times a connection is cut after a request, which arrives in the next transaction. From the last one."""

    async def make(stage: Stage, chance: random.Random) -> float:
        proxies = stage.brokers.proxies
        assert isinstance(proxies, LateCopies), "this network delivers nothing late"
        async with proxies.turn, asyncio.timeout(LATE_COPIES_MAX_S * count):
            before = proxies.delivered
            with proxies.holding_back(stage.cluster.prefix):
                while proxies.delivered < before + count:
                    await asyncio.sleep(0.05)
        return await stage.works_since(_now())

    return make


async def disk_full(stage: Stage, chance: random.Random) -> float:
    """No file of a worker may grow any more; it has to end, and there is room again for the next start.

    From when no room was left.
    """
    worker, at = chance.choice(stage.workers), _now()
    room = worker.log.stat().st_size + ROOM_BYTES
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (room, room))
    with left_alone(stage, worker):
        await stage.until_ended(worker)
        if worker.exit_code in (0, None):
            raise AssertionError(f"without room a worker ended with {worker.exit_code}")
        stage.start_again(worker)
    return await stage.works_since(at)


def clock_set(seconds: float) -> Callable[[Stage, random.Random], Awaitable[float]]:
    """The clock of one worker is set on, or back, and put right after a while; what was refused is sent again.

    From the putting right; it takes until a callback is due then.
    """

    async def make(stage: Stage, chance: random.Random) -> float:
        number, begun = chance.randrange(len(stage.workers)), _now()
        stage.offset_file(number).write_text(f"{seconds}")
        await asyncio.sleep(WRONG_S)
        stage.offset_file(number).write_text("0")
        over = _now()
        # A transaction under way, and a command that is under way to the dialer, are of the wrong clock still.
        stage.clock_faults.append((begun, over + timedelta(seconds=2)))
        took = await stage.works_since(over)
        await stage.load.replay()
        return took

    return make


SINGLE = (
    Fault("worker killed", kill),
    Fault("broker killed and started again", broker_killed, in_place=True),
    Fault("worker stopped beyond its session, then woken", zombie, in_place=True),
    Fault("network cut for less than a session", network_cut, in_place=True),
    Fault("clock set on by an hour", clock_set(3600), clock=True),
    Fault("all workers killed, callbacks called off meanwhile", kill_all),
    Fault("disk full", disk_full),
    Fault("clock set back by an hour", clock_set(-3600), clock=True),
    Fault("scaled 1, 3, 2, 1", scale),
    Fault("network cut for more than a session", network_cut_for_long, in_place=True),
    Fault("one worker cut off for more than its session", one_cut_off, in_place=True),
    Fault("worker shut down and started again", graceful),
    Fault("clock set on by seconds", clock_set(4), clock=True),
    Fault("clock set back by seconds", clock_set(-4), clock=True),
)
"""With one broker, in the order of a short run."""

CLUSTER = (
    Fault("one of three brokers killed and started again", broker_killed),
    Fault("worker killed", kill),
    Fault("network cut for less than a session", network_cut, in_place=True),
    Fault("worker stopped beyond its session, then woken", zombie, in_place=True),
)
"""With three brokers."""
