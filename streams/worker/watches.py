"""What a worker watches beside its work: that brokers answer, and that the group takes it."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn, Protocol

from aiokafka.errors import KafkaConnectionError

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.settings import Settings
from streams.kafka import reconnecting
from streams.kafka.membership import refusal
from streams.kafka.silence import Change, Silence
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

    def not_ready(self) -> str | None:
        """Why this worker cannot do anything, or None."""
        return f"no broker since {_instant(self._silence.since)}" if self._silence.silent else None

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
                log.error("no broker since %s, %d callbacks due (%s)", _instant(since), self._due(), _why())
            case Change.BACK:
                log.warning("a broker answers again, none since %s, %d callbacks due", _instant(since), self._due())
            case Change.LOST:
                why = f"no broker since {_instant(since)} ({_why()})"
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
        end_now(EXIT_REFUSED)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _why() -> str:
    return reconnecting.trouble() or "connections are open and nothing comes"
