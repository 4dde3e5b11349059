"""What a worker watches beside its work: that brokers answer, and that the group takes it."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from aiokafka.errors import KafkaConnectionError

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.log import about
from streams.base.repeated import ONE_OF_MANY
from streams.base.settings import Settings
from streams.engine.waits import Obstacle
from streams.kafka import reconnecting
from streams.kafka.membership import refusal
from streams.kafka.silence import Change, Silence
from streams.worker.ending import Ending
from streams.worker.health import instant
from streams.worker.signals import end_now

log = logging.getLogger(__name__)

EVERY_S = 1.0
EXIT_REFUSED = 1

End = Callable[[str, BaseException], NoReturn]


class BrokerWatch:
    """Whether brokers answer. due: how many callbacks are due by now."""

    def __init__(self, settings: Settings, due: Callable[[], int], end: End) -> None:
        self._clock, self._due, self._end = SystemClock(), due, end
        self._silence = Silence(settings.transaction_timeout_s, self._clock.now())
        self._answers = reconnecting.answers()
        metrics.engine.BROKER_SILENT.set_function(lambda: self._silence.seconds)
        metrics.engine.BROKER_CONNECTED.set_function(lambda: float(not self._silence.silent))

    def obstacles(self) -> list[Obstacle]:
        """That this worker cannot do anything, if no broker answers."""
        silence = self._silence
        return [Obstacle("broker", "an answer of any broker", silence.since, "no broker")] if silence.silent else []

    async def run(self) -> None:
        """Look every second, for ever; the process ends when that takes too long."""
        at = time.monotonic()
        while True:
            await asyncio.sleep(EVERY_S)
            before, at = at, time.monotonic()
            self._look(at - before)

    def _look(self, elapsed_s: float) -> None:
        known, self._answers = self._answers, reconnecting.answers()
        since = self._silence.since
        match self._silence.tick(self._answers != known, elapsed_s, self._clock.now()):
            case Change.SILENT:
                told = about("no_broker", since=since, due=(due := self._due()))
                log.error("no broker since %s, %d callbacks due (%s)", instant(since), due, _why(), extra=told)
                ONE_OF_MANY.told()
            case Change.BACK:
                folded = ONE_OF_MANY.over(self._clock.now())
                told = about("broker_back", since=since, due=(due := self._due()), client_lines=folded)
                what = (
                    "a broker answers again, none since %s, %d callbacks due (of Kafka's client %d lines were left out)"
                )
                log.warning(what, instant(since), due, folded, extra=told)
            case Change.LOST:
                why = f"no broker since {instant(since)} ({_why()})"
                self._end("the connection to Kafka", KafkaConnectionError(why))


class Member(Protocol):
    """What is asked of the consumer's thread."""

    def refused(self) -> BaseException | None:
        """What the group, or its coordinator, answered instead of taking this worker."""


async def watch_group(settings: Settings, member: Member, end: End) -> None:
    """Look every second, for ever, whether the group refuses this worker; the process ends when it does."""
    while True:
        await asyncio.sleep(EVERY_S)
        error = member.refused()
        if error is None:
            continue
        reason = refusal(error, settings)
        if reason is None:
            end("the membership in the group", error)
        log.critical("%s", reason)
        end_now(EXIT_REFUSED, Ending.REFUSED)


def _why() -> str:
    return reconnecting.trouble() or "connections are open and nothing comes"
