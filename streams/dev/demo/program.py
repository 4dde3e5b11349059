"""The demo as a program: Kafka, topics, a worker, the story, and the sums at the end; nothing of it stays behind."""

import asyncio
import json
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.dev.children import stop_on_signals
from streams.dev.demo.accounts import differences
from streams.dev.demo.clusters import cluster, handed_on, on_given
from streams.dev.demo.consoled import DemoConsole
from streams.dev.demo.observed import Observation
from streams.dev.demo.play import Play, Stage
from streams.dev.demo.screen import Screen, lateness, rows, summary
from streams.dev.demo.story import Story, setting
from streams.dev.demo.tally import Tally
from streams.dev.demo.watch import Watch
from streams.dev.figures import machine, versions
from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.names import TopicName

PARTITIONS = 4
INTERRUPTED = 130
RESTARTS_MAX = 5
SHOW_EVERY_S = {True: 0.25, False: 3.0}
"""Seconds between two pictures, on a terminal and elsewhere."""
PATIENCE_S = 60.0
"""How long after its usual end the story is waited for."""


class Seen(NamedTuple):
    """What was followed while the story lasted."""

    story: Story
    tally: Tally
    sent: Counter[str]
    restarts: int


def run(seconds: float, observe: bool = False, console: bool = False, broker: str | None = None) -> int:
    """Play a story of about `seconds` and add it up; returns the exit code.

    observe: with a Prometheus beside it; console: with a console. On a terminal everything then stays up until Ctrl-C.
    broker: of a Kafka that is there; None starts one. 0: everything adds up. 1: something does not, and is named.
    130: interrupted. Raises OperatorError when Kafka, the worker or Prometheus cannot be started.
    """
    given = None if broker is None else on_given(broker)
    screen = Screen(Console())
    stop_on_signals()
    try:
        return _run(screen, seconds, Observation() if observe else None, console, given)
    except KeyboardInterrupt:
        who = "the worker has" if given else "the worker and Kafka have"
        screen.say(f"Interrupted: {who} stopped, and nothing is left behind.")
        return INTERRUPTED


def _run(screen: Screen, seconds: float, observation: Observation | None, console: bool, given: Settings | None) -> int:
    screen.say(f"{versions()}\n{machine()}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringback-demo-")))
        settings = stack.enter_context(cluster(given, screen.say))
        shared = handed_on(settings)
        port = observation.metrics_port if observation else 0
        worker = LocalWorker(folder / "worker.log", **shared, instance_id="demo", metrics_port=port)
        try:
            if observation:
                observation.tell(stack.enter_context(observation.prometheus(folder)), screen.say)
            _create_topics(screen, settings, console)
            if console:
                opened = stack.enter_context(DemoConsole(folder, shared))
                screen.say(f"The console is at {opened.url} and everybody on this machine may act there, as operator")
            stay = (observation is not None or console) and screen.live
            code = _demonstrate(screen, settings, worker, seconds, stay)
            if stay:
                _stay(screen)
            return code
        except KeyboardInterrupt:
            # One Ctrl-C is enough: another must not keep us from cleaning up.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            worker.kill()
            raise
        finally:
            worker.stop()


def _create_topics(screen: Screen, settings: Settings, console: bool) -> None:
    topics = topic_admin.create(Clients(settings), PARTITIONS, catalog=CATALOG if console else NEEDED_TOPICS)
    screen.say(f"Created {len(topics)} topics on {settings.broker}, contact topics with {PARTITIONS} partitions")


def _demonstrate(screen: Screen, settings: Settings, worker: LocalWorker, seconds: float, stay: bool) -> int:
    loaded = asyncio.run(_load(settings))
    contacts, campaigns = loaded[TopicName.CONTACTS], loaded[TopicName.CAMPAIGNS]
    screen.say(f"Sent {contacts:,} contacts, {campaigns} campaigns, rules, hours and a DNC list")
    screen.say("Starting a worker")
    try:
        worker.start()
        worker.wait_ready()
    except (RuntimeError, TimeoutError) as error:
        raise OperatorError(" ".join(str(error).split())) from None
    seen = asyncio.run(_play(screen, settings, worker, seconds, loaded))
    if not stay:
        worker.stop()
    return _add_up(screen, settings, seen)


