"""An adapter as a process: settings in, exit code out, with the endpoints that a worker has.

Like a worker it does not restart itself: a supervisor does.
"""

import asyncio
import logging
import os
import signal
from importlib.metadata import version

import phonenumbers
import uvloop

from streams.adapters.known import ADAPTERS
from streams.adapters.seam import Terms
from streams.base import log as logs
from streams.base import metrics
from streams.base.clock import clock_for
from streams.base.errors import SettingsError
from streams.base.settings import ENV_PREFIX, Settings, describe
from streams.base.zone_data import use_newer_zones
from streams.engine.adapting.parts import group_of
from streams.engine.adapting.runner import Runner
from streams.engine.adapting.work import Result, Work
from streams.engine.refusals import refusal_of
from streams.kafka import reconnecting
from streams.kafka.clients import Clients
from streams.kafka.groups import committed_offsets, speaks
from streams.kafka.installations import GroupTaken
from streams.kafka.topic_admin import fit_topics
from streams.kafka.topic_differences import Checked
from streams.library_internals import written_for
from streams.logic.partition.fitting import SizeLimits
from streams.logic.partition.outputs import Outlet
from streams.worker import http
from streams.worker.binding import bound_host
from streams.worker.health import Health
from streams.worker.loop_watch import LoopWatch
from streams.worker.main import end_process
from streams.worker.signals import Stopped, StopRequests
from streams.worker.watches import BrokerWatch, watch_group
from topics.of_adapters import OF_ADAPTERS, AdapterTopics

log = logging.getLogger(__name__)


def run(settings: Settings, name: str) -> int:
    """Run the adapter of this name until SIGTERM or SIGINT; returns the exit code.

    Raises OperatorError when the broker cannot be reached, topics are missing or do not fit, the group is another
    installation's, or the port is taken; SettingsError for a country that has no numbers.
    """
    logs.configure(settings.log_level, settings.log_format)
    told = logs.about("starts", version=version("ringback"), pid=os.getpid())
    log.info("ringback %s starts, process %d", version("ringback"), os.getpid(), extra=told)
    log.info("adapter %s", name)
    written_for.log_differences()
    for setting, value in describe(settings):
        log.info("setting %s = %s", setting, value)
    use_newer_zones()
    terms = terms_of(settings)
    return uvloop.run(_run(settings, name, terms, Clients(settings)))


def terms_of(settings: Settings) -> Terms:
    """What the settings say to a mapping. Raises SettingsError."""
    region = settings.adapter_region
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsError(f"setting adapter_region ({ENV_PREFIX}ADAPTER_REGION): no country has this code")
    return Terms(
        window_ms=int(settings.adapter_window_s * 1000),
        region=region,
        attributes=frozenset(settings.adapter_attributes),
        time_zone=settings.adapter_time_zone,
    )


async def _run(settings: Settings, name: str, terms: Terms, clients: Clients) -> int:
    asked, topics = StopRequests(), OF_ADAPTERS[name]
    try:
        fit = await asked.unless_stopped(_fit(clients, topics, name))
    except Stopped:
        log.info("asked to stop before it had begun")
        return 0
    reconnecting.install(settings.session_timeout_s, settings.rebalance_timeout_s, settings.transaction_timeout_s)
    limits = limits_of(fit, topics)
    work = Work(ADAPTERS[name](terms), topics, fit.partitions or 0, Outlet(settings.prefix, limits))
    clock = clock_for(settings.clock_file, settings.clock_offset_file)
    runner = Runner(settings, ADAPTERS[name](terms), topics, work, clients, clock, limits)
    return await _serve(settings, name, runner, asked)


async def _fit(clients: Clients, topics: AdapterTopics, name: str) -> Checked:
    """The topics as the broker has them. Raises OperatorError."""
    fit = await fit_topics(clients, topics.needed())
    await speaks(clients)
    group = group_of(clients.settings, name)
    own = {clients.settings.topic(topic.name) for topic in (topics.raw, topics.keyed)}
    others = {tp.topic for tp in await committed_offsets(clients, group)} - own
    if others:
        raise GroupTaken(
            f"the consumer group {group!r} is that of an installation with another prefix: it reads {min(others)}. "
            f"Give one of them another name with --app or {ENV_PREFIX}APP"
        )
    return fit


def limits_of(fit: Checked, topics: AdapterTopics) -> SizeLimits:
    """Bytes that each topic takes."""
    own = {str(topic.name): int(topic.config()["max.message.bytes"]) for topic in topics.by_name().values()}
    return {**own, **fit.limits}


async def _serve(settings: Settings, name: str, runner: Runner, asked: StopRequests) -> int:
    brokers, loop = BrokerWatch(settings, lambda: 0, end_process), LoopWatch()
    health = Health(loop.blocked, (loop.obstacles, brokers.obstacles, runner.obstacles))
    begin_series(name)

    def status() -> dict[str, object]:
        return {"adapter": name, "held": sorted(f"{tp.topic} [{tp.partition}]" for tp in runner.held())}

    with http.serve(bound_host(settings.metrics_host), settings.metrics_port, health, status) as server:
        server.log_where()
        watches = (loop.run(health.look), brokers.run(), watch_group(settings, runner, end_process))
        watching = [asyncio.create_task(one) for one in watches]
        leaving = asyncio.create_task(_leave(asked, runner))
        try:
            await runner.run(asked.stop)
        except Exception as error:
            end_process(f"adapter {name}", refusal_of(error, settings))
        finally:
            for task in (*watching, leaving):
                task.cancel()
        # A supervisor that asks twice must not end the process in the middle of it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log.info("stopped")
    return 0


async def _leave(asked: StopRequests, runner: Runner) -> None:
    await asked.for_good.wait()
    runner.leave_for_good()


def begin_series(name: str) -> None:
    """A series that begins with its first event hides that event from every rate."""
    for result in Result:
        metrics.adapters.RECORDS.labels(name, result)
    metrics.adapters.RESTARTS.labels(name)
    metrics.adapters.OVERDUE_SECONDS.labels(name).set(0)
    metrics.adapters.PARTITIONS_HELD.labels(name).set(0)
