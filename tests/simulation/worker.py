"""A simulated worker: the real engines on the stand-ins, a process that dies when they are broken, and its restarts."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from streams.base.settings import Settings, make
from streams.engine.engines import Engines
from tests.simulation.disk import Disks
from tests.simulation.holds import NotedHolds
from tests.simulation.loop import Ended, Process
from tests.simulation.member import Member
from tests.simulation.stand_ins import SimulatedClients, outside
from tests.simulation.wire import Machine, Wire

NOWHERE = Path("/proc/ringback-simulation")
"""Below this nothing can be made: state that is meant for a disk goes to the modelled one."""
CONSUMED = ("contacts", "callback-scheduled", "wrap-up", "placement-requested")


class Worker:
    """One place at which a worker runs: process after process, each started some time after the last one ended."""

    def __init__(
        self,
        name: str,
        wire: Wire,
        partitions: int,
        disks: Disks,
        *,
        settings: dict[str, object],
        clients: type[SimulatedClients],
        clock_off_s: float,
        restart_s: tuple[float, float],
        died: Callable[["Worker", str], None],
    ) -> None:
        self.name = name
        self.settings: Settings = make(**settings, state_dir=NOWHERE / name)
        self.machine: Machine | None = None
        self.engines: Engines | None = None
        self._member: Member | None = None
        self._wire = wire
        self._partitions = partitions
        self._outside = outside(self.settings, wire, disks, clock_off_s, clients)
        self._restart_s = restart_s
        self._died = died
        self._starts = 0

    def start(self) -> None:
        """Start a process, if there is none."""
        if self.machine is not None:
            return
        self._starts += 1
        self.machine = Machine(f"{self.name}.{self._starts}", self._wire, self._gone)
        self._wire.trace(f"{self.machine.name} starts")
        self.machine.run(lambda: asyncio.ensure_future(self._run()))

    def stop(self) -> None:
        """Ask the process to stop, as SIGTERM does it; it is started again."""
        if self.machine is not None and self._member is not None:
            self._wire.trace(f"{self.machine.name} is asked to stop")
            self._wire.chance.counts["asked to stop"] += 1
            self.machine.run(lambda: asyncio.ensure_future(self._stop()))

    def kill(self, why: str) -> None:
        """Kill the process."""
        if self.machine is not None:
            self.machine.die(why)

    async def _run(self) -> None:
        machine = self.machine
        assert machine is not None
        topics = [self.settings.topic(name) for name in CONSUMED]
        self.engines = Engines(self.settings, topics, self._partitions, self._outside, self._broken(machine))
        self.engines._reader.configuration.holds = NotedHolds(partial(self._note_hold, machine.name))
        session_s = self.settings.session_timeout_s
        self._member = Member(machine, self.engines, topics, session_s, self.settings.instance_id)

    async def _stop(self) -> None:
        machine, member, engines = self.machine, self._member, self.engines
        assert machine is not None and member is not None and engines is not None
        await engines.close()
        await member.leave()
        machine.die("stopped")

    def _note_hold(self, machine: str, stops: bool) -> None:
        now_ms = int(self._outside.clock.now().timestamp() * 1000)
        self._wire.on_hold[machine].append((now_ms, stops))

    def _broken(self, machine: Machine) -> Callable[[str, BaseException], None]:
        def broken(where: str, error: BaseException) -> NoReturn:
            self._wire.chance.counts[f"broken: {type(error).__name__}"] += 1
            machine.die(f"{where}: {error!r}")
            raise Ended

        return broken

    def _gone(self, machine: Process, why: str) -> None:
        self._wire.trace(f"{machine.name} ends: {why}")
        self.machine = self.engines = self._member = None
        self._died(self, why)
        self._wire.loop.outside(self._wire.chance.random.uniform(*self._restart_s), self.start)
