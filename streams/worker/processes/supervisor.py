"""The supervisor of several processes of one worker: it starts them, answers for them, and stops them.

A process that ends is started again as long as another one works, so that one that is fenced stops no other's
partitions. When none works any more, the worker ends as a single process would have, and whoever supervises it starts
it again. Source: docs/decisions/0055-several-processes.md.
"""

import asyncio
import logging
import os
import signal
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from streams.base import log as logs
from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.log import SUPERVISOR, about
from streams.base.settings import Settings, describe
from streams.storage.state_dir import held
from streams.worker import http
from streams.worker.binding import bound_host
from streams.worker.processes import restarts
from streams.worker.processes.pages import AllMetrics
from streams.worker.processes.parts import settings_of
from streams.worker.processes.probes import AllOfThem
from streams.worker.processes.process import Process, Standing
from streams.worker.signals import STOP_S

log = logging.getLogger(__name__)

KILL_S = STOP_S + 1
"""A process ends by itself before that; supervisors outside wait for ten seconds at least."""


def run_all(settings: Settings) -> int:
    """Run as many processes as `settings.processes` until SIGTERM or SIGINT; returns the exit code.

    Raises OperatorError when another worker has the folder, or the port is taken.
    """
    logs.configure(settings.log_level, settings.log_format, SUPERVISOR)
    told = about("starts", version=version("ringback"), pid=os.getpid(), processes=settings.processes)
    what = "ringback %s starts, process %d, supervisor of %d more"
    log.info(what, version("ringback"), os.getpid(), settings.processes, extra=told)
    for name, value in describe(settings):
        log.info("setting %s = %s", name, value)
    parts = [Process(str(number), settings_of(settings, number)) for number in range(1, settings.processes + 1)]
    with held(settings.folder):
        return asyncio.run(_run(settings, Supervisor(parts)))


async def _run(settings: Settings, supervisor: "Supervisor") -> int:
    probes = AllOfThem(supervisor.standings)
    registry = CollectorRegistry()
    registry.register(AllMetrics(supervisor.standings))
    host, port = bound_host(settings.metrics_host), settings.metrics_port
    with http.serve(host, port, probes, probes.status, registry) as server:
        server.log_where()
        return await supervisor.run()


class Supervisor:
    """Of these processes. It is made in the main thread; other threads may ask for `standings`."""

    def __init__(self, processes: list[Process]) -> None:
        self._processes, self._clock = processes, SystemClock()
        self._over = asyncio.Event()
        self._code = 0
        for one in processes:
            metrics.processes.RESTARTS.labels(one.standing.name)

    def standings(self) -> list[Standing]:
        """What is known of each process."""
        return [one.standing for one in self._processes]

    async def run(self) -> int:
        """Run until a signal, or until no process works; returns the exit code when all have ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGUSR1, self._leave_for_good)
        try:
            async with asyncio.TaskGroup() as group:
                keeping = [group.create_task(self._keep(one)) for one in self._processes]
                await self._over.wait()
                await self._stop_all(keeping)
        except* Exception:
            for one in self._processes:  # A bug of ours; none of them may go on without a supervisor.
                one.kill()
            raise
        log.info("stopped")
        return self._code

    async def _keep(self, process: Process) -> None:
        """Start a process again and again, until all is over."""
        before_s = 0.0
        while not self._over.is_set():
            began_s = self._clock.monotonic()
            try:
                code = await process.run()
            except OSError as error:
                log.error("process %s cannot be started: %s", process.standing.name, error.strerror)
                code = 1
            if self._over.is_set() or self._is_last(process, code):
                return
            before_s = restarts.pause_s(before_s, self._clock.monotonic() - began_s)
            name, ended = process.standing.name, restarts.in_words(code)
            told = about("process_ended", number=name, ended=ended, seconds=before_s)
            log.error("process %s ended (%s) and is started again in %.1f s", name, ended, before_s, extra=told)
            metrics.processes.RESTARTS.labels(name).inc()
            await self._over_within(before_s)

    def _is_last(self, process: Process, code: int) -> bool:
        """Whether no other process works; then all is over."""
        if any(one.standing.port is not None for one in self._processes if one is not process):
            return False
        self._code = restarts.exit_code(code)
        name, ended = process.standing.name, restarts.in_words(code)
        told = about("ends", exit_code=self._code)
        log.critical("process %s ended (%s), no other one works: the worker ends", name, ended, extra=told)
        self._over.set()
        return True

    async def _over_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return

    async def _stop_all(self, keeping: list[asyncio.Task[None]]) -> None:
        for one in self._processes:
            one.stop()
        _, late = await asyncio.wait(keeping, timeout=KILL_S)
        if late:
            log.warning("%d processes have not ended within %g s and are killed", len(late), KILL_S)
            for one in self._processes:
                one.kill()

    def _stop(self) -> None:
        if not self._over.is_set():
            log.info("asked to stop: so are %d processes", len(self._processes))
            self._over.set()

    def _leave_for_good(self) -> None:
        for one in self._processes:
            one.leave_for_good()