def _stay(screen: Screen) -> None:
    """Leave everything as it is until Ctrl-C, which is an ordinary end here."""
    screen.say("Everything stays up, so that you can look around. Ctrl-C stops it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        screen.say("Everything stops, and nothing is left behind.")


async def _load(settings: Settings) -> Counter[str]:
    """Send what is there before the worker starts, which then knows it before the first event."""
    async with Clients(settings).producer(linger_ms=5) as producer:
        stage = Stage(settings, producer)
        await stage.send(setting(SystemClock().now()))
    return stage.sent


async def _play(screen: Screen, settings: Settings, worker: LocalWorker, seconds: float, loaded: Counter[str]) -> Seen:
    now = SystemClock().now()
    # Timestamps of records are in milliseconds, so that due times have to be, too.
    story = Story(now - timedelta(microseconds=now.microsecond % 1000), seconds)
    tally, restarts = Tally(), [0]
    async with Clients(settings).producer() as producer:
        stage = Stage(settings, producer)
        play = Play(story, stage, tally, screen.scene)
        watch = Watch(settings, PARTITIONS, tally, play.answer, play.decided, play.moved)
        await _first_of(
            play.perform(lambda: not differences(tally, story.expected), seconds + PATIENCE_S),
            watch.follow(),
            _revive(screen, worker, restarts),
            _show(screen, play, tally, loaded, stage, restarts),
        )
    return Seen(story, tally, stage.sent, restarts[0])


async def _first_of(*awaitables: Any) -> None:
    """Run them side by side until the first of them ends; the others are cancelled. Its error is raised."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _revive(screen: Screen, worker: LocalWorker, restarts: list[int]) -> None:
    """Start the worker again whenever it has ended by itself. Raises OperatorError when that happens too often."""
    while True:
        code = worker.exit_code
        if code is not None:
            restarts[0] += 1
            if restarts[0] > RESTARTS_MAX:
                raise OperatorError(f"the worker ended {restarts[0]} times, now with code {code}: {_said(worker)}")
            screen.say(f"The worker ended with code {code} and is started again. It said: {_said(worker)}", style="red")
            worker.start()
        await asyncio.sleep(0.2)


def _said(worker: LocalWorker) -> str:
    """The message of the last line of its log."""
    line = worker.last_words(1)
    return str(json.loads(line).get("message", line)) if line.startswith("{") else line


async def _show(
    screen: Screen, play: Play, tally: Tally, loaded: Counter[str], stage: Stage, restarts: list[int]
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with screen.showing() as show:
        while True:
            show(loop.time() - began, play.title, rows(tally, loaded + stage.sent, restarts[0]))
            await asyncio.sleep(SHOW_EVERY_S[screen.live])


def _add_up(screen: Screen, settings: Settings, seen: Seen) -> int:
    """Read all output topics once more, to their end, and compare with what the story expects."""
    tally = Tally()
    asyncio.run(Watch(settings, PARTITIONS, tally).read_all())
    wrong = differences(tally, seen.story.expected)
    screen.say(f"Sent {seen.sent.total():,} events, some redelivered, unusable or refused. What came of them, read as")
    screen.say("committed from the beginning of the topics to their end:")
    for line in (*summary(tally, seen.story.expected), *lateness(seen.tally), f"worker restarts: {seen.restarts}"):
        screen.say(f"  {line}")
    for line in wrong:
        screen.say(f"  {line}", style="red")
    if wrong:
        screen.say("It does NOT add up.", style="bold red")
        return 1
    screen.say("It adds up: every callback is where the story expects it, each command came once and none early.")
    return 0
