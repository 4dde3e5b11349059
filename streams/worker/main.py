"""The worker process: settings in, exit code out.

It starts the HTTP endpoints, checks the topics, then runs Faust until a signal. It does not restart itself: when an
engine is broken, the state in memory must go, and a supervisor starts the process again.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, NoReturn, cast

import uvloop

from streams.agents import CONSUMED, register
from streams.app import App, create_app
from streams.base import log as logs
from streams.base import metrics
from streams.base.clock import SystemClock, clock_for, watch
from streams.base.errors import OperatorError
from streams.base.settings import Settings, describe
from streams.base.zone_data import ZoneData, load_in_steps, use_newer_zones
from streams.engine.engines import Engines
from streams.engine.outside import Outside
from streams.faust_edge.consumer import Consumer
from streams.kafka import reconnecting
from streams.kafka.clients import Clients
from streams.kafka.topic_admin import be_welcome, fit_topics
from streams.library_internals import written_for
from streams.storage.state_dir import held
from streams.worker import http, process_limits
from streams.worker.binding import bound_host
from streams.worker.ending import EXIT_BROKEN, Ending, recorded
from streams.worker.health import Health
from streams.worker.loop_watch import LoopWatch
from streams.worker.signals import Stopped, StopRequests, end_now
from streams.worker.watches import BrokerWatch, watch_group

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OneOfSeveral:
    """Which process of a worker one is. name: for its log; empty if it is alone; listening: is told its port."""

    name: str = ""
    listening: Callable[[int], None] = lambda _: None


def run(settings: Settings, clients: Clients | None = None, member: OneOfSeveral | None = None) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code. clients: in the place of the product's.

    member: which of several processes of a worker this is, if it is one of several.

    Raises OperatorError when the broker cannot be reached, topics are missing or do not fit, or the port is taken.
    """
    member = member or OneOfSeveral()
    logs.configure(settings.log_level, settings.log_format, member.name)
    told = logs.about("starts", version=version("ringback"), pid=os.getpid())
    log.info("ringback %s starts, process %d", version("ringback"), os.getpid(), extra=told)
    written_for.log_differences()
    for name, value in describe(settings):
        log.info("setting %s = %s", name, value)
    zone_data = use_newer_zones()
    log.info("time zones: %s", ", ".join(f"{name} {value}" for name, value in zone_data.status().items()))
    process_limits.prepare()
    with held(settings.folder), recorded(settings.folder, SystemClock().now()):
        return uvloop.run(_run(settings, clients or Clients(settings), zone_data, member.listening))


async def _run(settings: Settings, clients: Clients, zone_data: ZoneData, listens: Callable[[int], None]) -> int:
    asked = StopRequests()
    loading = asyncio.ensure_future(_load())  # While broker and group are waited for.
    try:
        fit = await asked.unless_stopped(fit_topics(clients))
        await asked.unless_stopped(be_welcome(clients))
    except Stopped:
        log.info("asked to stop before it had begun")
        return 0
    process_limits.log_shortage(fit.partitions or 0)
    reconnecting.install(settings.session_timeout_s, settings.rebalance_timeout_s, settings.transaction_timeout_s)
    topics = [settings.topic(name) for name in CONSUMED]
    clock = clock_for(settings.clock_file, settings.clock_offset_file)
    outside = Outside.of(settings, clock, clients, loading)
    engines = Engines(settings, topics, fit.partitions or 0, outside, end_process, fit.limits)
    brokers, loop = BrokerWatch(settings, engines.status.due, end_process), LoopWatch()
    obstacles = (loop.obstacles, brokers.obstacles, engines.status.obstacles)
    health = Health(loop.blocked, obstacles, engines.status.waits)

    def status() -> dict[str, object]:
        return {"time_zones": zone_data.status(), **engines.status.page()}

    def look() -> None:
        engines.progress.look()
        health.look()

    with http.serve(bound_host(settings.metrics_host), settings.metrics_port, health, status) as server:
        metrics.engine.INFO.labels(version("ringback")).set(1)
        server.log_where()
        listens(server.port)
        # A static member gets its former assignment back with the name it had then, so its name must not change.
        name = settings.instance_id or f"{socket.gethostname()}-{os.getpid()}"
        app = create_app(settings, clients, engines, f"http://{name}:{server.port if not settings.instance_id else 1}")
        register(app, settings.prefix)
        thread = cast(Consumer, app.consumer).thread
        watches = [loop.run(look), brokers.run(), watch_group(settings, thread, end_process)]
        watches.append(engines.gauges(thread.end_of).run())
        if not settings.clock_file:
            watches.append(watch(clock, partial(_jumped, engines)))
        return await _meanwhile(watches, _serve(app, engines, asked))


async def _meanwhile(watches: Iterable[Coroutine[Any, Any, None]], work: Coroutine[Any, Any, int]) -> int:
    """What `work` returns; these go on until then."""
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(one) for one in watches]
        code = await work
        for task in watching:
            task.cancel()
    return code


async def _load() -> None:
    """Read zones and numbering plans while the loop waits. A thread would delay each answer of the broker by 5 ms."""
    for _ in load_in_steps():
        await asyncio.sleep(0)
    gc.freeze()  # All of this stays, so no collection need look at it again: one of everything took 67 ms.


async def _serve(app: App, engines: Engines, asked: StopRequests) -> int:
    """Run the app until a signal asks it to stop, or until it crashes."""
    app.in_worker = True
    app.finalize()
    try:
        await asked.unless_stopped(app.start())
        await app.wait(asked.stop.wait())
    except Stopped:
        log.info("asked to stop before it had joined the group")
    except Exception as error:  # Faust's threads may be running: without this the process would hang.
        end_process("the Faust app", error)
    if app.crashed:
        end_process("the Faust app", app.crash_reason or RuntimeError("crashed"))
    log.info("asked to stop: finishing the transactions in flight")
    # A supervisor that asks twice must not end the process in the middle of it; the second Ctrl-C of a person may.
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await engines.close()
    if asked.for_good.is_set():
        cast(Consumer, app.consumer).thread.leave_for_good()
    await app.stop()
    log.info("stopped")
    return 0


def _jumped(engines: Engines, seconds: float) -> None:
    direction = "on" if seconds > 0 else "back"
    metrics.engine.CLOCK_JUMPS.labels(direction).inc()
    way = "forward" if seconds > 0 else "backward"
    told = logs.about("clock_jump", seconds=round(seconds, 1))
    log.warning("the clock was set %s by %.1f s; callbacks are due by the new time", way, abs(seconds), extra=told)
    engines.held.wake()


def end_process(where: str, error: BaseException) -> NoReturn:
    """Log why the engine must not go on, and end the process at once, whatever else is running in it.

    An error that the operator has to correct is one line without a traceback, and has its own exit code.
    """
    if isinstance(error, OperatorError):
        log.critical("the worker ends: %s", error, extra=logs.about("ends", exit_code=error.exit_code))
        end_now(error.exit_code, Ending.of(error))
    told = logs.about("ends", exit_code=EXIT_BROKEN)
    log.critical("%s is broken, the worker ends: %r", where, error, exc_info=error, extra=told)
    end_now(EXIT_BROKEN, Ending.BROKEN)
